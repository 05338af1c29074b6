//! The identities of a tenant in the order in which they stand in its page: by domain, by local part, by holder.

use alloc::collections::BTreeMap;
use core::cmp::Ordering;

use smallvec::SmallVec;

use crate::policy::{Identity, glimpse};
use crate::snapshot::layout::{Word, small};

/// An identity with its holder: 0 for the tenant, and for an account its word.
#[derive(Clone, Copy)]
pub(super) struct Held<'t> {
    pub(super) identity: &'t Identity,
    pub(super) holder: Word,
    /// What its row says of it.
    pub(super) flags: u32,
    /// Where what few identities have is written, or 0.
    pub(super) extra: Word,
    /// The number of its domain.
    domain: u32,
    /// The first octets of its domain and of its local part as numbers, which tell most of them apart.
    domain_start: u64,
    start: u64,
}

/// Identities, without an allocation where they are few.
pub(super) type All<'t> = SmallVec<[Held<'t>; FEW]>;

impl<'t> Held<'t> {
    /// An identity that is not in order yet.
    #[inline]
    pub(super) fn new(holder: Word, identity: &'t Identity, flags: u32) -> Self {
        let [domain_start, start] = [identity.address.domain(), identity.address.local()].map(start);
        Self { identity, holder, flags, extra: 0, domain: 0, domain_start, start }
    }

    /// Whether both are at one domain.
    pub(super) const fn is_beside(&self, other: &Self) -> bool {
        self.domain == other.domain
    }

    /// The order of identities at one domain.
    fn within_domain(&self, other: &Self) -> Ordering {
        let rest = |held: &Self| (held.identity.address.local(), held.holder);
        self.start.cmp(&other.start).then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// Puts identities in order, and numbers their domains.
pub(super) fn put_in_order(all: &mut All<'_>) {
    if all.len() <= FEW { put_few_in_order(all) } else { put_many_in_order(all) }
}

/// Sorts them all.
fn put_few_in_order<'t>(all: &mut [Held<'t>]) {
    let domain = |held: &Held<'t>| held.identity.address.domain();
    all.sort_unstable_by(|one, other| {
        let by_domain = one.domain_start.cmp(&other.domain_start).then_with(|| domain(one).cmp(domain(other)));
        by_domain.then_with(|| one.within_domain(other))
    });
    let (mut number, mut before) = (0, "");
    for held in all {
        number += u32::from(domain(held) != before);
        (held.domain, before) = (number, domain(held));
    }
}

/// Deals them out to their domains, which are few, and sorts them at each.
fn put_many_in_order(all: &mut All<'_>) {
    let mut domains: BTreeMap<&str, u32> = BTreeMap::new();
    // The domains that were met last.
    let mut known: [(&str, u32); 64] = [("", 0); 64];
    let mut counts: SmallVec<[usize; 16]> = SmallVec::new();
    for held in all.iter_mut() {
        let name = held.identity.address.domain();
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
        held.domain = domain;
    }
    let Some(&any) = all.first() else { return };
    // The place of the next identity at each domain, and behind the last one in the end.
    let mut places = counts;
    let mut at = 0;
    for &domain in domains.values() {
        if let Some(place) = places.get_mut(domain as usize) {
            at += core::mem::replace(place, at);
        }
    }
    let mut ordered: All<'_> = smallvec::smallvec![any; all.len()];
    for &one in all.iter() {
        if let Some(place) = places.get_mut(one.domain as usize) {
            if let Some(slot) = ordered.get_mut(*place) {
                *slot = one;
            }
            *place += 1;
        }
    }
    for at_domain in ordered.chunk_by_mut(Held::is_beside) {
        at_domain.sort_unstable_by(Held::within_domain);
    }
    *all = ordered;
}

/// The first eight octets of a text as a number that sorts as they do; a shorter text sorts as with zeros behind.
#[inline]
fn start(text: &str) -> u64 {
    let text = text.as_bytes();
    if let Some(first) = text.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let empty = 8 * (8 - text.len());
    match (text.first_chunk(), text.last_chunk()) {
        // Both may have octets in the middle, at the same place.
        (Some(first), Some(last)) => {
            u64::from(u32::from_be_bytes(*first)) << 32 | u64::from(u32::from_be_bytes(*last)) << empty
        }
        _ => {
            text.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)).checked_shl(small(empty)).unwrap_or(0)
        }
    }
}

/// As many are sorted without more ado, and need no allocation.
pub(super) const FEW: usize = 20;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{All, FEW, Held, put_few_in_order, put_in_order, put_many_in_order, start};
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
        let all: Vec<_> =
            [7, 0, 3].into_iter().flat_map(|holder| identities.iter().map(move |one| (holder, one))).collect();
        // Few and many are sorted in ways of their own, each of which sorts any number.
        for count in (0..=2 * FEW).chain([all.len()]) {
            let mut some: Vec<_> = all.iter().copied().cycle().step_by(7).take(count).collect();
            let held: All<'_> = some.iter().map(|&(holder, one)| Held::new(holder, one, 0)).collect();
            let mut ways = [held.clone(), held.clone(), held];
            let [any, few, many] = &mut ways;
            put_in_order(any);
            put_few_in_order(few);
            put_many_in_order(many);
            some.sort_by_key(|(holder, one)| (one.address.domain(), one.address.local(), *holder));
            for way in &ways {
                let shown: Vec<_> = way.iter().map(|held| (held.holder, held.identity)).collect();
                assert_eq!(shown, some);
                for (one, other) in way.iter().zip(way.iter().skip(1)) {
                    let same = one.identity.address.domain() == other.identity.address.domain();
                    assert_eq!(one.is_beside(other), same);
                }
            }
        }
    }

    #[test]
    fn a_start_sorts_as_its_text_does() {
        let long = "abcdefghi";
        let texts =
            (0..=long.len()).map(|length| &long[..length]).chain(["b", "ab\u{e9}", "abce", "\u{e9}\u{e9}\u{e9}"]);
        for text in texts {
            let mut octets = [0; 8];
            octets.iter_mut().zip(text.bytes()).for_each(|(slot, octet)| *slot = octet);
            assert_eq!(start(text), u64::from_be_bytes(octets), "{text}");
        }
    }
}
