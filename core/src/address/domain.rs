//! Domain names: lower-case A-labels, from whatever spelling.

use alloc::string::String;
use core::fmt::{self, Write};

use idna::uts46::{AsciiDenyList, ErrorPolicy, Hyphens, ProcessingError, ProcessingSuccess, Uts46};

use super::octet::{self, LDH};
use super::{u_label, unicode};

/// The most octets in a domain as it is spelled (RFC 5321 §4.5.3.1.2).
pub(crate) const MAX_DOMAIN: usize = 255;
/// The most octets in a domain name of A-labels without the final dot (RFC 1035 §3.1).
pub(super) const MAX_NAME: usize = 253;
/// The most octets that a name of U-labels can take: four for each character.
const MAX_UNICODE: usize = 4 * MAX_NAME;
/// The most octets in a label (RFC 1035 §3.1).
pub(super) const MAX_LABEL: usize = 63;

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
        let mut buffer = [0; MAX_DOMAIN];
        let len = read(text, &mut buffer).map_err(|flaw| DomainError { kind: flaw })?;
        if text.is_ascii() {
            return Ok(Self(text.to_ascii_lowercase()));
        }
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
    /// An IP address without brackets, or another name of nothing but numbers (RFC 1123 §2.1).
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
            Self::BareIp => "the domain is nothing but numbers; an IP address is written in brackets",
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

/// Writes the canonical form of a domain name as an administrator types it into `out` and returns its length.
pub(super) fn read(text: &str, out: &mut [u8; MAX_DOMAIN]) -> Result<usize, DomainFlaw> {
    if text.starts_with('[') {
        return Err(DomainFlaw::Literal);
    }
    if text.is_empty() {
        return Err(DomainFlaw::Empty);
    }
    let len = if text.is_ascii() {
        lower_ascii(text.as_bytes(), out)
    } else if text.len() > MAX_UNICODE {
        return Err(DomainFlaw::TooLong);
    } else {
        lower_ascii(Mapped::of(text)?.ascii(), out)
    };
    len.map_err(|(flaw, _)| flaw)
}

/// The domain itself, then each name above it, down to the last label.
pub(crate) fn upwards(domain: &str) -> impl Iterator<Item = &str> {
    core::iter::successors(Some(domain), |name| name.split_once('.').map(|(_, above)| above))
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
    match u_label::write(text, out) {
        Some(length) => Ok(length),
        None => canonicalize_any(domain, out),
    }
}

/// Does the same by UTS 46 alone for a name in UTF-8 that is not too long.
#[inline(never)]
pub(super) fn canonicalize_any(domain: &[u8], out: &mut [u8; MAX_DOMAIN]) -> Result<usize, (DomainFlaw, usize)> {
    let mut lower = [0; MAX_DOMAIN];
    for (target, octet) in lower.iter_mut().zip(domain) {
        *target = octet.to_ascii_lowercase();
    }
    let lower = lower.get(..domain.len()).unwrap_or_default();
    let text = core::str::from_utf8(lower).unwrap_or_default();
    let mapped = Mapped::of(text).map_err(|flaw| (flaw, 0))?;
    let is_dot = |&octet: &u8| octet == b'.';
    let mut a_labels = mapped.ascii().split(is_dot);
    let mut u_labels = mapped.unicode().split(is_dot);
    let mut at = 0;
    for label in lower.split(is_dot) {
        let (a_label, u_label) = (a_labels.next(), u_labels.next());
        if Some(label) != if label.is_ascii() { a_label } else { u_label } {
            return Err((DomainFlaw::NotMapped, at));
        }
        at += label.len() + 1;
    }
    if a_labels.next().is_some() {
        return Err((DomainFlaw::NotMapped, 0));
    }
    // An A-label that was just made of a U-label has been checked with it.
    let has_a_labels = lower.split(is_dot).any(|label| label.starts_with(b"xn--"));
    let written = if has_a_labels {
        lower_ascii(mapped.ascii(), out)
    } else {
        form(mapped.ascii(), out).map(|_| mapped.ascii().len())
    };
    written.map_err(|(flaw, _)| (flaw, 0))
}

/// Writes an ASCII domain in lower case into `out`, checks it, and returns its length.
fn lower_ascii(domain: &[u8], out: &mut [u8; MAX_DOMAIN]) -> Result<usize, (DomainFlaw, usize)> {
    if form(domain, out)? {
        let lower = out.get(..domain.len()).unwrap_or_default();
        if !u_label::has_everyday(lower) && !are_a_labels(lower) {
            return Err((DomainFlaw::BadALabel, 0));
        }
    }
    Ok(domain.len())
}

