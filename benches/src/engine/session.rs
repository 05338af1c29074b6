//! The rules of a session in hash maps: for peers that are asked about addresses only.

use std::collections::HashMap;
use std::net::IpAddr;

use sendas::CredentialKind;
use sendas::net::IpRange;

use super::facts::Facts;
use crate::data::Attempt;

/// Accounts by id, and what each tenant asks of clients and credentials.
#[derive(Default)]
pub(super) struct Sessions {
    accounts: HashMap<String, Account>,
    tenants: Vec<Tenant>,
}

struct Account {
    tenant: usize,
    active: bool,
}

struct Tenant {
    allowlist: Vec<IpRange>,
    refused: Vec<CredentialKind>,
}

impl Sessions {
    /// Adds a tenant, and returns its number.
    pub(super) fn add(&mut self, facts: &Facts<'_>) -> usize {
        let tenant = self.tenants.len();
        for account in &facts.accounts {
            self.accounts.insert(account.id.to_owned(), Account { tenant, active: account.active });
        }
        self.tenants.push(Tenant { allowlist: facts.allowlist.clone(), refused: facts.refused.clone() });
        tenant
    }

    /// Returns the number of the account's tenant, if the account may send from this client with this credential.
    pub(super) fn admits(&self, attempt: &Attempt, client: Option<IpAddr>) -> Option<usize> {
        let account = self.accounts.get(&attempt.account).filter(|account| account.active)?;
        let tenant = self.tenants.get(account.tenant)?;
        let listed = tenant.allowlist.is_empty()
            || client.is_some_and(|client| tenant.allowlist.iter().any(|range| range.contains(client)));
        (listed && !tenant.refused.contains(&attempt.credential)).then_some(account.tenant)
    }
}
