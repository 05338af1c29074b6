//! Requests in their plainest types, read where they stand: what makes many in one call cheap.
//!
//! A package for every version of Python takes hold of an object by calling a function, and lets it go by another: for all objects of a
//! request that is as much as a third of a decision. So of a dictionary whose values are exactly `str`, `bytes`, `int`, `bool`,
//! `None` or a list of pairs of texts nothing is taken hold of. Whatever else there is, mistakes among them, is left to
//! [`Facts`](crate::request::Facts), so that there is one place that says what is wrong.
//!
//! What is not held must not go away. No other thread can take it away, since this one has the interpreter's lock, and does not
//! give it back before the request is copied. No code of Python can, since none runs: nothing is asked of an object but the
//! octets, the number or the length that is in it. Code may run where an error is made, of a name or a text that is wrong; but
//! whatever has failed is [`Other`], and no value is looked at after that.

use std::slice;

use pyo3::conversion::FromPyObject;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};
use pyo3::{Borrowed, ffi};
use sendas::{ClientIp, CredentialFacts, EnvelopeSender, Header, Request, Timestamp};
use sendas_many::Requests;
use smallvec::SmallVec;

use crate::argument::{ARGUMENTS, Call, interned, number};
use crate::request::{FEW, STAGE};
use crate::words::Word;

/// A value that another reader has to look at.
struct Other;

type Given<'a, 'py> = Option<Borrowed<'a, 'py, PyAny>>;
type Read<T> = Result<T, Other>;

/// Appends a copy of a request, or returns false where another reader has to look at it.
pub(crate) fn push(request: &Bound<'_, PyAny>, requests: &mut Requests) -> bool {
    match request.cast_exact::<PyDict>() {
        Ok(dictionary) if LOCKED => copy(dictionary, requests).is_ok(),
        _ => false,
    }
}

fn copy(dictionary: &Bound<'_, PyDict>, requests: &mut Requests) -> Read<()> {
    let [now, channel, account, role, client_ip, kind, id, scopes, rest @ ..] = items(dictionary)?;
    let [tls, smtputf8, envelope_sender, header, stage, _view] = rest;
    let now = now.filter(|now| now.is_exact_instance_of::<PyInt>()).ok_or(Other)?;
    let now = i64::extract(now).ok().and_then(|seconds| Timestamp::from_seconds(seconds).ok()).ok_or(Other)?;
    let mut request = Request::new(word(channel)?.ok_or(Other)?, now);
    request.account = text(account)?;
    request.role = text(role)?;
    request.client_ip = text(client_ip)?.map_or(ClientIp::Unknown, ClientIp::Text);
    let (id, None) = (text(id)?, known(scopes)) else { return Err(Other) };
    request.credential = match (word(kind)?, id) {
        (Some(kind), id) => {
            let mut facts = CredentialFacts::new(kind);
            facts.id = id;
            Some(facts)
        }
        (None, None) => None,
        (None, Some(_)) => return Err(Other),
    };
    request.tls = word(tls)?;
    request.smtputf8 = match smtputf8 {
        Some(given) => given.cast_exact::<PyBool>().map_err(|_| Other)?.is_true(),
        None => false,
    };
    request.envelope_sender = text(envelope_sender)?.map_or(EnvelopeSender::Unknown, EnvelopeSender::Path);
    let stage = match stage {
        Some(given) => word(Some(given))?.ok_or(Other)?,
        None => STAGE,
    };
    let list = header.filter(|header| header.is_exact_instance_of::<PyList>());
    let fields = list.map(fields).transpose()?;
    request.header = match &fields {
        Some(fields) => Header::Fields(fields),
        None => text(header)?.map_or(Header::NotGiven, Header::Block),
    };
    requests.push(&request, stage).map_err(|_| Other)
}

