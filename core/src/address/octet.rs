//! Classes of octets (RFC 5322 §3.2.3, RFC 5321 §4.1.2).

/// `atext`.
pub(crate) const ATEXT: u8 = 1;
/// `qtext`: printable, neither quote nor backslash.
pub(crate) const QTEXT: u8 = 2;
/// `ctext`: printable, neither parenthesis nor backslash.
pub(crate) const CTEXT: u8 = 4;
/// Space or horizontal tab.
pub(crate) const WSP: u8 = 8;
/// A control character, horizontal tab, CR, LF and DEL among them.
pub(crate) const CONTROL: u8 = 16;
/// Not ASCII: part of a UTF-8 sequence.
pub(crate) const HIGH: u8 = 32;
/// Letter, digit or hyphen.
pub(crate) const LDH: u8 = 64;

/// Tells whether the octet is in one of the classes.
#[inline]
pub(crate) const fn is(octet: u8, classes: u8) -> bool {
    #[expect(clippy::indexing_slicing, reason = "the table has an entry for every octet")]
    let class = TABLE[octet as usize];
    class & classes != 0
}

const TABLE: [u8; 256] = table();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated when compiled, below 256")]
const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let octet = index as u8;
        let mut class = 0;
        if octet.is_ascii_alphanumeric()
            || matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
        {
            class |= ATEXT;
        }
        if octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\') {
            class |= QTEXT;
        }
        if octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'\\') {
            class |= CTEXT;
        }
        if matches!(octet, b' ' | b'\t') {
            class |= WSP;
        }
        if octet.is_ascii_control() {
            class |= CONTROL;
        }
        if !octet.is_ascii() {
            class |= HIGH;
        }
        if octet.is_ascii_alphanumeric() || octet == b'-' {
            class |= LDH;
        }
        table[index] = class;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{ATEXT, is};

    #[test]
    fn atext_is_the_set_of_rfc_5322() {
        let listed = b"!#$%&'*+-/=?^_`{|}~";
        for octet in 0..=255_u8 {
            assert_eq!(is(octet, ATEXT), octet.is_ascii_alphanumeric() || listed.contains(&octet), "{octet:#x}");
        }
    }
}
