//! What a host would write by hand: hash maps of text, and a mail parser for the From field.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use sendas::CredentialKind;
use sendas::net::IpRange;
use sendas::policy::{self, Consent, DomainStatus, IdentityStatus, Names, Policy};

use super::Engine;
use super::read::{Reader, domain};
use crate::data::Attempt;

/// Hash maps of text.
pub struct ByHand {
    reader: Reader,
    accounts: HashMap<String, Account>,
    tenants: Vec<Tenant>,
}

struct Account {
    tenant: usize,
    active: bool,
    identities: HashSet<String>,
}

struct Tenant {
    allowlist: Vec<IpRange>,
    refused: Vec<CredentialKind>,
    identities: HashSet<String>,
    /// The domains that count, with the accounts that may use them.
    domains: HashMap<String, HashSet<String>>,
}

impl ByHand {
    /// Fills the maps; From is read as the mail parser's documentation shows.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self::with(Reader::header(), policy)
    }

    /// Fills the maps; From is read by the parser's inner reader, which spares it the header around the field.
    #[must_use]
    pub fn with_inner_reader(policy: &Policy) -> Self {
        Self::with(Reader::Field, policy)
    }

    fn with(reader: Reader, policy: &Policy) -> Self {
        let mut engine = Self { reader, accounts: HashMap::new(), tenants: Vec::new() };
        for tenant in &policy.tenants {
            engine.add(tenant);
        }
        engine
    }

    fn add(&mut self, tenant: &policy::Tenant) {
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
        let mut domains = HashMap::new();
        for entry in &tenant.domains {
            if entry.status == DomainStatus::Verified && (entry.approved || !tenant.approval_required) {
                let senders = match &entry.senders {
                    Names::Any => tenant.accounts.iter().map(|account| account.id.clone()).collect(),
                    Names::Only(list) => list.iter().cloned().collect(),
                };
                domains.insert(entry.name.as_str().to_owned(), senders);
            }
        }
        for account in &tenant.accounts {
            let identities = counting(&account.identities);
            let entry = Account { tenant: self.tenants.len(), active: !account.suspended, identities };
            self.accounts.insert(account.id.clone(), entry);
        }
        let allowlist = tenant.allowlists.iter().flat_map(|list| &list.entries).map(|entry| entry.range).collect();
        let refused = tenant.credential.refuse.iter().map(|refused| refused.kind).collect();
        self.tenants.push(Tenant { allowlist, refused, identities: counting(&tenant.identities), domains });
    }
}

impl Engine for ByHand {
    fn allows(&self, attempt: &Attempt) -> bool {
        let Some(account) = self.accounts.get(&attempt.account) else { return false };
        let Some(tenant) = self.tenants.get(account.tenant) else { return false };
        let Some(read) = self.reader.read(attempt) else { return false };
        account.active
            && tenant.admits(read.client)
            && !tenant.refused.contains(&attempt.credential)
            && tenant.gives(&attempt.account, account, &read.envelope)
            && tenant.gives(&attempt.account, account, &read.from)
    }
}

impl Tenant {
    fn admits(&self, client: Option<IpAddr>) -> bool {
        self.allowlist.is_empty()
            || client.is_some_and(|client| self.allowlist.iter().any(|range| range.contains(client)))
    }

    fn gives(&self, id: &str, account: &Account, address: &str) -> bool {
        account.identities.contains(address)
            || self.domains.get(domain(address)).is_some_and(|senders| senders.contains(id))
            || self.identities.contains(address)
    }
}
