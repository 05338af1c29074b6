//! Ids that must stand once in the whole policy.

use alloc::vec::Vec;

use twox_hash::XxHash3_64;

/// Where something is: the numbers of its tenant and of itself within that, in the order of the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) tenant: u32,
    pub(crate) number: u32,
}

/// Hashes of texts, and where the texts are: 16 octets for each.
///
/// Nothing rests on the hash but speed: those with the same one are sorted by their texts, so that who makes up texts of one hash
/// gains nothing.
#[derive(Debug, Default)]
pub(super) struct Ids(Vec<(u64, At)>);

impl Ids {
    /// Enters a text by its [`hash`].
    pub(super) fn push(&mut self, hash: u64, at: At) {
        self.0.push((hash, at));
    }

    /// Sorts what was entered, as the others need it.
    pub(super) fn sort<'t>(&mut self, text: impl Fn(At) -> &'t str) {
        self.sort_by_hash();
        for alike in self.0.chunk_by_mut(|(one, _), (other, _)| one == other).filter(|alike| alike.len() > 1) {
            alike.sort_unstable_by_key(|&(_, at)| (text(at), at));
        }
    }

    /// Calls `visit` with each place whose text stands at an earlier place, too, and with the first of those.
    pub(super) fn repeated<'t>(&self, text: impl Fn(At) -> &'t str, mut visit: impl FnMut(At, At)) {
        let alike = self.0.chunk_by(|(one, _), (other, _)| one == other).filter(|alike| alike.len() > 1);
        for same in alike.flat_map(|alike| alike.chunk_by(|&(_, one), &(_, other)| text(one) == text(other))) {
            if let Some((&(_, first), later)) = same.split_first() {
                later.iter().for_each(|&(_, at)| visit(at, first));
            }
        }
    }

    /// Calls `visit` with every place whose hash stands at another one, too, some of them several times.
    pub(super) fn alike(&self, mut visit: impl FnMut(At)) {
        let alike = self.0.chunk_by(|(one, _), (other, _)| one == other).filter(|alike| alike.len() > 1);
        alike.flatten().for_each(|&(_, at)| visit(at));
    }

    /// Returns the first place of a text.
    pub(super) fn first<'t>(&self, wanted: &str, text: impl Fn(At) -> &'t str) -> Option<At> {
        let hash = hash(wanted);
        let found = self.0.partition_point(|&(other, at)| other < hash || other == hash && text(at) < wanted);
        let &(_, at) = self.0.get(found).filter(|(other, at)| *other == hash && text(*at) == wanted)?;
        Some(at)
    }

    /// Moves what another one has behind these; its tenants have numbers from `first` on.
    pub(super) fn append(&mut self, other: &mut Self, first: u32) {
        let moved = |(hash, At { tenant, number })| (hash, At { tenant: tenant.saturating_add(first), number });
        self.0.extend(other.0.drain(..).map(moved));
    }

    /// Sorts by the hash alone, where texts do not matter.
    pub(super) fn sort_by_hash(&mut self) {
        self.0.sort_unstable_by_key(|(hash, _)| *hash);
    }
}

/// The hash of a text.
pub(super) fn hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}

/// The hash of a text below another one, whose hash is given.
pub(super) fn hash_below(above: u64, text: &str) -> u64 {
    XxHash3_64::oneshot_with_seed(above, text.as_bytes())
}

/// A number for a text and one below it, for telling a few apart at little cost: it sees both ends of a text and its length.
pub(crate) fn glimpse(above: u64, text: &str) -> u64 {
    let octets = text.as_bytes();
    let [first, last] = match (octets.first_chunk(), octets.last_chunk()) {
        (Some(first), Some(last)) => [first, last].map(|octets| u64::from_le_bytes(*octets)),
        _ => [octets.iter().fold(0, |number, &octet| number << 8 | u64::from(octet)), 0],
    };
    let mut number = above ^ octets.len() as u64;
    for part in [first, last] {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4): 2^64 over the golden ratio, made odd. The shift
        // brings what the product has carried upwards back down.
        number = (number ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        number ^= number >> 29;
    }
    number
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{At, Ids};

    /// Every hash is the same, so that all rests on the texts.
    #[test]
    fn texts_of_one_hash_are_told_apart() {
        let texts = ["b", "a", "b", "c", "a", "b"];
        let text = |at: At| texts[at.number as usize];
        let mut ids = Ids::default();
        (0..6).for_each(|number| ids.push(7, At { tenant: 0, number }));
        ids.sort(text);
        let mut repeated = Vec::new();
        ids.repeated(text, |at, first| repeated.push((at.number, first.number)));
        repeated.sort_unstable();
        assert_eq!(repeated, [(2, 0), (4, 1), (5, 0)]);
    }

    #[test]
    fn the_first_place_is_found() {
        let texts = ["x", "y", "x"];
        let text = |at: At| texts[at.tenant as usize];
        let mut ids = Ids::default();
        for tenant in [2, 1, 0] {
            ids.push(super::hash(texts[tenant as usize]), At { tenant, number: 5 });
        }
        ids.sort(text);
        assert_eq!(ids.first("x", text).map(|at| at.tenant), Some(0));
        assert_eq!(ids.first("y", text).map(|at| at.tenant), Some(1));
        assert_eq!(ids.first("z", text), None);
    }
}
