//! Accounts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::reason::Control;
use crate::time::Timestamp;

use super::{Allowlist, Credential, Deny, Identity};

/// An authenticated principal that sends: a mailbox login, an SMTP user, an API account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Unique over all tenants, compared byte for byte, 1 to 128 octets.
    pub id: String,
    /// The account's own address.
    pub address: Option<Address>,
    /// Whether the provider assigned the own address, so that it counts without a domain of the tenant.
    pub address_assigned: bool,
    /// The roles it holds; none means the built-in `sender`.
    pub roles: Vec<String>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether it may resend messages of others (RFC 5322 §3.6.6).
    pub resend: bool,
    /// Controls that it is exempted from.
    pub exemptions: Vec<Exemption>,
    /// Identities held by this account alone.
    pub identities: Vec<Identity>,
    /// Credentials it has registered; once there is one, it must present a registered one.
    pub credentials: Vec<Credential>,
    /// Client addresses it may send from, a list per channel.
    pub allowlists: Vec<Allowlist>,
    /// Senders that are never allowed for it.
    pub denies: Vec<Deny>,
}

#[cfg(test)]
impl Account {
    /// Creates one of many whose own addresses `+` cuts to `local`: each has its number in it, and in its id.
    pub(crate) fn numbered(id: &str, (local, domain): (&str, &str), number: u32) -> Self {
        let mut account = Self::new(alloc::format!("{id}-{number}"));
        let address = alloc::format!("{local}+{number}@{domain}");
        account.address = Some(Address::parse(&address).expect("an address"));
        account
    }
}

impl Account {
    /// Creates an account that has nothing yet.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            address: None,
            address_assigned: false,
            roles: Vec::new(),
            suspended: false,
            resend: false,
            exemptions: Vec::new(),
            identities: Vec::new(),
            credentials: Vec::new(),
            allowlists: Vec::new(),
            denies: Vec::new(),
        }
    }
}

/// A control whose failures do not deny for one account, until an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Exemption {
    /// The control; never `hosted`.
    pub control: Control,
    /// The first instant at which the exemption no longer holds.
    pub until: Timestamp,
    /// Why it was given.
    pub note: String,
}
