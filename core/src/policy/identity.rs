//! Identities: addresses that may be used as sender.

use crate::address::Address;
use crate::time::Timestamp;

use super::Names;
use super::named::named;

/// An address that may be used as sender. Who holds it is where it stands: a tenant or an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The address.
    pub address: Address,
    /// An Admin's verification.
    pub status: IdentityStatus,
    /// The mailbox owner's answer; `None` when the owner was not asked.
    pub consent: Option<Consent>,
    /// Whether it was taken over from observed traffic: counts as consent until the tenant's `grandfathered_until`.
    pub grandfathered: bool,
    /// When it came into its present state, for explanations.
    pub since: Option<Timestamp>,
    /// The accounts that may use it; `Any` for one held by an account.
    pub senders: Names,
    /// The roles that may use it.
    pub roles: Names,
}

impl Identity {
    /// Creates a pending identity that any account and role of its holder could use.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            status: IdentityStatus::Pending,
            consent: None,
            grandfathered: false,
            since: None,
            senders: Names::Any,
            roles: Names::Any,
        }
    }
}

/// An Admin's word on an identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the states are the model")]
#[repr(u8)]
pub enum IdentityStatus {
    /// Not verified by an Admin.
    #[default]
    Pending,
    /// Verified by an Admin.
    Verified,
}

named!(IdentityStatus, 2, "pending": Pending = "pending", Verified = "verified");

/// The mailbox owner's answer for one holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the states are the model")]
#[repr(u8)]
pub enum Consent {
    /// The owner was asked and has not answered.
    Pending,
    /// The owner agreed.
    Given,
    /// The owner said no.
    Refused,
    /// The owner agreed once and took it back.
    Withdrawn,
}

named!(Consent, 4, "given": Pending = "pending", Given = "given", Refused = "refused", Withdrawn = "withdrawn");
