//! What the plain rules need of a tenant, for peers to put where they like.

use sendas::CredentialKind;
use sendas::net::IpRange;
use sendas::policy::{self, Consent, DomainStatus, IdentityStatus, Names};

/// A tenant: what is in force, and nothing else.
pub(super) struct Facts<'a> {
    pub(super) accounts: Vec<AccountFacts<'a>>,
    /// Addresses that every account may use, in lower case.
    pub(super) identities: Vec<String>,
    /// Domains that are proved and approved, each with the accounts that may use it.
    pub(super) domains: Vec<(&'a str, Vec<&'a str>)>,
    /// The client addresses of the tenant; empty where there is no list.
    pub(super) allowlist: Vec<IpRange>,
    /// Kinds of credentials that are refused.
    pub(super) refused: Vec<CredentialKind>,
}

/// An account.
pub(super) struct AccountFacts<'a> {
    pub(super) id: &'a str,
    pub(super) active: bool,
    /// Addresses that it alone may use, in lower case.
    pub(super) identities: Vec<String>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(tenant: &'a policy::Tenant) -> Self {
        let verified = |name: &str| {
            tenant.domains.iter().any(|entry| entry.status == DomainStatus::Verified && entry.name.as_str() == name)
        };
        let counting = |identities: &[policy::Identity]| {
            let counts = |identity: &&policy::Identity| {
                identity.consent == Some(Consent::Given)
                    || identity.status == IdentityStatus::Verified && verified(identity.address.domain())
            };
            let lower = |identity: &policy::Identity| identity.address.to_string().to_ascii_lowercase();
            identities.iter().filter(counts).map(lower).collect()
        };
        let usable = |entry: &&policy::Domain| {
            entry.status == DomainStatus::Verified && (entry.approved || !tenant.approval_required)
        };
        let listed = |entry: &'a policy::Domain| match &entry.senders {
            Names::Any => tenant.accounts.iter().map(|account| account.id.as_str()).collect(),
            Names::Only(list) => list.iter().map(String::as_str).collect(),
        };
        let account = |account: &'a policy::Account| AccountFacts {
            id: &account.id,
            active: !account.suspended,
            identities: counting(&account.identities),
        };
        Self {
            accounts: tenant.accounts.iter().map(account).collect(),
            identities: counting(&tenant.identities),
            domains: tenant.domains.iter().filter(usable).map(|entry| (entry.name.as_str(), listed(entry))).collect(),
            allowlist: tenant.allowlists.iter().flat_map(|list| &list.entries).map(|entry| entry.range).collect(),
            refused: tenant.credential.refuse.iter().map(|refused| refused.kind).collect(),
        }
    }
}
