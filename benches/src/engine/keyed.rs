//! The plain rules over any store of keys and values.
//!
//! | key | value |
//! | --- | --- |
//! | `a`, account id | its number, its tenant's number, whether it is active |
//! | `t`, tenant number | the kinds of credentials that are refused, and the ranges of its allowlist |
//! | `i`, account number, address | an identity of the account |
//! | `d`, account number, domain | a domain that it may use as a whole |
//! | `s`, tenant number, address | an identity of the tenant |

use std::net::{IpAddr, Ipv6Addr};

use sendas::Policy;

use super::Engine;
use super::facts::Facts;
use super::read::{Reader, domain};
use crate::data::{Attempt, Given};

/// A store, as far as one decision sees it.
pub(super) trait Store {
    /// What a decision reads from.
    type View<'s>: View
    where
        Self: 's;

    /// Begins a decision.
    fn view(&self) -> Option<Self::View<'_>>;

    /// Octets outside of the allocator.
    fn octets(&self) -> usize;
}

/// What one decision reads from.
pub(super) trait View {
    /// Calls `read` with the value of a key.
    fn get<T>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> T) -> Option<T>;
}

/// An engine over a store.
pub(super) struct Keyed<S> {
    pub(super) reader: Reader,
    pub(super) store: S,
}

/// Everything that a store must hold, sorted by key.
pub(super) fn entries(policy: &Policy) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    let mut accounts = 0_u32;
    for (tenant, facts) in (0_u32..).zip(policy.tenants.iter().map(Facts::of)) {
        let mut settings = vec![facts.refused.iter().fold(0, |bits, &kind| bits | 1 << kind as u8)];
        for range in &facts.allowlist {
            settings.extend(mapped(range.first()));
            settings.extend(mapped(range.last()));
        }
        entries.push((number(b't', tenant), settings));
        for address in &facts.identities {
            entries.push((key(b's', tenant, address), Vec::new()));
        }
        for account in &facts.accounts {
            let mut value = accounts.to_be_bytes().to_vec();
            value.extend(tenant.to_be_bytes());
            value.push(account.active.into());
            entries.push((text(b'a', account.id), value));
            for address in &account.identities {
                entries.push((key(b'i', accounts, address), Vec::new()));
            }
            for (name, _) in facts.domains.iter().filter(|(_, senders)| senders.contains(&account.id)) {
                entries.push((key(b'd', accounts, name), Vec::new()));
            }
            accounts += 1;
        }
    }
    entries.sort_unstable();
    entries
}

impl<S: Store> Engine for Keyed<S> {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        self.decide(attempt).unwrap_or(false)
    }

    fn octets_elsewhere(&self) -> usize {
        self.store.octets()
    }
}

impl<S: Store> Keyed<S> {
    /// `None` where something that is needed is not there.
    fn decide(&self, attempt: &Attempt) -> Option<bool> {
        let view = self.store.view()?;
        let (account, tenant, active) = view.get(&text(b'a', &attempt.account), |value| {
            let (account, rest) = value.split_first_chunk()?;
            let (tenant, rest) = rest.split_first_chunk()?;
            Some((u32::from_be_bytes(*account), u32::from_be_bytes(*tenant), rest == [1]))
        })??;
        let read = self.reader.read(attempt)?;
        let admitted = view.get(&number(b't', tenant), |value| {
            let (kinds, ranges) = value.split_first()?;
            let client = read.client.map(mapped);
            let listed = |client: [u8; 16]| {
                ranges.chunks_exact(32).any(|range| {
                    let (first, last) = range.split_at(16);
                    first <= client.as_slice() && client.as_slice() <= last
                })
            };
            Some(kinds & 1 << attempt.credential as u8 == 0 && (ranges.is_empty() || client.is_some_and(listed)))
        })??;
        let has = |key: Vec<u8>| view.get(&key, |_| ()).is_some();
        let gives = |address: &str| {
            has(key(b'i', account, address))
                || has(key(b'd', account, domain(address)))
                || has(key(b's', tenant, address))
        };
        Some(active && admitted && gives(&read.envelope) && gives(&read.from))
    }
}

fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => Ipv6Addr::octets(&ip),
    }
}

fn text(kind: u8, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + text.len());
    key.push(kind);
    key.extend(text.as_bytes());
    key
}

fn number(kind: u8, number: u32) -> Vec<u8> {
    key(kind, number, "")
}

fn key(kind: u8, number: u32, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(5 + text.len());
    key.push(kind);
    key.extend(number.to_be_bytes());
    key.extend(text.as_bytes());
    key
}
