//! Which identities of one holder are one address in widest form.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;

use smallvec::SmallVec;

use crate::policy::claims::base;
use crate::policy::{Entries, Identity};

use super::ids::glimpse;
use super::outline::{folded, small};

/// Returns the number of each identity whose address an earlier one has in widest form, with the number of the first of them.
pub(super) fn second_identities(entries: &Entries<'_>, identities: &[Identity]) -> BTreeMap<usize, usize> {
    let mut second = BTreeMap::new();
    if identities.len() < 2 || identities.len() <= FEW_IDENTITIES && !entries.separate() && differ(identities) {
        return second;
    }
    // Only those that look alike are compared.
    let mut looks: SmallVec<[(u64, usize); 16]> = SmallVec::with_capacity(identities.len());
    for (identity, number) in identities.iter().zip(0..) {
        let folded = folded(identity.address.local());
        let local = base(&folded, &[entries.separator(&identity.address)]);
        looks.push((glimpse(glimpse(0, identity.address.domain()), local), number));
    }
    looks.sort_unstable();
    for alike in looks.chunk_by(|(one, _), (other, _)| one == other).filter(|alike| alike.len() > 1) {
        let mut first = BTreeMap::new();
        for &(_, number) in alike {
            let Some(Identity { address, .. }) = identities.get(number) else { continue };
            let folded = folded(address.local());
            let local = base(&folded, &[entries.separator(address)]).to_owned();
            let first = *first.entry((address.domain(), local)).or_insert(number);
            if first != number {
                second.insert(number, first);
            }
        }
    }
    second
}

/// Whether all of some addresses differ in a length or the last octet of their local parts, as most of few do. Without
/// separators, those that are one have these in common.
fn differ(identities: &[Identity]) -> bool {
    let mut looks: SmallVec<[u32; FEW_IDENTITIES]> = SmallVec::new();
    // One of 128 bits for each look, which some looks have in common: where none has set it, there is nothing to compare with.
    let mut seen = 0_u128;
    identities.iter().all(|Identity { address, .. }| {
        let (local, domain) = (address.local().as_bytes(), address.domain().len());
        let last = local.last().map_or(0, u8::to_ascii_lowercase);
        let look = u32::from(last) << 24 | small(local.len()) << 12 | small(domain);
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4): the upper seven bits of a product with 2^32 over
        // the golden ratio, made odd.
        let bit = 1_u128 << (look.wrapping_mul(0x9e37_79b9) >> 25);
        let is_new = seen & bit == 0 || !looks.contains(&look);
        seen |= bit;
        looks.push(look);
        is_new
    })
}

/// As many identities are compared one by one.
const FEW_IDENTITIES: usize = 16;
