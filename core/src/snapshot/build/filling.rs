//! Hash tables as they are filled: how many groups each has, and which of them a record comes into.

use alloc::collections::BTreeMap;

use crate::snapshot::hash::Hash;
use crate::snapshot::index::{CROWDED, FLAGS, alike, group_words, last_round, next, slots, words};
use crate::snapshot::keys::FEW;
use crate::snapshot::layout::{Run, Writer, small};

/// Writes a table over so many records, each with its hash and the words that lead to it; returns where it stands, and
/// how many groups it has.
pub(crate) fn write<const N: usize>(
    writer: &mut Writer,
    (count, records): (usize, impl Iterator<Item = (Hash, [u32; N])>),
) -> Run {
    let run = reserve::<N>(writer, count);
    let mut filling = Filling::new(writer.written(run.start), run.count);
    records.for_each(|(hash, words)| filling.enter(hash, words));
    run
}

/// A table that is being filled.
pub(super) struct Filling<'t> {
    table: &'t mut [u8],
    groups: u32,
    /// Of each hash that too many records have, the round that had room for the last one.
    rounds: BTreeMap<u64, u32>,
    /// Of each hash under which only few records stand, how many do.
    few: BTreeMap<u64, u32>,
    /// Some do not.
    pub(super) has_apart: bool,
}

impl<'t> Filling<'t> {
    /// Begins with the octets of a table of so many groups, all of them zero.
    pub(super) const fn new(table: &'t mut [u8], groups: u32) -> Self {
        Self { table, groups, rounds: BTreeMap::new(), few: BTreeMap::new(), has_apart: false }
    }

    /// Enters the next record by the words that lead to it, as many as in each entry of the table.
    #[inline]
    pub(super) fn enter<const N: usize>(&mut self, hash: Hash, words: [u32; N]) {
        if !enter(self.table, self.groups, hash, words, TOGETHER) {
            self.enter_apart(hash, words);
        }
    }

    /// Counts a record of which a [`FEW`] stand under their hash, and returns whether this one does; otherwise it stands apart.
    #[inline(never)]
    pub(super) fn has_room(&mut self, hash: Hash) -> bool {
        let few = self.few.entry(hash.number()).or_default();
        let has_room = *few < FEW;
        *few += u32::from(has_room);
        self.has_apart |= !has_room;
        has_room
    }

    /// Enters a record in the first round that has room for it, since too many have the hash.
    #[inline(never)]
    fn enter_apart<const N: usize>(&mut self, hash: Hash, words: [u32; N]) {
        let (groups, last) = (self.groups, last_round(self.groups));
        let round = self.rounds.entry(hash.number()).or_insert_with(|| {
            crowd::<N>(self.table, hash.group(groups));
            1
        });
        // There are never so many rounds; if there were, the last one would take all that are left.
        while !enter(self.table, groups, hash.round(*round), words, if *round < last { TOGETHER } else { u32::MAX }) {
            crowd::<N>(self.table, hash.round(*round).group(groups));
            *round += 1;
        }
    }
}

/// Writes a table over records that have a holder each, which stands behind the word that leads to the record; returns
/// how many groups it has. It ends at the next multiple of so many octets.
pub(crate) fn write_held(writer: &mut Writer, octets: usize, records: &[(Hash, [u32; 2])]) -> u32 {
    let behind = writer.here() + words::<1>(groups(records.len(), 1));
    let end = (behind as usize * 4).next_multiple_of(octets);
    writer.reserve(small(end / 4) - behind);
    let run = reserve::<1>(writer, records.len());
    let table = writer.written(run.start);
    for &(hash, [word, holder]) in records {
        if !enter(table, run.count, hash, [word], TOGETHER) {
            enter_apart(table, run.count, hash, [word, holder]);
        }
    }
    run.count
}

/// Enters a record under its hash with its holder, since too many have the hash.
#[inline(never)]
fn enter_apart(table: &mut [u8], groups: u32, hash: Hash, [word, holder]: [u32; 2]) {
    crowd::<1>(table, hash.group(groups));
    enter(table, groups, hash.with(holder), [word], u32::MAX);
}

/// Has a group say that some of its entries stand apart.
fn crowd<const N: usize>(table: &mut [u8], group: u32) {
    if let Some(([.., flags], _)) = group_mut::<N>(table, group) {
        *flags |= CROWDED;
    }
}

/// Makes room for a table of so many records.
pub(crate) fn reserve<const N: usize>(writer: &mut Writer, records: usize) -> Run {
    let groups = groups(records, N);
    Run { start: writer.reserve(words::<N>(groups)), count: groups }
}

/// The groups of a table of so many records, whose entries have so many words.
pub(super) fn groups(records: usize, entry_words: usize) -> u32 {
    let (most, of) = average(entry_words);
    // The number nearest to it: in small tables, the next higher one would leave much empty.
    let groups = small((records * of + most / 2) / most);
    if records == 0 { 0 } else { groups.max(1) }
}

/// The octets of a table of so many groups, whose entries have so many words.
pub(super) const fn octets(groups: u32, entry_words: usize) -> usize {
    groups as usize * 4 * group_words(entry_words)
}

