//! Values that callers give: read as octets, words and numbers, or refused with a `TypeError`.

use std::ptr;

use napi::bindgen_prelude::{
    Array, BigInt, FromNapiValue, JsObjectValue as _, Object, Result, Uint8ArraySlice, Unknown,
};
use napi::{Env, Error, JsDate, JsValue as _, Status, ValueType, check_status, sys};
use sendas::Timestamp;

use crate::text;
use crate::words::Word;

/// A value that a caller gave, and what it is called in errors.
#[derive(Clone, Copy)]
pub(crate) struct Given<'e> {
    env: Env,
    name: &'static str,
    value: Unknown<'e>,
    /// The number of the request that it belongs to, where there are many.
    number: Option<u32>,
}

impl<'e> Given<'e> {
    pub(crate) const fn new(env: Env, name: &'static str, value: Unknown<'e>) -> Self {
        Self { env, name, value, number: None }
    }

    /// Says in errors which request of many it is, or belongs to.
    pub(crate) fn of_request(self, number: u32) -> Self {
        Self { number: Some(number), ..self }
    }

    /// Takes another value that belongs to this one.
    pub(crate) const fn other(self, name: &'static str, value: Unknown<'e>) -> Self {
        Self { name, value, ..self }
    }

    /// Calls the value something else in errors.
    pub(crate) const fn called(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Takes another value for this one.
    pub(crate) const fn instead(self, value: Unknown<'e>) -> Self {
        Self { value, ..self }
    }

    /// Refuses an object with a member that is none of these: it would be a fact that is silently not known.
    ///
    /// Inherited members count, as they do where a member is read; those that `for...in` passes over do not.
    pub(crate) fn only(self, members: &[&str]) -> Result<()> {
        let given = self.object()?.get_property_names()?;
        for index in 0..given.get_array_length()? {
            let name: String = given.get_element(index)?;
            if !members.contains(&name.as_str()) {
                let right: Vec<_> = members.iter().map(|member| format!("`{member}`")).collect();
                let right = right.join(", ");
                return Err(self.throw(&format!("`{}` has no member `{name}`; its members are {right}", self.name)));
            }
        }
        Ok(())
    }

    /// Reads a member of an object.
    pub(crate) fn member(self, name: &'static str) -> Result<Self> {
        Ok(self.other(name, self.object()?.get_named_property_unchecked(name)?))
    }

    pub(crate) fn is(self, kind: ValueType) -> Result<bool> {
        Ok(self.value.get_type()? == kind)
    }

    /// Reads the value unless it is undefined or null.
    pub(crate) fn optional<T>(self, read: impl FnOnce(Self) -> Result<T>) -> Result<Option<T>> {
        match self.value.get_type()? {
            ValueType::Undefined | ValueType::Null => Ok(None),
            _ => read(self).map(Some),
        }
    }

    /// Reads a string or a Uint8Array, if it is one.
    ///
    /// The octets are copied: a script may change or detach a buffer while further members are read.
    pub(crate) fn octets(self) -> Result<Option<Vec<u8>>> {
        // Most are strings, so nothing else is asked about one.
        if let Some(octets) = text::octets(self.env, self.value)? {
            return Ok(Some(octets));
        }
        let is_array = self.is(ValueType::Object)? && self.value.is_typedarray()?;
        Ok(if is_array { Uint8ArraySlice::from_unknown(self.value).ok().map(|octets| octets.to_vec()) } else { None })
    }

    pub(crate) fn text(self) -> Result<Vec<u8>> {
        self.octets()?.ok_or_else(|| self.refuse("a string or a Uint8Array"))
    }

    pub(crate) fn word<T: Word>(self) -> Result<T> {
        let given = text::octets(self.env, self.value)?;
        if let Some(&value) = T::ALL.iter().find(|value| given.as_deref() == Some(value.word().as_bytes())) {
            return Ok(value);
        }
        let words: Vec<_> = T::ALL.iter().map(|value| format!("'{}'", value.word())).collect();
        Err(self.refuse(&format!("one of {}", words.join(", "))))
    }

    pub(crate) fn flag(self) -> Result<bool> {
        match self.value.get_type()? {
            ValueType::Boolean => bool::from_unknown(self.value),
            _ => Err(self.refuse("a boolean")),
        }
    }

    /// Reads an instant: whole seconds since the epoch, or a Date, whose fraction of a second is dropped.
    pub(crate) fn instant(self) -> Result<Timestamp> {
        let seconds = match self.value.get_type()? {
            ValueType::Number => whole(f64::from_unknown(self.value)?),
            ValueType::BigInt => {
                let (seconds, lossless) = BigInt::from_unknown(self.value)?.get_i64();
                // What has more than 64 bits is as wrong as this.
                Some(if lossless { seconds } else { i64::MIN })
            }
            ValueType::Object if self.value.is_date()? => return self.date(),
            _ => None,
        };
        let seconds = seconds.ok_or_else(|| self.refuse(INSTANT))?;
        Timestamp::from_seconds(seconds).map_err(|error| self.throw(&format!("`{}`: {error}", self.name)))
    }

    /// Reads a Date: its unit is known, so that none is guessed at.
    fn date(self) -> Result<Timestamp> {
        let milliseconds = whole(JsDate::from_unknown(self.value)?.value_of()?).ok_or_else(|| self.refuse(INSTANT))?;
        Timestamp::from_seconds(milliseconds.div_euclid(1000)).map_err(|_| self.refuse("within the years 0 to 9999"))
    }

    pub(crate) fn count(self) -> Result<u32> {
        let number = match self.value.get_type()? {
            ValueType::Number => whole(f64::from_unknown(self.value)?),
            _ => None,
        };
        let count = number.and_then(|number| u32::try_from(number).ok());
        count.ok_or_else(|| self.refuse("a whole number from 0 to 4294967295"))
    }

    pub(crate) fn integer(self) -> Result<i32> {
        let number = match self.value.get_type()? {
            ValueType::Number => whole(f64::from_unknown(self.value)?),
            _ => None,
        };
        let integer = number.and_then(|number| i32::try_from(number).ok());
        integer.ok_or_else(|| self.refuse("a whole number from -2147483648 to 2147483647"))
    }

    /// Reads an array, every element of which must be something to `read`, which is told its index too.
    pub(crate) fn elements<T>(self, right: &str, read: impl Fn(Self, u32) -> Result<Option<T>>) -> Result<Vec<T>> {
        if !self.value.is_array()? {
            return Err(self.refuse(right));
        }
        let array = Array::from_unknown(self.value)?;
        let mut elements = Vec::new();
        for index in 0..array.len() {
            let element = array.get(index)?.map(|value| read(self.other(self.name, value), index));
            elements.push(element.transpose()?.flatten().ok_or_else(|| self.refuse(right))?);
        }
        Ok(elements)
    }

    /// Reads an instance of a native class.
    pub(crate) fn instance<T: FromNapiValue>(self, right: &str) -> Result<T> {
        T::from_unknown(self.value).map_err(|_| self.refuse(right))
    }

    /// Hands the octets of a Uint8Array to `run`, during which no script of this thread runs. Of those that other threads may
    /// have too, and change meanwhile, it is a copy.
    pub(crate) fn lend<T>(self, run: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let octets: Uint8ArraySlice<'_> = self.instance("a Uint8Array")?;
        let copied = self.is_shared()?.then(|| octets.to_vec());
        Ok(run(copied.as_deref().unwrap_or(&octets)))
    }

    /// Whether the octets of a typed array stand in memory that other threads may have too.
    fn is_shared(self) -> Result<bool> {
        let (mut buffer, mut owned) = (ptr::null_mut(), false);
        // SAFETY: the value is of this environment, which writes no answer where there is no room for it, and finds out itself whether it is
        // a typed array.
        #[expect(unsafe_code, reason = "napi does not hand out the buffer")]
        let [found, told] = unsafe {
            let env = self.env.raw();
            let found = sys::napi_get_typedarray_info(
                env,
                self.value.raw(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut buffer,
                ptr::null_mut(),
            );
            [found, sys::napi_is_arraybuffer(env, buffer, &raw mut owned)]
        };
        check_status!(found)?;
        check_status!(told)?;
        Ok(!owned)
    }

    /// Throws a `TypeError` that says what the value must be.
    pub(crate) fn refuse(self, right: &str) -> Error {
        self.throw(&format!("`{}` must be {right}", self.name))
    }

    fn object(self) -> Result<Object<'e>> {
        if self.is(ValueType::Object)? { Object::from_unknown(self.value) } else { Err(self.refuse("an object")) }
    }

    /// Throws a `TypeError`.
    pub(crate) fn throw(self, message: &str) -> Error {
        let which = self.number.map(sendas_many::which).unwrap_or_default();
        match self.env.throw_type_error(&format!("{which}{message}"), None) {
            Ok(()) => Error::new(Status::PendingException, String::new()),
            Err(error) => error,
        }
    }
}

/// Returns the integer that a number stands for exactly, without the range in which numbers skip integers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "a whole number below 2^53 fits, and another is not what it is converted to"
)]
pub(crate) fn whole(number: f64) -> Option<i64> {
    let integer = number as i64;
    (integer as f64 == number && number.abs() <= MAX_SAFE_INTEGER).then_some(integer)
}

const INSTANT: &str = "whole seconds since the epoch (a number or a bigint), or a valid Date";

/// `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
