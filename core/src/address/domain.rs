//! Domain names: lower-case A-labels, from whatever spelling.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::octet::{self, LDH};

/// The most octets in a domain as it is spelled (RFC 5321 §4.5.3.1.2).
pub(crate) const MAX_DOMAIN: usize = 255;
/// The most octets in a domain name of A-labels without the final dot (RFC 1035 §3.1).
const MAX_NAME: usize = 253;
/// The most octets in a label (RFC 1035 §3.1).
const MAX_LABEL: usize = 63;

/// A domain name in canonical form: lower-case A-labels, at least one, at most 253 octets, no final dot.
///
/// ```
/// use sendas::DomainName;
/// assert_eq!(DomainName::parse("B\u{fc}cher.Example")?.as_str(), "xn--bcher-kva.example");
/// assert!(DomainName::parse("192.0.2.1").is_err());
/// # Ok::<(), sendas::address::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// Reads a domain name as an administrator types it: UTS 46 non-transitional, STD 3 rules, lower case.
    ///
    /// # Errors
    ///
    /// [`DomainError`] says which of the rules of [`DomainFlaw`] the text breaks. White space is not trimmed.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let refuse = |flaw| DomainError { kind: flaw };
        if text.starts_with('[') {
            return Err(refuse(DomainFlaw::Literal));
        }
        if text.is_empty() {
            return Err(refuse(DomainFlaw::Empty));
        }
        if !text.is_ascii() && text.len() > 4 * MAX_DOMAIN {
            return Err(refuse(DomainFlaw::TooLong));
        }
        let ascii = if text.is_ascii() {
            Cow::Borrowed(text)
        } else {
            to_ascii(text.as_bytes()).ok_or_else(|| refuse(flaw_of_unicode(text)))?
        };
        let mut buffer = [0; MAX_DOMAIN];
        let len = lower_ascii(ascii.as_bytes(), &mut buffer).map_err(|(flaw, _)| refuse(flaw))?;
        let name = buffer.get(..len).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default();
        Ok(Self(String::from(name)))
    }

    /// Returns the lower-case A-labels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The reason why a text is no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct DomainError {
    kind: DomainFlaw,
}

impl DomainError {
    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> DomainFlaw {
        self.kind
    }
}

/// What is wrong with a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DomainFlaw {
    /// A label beginning with `xn--` that is not the A-label of any U-label.
    BadALabel,
    /// An IP address, or another name whose last label is a number (RFC 1123 §2.1).
    BareIp,
    /// A character other than letters, digits and hyphens (STD 3).
    Character,
    /// No label at all.
    Empty,
    /// Two dots together, or a dot at the start.
    EmptyLabel,
    /// A dot at the end.
    FinalDot,
    /// A hyphen at the start or end of a label, or two in its third and fourth place (RFC 5891 §4.2.3.1).
    Hyphen,
    /// A label over 63 octets as an A-label.
    LabelTooLong,
    /// An address literal where a name must stand.
    Literal,
    /// Not UTF-8.
    NotUtf8,
    /// Not the spelling that UTS 46 maps the name to, beyond the case of ASCII letters.
    NotMapped,
    /// Over 253 octets as A-labels, or 255 as it is spelled.
    TooLong,
    /// Not valid under UTS 46.
    Unicode,
}

impl DomainFlaw {
    /// Returns the description, such as `the domain has an empty label`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BadALabel => "the domain has a label that begins with `xn--` and is no valid A-label",
            Self::BareIp => "the domain's last label is a number; an IP address is written in brackets",
            Self::Character => "the domain holds a character other than letters, digits, hyphens and dots",
            Self::Empty => "the domain is empty",
            Self::EmptyLabel => "the domain has an empty label",
            Self::FinalDot => "the domain ends with a dot",
            Self::Hyphen => "the domain has a label with a hyphen at its start or end, or with `--` in third place",
            Self::LabelTooLong => "the domain has a label of over 63 octets",
            Self::Literal => "an address literal is no domain name",
            Self::NotUtf8 => "the domain is not UTF-8",
            Self::NotMapped => "the domain is not spelled in the form that UTS 46 maps it to",
            Self::TooLong => "the domain is over 253 octets",
            Self::Unicode => "the domain is not valid under UTS 46",
        }
    }
}

impl fmt::Display for DomainFlaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

