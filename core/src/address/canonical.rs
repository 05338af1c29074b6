//! The canonical form of an address in a request, without allocating.

use core::fmt::{self, Write};

use super::address::Address;
use super::domain::{self, DomainFlaw, MAX_DOMAIN};
use super::literal::{Fill, Literal};
use super::local::{self, LocalFlaw, MAX_LOCAL};
use super::plain;
use super::span::{Span, position};
use super::unicode;

/// The most octets in an address: a path of 256 without its brackets (RFC 5321 §4.5.3.1.3).
pub(crate) const MAX_ADDRESS: usize = 254;

/// Where an addr-spec stands in the octets that were read (RFC 5322 §3.4.1, RFC 5321 §4.1.2 `Mailbox`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddrSpec {
    /// The whole, from the local part to the domain.
    pub span: Span,
    /// The local part as it is spelled, quotes included.
    pub local: Span,
    /// The domain as it is spelled, or the literal with its brackets.
    pub domain: Span,
    /// How the local part is spelled.
    pub form: LocalForm,
    /// Whether the reader saw that it is in canonical form as it is spelled.
    is_canonical: bool,
    is_everyday: bool,
}

/// How a local part is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 5321 has two spellings, Postfix a third")]
pub enum LocalForm {
    /// Atoms with dots between.
    DotAtom,
    /// A quoted string.
    Quoted,
    /// By value: Postfix's internal form.
    Unquoted,
}

impl AddrSpec {
    /// Creates the place of an address in `bytes`, from `start`, over the at sign, to `end`.
    pub(super) fn new(bytes: &[u8], start: usize, at: usize, end: usize, form: LocalForm) -> Self {
        let mut spec = Self {
            span: Span::between(start, end),
            local: Span::between(start, at),
            domain: Span::between(at + 1, end),
            form,
            is_canonical: false,
            is_everyday: false,
        };
        let (local, domain) = (spec.local.of(bytes), spec.domain.of(bytes));
        spec.is_canonical = form != LocalForm::Quoted && plain::is_canonical(local, domain);
        spec.is_everyday = form == LocalForm::DotAtom && spec.is_canonical && !plain::begins_encoded_word(local);
        spec
    }

    /// Creates the place of an everyday address with this many octets before its at sign, and says whether it is in canonical
    /// form; `None` if it stands past 4 GiB.
    #[inline]
    pub(super) fn plain(start: usize, local: u32, end: usize, is_canonical: bool) -> Option<Self> {
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
        let at = start + local;
        Some(Self {
            span: Span { start, end },
            local: Span { start, end: at },
            domain: Span { start: at + 1, end },
            form: LocalForm::DotAtom,
            is_canonical,
            is_everyday: is_canonical,
        })
    }

    /// The same, read as Postfix's internal form.
    pub(super) const fn unquoted(self) -> Self {
        Self { form: LocalForm::Unquoted, is_everyday: false, ..self }
    }

    /// Whether it is canonical as it is spelled, of atoms, and without `=?`: every reader reads it alike everywhere.
    pub(super) const fn is_everyday(&self) -> bool {
        self.is_everyday
    }

    /// Brings this address to canonical form. `bytes` are those it was read from.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`] when more than ASCII case, needless quotes, A-label or U-label, or the spelling of a
    /// literal differs from the canonical form, or when the domain is none.
    pub fn canonical(&self, bytes: &[u8]) -> Result<Canonical, CanonicalError> {
        if let Some(CanonicalView { local, domain }) = self.as_spelled(bytes) {
            return Ok(Canonical::from_stored(local, domain));
        }
        let mut canonical = Canonical::EMPTY;
        canonical.set_local(self.local.of(bytes), self.form).map_err(|(flaw, at)| CanonicalError {
            kind: CanonicalFlaw::Local(flaw),
            offset: self.local.start.saturating_add(position(at)),
        })?;
        canonical.set_domain(self.domain.of(bytes)).map_err(|(flaw, at)| CanonicalError {
            kind: flaw,
            offset: self.domain.start.saturating_add(position(at)),
        })?;
        if !canonical.fits() {
            return Err(CanonicalError { kind: CanonicalFlaw::TooLong, offset: self.span.start });
        }
        Ok(canonical)
    }
}

