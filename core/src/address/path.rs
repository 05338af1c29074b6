//! Reads reverse-paths (RFC 5321 §4.1.2, RFC 6531 §3.3).
//!
//! ```text
//! Reverse-path   = Path / "<>"
//! Path           = "<" Mailbox ">"            ; no source route; the brackets may be absent
//! Mailbox        = Local-part "@" ( Domain / address-literal )
//! Local-part     = Dot-string / Quoted-string
//! ```
//!
//! Accepted: `<news@acme.example>`, `news@acme.example`, `<"a b"@[192.0.2.1]>`, `<>`.
//! Refused: `<@relay.example:news@acme.example>` (a route), `<news>`, ` <news@acme.example>`, nothing at all.

use super::canonical::{AddrSpec, LocalForm, MAX_ADDRESS};
use super::domain::MAX_DOMAIN;
use super::local::MAX_LOCAL;
use super::octet::{self, ATEXT, HIGH, LDH, QTEXT};
use super::plain;
pub(crate) use super::plain::path as read_everyday;
use super::span::position;

/// What a reverse-path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 5321 §4.1.2 knows no third")]
pub enum ReversePath {
    /// The null reverse-path, `<>`.
    Null,
    /// A mailbox.
    Mailbox(AddrSpec),
}

/// Reads a reverse-path as it stands in MAIL FROM, brackets optional, without parameters.
///
/// # Errors
///
/// [`PathError`] for anything else, no octets included; octets that are not ASCII need `smtputf8`.
pub fn read_path(bytes: &[u8], smtputf8: bool) -> Result<ReversePath, PathError> {
    match read_everyday(bytes) {
        Some(addr_spec) => Ok(ReversePath::Mailbox(addr_spec)),
        None => read_any_path(bytes, smtputf8),
    }
}

/// Reads what need not be everyday.
pub(crate) fn read_any_path(bytes: &[u8], smtputf8: bool) -> Result<ReversePath, PathError> {
    if bytes == b"<>" {
        return Ok(ReversePath::Null);
    }
    check_text(bytes, smtputf8)?;
    let (start, end) = match bytes {
        [b'<', .., b'>'] => (1, bytes.len() - 1),
        [b'<', ..] => return Err(PathError::at(PathErrorKind::Bracket, bytes.len())),
        _ => (0, bytes.len()),
    };
    let inner = bytes.get(..end).unwrap_or_default();
    if inner.get(start) == Some(&b'@') {
        return Err(PathError::at(PathErrorKind::Route, start));
    }
    let (at, form) = if inner.get(start) == Some(&b'"') {
        (read_quoted(inner, start)?, LocalForm::Quoted)
    } else {
        (read_dot_string(inner, start)?, LocalForm::DotAtom)
    };
    if inner.get(at) != Some(&b'@') {
        return Err(PathError::at(if at == end { PathErrorKind::NoDomain } else { PathErrorKind::LocalPart }, at));
    }
    check_domain(inner, at + 1)?;
    finish(bytes, start, at, end, form).map(ReversePath::Mailbox)
}

/// Reads the internal form that Postfix hands to policy services: not quoted, split at the last `@`.
///
/// # Errors
///
/// [`PathError`] if there is no `@`, the local part is empty or could not be quoted, or the domain is none.
pub fn read_unquoted(bytes: &[u8], smtputf8: bool) -> Result<AddrSpec, PathError> {
    match plain::address(bytes, 0, bytes.len()) {
        Some(addr_spec) => Ok(addr_spec.unquoted()),
        None => read_any_unquoted(bytes, smtputf8),
    }
}

/// Reads what need not be everyday.
pub(super) fn read_any_unquoted(bytes: &[u8], smtputf8: bool) -> Result<AddrSpec, PathError> {
    check_text(bytes, smtputf8)?;
    let at =
        bytes.iter().rposition(|&octet| octet == b'@').ok_or(PathError::at(PathErrorKind::NoDomain, bytes.len()))?;
    if at == 0 {
        return Err(PathError::at(PathErrorKind::LocalPart, 0));
    }
    check_domain(bytes, at + 1)?;
    finish(bytes, 0, at, bytes.len(), LocalForm::Unquoted)
}

/// The reason why octets are no reverse-path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .kind.text())]
pub struct PathError {
    kind: PathErrorKind,
    offset: u32,
}

impl PathError {
    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> PathErrorKind {
        self.kind
    }

    /// Returns the octet at which it shows.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    fn at(kind: PathErrorKind, at: usize) -> Self {
        Self { kind, offset: position(at) }
    }
}

/// What is wrong with a reverse-path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// An angle bracket is not closed.
    Bracket,
    /// A control character.
    Control,
    /// What follows the at sign is neither a domain nor an address literal in form.
    Domain,
    /// No octets: not even a null reverse-path.
    Empty,
    /// What precedes the at sign is no local part.
    LocalPart,
    /// No at sign, and so no domain.
    NoDomain,
    /// Not ASCII, and the client did not ask for SMTPUTF8 (RFC 6531 §3.4).
    NotAscii,
    /// Not UTF-8.
    NotUtf8,
    /// A source route, obsolete since RFC 2821 (RFC 5321 §4.1.1.3, Appendix C).
    Route,
    /// A local part over 64 octets, a domain over 255 or a path over 256 (RFC 5321 §4.5.3.1).
    TooLong,
}

