//! Hash tables, within a page and over all tenants: from a key to the records that may hold it.

use super::blocks::Blocks;
use super::hash::Hash;
use super::layout::{Bytes, Damaged, Read, Run, Word, Writer, small};

impl Hash {
    /// The highest octet, but for 0, which marks an empty place: stored so that few records are touched in vain.
    const fn tag(self) -> u8 {
        let [.., tag] = self.0.to_le_bytes();
        if tag == 0 { 1 } else { tag }
    }

    /// The flag of a group that says that an entry with such a tag had no room in it, nor in any before it, and stands further on: one
    /// of seven, so that few look-ups go on in vain.
    const fn more(self) -> u8 {
        CROWDED << (1 + ((self.tag() as u32 * 7) >> 8))
    }

    /// The group that the lower half chooses.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of 64 bits, and a product below `groups`")]
    const fn group(self, groups: u32) -> u32 {
        ((self.0 as u32 as u64 * groups as u64) >> 32) as u32
    }
}

/// The octet of a group that has its flags, [`CROWDED`] and [`Hash::more`]; before it stand the tags of its entries, an octet each.
const FLAGS: usize = 7;
/// Some entries of the group stand under the hash with their holder.
const CROWDED: u8 = 1;
/// The entries with one tag that stand together, where they have holders: what one account asks for is not to take the
/// longer the more accounts hold it.
const TOGETHER: u32 = 4;

/// The entries of a group whose entries have so many words: as many as make it a line of memory, or half of one.
const fn slots(entry: usize) -> usize {
    if entry == 1 { 6 } else { FLAGS }
}

/// The entries that such a group has on average, as a fraction: fewer, so that few groups go on in the next one.
const fn average(entry: usize) -> (usize, usize) {
    if entry == 1 { (17, 4) } else { (14, 3) }
}

/// The words of such a group: its tags and flags, and the words of its entries.
const fn group_words(entry: usize) -> usize {
    2 + slots(entry) * entry
}

/// The words of so many groups.
pub(super) fn words<const N: usize>(groups: u32) -> Word {
    groups.wrapping_mul(small(group_words(N)))
}

/// Writes a table over so many records, each with its hash and the words that lead to it; returns where it stands, and how many
/// groups it has.
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
    full: Full,
}

impl<'t> Filling<'t> {
    /// Begins with the octets of a table of so many groups, all of them zero.
    pub(super) fn new(table: &'t mut [u8], groups: u32) -> Self {
        Self { table, groups, full: Full::default() }
    }

    /// Enters the next record by the words that lead to it, as many as in each entry of the table.
    #[inline]
    pub(super) fn enter<const N: usize>(&mut self, hash: Hash, words: [u32; N]) {
        let from = self.full.behind(hash).unwrap_or(hash.group(self.groups));
        if let Some(at) = enter(self.table, self.groups, from, hash, words, u32::MAX) {
            self.full.keep(hash, from, at);
        }
    }
}

/// Up to which group there is no room for the last few hashes that many records have: without it, each record of a hash
/// would be carried past all those before it.
#[derive(Default)]
struct Full {
    last: [Option<(Hash, u32)>; 8],
    oldest: usize,
}

impl Full {
    /// The first group that may have room for a record.
    #[inline]
    fn behind(&self, hash: Hash) -> Option<u32> {
        self.last.iter().flatten().find(|(of, _)| *of == hash).map(|(_, at)| *at)
    }

    /// Takes note of the group that a record came into, whose look-up began at `from`.
    #[inline]
    fn keep(&mut self, hash: Hash, from: u32, at: u32) {
        if at == from {
            return;
        }
        if let Some(kept) = self.last.iter_mut().flatten().find(|(of, _)| *of == hash) {
            kept.1 = at;
        } else if let Some(kept) = self.last.get_mut(self.oldest) {
            *kept = Some((hash, at));
            self.oldest = (self.oldest + 1) % self.last.len();
        }
    }
}

/// Writes a table over records that have a holder each, which stands behind the word that leads to the record; returns how many
/// groups it has. It ends at the next multiple of so many octets.
pub(crate) fn write_held(writer: &mut Writer, octets: usize, records: &[(Hash, [u32; 2])]) -> u32 {
    let behind = writer.here() + words::<1>(groups(records.len(), 1));
    let end = (behind as usize * 4).next_multiple_of(octets);
    writer.reserve(small(end / 4) - behind);
    let run = reserve::<1>(writer, records.len());
    let table = writer.written(run.start);
    for &(hash, [word, holder]) in records {
        let home = hash.group(run.count);
        if enter(table, run.count, home, hash, [word], TOGETHER).is_none() {
            enter_apart(table, run.count, home, hash, [word, holder]);
        }
    }
    run.count
}