impl AddrSpec {
    /// The same, where the octets already stand if they are canonical as spelled, and in `room` if they are not.
    pub(crate) fn view<'a>(
        &self,
        bytes: &'a [u8],
        room: &'a mut Option<Canonical>,
    ) -> Result<CanonicalView<'a>, CanonicalError> {
        match self.as_spelled(bytes) {
            Some(view) => Ok(view),
            None => Ok(room.insert(self.canonical(bytes)?).view()),
        }
    }

    /// The address where it stands, if it is canonical as it is spelled.
    pub(crate) fn as_spelled<'a>(&self, bytes: &'a [u8]) -> Option<CanonicalView<'a>> {
        self.is_canonical.then(|| CanonicalView { local: self.local.of(bytes), domain: self.domain.of(bytes) })
    }
}

/// An address in canonical form, wherever its octets stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CanonicalView<'a> {
    /// The local part by value.
    pub(crate) local: &'a [u8],
    /// The domain, or the literal.
    pub(crate) domain: &'a [u8],
}

impl CanonicalView<'_> {
    /// Tells whether the domain is an address literal.
    pub(crate) fn is_literal(&self) -> bool {
        self.domain.first() == Some(&b'[')
    }
}

/// An address in canonical form, held without allocation.
///
/// Equal to the [`Address`] of the same spelling: [`Canonical::from`] an address and [`AddrSpec::canonical`] agree.
#[derive(Clone)]
pub struct Canonical {
    local: [u8; MAX_LOCAL],
    domain: [u8; MAX_DOMAIN],
    local_len: u8,
    domain_len: u8,
}

impl Canonical {
    const EMPTY: Self = Self { local: [0; MAX_LOCAL], domain: [0; MAX_DOMAIN], local_len: 0, domain_len: 0 };

    /// Returns the local part by value: without quotes, case as given.
    #[must_use]
    pub fn local(&self) -> &[u8] {
        self.local.get(..usize::from(self.local_len)).unwrap_or(&[])
    }

    /// Returns the domain: lower-case A-labels, or a literal such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    #[must_use]
    pub fn domain(&self) -> &[u8] {
        self.domain.get(..usize::from(self.domain_len)).unwrap_or(&[])
    }

    /// Tells whether the domain is an address literal.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.view().is_literal()
    }

    pub(crate) fn view(&self) -> CanonicalView<'_> {
        CanonicalView { local: self.local(), domain: self.domain() }
    }

    /// Creates the canonical form from a local part by value and a domain in a request's spelling.
    pub(crate) fn from_parts(local: &[u8], domain: &[u8]) -> Option<Self> {
        let mut canonical = Self::EMPTY;
        canonical.set_local(local, LocalForm::Unquoted).ok()?;
        canonical.set_domain(domain).ok()?;
        canonical.fits().then_some(canonical)
    }

    /// Whether the address is within the limit as it must be spelled, quotes and backslashes included.
    fn fits(&self) -> bool {
        let (local, domain) = (self.local(), self.domain().len());
        // Few addresses are so long that what they need must be counted.
        2 * local.len() + 3 + domain <= MAX_ADDRESS || local::spelled_len(local) + 1 + domain <= MAX_ADDRESS
    }

    /// Takes over parts that are in canonical form already.
    fn from_stored(local: &[u8], domain: &[u8]) -> Self {
        let mut canonical = Self::EMPTY;
        if let Some(target) = canonical.local.get_mut(..local.len()) {
            target.copy_from_slice(local);
            canonical.local_len = u8::try_from(local.len()).unwrap_or(0);
        }
        if let Some(target) = canonical.domain.get_mut(..domain.len()) {
            target.copy_from_slice(domain);
            canonical.domain_len = u8::try_from(domain.len()).unwrap_or(0);
        }
        canonical
    }

    fn set_local(&mut self, spelled: &[u8], form: LocalForm) -> Result<(), (LocalFlaw, usize)> {
        if spelled.len() > MAX_LOCAL {
            return Err((LocalFlaw::TooLong, MAX_LOCAL));
        }
        let mut len;
        match form {
            LocalForm::DotAtom | LocalForm::Unquoted => {
                len = spelled.len();
                if let Some(target) = self.local.get_mut(..len) {
                    target.copy_from_slice(spelled);
                }
            }
            LocalForm::Quoted => {
                len = 0;
                let inner = spelled.get(1..spelled.len().saturating_sub(1)).unwrap_or_default();
                let mut escaped = false;
                for &octet in inner {
                    if octet == b'\\' && !escaped {
                        escaped = true;
                        continue;
                    }
                    escaped = false;
                    if let Some(target) = self.local.get_mut(len) {
                        *target = octet;
                        len += 1;
                    }
                }
            }
        }
        self.local_len = u8::try_from(len).unwrap_or(0);
        let value = self.local();
        if form == LocalForm::Unquoted && local::spelled_len(value) > MAX_LOCAL {
            return Err((LocalFlaw::TooLong, 0));
        }
        if value.is_ascii() {
            return match value.iter().position(u8::is_ascii_control) {
                Some(at) => Err((LocalFlaw::Control, at)),
                None => Ok(()),
            };
        }
        let text = core::str::from_utf8(value).map_err(|error| (LocalFlaw::Control, error.valid_up_to()))?;
        match local::find_flaw(text) {
            Some(flaw) => Err(flaw),
            None if unicode::is_nfc(text) => Ok(()),
            None => Err((LocalFlaw::NotNfc, 0)),
        }
    }

    fn set_domain(&mut self, spelled: &[u8]) -> Result<(), (CanonicalFlaw, usize)> {
        let len = if spelled.first() == Some(&b'[') {
            let literal = Literal::parse(spelled).ok_or((CanonicalFlaw::Literal, 0))?;
            let mut fill = Fill { buffer: &mut self.domain, len: 0 };
            write!(fill, "{literal}").map_err(|_| (CanonicalFlaw::Literal, 0))?;
            fill.len
        } else {
            domain::canonicalize(spelled, &mut self.domain).map_err(|(flaw, at)| (CanonicalFlaw::Domain(flaw), at))?
        };
        self.domain_len = u8::try_from(len).unwrap_or(0);
        Ok(())
    }
}