/// Tells by UTS 46 whether each A-label of a name in lower case stands for a U-label.
#[inline(never)]
pub(super) fn are_a_labels(lower: &[u8]) -> bool {
    let text = core::str::from_utf8(lower).unwrap_or_default();
    Mapped::of(text).is_ok_and(|mapped| mapped.ascii() == lower)
}

/// Writes an ASCII domain in lower case into `out`, checks its form, and tells whether a label looks like an A-label.
pub(super) fn form(domain: &[u8], out: &mut [u8; MAX_DOMAIN]) -> Result<bool, (DomainFlaw, usize)> {
    if domain.is_empty() {
        return Err((DomainFlaw::Empty, 0));
    }
    if domain.len() > MAX_NAME {
        return Err((DomainFlaw::TooLong, MAX_NAME));
    }
    let mut a_label = false;
    let mut numbers = true;
    let (mut start, mut rest) = (0, domain);
    loop {
        let (label, behind) = rest.split_at(octet::leading(rest, LDH));
        let end = start + label.len();
        match behind {
            [] if label.is_empty() => return Err((DomainFlaw::FinalDot, start - 1)),
            [] | [b'.', ..] => {}
            _ => return Err((DomainFlaw::Character, end)),
        }
        a_label |= check_label(label).map_err(|flaw| (flaw, start))?;
        numbers = numbers && label.iter().all(u8::is_ascii_digit);
        let [_, after @ ..] = behind else { break };
        (start, rest) = (end + 1, after);
    }
    if numbers {
        return Err((DomainFlaw::BareIp, 0));
    }
    if let Some(lower) = out.get_mut(..domain.len()) {
        lower.copy_from_slice(domain);
        lower.make_ascii_lowercase();
    }
    Ok(a_label)
}

/// Checks the form of one label of letters, digits and hyphens, and tells whether it looks like an A-label.
pub(super) fn check_label(label: &[u8]) -> Result<bool, DomainFlaw> {
    match label {
        [] => Err(DomainFlaw::EmptyLabel),
        [b'-', ..] | [.., b'-'] => Err(DomainFlaw::Hyphen),
        _ if label.len() > MAX_LABEL => Err(DomainFlaw::LabelTooLong),
        [b'x' | b'X', b'n' | b'N', b'-', b'-', ..] => Ok(true),
        [_, _, b'-', b'-', ..] => Err(DomainFlaw::Hyphen),
        _ => Ok(false),
    }
}

/// Both forms of a name that UTS 46, non-transitional and with every check on, accepts.
struct Mapped {
    unicode: [u8; MAX_UNICODE],
    unicode_len: usize,
    ascii: [u8; MAX_DOMAIN],
    ascii_len: usize,
}

impl Mapped {
    fn of(name: &str) -> Result<Self, DomainFlaw> {
        let mut mapped = Self { unicode: [0; MAX_UNICODE], unicode_len: 0, ascii: [0; MAX_DOMAIN], ascii_len: 0 };
        let mut unicode = Sink { buffer: &mut mapped.unicode, len: 0 };
        let mut ascii = Sink { buffer: &mut mapped.ascii, len: 0 };
        let process = Uts46::new().process(
            name.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Check,
            ErrorPolicy::FailFast,
            |_, _, _| true,
            &mut unicode,
            Some(&mut ascii),
        );
        match process {
            Ok(ProcessingSuccess::WroteToSink) => {}
            Ok(ProcessingSuccess::Passthrough) => unicode.write_str(name).map_err(|_| DomainFlaw::TooLong)?,
            Err(ProcessingError::SinkError) => return Err(DomainFlaw::TooLong),
            Err(ProcessingError::ValidityError) => return Err(flaw_of_unicode(name)),
        }
        if unicode.is_over() || ascii.is_over() {
            return Err(DomainFlaw::TooLong);
        }
        mapped.unicode_len = unicode.len;
        mapped.ascii_len = ascii.len;
        // The tables of `idna` let some code points pass that no version of Unicode has assigned.
        let text = core::str::from_utf8(mapped.unicode()).map_err(|_| DomainFlaw::Unicode)?;
        if text.chars().any(unicode::is_unassigned) { Err(DomainFlaw::Unicode) } else { Ok(mapped) }
    }

    fn unicode(&self) -> &[u8] {
        self.unicode.get(..self.unicode_len).unwrap_or_default()
    }

