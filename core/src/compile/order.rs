//! The identities of a tenant in the order in which they stand in its page: by domain, by local part, by holder.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::policy::{Identity, glimpse};
use crate::snapshot::layout::{Word, small};

/// An identity with its holder: 0 for the tenant, and for an account its word.
#[derive(Clone, Copy)]
pub(super) struct Held<'t> {
    pub(super) identity: &'t Identity,
    pub(super) holder: Word,
    /// Where what few identities have is written, or 0.
    pub(super) extra: Word,
    /// The number of its domain, in the order in which they were first seen.
    domain: u32,
    /// The first octets of its local part as a number, which tells most of them apart.
    start: u64,
}

impl Held<'_> {
    /// Whether both are at one domain.
    pub(super) const fn is_beside(&self, other: &Self) -> bool {
        self.domain == other.domain
    }
}

/// Puts so many identities in order.
///
/// Many are at few domains, so that they are first dealt out to those, and sorted at each.
pub(super) fn in_order<'t>(count: usize, identities: impl Iterator<Item = (Word, &'t Identity)>) -> Vec<Held<'t>> {
    let mut domains: BTreeMap<&str, u32> = BTreeMap::new();
    // The domains that were met last.
    let mut known: [(&str, u32); 64] = [("", 0); 64];
    let mut counts: SmallVec<[usize; 16]> = SmallVec::new();
    let mut held: Vec<Held<'_>> = Vec::with_capacity(count);
    for (holder, identity) in identities {
        let name = identity.address.domain();
        let slot = (glimpse(0, name) >> 58) as usize;
        let domain = match known.get(slot) {
            Some(&(known, number)) if known == name => number,
            _ => *domains.entry(name).or_insert(small(counts.len())),
        };
        if let Some(last) = known.get_mut(slot) {
            *last = (name, domain);
        }
        match counts.get_mut(domain as usize) {
            Some(count) => *count += 1,
            None => counts.push(1),
        }
        held.push(Held { identity, holder, extra: 0, domain, start: start(identity.address.local()) });
    }
    let Some(&any) = held.first() else { return held };
    // The place of the next identity at each domain, and behind the last one in the end.
    let mut places = counts;
    let mut at = 0;
    for &domain in domains.values() {
        if let Some(place) = places.get_mut(domain as usize) {
            at += core::mem::replace(place, at);
        }
    }
    let mut ordered = alloc::vec![any; held.len()];
    for one in held {
        if let Some(place) = places.get_mut(one.domain as usize) {
            if let Some(slot) = ordered.get_mut(*place) {
                *slot = one;
            }
            *place += 1;
        }
    }
    for at_domain in ordered.chunk_by_mut(Held::is_beside) {
        at_domain.sort_unstable_by(|one, other| {
            let rest = |held: &Held<'t>| (held.identity.address.local(), held.holder);
            one.start.cmp(&other.start).then_with(|| rest(one).cmp(&rest(other)))
        });
    }
    ordered
}

/// The first eight octets of a text as a number that sorts as they do; a shorter text sorts as with zeros behind.
fn start(text: &str) -> u64 {
    let mut octets = [0; 8];
    octets.iter_mut().zip(text.bytes()).for_each(|(slot, octet)| *slot = octet);
    u64::from_be_bytes(octets)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::in_order;
    use crate::address::Address;
    use crate::policy::Identity;

    #[test]
    fn the_order_is_that_of_domain_local_part_and_holder() {
        let locals = ["a", "ab", "abcdefgh", "abcdefghi", "abcdefghj", "B", "b", "\u{e9}t\u{e9}", "\"a b\"", "\"\""];
        let domains = ["m.example", "a.example", "ab.example", "[192.0.2.1]", "b.example.org"];
        let identities: Vec<Identity> = locals
            .iter()
            .flat_map(|local| {
                domains.map(|domain| Identity::new(Address::parse(&std::format!("{local}@{domain}")).unwrap()))
            })
            .collect();
        let mut all: Vec<_> =
            [7, 0, 3].into_iter().flat_map(|holder| identities.iter().map(move |one| (holder, one))).collect();
        let shown: Vec<_> =
            in_order(all.len(), all.iter().copied()).iter().map(|held| (held.holder, held.identity)).collect();
        all.sort_by_key(|(holder, one)| (one.address.domain(), one.address.local(), *holder));
        assert_eq!(shown, all);
    }
}
