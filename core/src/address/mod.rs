//! Addresses: their grammar, their canonical form, and where they stand in the bytes.

use alloc::string::String;
use core::fmt;

/// A range of octets, `start` included and `end` not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a plain range")]
pub struct Span {
    /// The first octet.
    pub start: u32,
    /// The octet after the last.
    pub end: u32,
}

impl Span {
    /// Returns the octets of this range; empty when the range is not within `bytes`.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or(&[])
    }
}

/// A domain name in canonical form: lower-case A-labels, at least one, at most 253 octets, no final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// Returns the lower-case A-labels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An address in canonical form, as an administrator lays it down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    local: String,
    domain: String,
}

impl Address {
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
}

/// Which addresses a right or a deny entry reaches. There are no free patterns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the scopes are the model")]
pub enum Scope {
    /// Exactly this address.
    Address(Address),
    /// Any address at this domain.
    Domain(DomainName),
    /// Any address at this domain or below it, at a label boundary.
    Subdomains(DomainName),
}
