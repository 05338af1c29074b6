//! What is known of one account on one channel, from its tallies and from both policies.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::address::{Address, Scope};
use crate::net::IpRange;
use crate::policy::{Account, Allowlist, Credential, Policy, Separator, Tenant};
use crate::request::Channel;

use super::super::observe::{Bucket, CredentialSeen, Fact, Field, Observations, Said, Table};
use super::side::Side;

/// One account on one channel.
pub(super) struct Profile<'a> {
    pub(super) account: &'a str,
    pub(super) channel: Channel,
    pub(super) before: &'a Side<'a>,
    pub(super) after: &'a Side<'a>,
    pub(super) senders: Option<&'a Bucket>,
    pub(super) credentials: Option<&'a Bucket>,
}

/// Values of a fact: those that it may have, and whether it may have others.
pub(super) struct Values<T> {
    pub(super) values: Vec<T>,
    pub(super) open: bool,
}

impl<'a> Profile<'a> {
    pub(super) fn new(
        account: &'a str,
        channel: Channel,
        observations: &'a Observations,
        before: &'a Side<'a>,
        after: &'a Side<'a>,
    ) -> Self {
        let senders = observations.bucket(account, Table::Senders, channel);
        let credentials = observations.bucket(account, Table::Credentials, channel);
        Self { account, channel, before, after, senders, credentials }
    }

    fn sides(&self) -> [&'a Side<'a>; 2] {
        [self.before, self.after]
    }

    /// The account as either policy has it.
    fn held(&self) -> impl Iterator<Item = (&'a Tenant, &'a Account)> {
        self.sides().into_iter().filter_map(|side| side.account(self.account))
    }

    /// The roles in which the account was seen to act; where that is not known, every role that it holds.
    pub(super) fn roles(&self) -> Vec<Option<String>> {
        let whole = self.credentials.filter(|bucket| bucket.dropped() == 0);
        let roles: BTreeSet<Option<String>> = match whole {
            Some(bucket) => bucket.tallies.keys().filter_map(role).collect(),
            None => {
                let held = self.held().flat_map(|(_, account)| account.roles.iter().cloned().map(Some));
                held.chain([None]).collect()
            }
        };
        roles.into_iter().collect()
    }

    /// The envelope senders that were seen; open where some are not known.
    pub(super) fn envelopes(&self) -> Values<Said> {
        let Some(bucket) = self.senders else { return Values { values: Vec::new(), open: true } };
        let values: Vec<Said> = bucket.tallies.keys().filter_map(envelope).collect();
        let open = bucket.dropped() > 0 || values.is_empty() || values.contains(&Said::Unknown);
        Values { values, open }
    }

    /// Whether messages with Resent fields were seen, or may have been.
    pub(super) fn resends(&self) -> bool {
        self.senders.is_none_or(|bucket| {
            let resent = |fact: &Fact| matches!(fact, Fact::Sender { field: Field::Resent, .. });
            bucket.dropped() > 0 || bucket.tallies.keys().any(resent)
        })
    }

    /// The credentials that were seen; open where some are not known.
    pub(super) fn presented(&self) -> Values<CredentialSeen> {
        let Some(bucket) = self.credentials else { return Values { values: Vec::new(), open: true } };
        let mut open = bucket.dropped() > 0;
        let mut values = Vec::new();
        for fact in bucket.tallies.keys() {
            if let Fact::Credential(fact) = fact {
                match &fact.credential {
                    Some(seen) => values.push(seen.clone()),
                    None => open = true,
                }
            }
        }
        Values { values, open }
    }

