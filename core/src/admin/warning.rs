//! What a command that is carried out should make its giver think about.

use alloc::format;
use alloc::string::String;

use crate::address::{Address, DomainName};
use crate::net::IpRange;

/// Something to show beside a command that is permitted. Nothing depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The domain is proved, and no account may use it (C8).
    DomainWithoutSenders(DomainName),
    /// The new entry and another one have addresses in common (T14).
    EntriesOverlap {
        /// The new entry.
        entry: IpRange,
        /// The other one.
        other: IpRange,
    },
    /// The identity is at a domain that the tenant has not verified; a DMARC policy there may still refuse the mail (M7).
    ForeignIdentity(Address),
    /// Everything that the tenant sends will be denied: nothing is authorised (N5).
    NothingAuthorized,
    /// The member's own address is not in the allowlist (T6).
    OwnAddressNotCovered,
    /// Clients of the deleted entry stay allowed, as another entry covers some of them (T10).
    StillCovered {
        /// The deleted entry.
        entry: IpRange,
        /// The other one.
        other: IpRange,
    },
}

impl Warning {
    /// Returns the name by which programs tell warnings apart, such as `nothing_authorized`.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::DomainWithoutSenders(_) => "domain_without_senders",
            Self::EntriesOverlap { .. } => "entries_overlap",
            Self::ForeignIdentity(_) => "foreign_identity",
            Self::NothingAuthorized => "nothing_authorized",
            Self::OwnAddressNotCovered => "own_address_not_covered",
            Self::StillCovered { .. } => "still_covered",
        }
    }

    /// Returns the text to show.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::DomainWithoutSenders(domain) => {
                format!("no account may send for {domain} yet; list the accounts that may")
            }
            Self::EntriesOverlap { entry, other } => format!("{entry} and {other} have addresses in common"),
            Self::ForeignIdentity(address) => {
                format!(
                    "{address} is at a domain that is not verified here; its DMARC policy may still refuse the mail"
                )
            }
            Self::NothingAuthorized => "all outgoing mail will be denied until a sender is authorised".into(),
            Self::OwnAddressNotCovered => "your own network address is not in the allowlist".into(),
            Self::StillCovered { entry, other } => {
                format!("addresses of {entry} stay allowed, as {other} covers them")
            }
        }
    }
}