impl PartialEq for Canonical {
    fn eq(&self, other: &Self) -> bool {
        self.local() == other.local() && self.domain() == other.domain()
    }
}

impl Eq for Canonical {}

impl From<&Address> for Canonical {
    fn from(address: &Address) -> Self {
        Self::from_stored(address.local().as_bytes(), address.domain().as_bytes())
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Canonical(b\"{}\" at {})", self.local().escape_ascii(), self.domain().escape_ascii())
    }
}

/// The reason why an address in a request is not canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct CanonicalError {
    kind: CanonicalFlaw,
    offset: u32,
}

impl CanonicalError {
    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> CanonicalFlaw {
        self.kind
    }

    /// Returns where it stands, in the octets the address was read from; in a quoted local part, counted by value.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}

/// What keeps an address from being canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CanonicalFlaw {
    /// The domain.
    Domain(DomainFlaw),
    /// The address literal is none.
    Literal,
    /// The local part.
    Local(LocalFlaw),
    /// Over 254 octets in canonical form (RFC 5321 §4.5.3.1.3).
    TooLong,
}

impl CanonicalFlaw {
    /// Whether this is no address at all, rather than another spelling of one (docs/semantics.md 3.1, 7.3).
    pub(crate) const fn is_syntax(self) -> bool {
        match self {
            Self::Literal | Self::TooLong | Self::Local(LocalFlaw::TooLong) => true,
            Self::Local(_) => false,
            Self::Domain(flaw) => !matches!(flaw, DomainFlaw::BadALabel | DomainFlaw::NotMapped | DomainFlaw::Unicode),
        }
    }
}

