//! Addresses as administrators lay them down.

use alloc::string::{String, ToString};
use core::fmt;

use super::canonical::{Canonical, MAX_ADDRESS};
use super::domain::{DomainFlaw, DomainName};
use super::literal::Literal;
use super::local::{self, LocalFlaw, MAX_LOCAL};
use super::octet::{self, QTEXT};
use super::unicode;

/// An address in canonical form, as an administrator lays it down.
///
/// The local part stands by value: needless quotes are removed, and it is in Normalization Form C. Its case is
/// kept: folding is a comparison, not a form. The domain is lower-case A-labels, or a literal by value.
///
/// ```
/// use sendas::Address;
/// let address = Address::parse("\"Joe\"@B\u{fc}cher.example")?;
/// assert_eq!(address.to_string(), "Joe@xn--bcher-kva.example");
/// assert_eq!(Address::parse("\"a b\"@[ipv6:2001:DB8::0]")?.to_string(), "\"a b\"@[IPv6:2001:db8::]");
/// # Ok::<(), sendas::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// Reads one address, a `Mailbox` of RFC 5321 §4.1.2 with RFC 6531 §3.3, and brings it to canonical form.
    ///
    /// # Errors
    ///
    /// [`AddressError`] names what is wrong: no address at all, its local part, its domain, or its length.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (value, rest) = if text.starts_with('"') { read_quoted(text)? } else { read_dot_string(text)? };
        let domain_text = rest.strip_prefix('@').ok_or(AddressError::MissingAt)?;
        // What has been read of ASCII is in Normalization Form C, and no flaw is left in it.
        let local = if value.is_ascii() { value } else { normalized(&value)? };
        let domain = if domain_text.starts_with('[') {
            Literal::parse(domain_text.as_bytes()).ok_or(AddressError::Literal)?.to_string()
        } else {
            DomainName::parse(domain_text).map_err(|error| AddressError::Domain(error.kind()))?.into_string()
        };
        // It takes no more than quotes and a backslash before each octet, and most are far from too long.
        let most = 2 + 2 * local.len();
        if most > MAX_LOCAL || most + 1 + domain.len() > MAX_ADDRESS {
            let spelled = local::spelled_len(local.as_bytes());
            if spelled > MAX_LOCAL {
                return Err(AddressError::Local(LocalFlaw::TooLong));
            }
            if spelled + 1 + domain.len() > MAX_ADDRESS {
                return Err(AddressError::TooLong);
            }
        }
        Ok(Self { local, domain })
    }

    /// Takes over what stands in a request, which is in canonical form already.
    pub(crate) fn from_canonical(canonical: &Canonical) -> Option<Self> {
        let text = |octets: &[u8]| core::str::from_utf8(octets).ok().map(String::from);
        Some(Self { local: text(canonical.local())?, domain: text(canonical.domain())? })
    }

    /// Puts together what was taken apart: a local part by value and a domain.
    pub(crate) fn of_parts(local: &str, domain: &str) -> Self {
        Self { local: String::from(local), domain: String::from(domain) }
    }

    /// Whether the text is the address as it stands by value.
    pub(crate) fn is_spelled(&self, text: &str) -> bool {
        text.split_at_checked(self.local.len())
            .is_some_and(|(local, rest)| local == self.local && rest.strip_prefix('@') == Some(&*self.domain))
    }

    /// Returns the local part by value: without quotes, NFC, case as given.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Returns the domain: lower-case A-labels, or a literal such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Tells whether the domain is an address literal.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.domain.starts_with('[')
    }
}

impl fmt::Display for Address {
    /// Writes the address with quotes where it needs them; the output reads back as the same address.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        local::write_spelled(&self.local, formatter)?;
        formatter.write_str("@")?;
        formatter.write_str(&self.domain)
    }
}

/// The reason why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The part after the at sign is no domain.
    #[error("{0}")]
    Domain(DomainFlaw),
    /// The part before the at sign cannot stand without quotes, or its dots stand wrong.
    #[error("the local part is no dot-separated atoms; other characters stand in double quotes")]
    DotString,
    /// The part in brackets is no address literal.
    #[error("the literal is neither `[192.0.2.1]` nor `[IPv6:2001:db8::1]` in form")]
    Literal,
    /// The local part is not permitted.
    #[error("{0}")]
    Local(LocalFlaw),
    /// There is no at sign, or something stands between the local part and it.
    #[error("an address is written `local-part@domain`")]
    MissingAt,
    /// The quoted local part does not end, or holds what may not be quoted.
    #[error("the quoted local part does not end, or holds a control character")]
    Quoted,
    /// Over 254 octets (RFC 5321 §4.5.3.1.3: 256 for a path with its brackets).
    #[error("the address is over 254 octets")]
    TooLong,
}