    /// Returns the A-labels; a name without U-labels has one form.
    fn ascii(&self) -> &[u8] {
        if self.ascii_len == 0 { self.unicode() } else { self.ascii.get(..self.ascii_len).unwrap_or_default() }
    }
}

/// Writes into a fixed buffer and counts what does not fit: `idna` panics where a sink fails within an A-label.
struct Sink<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl Sink<'_> {
    fn is_over(&self) -> bool {
        self.len > self.buffer.len()
    }
}

impl Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.saturating_add(text.len());
        if let Some(target) = self.buffer.get_mut(self.len..end) {
            target.copy_from_slice(text.as_bytes());
        }
        self.len = end;
        Ok(())
    }
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
    use alloc::format;

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
            ("example.1", "example.1"),
        ] {
            assert_eq!(DomainName::parse(text).as_ref().map(DomainName::as_str), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn what_is_no_domain_name_is_refused_with_its_cause() {
        let long_label = "a".repeat(64);
        let long_name = "a.".repeat(127);
        let long_unicode = "\u{e9}.".repeat(40) + "example";
        for (text, flaw) in [
            ("", DomainFlaw::Empty),
            ("example.org.", DomainFlaw::FinalDot),
            ("\u{e9}.example\u{3002}", DomainFlaw::FinalDot),
            ("a..b", DomainFlaw::EmptyLabel),
            (".a", DomainFlaw::EmptyLabel),
            ("192.0.2.1", DomainFlaw::BareIp),
            ("127.1", DomainFlaw::BareIp),
            ("\u{ff11}.1", DomainFlaw::BareIp),
            ("2130706433", DomainFlaw::BareIp),
            ("\u{2fffd}.example", DomainFlaw::Unicode),
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
            (long_unicode.as_str(), DomainFlaw::TooLong),
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
        ] {
            let mut out = [0; MAX_DOMAIN];
            let result = canonicalize(text.as_bytes(), &mut out);
            assert_eq!(result.map(|len| core::str::from_utf8(&out[..len]).expect("ASCII")), expected, "{text}");
        }
        assert_eq!(canonicalize(b"a.\xff", &mut [0; MAX_DOMAIN]), Err((DomainFlaw::NotUtf8, 2)));
    }

    /// What is made of U-labels is not read again as A-labels: here it is, for every character of two planes.
    #[test]
    fn an_a_label_that_a_u_label_becomes_is_one() {
        let mut accepted = 0;
        for character in ('\u{80}'..='\u{1ffff}').filter(|character| !character.is_ascii()) {
            for name in [format!("a{character}.example"), format!("{character}\u{fc}b.b\u{fc}cher")] {
                let mut out = [0; MAX_DOMAIN];
                let Ok(len) = canonicalize(name.as_bytes(), &mut out) else { continue };
                let ascii = out[..len].to_vec();
                assert_eq!(canonicalize(&ascii, &mut out), Ok(len), "{name}");
                assert_eq!(out[..len], ascii, "{name}");
                accepted += 1;
            }
        }
        assert!(accepted > 100_000, "{accepted}");
    }

    /// The name grows over the bound octet by octet, so that it is passed at every place in an A-label.
    #[test]
    fn a_name_that_is_too_long_as_a_labels_is_refused_wherever_it_grows_too_long() {
        let mut refused = 0;
        for start in 0..64 {
            for label in ["a\u{e9}", "\u{e9}", "\u{65e5}\u{672c}\u{8a9e}", "\u{10330}\u{10331}", "aaaaaaaaaaaa\u{e9}"] {
                for times in [10, 20, 30, 40, 60] {
                    let name = format!("{}.{}example", "b".repeat(start.max(1)), format!("{label}.").repeat(times));
                    let parsed = DomainName::parse(&name).map_err(|error| error.kind());
                    match &parsed {
                        Ok(domain) => assert!(domain.as_str().len() <= 253),
                        Err(flaw) => assert!(matches!(flaw, DomainFlaw::TooLong | DomainFlaw::LabelTooLong), "{flaw}"),
                    }
                    refused += u32::from(parsed.is_err());
                    let canonical = canonicalize(name.as_bytes(), &mut [0; MAX_DOMAIN]);
                    if name.len() <= MAX_DOMAIN {
                        assert_eq!(canonical.map_err(|(flaw, _)| flaw), parsed.map(|domain| domain.as_str().len()));
                    } else {
                        assert_eq!(canonical, Err((DomainFlaw::TooLong, 0)));
                    }
                }
            }
        }
        assert!(refused > 300, "{refused}");
    }
}