/// Enters a record at the first free place from the group of its hash on, unless `most` before that have its tag;
/// returns whether it was entered.
#[inline(always)]
fn enter<const N: usize>(table: &mut [u8], groups: u32, hash: Hash, words: [u32; N], most: u32) -> bool {
    let (mut at, mut before) = (hash.group(groups), 0);
    while let Some((tags, entries)) = group_mut::<N>(table, at) {
        let of_group = u64::from_le_bytes(*tags);
        let alike = alike(tags, hash.tag());
        // Few entries of a group have the tag of another one.
        if alike != 0 {
            before += alike.count_ones();
            if before >= most {
                return false;
            }
        }
        let slot = filled(of_group);
        if slot < slots(N) {
            *tags = (of_group | u64::from(hash.tag()) << (8 * slot)).to_le_bytes();
            if let Some(entry) = entries.get_mut(4 * N * slot..4 * N * (slot + 1)) {
                entry.copy_from_slice(words.map(u32::to_le_bytes).as_flattened());
            }
            return true;
        }
        let [.., flags] = tags;
        *flags |= hash.more();
        at = next(at, groups);
    }
    true
}

/// How many entries a group has, by its tags: they are filled from the first on.
const fn filled(tags: u64) -> usize {
    FLAGS
        - match ((tags << 8).leading_zeros() / 8) as usize {
            empty if empty < FLAGS => empty,
            _ => FLAGS,
        }
}

/// The tags of a group, and what stands behind them.
fn group_mut<const N: usize>(table: &mut [u8], group: u32) -> Option<(&mut [u8; 8], &mut [u8])> {
    table.get_mut(group as usize * 4 * group_words(N)..)?.split_first_chunk_mut()
}

/// The entries that such a group has on average, as a fraction: fewer, so that few groups go on in the next one.
const fn average(entry: usize) -> (usize, usize) {
    if entry == 1 { (17, 4) } else { (14, 3) }
}

/// The entries with one tag that stand together at most. Where they have holders, what one account asks for is not to
/// take the longer the more accounts hold it; where they have none, a look-up of another hash is not to pass through
/// them.
const TOGETHER: u32 = 4;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use super::*;
    use crate::snapshot::index::{Candidates, Rounds};
    use crate::snapshot::layout::Bytes;

    /// A hash that chooses the group by its lower half, of few tags.
    fn hash(number: u64) -> Hash {
        // 2^64 over the golden ratio, made odd: numbers that follow one another come out far apart.
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
            let run = write(&mut writer, (records.len(), records.into_iter()));
            let bytes = writer.so_far();
            for key in 0..count + 50 {
                let mut rounds =
                    Rounds::<2>::start(Bytes(bytes), run, hash(u64::from(key)), None).expect("a whole table");
                let mut found = Vec::new();
                while let Some([of, number]) = rounds.next().expect("a whole table") {
                    if of == key {
                        found.push(number);
                    }
                }
                found.sort_unstable();
                assert_eq!(found, if key < count { &[0, 1, 2][..] } else { &[] }, "{key} of {count}");
            }
        }
    }

    /// How many groups a look-up under one hash reads.
    fn read<const N: usize>(bytes: &[u8], run: Run, hash: Hash) -> usize {
        let flags = |group: u32| bytes[4 * (run.start as usize + group as usize * group_words(N)) + FLAGS];
        let (mut group, mut count) = (hash.group(run.count), 1);
        while flags(group) & hash.more() != 0 {
            group = next(group, run.count);
            count += 1;
        }
        count
    }

    #[test]
    fn what_many_records_have_carries_no_other_far() {
        let hash = |number: u32| hash(number.into()).with(1);
        // Three hashes that half of all records have, and between them those that are alone.
        let records = (0..30_000).flat_map(|n| [(hash(n + 50), [n]), (hash(n % 3), [n])]);
        let mut writer = Writer::default();
        let run = write(&mut writer, (60_000, records));
        let bytes = writer.so_far();
        let read: Vec<usize> = (0..60_000).map(|key| read::<1>(bytes, run, hash(key))).collect();
        let (all, far) = (read.iter().sum::<usize>(), read.iter().max().copied());
        assert!(all < 2 * read.len() && far < Some(100), "{all} groups, at most {far:?}");
        for key in 0..3_u32 {
            let mut rounds = Rounds::<1>::start(Bytes(bytes), run, hash(key), None).expect("a whole table");
            let mut found = BTreeSet::new();
            while let Some([number]) = rounds.next().expect("a whole table") {
                found.insert(number);
            }
            assert!((0..30_000).filter(|number| number % 3 == key).all(|number| found.contains(&number)));
        }
    }

    #[test]
    fn what_many_hold_is_found_for_each_holder_among_few() {
        let holders = 1_u32..=300;
        let own = |holder: u32| hash(u64::from(holder) + 1_000);
        // One key that all hold, and others that one each holds.
        let records =
            holders.clone().flat_map(|holder| [(hash(7), [holder, holder]), (own(holder), [holder + 1_000, holder])]);
        let mut writer = Writer::default();
        let records = records.collect::<Vec<_>>();
        let count = write_held(&mut writer, 64, &records);
        let run = Run { start: writer.here() - words::<1>(count), count };
        let bytes = Bytes(writer.so_far());
        let all = |hash| {
            let mut candidates = Candidates::<1>::start(bytes, run, hash).expect("a whole table");
            let mut found = Vec::new();
            while let Some([word]) = candidates.next().expect("a whole table") {
                found.push(word);
            }
            (found, candidates.is_crowded())
        };
        for holder in holders {
            let (together, is_crowded) = all(hash(7));
            let apart = all(hash(7).with(holder)).0;
            assert!(is_crowded && together.len() + apart.len() < 40, "{together:?} {apart:?}");
            assert!(together.iter().chain(&apart).any(|word| *word == holder));
            let (together, is_crowded) = all(own(holder));
            let apart = if is_crowded { all(own(holder).with(holder)).0 } else { Vec::new() };
            assert!(together.iter().chain(&apart).any(|word| *word == holder + 1_000));
        }
    }
}