/// Brings a local part to Normalization Form C.
fn normalized(value: &str) -> Result<String, AddressError> {
    let local = String::from(unicode::nfc(value));
    match local::find_flaw(&local) {
        Some((flaw, _)) => Err(AddressError::Local(flaw)),
        None => Ok(local),
    }
}

/// Reads a quoted local part by value, and returns it with what follows.
fn read_quoted(text: &str) -> Result<(String, &str), AddressError> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            '\\' => match characters.next() {
                Some((_, quoted)) if quoted == ' ' || quoted.is_ascii_graphic() => value.push(quoted),
                _ => return Err(AddressError::Quoted),
            },
            ' ' => value.push(' '),
            _ if !character.is_ascii() || u8::try_from(character).is_ok_and(|octet| octet::is(octet, QTEXT)) => {
                value.push(character);
            }
            _ => return Err(AddressError::Quoted),
        }
    }
    Err(AddressError::Quoted)
}

/// Reads a local part without quotes, and returns it with what follows.
fn read_dot_string(text: &str) -> Result<(String, &str), AddressError> {
    let end = octet::position(text.as_bytes(), b'@').ok_or(AddressError::MissingAt)?;
    let (value, rest) = text.split_at_checked(end).ok_or(AddressError::MissingAt)?;
    // No flaw is in it, nor a space.
    if value.is_ascii() && local::is_dot_string(value.as_bytes()) {
        return Ok((String::from(value), rest));
    }
    if let Some((flaw, _)) = local::find_flaw(value) {
        return Err(AddressError::Local(flaw));
    }
    if value.bytes().any(|octet| octet == b' ') {
        return Err(AddressError::Local(LocalFlaw::WhiteSpace));
    }
    if local::is_dot_string(value.as_bytes()) { Ok((String::from(value), rest)) } else { Err(AddressError::DotString) }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::{Address, AddressError};
    use crate::address::{DomainFlaw, LocalFlaw};

    #[test]
    fn an_address_is_brought_to_canonical_form_and_reads_back() {
        for (text, canonical) in [
            ("joe@example.org", "joe@example.org"),
            ("Joe@EXAMPLE.org", "Joe@example.org"),
            ("\"joe\"@example.org", "joe@example.org"),
            ("\"\\j\\oe\"@example.org", "joe@example.org"),
            ("\"a b\"@example.org", "\"a b\"@example.org"),
            ("\"a@b\"@example.org", "\"a@b\"@example.org"),
            ("\"a\\\"b\"@example.org", "\"a\\\"b\"@example.org"),
            ("\".a\"@example.org", "\".a\"@example.org"),
            ("jose\u{301}@example.org", "jos\u{e9}@example.org"),
            ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
            ("a@[IPV6:2001:DB8:0:0::1]", "a@[IPv6:2001:db8::1]"),
            ("o'brien+tag@example.org", "o'brien+tag@example.org"),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address.to_string(), canonical);
            assert_eq!(Address::parse(canonical).as_ref(), Ok(&address));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_cause() {
        let long = format!("{}@example.org", "a".repeat(65));
        let long_quoted = format!("\"{}\"@example.org", " ".repeat(63));
        let long_path = format!("{}@{}example", "a".repeat(64), "a.".repeat(95));
        for (text, error) in [
            ("", AddressError::MissingAt),
            ("joe", AddressError::MissingAt),
            ("@example.org", AddressError::DotString),
            ("joe@", AddressError::Domain(DomainFlaw::Empty)),
            ("a b@example.org", AddressError::Local(LocalFlaw::WhiteSpace)),
            (" a@example.org", AddressError::Local(LocalFlaw::WhiteSpace)),
            ("a@example.org ", AddressError::Domain(DomainFlaw::Character)),
            ("a@b@example.org", AddressError::Domain(DomainFlaw::Character)),
            ("a..b@example.org", AddressError::DotString),
            (".a@example.org", AddressError::DotString),
            ("a.@example.org", AddressError::DotString),
            ("<a@example.org>", AddressError::DotString),
            ("a@example.org.", AddressError::Domain(DomainFlaw::FinalDot)),
            ("a@192.0.2.1", AddressError::Domain(DomainFlaw::BareIp)),
            ("a@[192.0.2.300]", AddressError::Literal),
            ("\"a@example.org", AddressError::Quoted),
            ("\"a\tb\"@example.org", AddressError::Quoted),
            ("\"a\"b@example.org", AddressError::MissingAt),
            ("a\u{200b}@example.org", AddressError::Local(LocalFlaw::DefaultIgnorable)),
            ("a\u{378}@example.org", AddressError::Local(LocalFlaw::Unassigned)),
            ("\"a\u{202e}b\"@example.org", AddressError::Local(LocalFlaw::DefaultIgnorable)),
            (long.as_str(), AddressError::Local(LocalFlaw::TooLong)),
            (long_quoted.as_str(), AddressError::Local(LocalFlaw::TooLong)),
            (long_path.as_str(), AddressError::TooLong),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }
}