/// Writes the canonical form of a domain name in a request into `out` and returns its length.
///
/// Only ASCII case and the choice between A-label and U-label may differ from the canonical form. The error
/// carries the offset of what is wrong.
pub(crate) fn canonicalize(domain: &[u8], out: &mut [u8; MAX_DOMAIN]) -> Result<usize, (DomainFlaw, usize)> {
    if domain.is_ascii() {
        return lower_ascii(domain, out);
    }
    if domain.len() > MAX_DOMAIN {
        return Err((DomainFlaw::TooLong, 0));
    }
    let text = core::str::from_utf8(domain).map_err(|error| (DomainFlaw::NotUtf8, error.valid_up_to()))?;
    let lower = text.to_ascii_lowercase();
    let ascii = to_ascii(lower.as_bytes()).ok_or_else(|| (flaw_of_unicode(&lower), 0))?;
    let (unicode, valid) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    if valid.is_err() {
        return Err((DomainFlaw::Unicode, 0));
    }
    let mut at = 0;
    let mut a_labels = ascii.split('.');
    let mut u_labels = unicode.split('.');
    for label in lower.split('.') {
        let canonical = if label.is_ascii() { a_labels.next() } else { u_labels.next() };
        if label.is_ascii() {
            u_labels.next();
        } else {
            a_labels.next();
        }
        if canonical != Some(label) {
            return Err((DomainFlaw::NotMapped, at));
        }
        at += label.len() + 1;
    }
    if a_labels.next().is_some() || u_labels.next().is_some() {
        return Err((DomainFlaw::NotMapped, 0));
    }
    lower_ascii(ascii.as_bytes(), out).map_err(|(flaw, _)| (flaw, 0))
}

/// Writes an ASCII domain in lower case into `out`, checks it, and returns its length.
fn lower_ascii(domain: &[u8], out: &mut [u8; MAX_DOMAIN]) -> Result<usize, (DomainFlaw, usize)> {
    if domain.is_empty() {
        return Err((DomainFlaw::Empty, 0));
    }
    if domain.len() > MAX_NAME {
        return Err((DomainFlaw::TooLong, MAX_NAME));
    }
    let mut a_label = false;
    let mut number = true;
    let mut start = 0;
    for (at, (&octet, target)) in domain.iter().zip(out.iter_mut()).enumerate() {
        if octet == b'.' {
            a_label |= check_label(domain.get(start..at).unwrap_or_default()).map_err(|flaw| (flaw, start))?;
            start = at + 1;
            number = true;
        } else if octet::is(octet, LDH) {
            number &= octet.is_ascii_digit();
        } else {
            return Err((DomainFlaw::Character, at));
        }
        *target = octet.to_ascii_lowercase();
    }
    if start == domain.len() {
        return Err((DomainFlaw::FinalDot, start - 1));
    }
    a_label |= check_label(domain.get(start..).unwrap_or_default()).map_err(|flaw| (flaw, start))?;
    if number {
        return Err((DomainFlaw::BareIp, start));
    }
    if a_label {
        let lower = out.get(..domain.len()).unwrap_or_default();
        if to_ascii(lower).is_none_or(|mapped| mapped.as_bytes() != lower) {
            return Err((DomainFlaw::BadALabel, 0));
        }
    }
    Ok(domain.len())
}

/// Checks the form of one label of letters, digits and hyphens, and tells whether it looks like an A-label.
fn check_label(label: &[u8]) -> Result<bool, DomainFlaw> {
    match label {
        [] => Err(DomainFlaw::EmptyLabel),
        [b'-', ..] | [.., b'-'] => Err(DomainFlaw::Hyphen),
        _ if label.len() > MAX_LABEL => Err(DomainFlaw::LabelTooLong),
        [b'x' | b'X', b'n' | b'N', b'-', b'-', ..] => Ok(true),
        [_, _, b'-', b'-', ..] => Err(DomainFlaw::Hyphen),
        _ => Ok(false),
    }
}

/// Maps a name to A-labels by UTS 46, non-transitional, with every check on.
fn to_ascii(name: &[u8]) -> Option<Cow<'_, str>> {
    Uts46::new().to_ascii(name, AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify).ok()
}