impl fmt::Display for CanonicalFlaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(flaw) => flaw.fmt(formatter),
            Self::Literal => {
                formatter.write_str("the literal is neither `[192.0.2.1]` nor `[IPv6:2001:db8::1]` in form")
            }
            Self::Local(flaw) => flaw.fmt(formatter),
            Self::TooLong => formatter.write_str("the address is over 254 octets"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::{AddrSpec, Canonical, CanonicalFlaw};
    use crate::address::path::{ReversePath, read_path, read_unquoted};
    use crate::address::{Address, DomainFlaw, LocalFlaw};

    fn spec(path: &str) -> AddrSpec {
        match read_path(path.as_bytes(), true).expect(path) {
            ReversePath::Mailbox(spec) => spec,
            ReversePath::Null => panic!("{path}"),
        }
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn an_address_past_4_gib_has_no_place_of_32_bits() {
        let last = u32::MAX as usize;
        assert!(AddrSpec::plain(last - 3, 1, last, true).is_some());
        assert_eq!(AddrSpec::plain(last - 2, 1, last + 1, true), None);
    }

    #[test]
    fn escapes_count_in_an_address_that_is_given_without_them() {
        let (value, spelled) = ("\"".repeat(31), "\\\"".repeat(31));
        for (last, fits) in [(61, true), (62, false)] {
            let domain = format!("{0}.{0}.{1}", "b".repeat(63), "b".repeat(last));
            let bytes = format!("{value}@{domain}").into_bytes();
            let spec = read_unquoted(&bytes, false).expect("an address");
            assert_eq!(spec.canonical(&bytes).is_ok(), fits);
            assert_eq!(Canonical::from_parts(value.as_bytes(), domain.as_bytes()).is_some(), fits);
            assert_eq!(Address::parse(&format!("\"{spelled}\"@{domain}")).is_ok(), fits);
        }
    }

    #[test]
    fn a_request_and_an_administrator_agree() {
        for (path, address) in [
            ("a@b.example", "a@b.example"),
            ("A@B.EXAMPLE", "A@b.example"),
            ("\"a\"@b.example", "a@b.example"),
            ("\"\\a\"@b.example", "a@b.example"),
            ("\"a b\\\"\\\\\"@b.example", "\"a b\\\"\\\\\"@b.example"),
            ("\"\"@b.example", "\"\"@b.example"),
            ("\u{e9}@b\u{fc}cher.example", "\u{e9}@xn--bcher-kva.example"),
            ("a@XN--BCHER-kva.example", "a@b\u{fc}cher.example"),
            ("a@[IPV6:2001:DB8::0:1]", "a@[IPv6:2001:db8::1]"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ] {
            let canonical = spec(path).canonical(path.as_bytes()).expect(path);
            let address = Address::parse(address).expect(address);
            assert_eq!(canonical, Canonical::from(&address));
            assert_eq!(canonical.is_literal(), address.is_literal());
            let shown = address.to_string();
            assert_eq!(spec(&shown).canonical(shown.as_bytes()), Ok(canonical));
        }
        let unquoted = read_unquoted(b"a b@b.example", false).expect("read");
        assert_eq!(unquoted.canonical(b"a b@b.example"), spec("\"a b\"@b.example").canonical(b"\"a b\"@b.example"));
    }

    #[test]
    fn what_an_administrator_could_not_have_meant_is_not_canonical() {
        let long_domain = format!("a@{}example", "\u{e9}.".repeat(40));
        let long_address = format!("{}@{}example", "a".repeat(64), "\u{e9}.".repeat(30));
        for (path, kind) in [
            ("e\u{301}@b.example", CanonicalFlaw::Local(LocalFlaw::NotNfc)),
            ("\u{212b}@b.example", CanonicalFlaw::Local(LocalFlaw::NotNfc)),
            ("\u{301}@b.example", CanonicalFlaw::Local(LocalFlaw::LeadingMark)),
            ("a\u{200d}@b.example", CanonicalFlaw::Local(LocalFlaw::DefaultIgnorable)),
            ("a\u{202e}@b.example", CanonicalFlaw::Local(LocalFlaw::DefaultIgnorable)),
            ("a\u{378}@b.example", CanonicalFlaw::Local(LocalFlaw::Unassigned)),
            ("a\u{3000}@b.example", CanonicalFlaw::Local(LocalFlaw::WhiteSpace)),
            ("a\u{80}@b.example", CanonicalFlaw::Local(LocalFlaw::Control)),
            ("a@192.0.2.1", CanonicalFlaw::Domain(DomainFlaw::BareIp)),
            ("a@xn--a.example", CanonicalFlaw::Domain(DomainFlaw::BadALabel)),
            ("a@B\u{dc}CHER.example", CanonicalFlaw::Domain(DomainFlaw::NotMapped)),
            ("a@b\u{fc}cher\u{ff0e}example", CanonicalFlaw::Domain(DomainFlaw::NotMapped)),
            (&long_domain, CanonicalFlaw::Domain(DomainFlaw::TooLong)),
            (&long_address, CanonicalFlaw::TooLong),
        ] {
            let bytes = path.as_bytes();
            let found = read_path(bytes, true).map(|read| match read {
                ReversePath::Mailbox(spec) => spec.canonical(bytes).map_err(|error| error.kind()),
                ReversePath::Null => panic!("{path}"),
            });
            assert_eq!(found, Ok(Err(kind)), "{path}");
        }
        let unquoted = format!("{}@b.example", " ".repeat(63));
        let spec = read_unquoted(unquoted.as_bytes(), false).expect("63 octets");
        assert_eq!(
            spec.canonical(unquoted.as_bytes()).map_err(|error| error.kind()),
            Err(CanonicalFlaw::Local(LocalFlaw::TooLong))
        );
    }

    #[test]
    fn a_spec_of_other_bytes_is_an_error_or_another_address_but_no_panic() {
        let spec = spec("\"a\"@b.example");
        for bytes in [&b""[..], b"\"", b"\"\\", b"a@b", b"\xff\xff\xff\xff\xff\xff"] {
            let _ = spec.canonical(bytes);
        }
    }
}
