//! Sending domains.

use crate::address::DomainName;
use crate::time::Timestamp;

use super::Names;
use super::named::named;

/// A sending domain of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Domain {
    /// The domain; never a public suffix.
    pub name: DomainName,
    /// Its proof.
    pub status: DomainStatus,
    /// When it came into its present status, for explanations.
    pub since: Option<Timestamp>,
    /// Whether it may be used; an inactive domain denies every address in its scope.
    pub active: bool,
    /// Whether the provider approved it; asked only where the tenant needs approval.
    pub approved: bool,
    /// The accounts that may send as any address in its scope; an empty list is nobody.
    pub senders: Names,
    /// Whether its scope includes its sub-domains.
    pub subdomains: bool,
    /// What begins a sub-address in its local parts (RFC 5233).
    pub separator: Option<Separator>,
    /// How its local parts compare.
    pub case: CaseRule,
    /// Whether a right to the whole domain covers other accounts' own addresses within the tenant.
    pub covers_mailboxes: bool,
}

impl Domain {
    /// Creates a pending domain that nobody may use.
    #[must_use]
    pub fn new(name: DomainName) -> Self {
        Self {
            name,
            status: DomainStatus::Pending,
            since: None,
            active: true,
            approved: false,
            senders: Names::Only(alloc::vec::Vec::new()),
            subdomains: false,
            separator: None,
            case: CaseRule::Fold,
            covers_mailboxes: false,
        }
    }

    /// Whether it is proved, or vouched for.
    pub(crate) fn is_verified(&self) -> bool {
        matches!(self.status, DomainStatus::Verified | DomainStatus::Vouched)
    }

    /// Whether it is verified and active, so that it gives what it says.
    pub(crate) fn is_in_force(&self) -> bool {
        self.is_verified() && self.active
    }
}

/// How far the proof of a domain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the states are the model")]
#[repr(u8)]
pub enum DomainStatus {
    /// Not proved.
    Pending,
    /// Proved by its DNS record.
    Verified,
    /// Vouched for by the provider, which counts as verified.
    Vouched,
    /// Proved once, but the record was gone at a re-check; gives nothing, still protects.
    Suspended,
}

named!(DomainStatus, 4, "verified": Pending = "pending", Verified = "verified", Vouched = "vouched", Suspended = "suspended");

/// What begins a sub-address within a local part (RFC 5233 §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the separators are the model")]
#[repr(u8)]
pub enum Separator {
    /// `+`
    Plus = b'+',
    /// `-`
    Hyphen = b'-',
    /// `=`
    Equals = b'=',
    /// `#`
    Hash = b'#',
}

named!(Separator, 4, "+": Plus = "+", Hyphen = "-", Equals = "=", Hash = "#");

/// How the local parts of a domain compare (RFC 5321 §2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the rules are the model")]
#[repr(u8)]
pub enum CaseRule {
    /// ASCII letters compare without case; others byte for byte.
    #[default]
    Fold,
    /// Byte for byte.
    Exact,
}

named!(CaseRule, 2, "fold": Fold = "fold", Exact = "exact");
