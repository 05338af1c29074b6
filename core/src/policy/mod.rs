//! The policy: what the provider and its tenants have laid down, as plain owned data.
//!
//! Every object of the rules has one file here. Values are canonical when they exist (an
//! [`Address`](crate::Address) cannot be built from text that is none); what concerns several
//! objects at once (unknown names, second claims, cycles) is checked by [`Policy::check`].

mod account;
mod allowlist;
mod check;
mod claims;
mod credential;
mod deny;
mod domain;
mod entries;
mod identity;
mod levels;
mod mode;
pub(crate) mod named;
mod problem;
mod role;
mod tenant;

pub use account::{Account, Exemption};
pub use allowlist::{Allowlist, AllowlistEntry};
pub(crate) use check::{Hashes, MAX_ID_OCTETS, MAX_LEVELS, Outline, Outlines, Whole, glimpse};
pub use credential::{Credential, CredentialSettings, RefusedKind};
pub use deny::Deny;
pub use domain::{CaseRule, Domain, DomainStatus, Separator};
pub(crate) use entries::Entries;
pub use identity::{Consent, Identity, IdentityStatus};
pub use mode::{Mode, Strength};
pub use problem::{PathStep, PolicyProblem, ProblemKind};
pub use role::{BUILT_IN_ROLES, Permission, Role};
pub use tenant::{
    Alignment, ChannelSet, Controls, HeaderSettings, Inherited, NameCheck, OnDeny, Proof, SenderSettings, Tenant,
};

use alloc::vec::Vec;

/// Everything that decides: the provider's own settings and all tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The provider's settings.
    pub provider: Provider,
    /// All tenants, in any order.
    pub tenants: Vec<Tenant>,
}

/// What the provider lays down for all tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provider {
    /// The mode of the `hosted` control, which no tenant can weaken.
    pub hosted: Mode,
    /// Senders that are never allowed, for any account.
    pub denies: Vec<Deny>,
}

/// Who an identity or a domain may be used by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "any, or a list")]
pub enum Names {
    /// Anyone.
    Any,
    /// Only these; an empty list is nobody.
    Only(Vec<alloc::string::String>),
}