impl PathErrorKind {
    /// Returns the description, such as `an angle bracket is not closed`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bracket => "an angle bracket is not closed",
            Self::Control => "the reverse-path holds a control character",
            Self::Domain => "what follows the at sign is neither a domain nor an address literal",
            Self::Empty => "the reverse-path is empty; the null reverse-path is `<>`",
            Self::LocalPart => "what precedes the at sign is neither atoms with dots between nor a quoted string",
            Self::NoDomain => "the reverse-path has no domain",
            Self::NotAscii => "the reverse-path is not ASCII, and SMTPUTF8 was not asked for",
            Self::NotUtf8 => "the reverse-path is not UTF-8",
            Self::Route => "the reverse-path has a source route",
            Self::TooLong => "the reverse-path is over 64 octets before the at sign, 255 after it, or 256 in all",
        }
    }
}

/// Refuses what no reverse-path may hold, whatever its form.
fn check_text(bytes: &[u8], smtputf8: bool) -> Result<(), PathError> {
    if bytes.is_empty() {
        return Err(PathError::at(PathErrorKind::Empty, 0));
    }
    if bytes.len() > 2 + MAX_LOCAL + 1 + MAX_DOMAIN {
        return Err(PathError::at(PathErrorKind::TooLong, MAX_ADDRESS));
    }
    if let Some(at) = bytes.iter().position(u8::is_ascii_control) {
        return Err(PathError::at(PathErrorKind::Control, at));
    }
    match bytes.iter().position(|octet| !octet.is_ascii()) {
        Some(at) if !smtputf8 => Err(PathError::at(PathErrorKind::NotAscii, at)),
        Some(_) => match core::str::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(PathError::at(PathErrorKind::NotUtf8, error.valid_up_to())),
        },
        None => Ok(()),
    }
}

/// Reads a `Quoted-string` and returns the position after its closing quote.
fn read_quoted(bytes: &[u8], start: usize) -> Result<usize, PathError> {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') if bytes.get(at + 1).is_some_and(|octet| (b' '..=b'~').contains(octet)) => at += 2,
            Some(&octet) if octet == b' ' || octet::is(octet, QTEXT | HIGH) => at += 1,
            _ => return Err(PathError::at(PathErrorKind::LocalPart, at)),
        }
    }
}

/// Reads a `Dot-string` and returns the position after it.
fn read_dot_string(bytes: &[u8], start: usize) -> Result<usize, PathError> {
    let mut at = start;
    let mut atom = false;
    while let Some(&octet) = bytes.get(at) {
        if octet::is(octet, ATEXT | HIGH) {
            atom = true;
        } else if octet == b'.' && atom {
            atom = false;
        } else {
            break;
        }
        at += 1;
    }
    if atom { Ok(at) } else { Err(PathError::at(PathErrorKind::LocalPart, at)) }
}

/// Checks that everything from `start` on is a `Domain` or an `address-literal` in form.
fn check_domain(bytes: &[u8], start: usize) -> Result<(), PathError> {
    let domain = bytes.get(start..).unwrap_or_default();
    if domain.first() == Some(&b'[') {
        return match super::literal::Literal::parse(domain) {
            Some(_) => Ok(()),
            None => Err(PathError::at(PathErrorKind::Domain, start)),
        };
    }
    let mut previous = b'.';
    for (at, &octet) in domain.iter().enumerate() {
        let fits = match octet {
            b'.' => !matches!(previous, b'.' | b'-'),
            b'-' => previous != b'.',
            _ => octet::is(octet, LDH | HIGH),
        };
        if !fits {
            return Err(PathError::at(PathErrorKind::Domain, start + at));
        }
        previous = octet;
    }
    if matches!(previous, b'.' | b'-') { Err(PathError::at(PathErrorKind::Domain, bytes.len())) } else { Ok(()) }
}

