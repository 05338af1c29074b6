//! Local parts by value: what may stand in one, and when it needs quotes.

use core::fmt;

use super::octet::{self, ATEXT};
use super::unicode;

/// The most octets in a local part as it is spelled (RFC 5321 §4.5.3.1.1).
pub(crate) const MAX_LOCAL: usize = 64;

/// What is wrong with a local part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LocalFlaw {
    /// A control character.
    Control,
    /// A character for which nothing is shown, such as U+200B or a direction mark.
    DefaultIgnorable,
    /// A combining mark at the start, which joins whatever stands before it, as U+0338 does `<`.
    LeadingMark,
    /// Not in Normalization Form C (RFC 6532 §3.1).
    NotNfc,
    /// Over 64 octets as it is spelled (RFC 5321 §4.5.3.1.1).
    TooLong,
    /// A character that Unicode has not assigned.
    Unassigned,
    /// White space other than U+0020 within quotes.
    WhiteSpace,
}

impl LocalFlaw {
    /// Returns the description, such as `the local part is not in Unicode Normalization Form C`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Control => "the local part holds a control character",
            Self::DefaultIgnorable => "the local part holds a character that is not shown",
            Self::LeadingMark => "the local part begins with a combining mark",
            Self::NotNfc => "the local part is not in Unicode Normalization Form C",
            Self::TooLong => "the local part is over 64 octets",
            Self::Unassigned => "the local part holds a character that Unicode has not assigned",
            Self::WhiteSpace => "the local part holds white space other than a space in quotes",
        }
    }
}

impl fmt::Display for LocalFlaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

/// Finds the first character that may not stand in a local part by value, with its offset.
pub(crate) fn find_flaw(value: &str) -> Option<(LocalFlaw, usize)> {
    value.char_indices().find_map(|(at, character)| {
        let flaw = if character.is_control() {
            LocalFlaw::Control
        } else if character == ' ' || character.is_ascii() {
            return None;
        } else if unicode::is_default_ignorable(character) {
            LocalFlaw::DefaultIgnorable
        } else if unicode::is_white_space(character) {
            LocalFlaw::WhiteSpace
        } else if unicode::is_unassigned(character) {
            LocalFlaw::Unassigned
        } else if at == 0 && unicode::is_mark(character) {
            LocalFlaw::LeadingMark
        } else {
            return None;
        };
        Some((flaw, at))
    })
}

/// Tells whether the value can be written without quotes: a `Dot-string` (RFC 5321 §4.1.2, RFC 6531 §3.3).
pub(crate) fn is_dot_string(value: &[u8]) -> bool {
    let mut atom = false;
    for &octet in value {
        if octet::is(octet, ATEXT | octet::HIGH) {
            atom = true;
        } else if octet == b'.' && atom {
            atom = false;
        } else {
            return false;
        }
    }
    atom
}

/// Returns how many octets the value takes as it must be spelled, quotes and backslashes included.
pub(crate) fn spelled_len(value: &[u8]) -> usize {
    if is_dot_string(value) {
        value.len()
    } else {
        2 + value.len() + value.iter().filter(|octet| matches!(octet, b'"' | b'\\')).count()
    }
}

/// Writes the value as it must be spelled.
pub(crate) fn write_spelled(value: &str, out: &mut impl fmt::Write) -> fmt::Result {
    if is_dot_string(value.as_bytes()) {
        return out.write_str(value);
    }
    out.write_char('"')?;
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::{LocalFlaw, find_flaw, is_dot_string, spelled_len, write_spelled};

    #[test]
    fn a_value_is_spelled_with_quotes_only_where_it_needs_them() {
        for (value, spelled) in [
            ("joe", "joe"),
            ("a.b", "a.b"),
            ("j\u{f6}e", "j\u{f6}e"),
            ("", "\"\""),
            (".a", "\".a\""),
            ("a..b", "\"a..b\""),
            ("a.", "\"a.\""),
            ("a b", "\"a b\""),
            ("a\"\\", "\"a\\\"\\\\\""),
            ("a@b", "\"a@b\""),
        ] {
            let mut out = String::new();
            write_spelled(value, &mut out).expect("a string takes everything");
            assert_eq!(out, spelled);
            assert_eq!(spelled_len(value.as_bytes()), spelled.len());
            assert_eq!(is_dot_string(value.as_bytes()), value == spelled);
        }
    }

    #[test]
    fn what_is_not_shown_is_a_flaw() {
        for (value, flaw) in [
            ("a\tb", Some((LocalFlaw::Control, 1))),
            ("a\u{85}", Some((LocalFlaw::Control, 1))),
            ("\u{200b}a", Some((LocalFlaw::DefaultIgnorable, 0))),
            ("a\u{a0}b", Some((LocalFlaw::WhiteSpace, 1))),
            ("a\u{378}", Some((LocalFlaw::Unassigned, 1))),
            ("\u{338}a", Some((LocalFlaw::LeadingMark, 0))),
            ("a\u{338}", None),
            ("a b", None),
            ("\u{e9}", None),
        ] {
            assert_eq!(find_flaw(value), flaw, "{value:?}");
        }
    }
}