/// Says why UTS 46 refuses a name, as far as that can be seen from outside.
fn flaw_of_unicode(name: &str) -> DomainFlaw {
    let dot = |character| matches!(character, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    if name.ends_with(dot) {
        DomainFlaw::FinalDot
    } else if name.split(dot).any(str::is_empty) {
        DomainFlaw::EmptyLabel
    } else {
        DomainFlaw::Unicode
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::{DomainFlaw, DomainName, MAX_DOMAIN, canonicalize};

    #[test]
    fn an_administrators_spelling_is_mapped() {
        let long_label = "a".repeat(63);
        for (text, canonical) in [
            ("example.org", "example.org"),
            ("EXAMPLE.Org", "example.org"),
            ("B\u{dc}CHER.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("fa\u{df}.example", "xn--fa-hia.example"),
            ("a\u{3002}example", "a.example"),
            ("a\u{ad}b.example", "ab.example"),
            ("\u{ff41}.example", "a.example"),
            (long_label.as_str(), long_label.as_str()),
            ("1.example", "1.example"),
        ] {
            assert_eq!(DomainName::parse(text).as_ref().map(DomainName::as_str), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn what_is_no_domain_name_is_refused_with_its_cause() {
        let long_label = "a".repeat(64);
        let long_name = String::from("a.").repeat(127);
        for (text, flaw) in [
            ("", DomainFlaw::Empty),
            ("example.org.", DomainFlaw::FinalDot),
            ("\u{e9}.example\u{3002}", DomainFlaw::FinalDot),
            ("a..b", DomainFlaw::EmptyLabel),
            (".a", DomainFlaw::EmptyLabel),
            ("192.0.2.1", DomainFlaw::BareIp),
            ("127.1", DomainFlaw::BareIp),
            ("[192.0.2.1]", DomainFlaw::Literal),
            ("2001:db8::1", DomainFlaw::Character),
            ("a b.example", DomainFlaw::Character),
            ("a_b.example", DomainFlaw::Character),
            ("*.example", DomainFlaw::Character),
            ("-a.example", DomainFlaw::Hyphen),
            ("a-.example", DomainFlaw::Hyphen),
            ("ab--c.example", DomainFlaw::Hyphen),
            ("xn--a.example", DomainFlaw::BadALabel),
            ("xn--abc-.example", DomainFlaw::Hyphen),
            ("xn--zzzzzzzzzz99999.example", DomainFlaw::BadALabel),
            (long_label.as_str(), DomainFlaw::LabelTooLong),
            (long_name.as_str(), DomainFlaw::TooLong),
            ("\u{2260}\u{338}.\u{378}", DomainFlaw::Unicode),
        ] {
            assert_eq!(DomainName::parse(text).map_err(|error| error.kind()), Err(flaw), "{text}");
        }
    }

    #[test]
    fn a_request_may_vary_only_case_and_label_form() {
        for (text, expected) in [
            ("EXAMPLE.org", Ok("example.org")),
            ("b\u{fc}cher.Example", Ok("xn--bcher-kva.example")),
            ("Xn--Bcher-KVA.b\u{fc}cher.example", Ok("xn--bcher-kva.xn--bcher-kva.example")),
            ("B\u{dc}CHER.example", Err((DomainFlaw::NotMapped, 0))),
            ("a.B\u{dc}CHER.example", Err((DomainFlaw::NotMapped, 2))),
            ("bu\u{308}cher.example", Err((DomainFlaw::NotMapped, 0))),
            ("b\u{ad}\u{fc}cher.example", Err((DomainFlaw::NotMapped, 0))),
            ("b\u{fc}cher\u{3002}example", Err((DomainFlaw::NotMapped, 0))),
            ("\u{ff41}.example", Err((DomainFlaw::NotMapped, 0))),
            ("\u{212a}.example", Err((DomainFlaw::NotMapped, 0))),
            ("b\u{fc}cher.example.", Err((DomainFlaw::FinalDot, 0))),
            ("b\u{fc}cher.1", Err((DomainFlaw::BareIp, 0))),
        ] {
            let mut out = [0; MAX_DOMAIN];
            let result = canonicalize(text.as_bytes(), &mut out);
            assert_eq!(result.map(|len| core::str::from_utf8(&out[..len]).expect("ASCII")), expected, "{text}");
        }
        assert_eq!(canonicalize(b"a.\xff", &mut [0; MAX_DOMAIN]), Err((DomainFlaw::NotUtf8, 2)));
    }
}
