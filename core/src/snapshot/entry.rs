//! What an entry of a table over all tenants leads to.

use super::layout::Word;
use super::root::UNIT_WORDS;

/// A record of a page, by the word where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) page: u32,
    pub(crate) record: Word,
}

/// An account that is found by its own address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) link: Link,
    /// The address counts only where an entry above reaches it.
    pub(crate) above: bool,
}

/// What the words of an entry lead to: of one word, to the page alone.
#[inline(always)]
pub(crate) fn link<const N: usize>(words: [u32; N]) -> Link {
    let word = |at: usize| words.get(at).copied().unwrap_or(0);
    Link { page: word(0), record: record(word(1)) }
}

/// The word of the record, without what else a second word tells.
#[inline]
const fn record(second: u32) -> Word {
    // In that of an account by its id, the other bit may be one of a number.
    second & if second & SMALL == 0 { ABOVE - 1 } else { (1 << RECORD) - 1 }
}

/// The second word of an account's entry: where its record is and, if the page is small, what tells where the table of its
/// identities is, so that the group of an address can be asked for before the page is there.
pub(super) const fn of_account(record: Word, length: Word, groups: u32) -> u32 {
    let units = length / UNIT_WORDS;
    if record >> RECORD == 0 && units >> UNITS == 0 && groups >> GROUPS == 0 {
        SMALL | groups << (RECORD + UNITS) | units << RECORD | record
    } else {
        record
    }
}

/// The second word of the entry of an account by its own address: whether that counts only where an entry `above` reaches it.
///
/// Whether one does is the same for all of a page at one domain, so that of many the records need not be read.
pub(super) const fn of_own(record: Word, above: bool) -> u32 {
    if above { record | ABOVE } else { record }
}

/// What the words of such an entry lead to.
#[inline(always)]
pub(super) fn claimed(words: [u32; 2]) -> Claimed {
    let [_, second] = words;
    Claimed { link: link(words), above: second & ABOVE != 0 }
}

/// The words of the page and the groups of its table of identities, if an account's entry tells them.
#[inline]
pub(super) const fn small_page(second: u32) -> Option<(Word, u32)> {
    if second & SMALL == 0 {
        return None;
    }
    let units = second >> RECORD & ((1 << UNITS) - 1);
    Some((units * UNIT_WORDS, (second & !SMALL) >> (RECORD + UNITS)))
}

/// The bit that says so. No page has as many words.
const SMALL: u32 = 1 << 31;
/// The bit that says that an own address counts only where an entry above reaches it. No page has as many words, either.
const ABOVE: u32 = 1 << 30;
/// The bits of the record's word, of the units of the page, and of the groups.
const RECORD: u32 = 12;
const UNITS: u32 = 10;
const GROUPS: u32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_leads_to_its_record_and_tells_what_it_is_for_apart() {
        let around = |bits: u32| [0, 1, (1 << bits) - 1, 1 << bits, (1 << bits) + 1, (1 << 30) - 1];
        for at in around(RECORD) {
            for units in around(UNITS).map(|units: u32| units.min((1 << 30) / UNIT_WORDS)) {
                for groups in around(GROUPS) {
                    let second = of_account(at, units * UNIT_WORDS, groups);
                    assert_eq!(link([7, second]), Link { page: 7, record: at });
                    let is_small = at < 1 << RECORD && units < 1 << UNITS && groups < 1 << GROUPS;
                    assert_eq!(small_page(second), is_small.then_some((units * UNIT_WORDS, groups)));
                }
            }
            for above in [false, true] {
                let second = of_own(at, above);
                assert_eq!(claimed([7, second]), Claimed { link: Link { page: 7, record: at }, above });
            }
        }
    }
}
