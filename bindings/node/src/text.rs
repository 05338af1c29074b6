//! The octets of JavaScript strings.

use std::ptr;

use napi::bindgen_prelude::{FromNapiValue as _, Result, Unknown};
use napi::{Env, JsString, JsValue as _, check_status, sys};

/// Returns a string as UTF-8 in which a lone surrogate is three octets of its own (WTF-8); `None` where it is no string.
///
/// It is therefore no UTF-8 any more, and core refuses it as it refuses such octets from a socket. A replacement
/// character in its place would be a character like any other, and two different strings could become equal.
pub(crate) fn octets(env: Env, value: Unknown<'_>) -> Result<Option<Vec<u8>>> {
    let mut room = [0; SHORT];
    let Some(units) = short(env, value, &mut room)? else { return Ok(None) };
    if units.len() < SHORT - 1 {
        return Ok(Some(wtf8(units)));
    }
    // It may have been cut.
    self::units(value).map(|units| Some(wtf8(&units)))
}

/// Returns the units of a string.
pub(crate) fn units(value: Unknown<'_>) -> Result<Vec<u16>> {
    let string = JsString::from_unknown(value)?;
    let length = string.utf16_len()?;
    let string = string.into_utf16()?;
    // The buffer ends with a NUL that is not of the string.
    Ok(string.as_slice().get(..length).unwrap_or_default().to_vec())
}

/// Returns the octets of a string of ASCII; `None` where it has other characters.
pub(crate) fn ascii(env: Env, value: Unknown<'_>) -> Result<Option<Vec<u8>>> {
    let units = JsString::from_unknown(value)?.utf16_len()?;
    let mut octets = vec![0; units + 1];
    let mut length = 0;
    let room = octets.as_mut_ptr().cast();
    // SAFETY: the value is of this environment, and at most as many octets are written as there are, a NUL included.
    #[expect(unsafe_code, reason = "napi's safe function reads all of the string twice")]
    let status =
        unsafe { sys::napi_get_value_string_utf8(env.raw(), value.raw(), room, units + 1, ptr::from_mut(&mut length)) };
    check_status!(status)?;
    octets.truncate(length);
    // Another character takes more than one octet, so that so many of ASCII are all of them.
    Ok((length == units && octets.is_ascii()).then_some(octets))
}

/// Reads as much of a string as there is room for, without a NUL at its end: one call, and nothing is allocated.
fn short<'r>(env: Env, value: Unknown<'_>, room: &'r mut [u16; SHORT]) -> Result<Option<&'r [u16]>> {
    let mut length = 0;
    // SAFETY: the value is of this environment, and at most `SHORT` units are written, a NUL included.
    #[expect(unsafe_code, reason = "napi's safe functions allocate")]
    let status = unsafe {
        sys::napi_get_value_string_utf16(env.raw(), value.raw(), room.as_mut_ptr(), SHORT, ptr::from_mut(&mut length))
    };
    if status == sys::Status::napi_string_expected {
        return Ok(None);
    }
    check_status!(status)?;
    Ok(room.get(..length))
}

fn wtf8(units: &[u16]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(units.len());
    push_wtf8(units, &mut octets);
    octets
}

/// Appends a string as [`octets`] returns it.
pub(crate) fn push_wtf8(units: &[u16], octets: &mut Vec<u8>) {
    if units.iter().all(|unit| *unit < 0x80) {
        octets.extend(units.iter().map(|unit| unit.to_le_bytes()[0]));
        return;
    }
    for decoded in char::decode_utf16(units.iter().copied()) {
        match decoded {
            Ok(character) => octets.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let [high, low] = lone.unpaired_surrogate().to_be_bytes();
                octets.extend([0xE0 | high >> 4, 0x80 | (high & 0x0F) << 2 | low >> 6, 0x80 | low & 0x3F]);
            }
        }
    }
}

/// The units of which there is room for all but one: more than most addresses and fields have.
const SHORT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf8_and_a_lone_surrogate_is_none() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        for text in ["", "alice@acme.example", "Erika Müller", "📧 漢字 \0"] {
            assert_eq!(wtf8(&units(text)), text.as_bytes());
        }
        assert_eq!(wtf8(&[0x61, 0xD83D, 0x62]), [0x61, 0xED, 0xA0, 0xBD, 0x62]);
        assert_eq!(wtf8(&[0xD83D, 0xD83D, 0xDCE7]), [&[0xED, 0xA0, 0xBD][..], "📧".as_bytes()].concat());
    }
}
