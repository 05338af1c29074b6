//! Hash tables within a page: from a key to the records that may hold it.

use alloc::vec::Vec;

use siphasher::sip::SipHasher13;

use crate::address::octet;
use crate::options::HashKey;

use super::blocks::Blocks;
use super::compare::Folded;
use super::layout::{Bytes, Read, Run, Word, Writer, small};

/// The hash of a key: SipHash-1-3 under the snapshot's own key, because strangers choose what is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(u64);

impl Hash {
    /// Hashes one text.
    pub(crate) fn of(key: &HashKey, text: &[u8]) -> Self {
        let [first, second] = key.words();
        Self(SipHasher13::new_with_keys(first, second).hash(text))
    }

    /// Makes of a domain's hash that of an address in it: a hash of the local part, as it is or folded, under a key of
    /// the domain's own.
    #[inline]
    pub(crate) fn of_local(self, key: &HashKey, local: &[u8], exact_case: bool) -> Self {
        let [first, second] = key.words();
        let hasher = SipHasher13::new_with_keys(first ^ self.0, second);
        if exact_case || !octet::has_capital(local) {
            return Self(hasher.hash(local));
        }
        Self(hasher.hash(Folded::of(local).as_bytes()))
    }

    /// Makes a further key of this one and a number, such as a holder's.
    pub(crate) const fn with(self, number: u32) -> Self {
        let mixed = (self.0 ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mixed ^ (mixed >> 29))
    }

    /// All of it.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// The highest octet, but for 0, which marks an empty place: stored so that few records are touched in vain.
    const fn tag(self) -> u8 {
        let [.., tag] = self.0.to_le_bytes();
        if tag == 0 { 1 } else { tag }
    }

    /// The group that the lower half chooses.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of 64 bits, and a product below `groups`")]
    const fn group(self, groups: u32) -> u32 {
        ((self.0 as u32 as u64 * groups as u64) >> 32) as u32
    }
}

/// The entries of a group; its first eight octets are their tags, and then [`MORE`] or 0.
const SLOTS: usize = 7;
/// The entries that a group has on average: fewer, so that few groups go on in the next one.
const FILLED: (usize, usize) = (14, 3);
/// The last of the eight octets of a group: there are entries of it, or of one before it, in the next group.
const MORE: u8 = 1;

/// The words of a group: its tags, and the words of its entries.
const fn words_of<const N: usize>() -> usize {
    2 + SLOTS * N
}

/// Writes a table over records, each with its hash and the words that lead to it; returns where it stands, and how many
/// groups it has.
pub(crate) fn write<const N: usize>(writer: &mut Writer, records: Vec<(Hash, [u32; N])>) -> Run {
    if records.is_empty() {
        return Run::default();
    }
    // The number nearest to it: in small tables, the next higher one would leave much empty.
    let groups = small((records.len() * FILLED.1 + FILLED.0 / 2) / FILLED.0).max(1);
    let start = writer.reserve(groups.saturating_mul(small(words_of::<N>())));
    let table = writer.written(start);
    let octets = 4 * words_of::<N>();
    for (hash, words) in records {
        let mut at = hash.group(groups);
        while let Some((tags, entries)) =
            table.get_mut(at as usize * octets..).and_then(|table| table.split_first_chunk_mut::<8>())
        {
            if let Some((tag, entry)) =
                tags.iter_mut().zip(entries.chunks_exact_mut(4 * N)).take(SLOTS).find(|(tag, _)| **tag == 0)
            {
                *tag = hash.tag();
                entry.chunks_exact_mut(4).zip(words).for_each(|(slot, word)| slot.copy_from_slice(&word.to_le_bytes()));
                break;
            }
            let [.., more] = tags;
            *more = MORE;
            at = next(at, groups);
        }
    }
    Run { start, count: groups }
}

/// The group behind this one, the first behind the last.
const fn next(group: u32, groups: u32) -> u32 {
    if group + 1 < groups { group + 1 } else { 0 }
}

/// The words of the entries that a hash may lead to; what they lead to must still be compared in full.
pub(crate) struct Candidates<'p, const N: usize> {
    bytes: Bytes<'p>,
    run: Run,
    tag: u8,
    /// The group that is read next, and how many more there can be.
    group: u32,
    left: u32,
    /// Where the entries of the group read last stand, and those among them that have the tag: the highest bit of an
    /// octet each.
    entries: Word,
    alike: u64,
}

impl<'p, const N: usize> Candidates<'p, N> {
    /// Starts a look-up in the table at `run`.
    #[inline]
    pub(crate) const fn new(bytes: Bytes<'p>, run: Run, hash: Hash) -> Self {
        let (tag, group) = (hash.tag(), hash.group(run.count));
        Self { bytes, run, tag, group, left: run.count, entries: 0, alike: 0 }
    }