    /// The credentials that are registered for the account, in either policy.
    pub(super) fn registered(&self) -> impl Iterator<Item = &'a Credential> {
        self.held().flat_map(|(_, account)| &account.credentials)
    }

    /// Every allowlist that can bind the account on the channel, in either policy.
    fn allowlists(&self) -> impl Iterator<Item = &'a Allowlist> {
        let tenants =
            self.sides().into_iter().flat_map(|side| side.lineage(self.account)).flat_map(|one| &one.allowlists);
        let accounts = self.held().flat_map(|(_, account)| &account.allowlists);
        let credentials = self.registered().flat_map(|credential| &credential.allowlists);
        tenants.chain(accounts).chain(credentials).filter(|list| list.channel == self.channel)
    }

    /// Addresses of a network, one for each part of it that the allowlists tell apart; open where they are too many.
    pub(super) fn clients(&self, network: IpRange) -> Values<IpAddr> {
        let mut points = BTreeSet::from([network.first()]);
        for entry in self.allowlists().flat_map(|list| &list.entries) {
            let (first, behind) = (entry.range.first(), after(entry.range.last()));
            points.extend([Some(first), behind].into_iter().flatten().filter(|&point| network.contains(point)));
            if points.len() > MOST_VALUES {
                return Values { values: points.into_iter().collect(), open: true };
            }
        }
        Values { values: points.into_iter().collect(), open: false }
    }

    /// Clients of which nothing is known: one in each entry of the allowlists, and open for all others.
    pub(super) fn any_clients(&self) -> Values<IpAddr> {
        let entries = self.allowlists().flat_map(|list| &list.entries).map(|entry| entry.range.first());
        let first: BTreeSet<IpAddr> = entries.take(MOST_VALUES).collect();
        Values { values: first.into_iter().collect(), open: true }
    }

    /// Addresses that either policy tells apart for this account; open where they are too many.
    pub(super) fn addresses(&self, changed: &BTreeSet<&str>) -> Values<Address> {
        let mut addresses = Candidates { found: BTreeSet::new(), open: false };
        for fact in self.senders.iter().flat_map(|bucket| bucket.tallies.keys()) {
            addresses.extend(fact.address().cloned());
        }
        for side in self.sides() {
            addresses.policy(side.policy);
            let changed = side.policy.tenants.iter().filter(|tenant| changed.contains(&*tenant.id));
            for tenant in side.lineage(self.account).chain(changed) {
                addresses.tenant(tenant);
            }
        }
        Values { values: addresses.found.into_iter().collect(), open: addresses.open }
    }
}

fn role(fact: &Fact) -> Option<Option<String>> {
    match fact {
        Fact::Credential(fact) => Some(fact.role.clone()),
        Fact::Client(_) | Fact::Sender { .. } => None,
    }
}

fn envelope(fact: &Fact) -> Option<Said> {
    match fact {
        Fact::Sender { field: Field::EnvelopeSender, said } => Some(said.clone()),
        Fact::Sender { .. } | Fact::Client(_) | Fact::Credential(_) => None,
    }
}

/// The next address of the family.
fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

/// Addresses to try for one that is not known.
struct Candidates {
    found: BTreeSet<Address>,
    open: bool,
}

impl Candidates {
    fn policy(&mut self, policy: &Policy) {
        policy.provider.denies.iter().for_each(|deny| self.scope(&deny.scope));
    }

    fn tenant(&mut self, tenant: &Tenant) {
        for domain in &tenant.domains {
            self.at(domain.name.as_str());
        }
        for account in &tenant.accounts {
            self.extend(account.address.clone());
            self.extend(account.identities.iter().map(|identity| identity.address.clone()));
            account.denies.iter().for_each(|deny| self.scope(&deny.scope));
        }
        self.extend(tenant.identities.iter().map(|identity| identity.address.clone()));
        tenant.denies.iter().for_each(|deny| self.scope(&deny.scope));
    }

    fn scope(&mut self, scope: &Scope) {
        match scope {
            Scope::Address(address) => self.extend([address.clone()]),
            Scope::Domain(domain) | Scope::Subdomains(domain) => self.at(domain.as_str()),
        }
    }

    /// Some address at a domain, and below it.
    fn at(&mut self, domain: &str) {
        let some = [format!("nobody@{domain}"), format!("nobody@observed.{domain}")];
        self.extend(some.iter().filter_map(|text| Address::parse(text).ok()));
    }

    /// Enters addresses, with another case and with sub-addresses of each.
    fn extend(&mut self, addresses: impl IntoIterator<Item = Address>) {
        for address in addresses {
            let (local, domain) = (address.local(), address.domain());
            let sub = Separator::ALL.iter().map(|separator| format!("{local}{}observed@{domain}", separator.name()));
            let upper = format!("{}@{domain}", local.to_ascii_uppercase());
            let more: Vec<Address> = sub.chain([upper]).filter_map(|text| Address::parse(&text).ok()).collect();
            if self.found.len() + more.len() >= MOST_CANDIDATES {
                self.open = true;
                return;
            }
            self.found.insert(address);
            self.found.extend(more);
        }
    }
}

/// As many values of one fact as are tried.
pub(super) const MOST_VALUES: usize = 64;
/// As many addresses as are tried for one that is not known.
const MOST_CANDIDATES: usize = 256;