/// Enters a record under its hash with its holder, since too many have the hash.
#[inline(never)]
fn enter_apart(table: &mut [u8], groups: u32, home: u32, hash: Hash, [word, holder]: [u32; 2]) {
    if let Some(([.., flags], _)) = group_mut::<1>(table, home) {
        *flags |= CROWDED;
    }
    let apart = hash.with(holder);
    enter(table, groups, apart.group(groups), apart, [word], u32::MAX);
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

/// Enters a record at the first free place from a group on, unless `most` have its tag before it; returns the group that
/// it was entered into.
#[inline(always)]
fn enter<const N: usize>(
    table: &mut [u8],
    groups: u32,
    from: u32,
    hash: Hash,
    words: [u32; N],
    most: u32,
) -> Option<u32> {
    let (mut at, mut before) = (from, 0);
    while let Some((tags, entries)) = group_mut::<N>(table, at) {
        let of_group = u64::from_le_bytes(*tags);
        let alike = alike(of_group, hash.tag());
        // Few entries of a group have the tag of another one.
        if alike != 0 {
            before += alike.count_ones();
            if before >= most {
                return None;
            }
        }
        let slot = filled(of_group);
        if slot < slots(N) {
            *tags = (of_group | u64::from(hash.tag()) << (8 * slot)).to_le_bytes();
            let entry = entries.get_mut(4 * N * slot..4 * N * (slot + 1))?;
            entry.copy_from_slice(words.map(u32::to_le_bytes).as_flattened());
            return Some(at);
        }
        let [.., flags] = tags;
        *flags |= hash.more();
        at = next(at, groups);
    }
    None
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

/// The group behind this one, the first behind the last.
const fn next(group: u32, groups: u32) -> u32 {
    if group + 1 < groups { group + 1 } else { 0 }
}

/// The first group that a look-up reads, of which most need the first entry alone: those with the tag of a hash, each of
/// which must still be compared in full.
#[derive(Clone, Copy)]
pub(crate) struct Home<'p, const N: usize> {
    octets: &'p [u8],
    /// The entries with the tag: the highest bit of an octet each.
    alike: u64,
    /// Others may stand in further groups, or under the hash with a holder.
    goes_on: bool,
}

impl<'p, const N: usize> Home<'p, N> {
    /// Starts a look-up in the table at `run`.
    #[inline(always)]
    pub(crate) fn of(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<Self> {
        if run.count == 0 {
            return Ok(Self { octets: &[], alike: 0, goes_on: false });
        }
        Self::at(bytes, run, hash, hash.group(run.count))
    }

    /// Nothing, where all there is has to be looked up in another way.
    pub(super) const fn none() -> Self {
        Self { octets: &[], alike: 0, goes_on: true }
    }

    #[inline(always)]
    fn at(bytes: Bytes<'p>, run: Run, hash: Hash, group: u32) -> Read<Self> {
        let start = place::<N>(run, group) as usize * 4;
        let octets = bytes.0.get(start..start + 4 * group_words(N)).ok_or(Damaged)?;
        let tags = octets.first_chunk().map_or(0, |tags| u64::from_le_bytes(*tags));
        let [.., flags] = tags.to_le_bytes();
        Ok(Self { octets, alike: alike(tags, hash.tag()), goes_on: flags & (hash.more() | CROWDED) != 0 })
    }

    /// The words of the first entry.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<[u32; N]> {
        if self.alike == 0 {
            return None;
        }
        let slot = self.alike.trailing_zeros() as usize / 8;
        let entry = self.octets.get(8 + 4 * N * slot..8 + 4 * N * (slot + 1))?;
        let mut words = [0; N];
        for (into, octets) in words.iter_mut().zip(entry.chunks_exact(4)) {
            *into = octets.try_into().map_or(0, u32::from_le_bytes);
        }
        Some(words)
    }

    /// Whether there may be more than the first entry: what [`Candidates::behind_first`] gives, and what stands under the
    /// hash with a holder.
    #[inline(always)]
    pub(crate) const fn has_more(&self) -> bool {
        self.goes_on || self.alike & self.alike.wrapping_sub(1) != 0
    }

    fn pass_first(&mut self) {
        self.alike &= self.alike.wrapping_sub(1);
    }

    fn flags(&self) -> u8 {
        self.octets.get(FLAGS).copied().unwrap_or(0)
    }
}

/// The words of all entries that a hash may lead to, group by group.
pub(crate) struct Candidates<'p, const N: usize> {
    bytes: Bytes<'p>,
    run: Run,
    hash: Hash,
    /// The group that was read last, and how many were read before it.
    group: Home<'p, N>,
    before: u32,
    /// Some stand under the hash with their holder.
    crowded: bool,
}