/// Lends the values of a dictionary, in the order of the arguments that they are.
#[expect(unsafe_code, reason = "pyo3 takes hold of each key and value")]
fn items<'a, 'py>(dictionary: &'a Bound<'py, PyDict>) -> Read<[Given<'a, 'py>; ARGUMENTS.len()]> {
    let py = dictionary.py();
    let (mut given, interned, mut next) = ([None; ARGUMENTS.len()], interned(py), 0);
    let (mut place, mut name, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    loop {
        // SAFETY: the dictionary is one, and nothing changes it meanwhile: names are compared and values not looked at.
        if unsafe { ffi::PyDict_Next(dictionary.as_ptr(), &raw mut place, &raw mut name, &raw mut value) } == 0 {
            return Ok(given);
        }
        // SAFETY: both are objects, which the dictionary holds, and nothing takes them out of it as long as they are looked at.
        let (name, value) = unsafe { (Borrowed::from_ptr(py, name), Borrowed::from_ptr(py, value)) };
        let number = number(&name, interned, next).map_err(|_| Other)?.ok_or(Other)?;
        let (slot, (_, call)) = given.get_mut(number).zip(ARGUMENTS.get(number)).ok_or(Other)?;
        if *call > Call::Evaluate {
            return Err(Other);
        }
        if slot.replace(value).is_some() {
            return Err(Other);
        }
        next = number + 1;
    }
}

type Fields<'a> = SmallVec<[(&'a [u8], &'a [u8]); FEW]>;

/// Reads a list of pairs of texts.
#[expect(unsafe_code, reason = "pyo3 takes hold of each element")]
fn fields<'a>(list: Borrowed<'a, '_, PyAny>) -> Read<Fields<'a>> {
    let py = list.py();
    let mut fields = SmallVec::new();
    for number in 0.. {
        // SAFETY: it is a list, to which nothing happens meanwhile, as in `items`; behind its end this is an error.
        if number == unsafe { ffi::PyList_Size(list.as_ptr()) } {
            break;
        }
        // SAFETY: as above, and the list has an element with this number, which it holds.
        let pair = unsafe { Borrowed::<'a, '_, PyAny>::from_ptr(py, ffi::PyList_GetItem(list.as_ptr(), number)) };
        // SAFETY: a tuple never changes; both numbers are asked for only where it is one of two elements.
        let part =
            |number| unsafe { Borrowed::<'a, '_, PyAny>::from_ptr(py, ffi::PyTuple_GetItem(pair.as_ptr(), number)) };
        match pair.cast_exact::<PyTuple>() {
            Ok(tuple) if tuple.len() == 2 => {}
            _ => return Err(Other),
        }
        fields.push((octets(part(0))?, octets(part(1))?));
    }
    Ok(fields)
}

/// The value, unless it says that nothing is known.
fn known<'a, 'py>(given: Given<'a, 'py>) -> Given<'a, 'py> {
    given.filter(|given| !given.is_none())
}

fn text<'a>(given: Given<'a, '_>) -> Read<Option<&'a [u8]>> {
    known(given).map(octets).transpose()
}

/// Reads a text; pyo3 would look for its type once more, which is a call.
#[expect(unsafe_code, reason = "pyo3 lends the octets of a string only as long as a handle to it")]
fn octets<'a>(object: Borrowed<'a, '_, PyAny>) -> Read<&'a [u8]> {
    if object.is_exact_instance_of::<PyString>() {
        let mut length = 0;
        // SAFETY: it is a string.
        let text = unsafe { ffi::PyUnicode_AsUTF8AndSize(object.as_ptr(), &raw mut length) };
        let Some(length) = usize::try_from(length).ok().filter(|_| !text.is_null()) else {
            drop(PyErr::take(object.py()));
            return Err(Other);
        };
        // SAFETY: so many octets stand there as long as the string lives.
        Ok(unsafe { slice::from_raw_parts(text.cast(), length) })
    } else if object.is_exact_instance_of::<PyBytes>() {
        <&'a [u8]>::extract(object).map_err(|_| Other)
    } else {
        Err(Other)
    }
}

fn word<T: Word>(given: Given<'_, '_>) -> Read<Option<T>> {
    let Some(given) = known(given) else { return Ok(None) };
    if !given.is_exact_instance_of::<PyString>() {
        return Err(Other);
    }
    let text = octets(given)?;
    T::ALL.iter().find(|value| value.word().as_bytes() == text).copied().map(Some).ok_or(Other)
}

/// Whether the interpreter runs one thread at a time.
const LOCKED: bool = cfg!(not(Py_GIL_DISABLED));