    /// Checks the blocks of every group that the look-up is going to read; where one is damaged, so is the look-up.
    #[inline(never)]
    pub(crate) fn check(&mut self, blocks: &Blocks) {
        let mut ahead = Self { ..*self };
        while ahead.left > 0 {
            let first = ahead.next_group() as usize * 4;
            let checked = blocks.touch(self.bytes, first, first + 4 * words_of::<N>());
            if checked.and_then(|()| ahead.read_group()).is_err() {
                // No table stands so far behind that a group of it could be read.
                (self.run.start, self.group, self.left) = (Word::MAX, 0, 1);
                return;
            }
        }
    }

    /// Reads the first of the tags that the next entries are told by, and nothing else.
    pub(crate) fn glance(&self) -> Read<u32> {
        self.bytes.word(self.next_group())
    }

    /// Returns the words of the next entry.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Read<Option<[u32; N]>> {
        while self.alike == 0 {
            if self.left == 0 {
                return Ok(None);
            }
            self.read_group()?;
        }
        let slot = self.alike.trailing_zeros() / 8;
        self.alike &= self.alike - 1;
        let mut words = [0; N];
        for (into, at) in words.iter_mut().zip(self.entries.wrapping_add(slot * small(N))..) {
            *into = self.bytes.word(at)?;
        }
        Ok(Some(words))
    }

    #[inline]
    fn read_group(&mut self) -> Read<()> {
        let word = self.next_group();
        let tags = self.bytes.double(word)?;
        self.alike = alike(tags, self.tag);
        self.entries = word.wrapping_add(2);
        let [.., more] = tags.to_le_bytes();
        self.left = if more == MORE { self.left - 1 } else { 0 };
        self.group = next(self.group, self.run.count);
        Ok(())
    }

    #[inline]
    fn next_group(&self) -> Word {
        self.run.start.wrapping_add(self.group.wrapping_mul(small(words_of::<N>())))
    }
}

/// The octets that are this tag, but for the last: the highest bit of each.
const fn alike(tags: u64, tag: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let other = tags ^ (tag as u64 * 0x0101_0101_0101_0101);
    // No carry leaves an octet, so that none is taken for another.
    !(((other & LOW) + LOW) | other | LOW) & 0x00ff_ffff_ffff_ffff
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// A hash that chooses the group by its lower half, of few tags.
    fn hash(number: u64) -> Hash {
        Hash(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & 0x03ff_ffff_ffff_ffff)
    }

    #[test]
    fn finds_all_that_were_entered() {
        for count in [1, 2, 5, 6, 7, 8, 100, 5000] {
            // Every key stands three times.
            let records: Vec<(Hash, [u32; 2])> =
                (0..count).flat_map(|key| [0, 1, 2].map(|n| (hash(u64::from(key)), [key, n]))).collect();
            let mut writer = Writer::default();
            writer.reserve(3);
            let run = write(&mut writer, records);
            let bytes = writer.so_far();
            for key in 0..count + 50 {
                let mut candidates = Candidates::<2>::new(Bytes(bytes), run, hash(u64::from(key)));
                let mut found = Vec::new();
                while let Some([of, number]) = candidates.next().expect("a whole table") {
                    if of == key {
                        found.push(number);
                    }
                }
                found.sort_unstable();
                assert_eq!(found, if key < count { &[0, 1, 2][..] } else { &[] }, "{key} of {count}");
            }
        }
    }

    #[test]
    fn an_octet_is_alike_only_if_it_is_the_same() {
        for tag in 1..=255_u8 {
            for other in 0..=255_u8 {
                let tags = u64::from_le_bytes([other, tag, other, 0, tag ^ 0x80, tag, other, tag]);
                let same = |octet: u8, at: u32| u64::from(octet == tag) << (8 * at + 7);
                let expected = same(other, 0) | same(tag, 1) | same(other, 2) | same(tag, 5) | same(other, 6);
                assert_eq!(alike(tags, tag), expected);
            }
        }
    }

    #[test]
    fn a_damaged_table_ends() {
        let mut bytes = [0_u8; 8 * 36];
        for tags in bytes.chunks_mut(36) {
            tags[..8].copy_from_slice(&[3, 3, 3, 3, 3, 3, 3, MORE]);
        }
        let run = Run { start: 0, count: 8 };
        let mut candidates = Candidates::<1>::new(Bytes(&bytes), run, Hash(3 << 56));
        let mut found = 0;
        while candidates.next().expect("within bounds").is_some() {
            found += 1;
        }
        assert_eq!(found, 8 * SLOTS);
    }
}