/// Checks the lengths and names the parts; `at` is the at sign.
fn finish(bytes: &[u8], start: usize, at: usize, end: usize, form: LocalForm) -> Result<AddrSpec, PathError> {
    if at - start > MAX_LOCAL {
        return Err(PathError::at(PathErrorKind::TooLong, start + MAX_LOCAL));
    }
    if end - at - 1 > MAX_DOMAIN || end - start > MAX_ADDRESS {
        return Err(PathError::at(PathErrorKind::TooLong, at));
    }
    Ok(AddrSpec::new(bytes, start, at, end, form))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{PathErrorKind, ReversePath, read_path, read_unquoted};

    fn read(text: &[u8], smtputf8: bool) -> Result<(&[u8], &[u8]), PathErrorKind> {
        match read_path(text, smtputf8) {
            Ok(ReversePath::Mailbox(spec)) => Ok((spec.local.of(text), spec.domain.of(text))),
            Ok(ReversePath::Null) => Ok((b"", b"")),
            Err(error) => {
                assert!(error.offset() as usize <= text.len());
                Err(error.kind())
            }
        }
    }

    #[test]
    fn reverse_paths_are_read_by_the_grammar() {
        for (text, local, domain) in [
            ("<>", "", ""),
            ("<a@b.example>", "a", "b.example"),
            ("a@b.example", "a", "b.example"),
            ("<\"a b\"@b.example>", "\"a b\"", "b.example"),
            ("<\"a>b\"@b.example>", "\"a>b\"", "b.example"),
            ("<\"a\\\"@x\"@b.example>", "\"a\\\"@x\"", "b.example"),
            ("<\"\"@b.example>", "\"\"", "b.example"),
            ("<a@[192.0.2.1]>", "a", "[192.0.2.1]"),
            ("<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]"),
            ("<a@b>", "a", "b"),
        ] {
            assert_eq!(read(text.as_bytes(), false), Ok((local.as_bytes(), domain.as_bytes())), "{text}");
        }
        assert_eq!(
            read("<\u{e9}@\u{e9}.example>".as_bytes(), true),
            Ok(("\u{e9}".as_bytes(), "\u{e9}.example".as_bytes()))
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let long = format!("{}@b.example", "a".repeat(65));
        let longer = format!("<a@{}b.example>", "a.".repeat(130));
        for (text, flaw) in [
            ("", PathErrorKind::Empty),
            (" ", PathErrorKind::LocalPart),
            ("<", PathErrorKind::Bracket),
            (">", PathErrorKind::LocalPart),
            ("< >", PathErrorKind::LocalPart),
            ("<<a@b.example>>", PathErrorKind::LocalPart),
            ("<a@b.example", PathErrorKind::Bracket),
            ("a@b.example>", PathErrorKind::Domain),
            (" <a@b.example>", PathErrorKind::LocalPart),
            ("<a@b.example> SIZE=1", PathErrorKind::Bracket),
            ("< a@b.example>", PathErrorKind::LocalPart),
            ("<a@b.example >", PathErrorKind::Domain),
            ("<@c.example:a@b.example>", PathErrorKind::Route),
            ("<postmaster>", PathErrorKind::NoDomain),
            ("<a@>", PathErrorKind::Domain),
            ("<@b.example>", PathErrorKind::Route),
            ("<a..b@b.example>", PathErrorKind::LocalPart),
            ("<.a@b.example>", PathErrorKind::LocalPart),
            ("<a.@b.example>", PathErrorKind::LocalPart),
            ("<\"a@b.example>", PathErrorKind::LocalPart),
            ("<\"a\".b@b.example>", PathErrorKind::LocalPart),
            ("<a@b@c.example>", PathErrorKind::Domain),
            ("<a@b_c.example>", PathErrorKind::Domain),
            ("<a@b.example.>", PathErrorKind::Domain),
            ("<a@-b.example>", PathErrorKind::Domain),
            ("<a@[2001:db8::1]>", PathErrorKind::Domain),
            ("<a(c)@b.example>", PathErrorKind::LocalPart),
            ("<a\r\n@b.example>", PathErrorKind::Control),
            ("<a\0@b.example>", PathErrorKind::Control),
            ("<\u{e9}@b.example>", PathErrorKind::NotAscii),
            (&long, PathErrorKind::TooLong),
            (&longer, PathErrorKind::TooLong),
        ] {
            assert_eq!(read(text.as_bytes(), false), Err(flaw), "{text:?}");
        }
        assert_eq!(read(b"<\xc3@b.example>", true), Err(PathErrorKind::NotUtf8));
    }

    #[test]
    fn postfixs_form_is_split_at_the_last_at_sign() {
        for (text, local, domain) in [
            ("a@b.example", "a", "b.example"),
            ("a b@b.example", "a b", "b.example"),
            ("a@b@c.example", "a@b", "c.example"),
            ("\"a\"@b.example", "\"a\"", "b.example"),
            ("a..@b.example", "a..", "b.example"),
        ] {
            let spec = read_unquoted(text.as_bytes(), false).expect(text);
            assert_eq!(
                (spec.local.of(text.as_bytes()), spec.domain.of(text.as_bytes())),
                (local.as_bytes(), domain.as_bytes())
            );
        }
        for (text, flaw) in [
            ("", PathErrorKind::Empty),
            ("a", PathErrorKind::NoDomain),
            ("@b.example", PathErrorKind::LocalPart),
            ("<a@b.example>", PathErrorKind::Domain),
            ("a\n@b.example", PathErrorKind::Control),
            ("\u{e9}@b.example", PathErrorKind::NotAscii),
        ] {
            assert_eq!(read_unquoted(text.as_bytes(), false).map_err(|error| error.kind()), Err(flaw), "{text:?}");
        }
    }
}