impl<'p, const N: usize> Candidates<'p, N> {
    /// Starts a look-up in the table at `run`.
    pub(crate) fn start(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<Self> {
        let group = Home::of(bytes, run, hash)?;
        Ok(Self { bytes, run, hash, group, before: 0, crowded: group.flags() & CROWDED != 0 })
    }

    /// Goes on with a look-up of which the first entry was returned, if there is one in the first group.
    pub(crate) fn behind_first(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<Self> {
        let mut found = Self::start(bytes, run, hash)?;
        found.group.pass_first();
        Ok(found)
    }

    /// Checks the blocks of every group that such a look-up reads.
    #[inline(never)]
    pub(crate) fn check(bytes: Bytes<'p>, run: Run, hash: Hash, blocks: &Blocks) -> Read<()> {
        let mut group = hash.group(run.count);
        for _ in 0..run.count {
            let word = place::<N>(run, group);
            blocks.touch(bytes, word as usize * 4, word as usize * 4 + 4 * group_words(N))?;
            let [.., flags] = bytes.double(word)?.to_le_bytes();
            if flags & hash.more() == 0 {
                break;
            }
            group = next(group, run.count);
        }
        Ok(())
    }

    /// Reads the first of the tags that such a look-up begins with, and nothing else; it has not been checked.
    pub(crate) fn glance(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<u32> {
        if run.count == 0 { Ok(0) } else { bytes.word(place::<N>(run, hash.group(run.count))) }
    }

    /// Returns the words of the next entry.
    pub(crate) fn next(&mut self) -> Read<Option<[u32; N]>> {
        loop {
            if let Some(words) = self.group.first() {
                self.group.pass_first();
                return Ok(Some(words));
            }
            self.before += 1;
            if self.group.flags() & self.hash.more() == 0 || self.before >= self.run.count {
                return Ok(None);
            }
            let groups = u64::from(self.run.count);
            let group = (u64::from(self.hash.group(self.run.count)) + u64::from(self.before)) % groups;
            self.group = Home::at(self.bytes, self.run, self.hash, u32::try_from(group).map_err(|_| Damaged)?)?;
        }
    }

    /// Whether more may stand under the hash with a holder, once all that stand here were returned.
    pub(crate) const fn is_crowded(&self) -> bool {
        self.crowded
    }
}

/// The word where a group stands.
#[inline]
fn place<const N: usize>(run: Run, group: u32) -> Word {
    run.start.wrapping_add(words::<N>(group))
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
                let mut candidates =
                    Candidates::<2>::start(Bytes(bytes), run, hash(u64::from(key))).expect("a whole table");
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
    fn what_many_records_have_is_entered_as_if_each_came_alone() {
        // Keys of many records, each between records that are alone.
        let records = || (0..3_000_u32).flat_map(|n| [(hash(u64::from(n) + 50), [n]), (hash(u64::from(n % 3)), [n])]);
        let mut writer = Writer::default();
        let run = write(&mut writer, (6_000, records()));
        let mut other = Writer::default();
        let alone = reserve::<1>(&mut other, 6_000);
        let table = other.written(alone.start);
        for (hash, words) in records() {
            assert!(enter(table, alone.count, hash.group(alone.count), hash, words, u32::MAX).is_some());
        }
        assert_eq!((run, writer.so_far()), (alone, other.so_far()));
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
        let mut bytes = [0_u8; 8 * 32];
        for tags in bytes.chunks_mut(32) {
            tags[..8].copy_from_slice(&[3, 3, 3, 3, 3, 3, 3, 2]);
        }
        let run = Run { start: 0, count: 8 };
        let mut candidates = Candidates::<1>::start(Bytes(&bytes), run, Hash(3 << 56)).expect("within bounds");
        let mut found = 0;
        while candidates.next().expect("within bounds").is_some() {
            found += 1;
        }
        assert_eq!(found, 8 * slots(1));
    }
}
