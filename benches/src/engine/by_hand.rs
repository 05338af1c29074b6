//! What a host would write by hand: hash maps of text, and a mail parser for the From field.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use sendas::net::IpRange;
use sendas::{CredentialKind, Policy};

use super::Engine;
use super::facts::Facts;
use super::read::{Reader, domain};
use crate::data::Given;

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
            engine.add(Facts::of(tenant));
        }
        engine
    }

    fn add(&mut self, facts: Facts<'_>) {
        for account in facts.accounts {
            let identities = account.identities.into_iter().collect();
            let entry = Account { tenant: self.tenants.len(), active: account.active, identities };
            self.accounts.insert(account.id.to_owned(), entry);
        }
        let owned = |senders: Vec<&str>| senders.into_iter().map(str::to_owned).collect();
        self.tenants.push(Tenant {
            allowlist: facts.allowlist,
            refused: facts.refused,
            identities: facts.identities.into_iter().collect(),
            domains: facts.domains.into_iter().map(|(name, senders)| (name.to_owned(), owned(senders))).collect(),
        });
    }
}

impl Engine for ByHand {
    fn allows(&self, attempt: &Given<'_>) -> bool {
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
