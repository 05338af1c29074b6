//! Hash tables, within a page and over all tenants: from a key to the records that may hold it. `build/filling.rs`
//! writes them.

#[cfg(all(target_feature = "sse2", not(sendas_portable)))]
use safe_arch::{cmp_eq_mask_i8_m128i, move_mask_i8_m128i, set_i64_m128i_s};

use super::blocks::Blocks;
use super::hash::Hash;
use super::layout::{Bytes, Damaged, Read, Run, Word, small};

impl Hash {
    /// The highest octet, but for 0, which marks an empty place: stored so that few records are touched in vain.
    pub(super) const fn tag(self) -> u8 {
        let [.., tag] = self.0.to_le_bytes();
        if tag == 0 { 1 } else { tag }
    }

    /// The flag of a group that says that an entry with such a tag had no room in it, nor in any before it, and stands
    /// further on: one of seven, so that few look-ups go on in vain.
    pub(super) const fn more(self) -> u8 {
        CROWDED << (1 + ((self.tag() as u32 * 7) >> 8))
    }

    /// The hash under which records of this key stand in a round. Its number is counted down from the highest one, so
    /// that it is none of those that further keys are made with.
    pub(super) const fn round(self, round: u32) -> Self {
        if round == 0 { self } else { self.with(u32::MAX - round) }
    }

    /// The group that the lower half chooses.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of 64 bits, and a product below `groups`")]
    pub(super) const fn group(self, groups: u32) -> u32 {
        ((self.0 as u32 as u64 * groups as u64) >> 32) as u32
    }
}

/// The octet of a group that has its flags, [`CROWDED`] and [`Hash::more`]; before it stand the tags of its entries, an
/// octet each.
pub(super) const FLAGS: usize = 7;
/// Some entries of the group stand apart: in a table of records that have holders under the hash with their holder, in
/// any other under the hash of the next round.
pub(super) const CROWDED: u8 = 1;

/// The entries of a group whose entries have so many words: as many as make it a line of memory, or half of one.
pub(super) const fn slots(entry: usize) -> usize {
    if entry == 1 { 6 } else { FLAGS }
}

/// The words of such a group: its tags and flags, and the words of its entries.
pub(super) const fn group_words(entry: usize) -> usize {
    2 + slots(entry) * entry
}

/// The words of so many groups.
pub(super) fn words<const N: usize>(groups: u32) -> Word {
    groups.wrapping_mul(small(group_words(N)))
}

/// The group behind this one, the first behind the last.
pub(super) const fn next(group: u32, groups: u32) -> u32 {
    if group + 1 < groups { group + 1 } else { 0 }
}

/// The first group that a look-up reads, of which most need the first entry alone: those with the tag of a hash, each
/// of which must still be compared in full.
#[derive(Clone, Copy)]
pub(crate) struct Home<'p, const N: usize> {
    octets: &'p [u8],
    /// The entries with the tag, a bit each.
    alike: u32,
    /// Others may stand in further groups, or apart.
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
        let tags @ [.., flags]: &[u8; 8] = octets.first_chunk().ok_or(Damaged)?;
        Ok(Self { octets, alike: alike(tags, hash.tag()), goes_on: flags & (hash.more() | CROWDED) != 0 })
    }

    /// The words of the first entry.
    #[inline(always)]
    pub(crate) fn first(&self) -> Option<[u32; N]> {
        if self.alike == 0 {
            return None;
        }
        let slot = self.alike.trailing_zeros() as usize;
        let entry = self.octets.get(8 + 4 * N * slot..8 + 4 * N * (slot + 1))?;
        let mut words = [0; N];
        for (into, octets) in words.iter_mut().zip(entry.chunks_exact(4)) {
            *into = octets.try_into().map_or(0, u32::from_le_bytes);
        }
        Some(words)
    }

    /// Whether there may be more than the first entry: what [`Candidates::behind_first`] or [`Rounds::behind_first`]
    /// gives, and what stands under the hash with a holder.
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

/// The words of all entries that a hash may lead to, but for those that stand apart, group by group.
pub(crate) struct Candidates<'p, const N: usize> {
    bytes: Bytes<'p>,
    run: Run,
    hash: Hash,
    /// The group that was read last, and where it stands.
    group: Home<'p, N>,
    at: u32,
    /// Some stand apart.
    crowded: bool,
}

impl<'p, const N: usize> Candidates<'p, N> {
    /// Starts a look-up in the table at `run`.
    pub(crate) fn start(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<Self> {
        let group = Home::of(bytes, run, hash)?;
        let (at, crowded) = (hash.group(run.count), group.flags() & CROWDED != 0);
        Ok(Self { bytes, run, hash, group, at, crowded })
    }

    /// Goes on with a look-up of which the first entry was returned, if there is one in the first group.
    pub(crate) fn behind_first(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<Self> {
        let mut found = Self::start(bytes, run, hash)?;
        found.group.pass_first();
        Ok(found)
    }

    /// Checks the blocks of every group that such a look-up reads, if not all of them have been.
    #[inline(always)]
    pub(crate) fn check(bytes: Bytes<'p>, run: Run, hash: Hash, blocks: Option<&Blocks>) -> Read<()> {
        match blocks {
            Some(blocks) => Self::check_blocks(bytes, run, hash, blocks),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn check_blocks(bytes: Bytes<'p>, run: Run, hash: Hash, blocks: &Blocks) -> Read<()> {
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

    /// Where the tags stand that such a look-up begins with; they have not been checked.
    pub(crate) fn begins_at(bytes: Bytes<'p>, run: Run, hash: Hash) -> Read<&'p u8> {
        bytes.place(place::<N>(run, hash.group(run.count)))
    }

    /// Returns the words of the next entry.
    pub(crate) fn next(&mut self) -> Read<Option<[u32; N]>> {
        loop {
            if let Some(words) = self.group.first() {
                self.group.pass_first();
                return Ok(Some(words));
            }
            // A damaged table may lead to where the look-up began.
            let at = next(self.at, self.run.count);
            if self.group.flags() & self.hash.more() == 0 || at == self.hash.group(self.run.count) {
                return Ok(None);
            }
            self.group = Home::at(self.bytes, self.run, self.hash, at)?;
            self.at = at;
        }
    }

    /// Whether more may stand apart, once all that stand here were returned.
    pub(crate) const fn is_crowded(&self) -> bool {
        self.crowded
    }
}

/// The words of all entries that a hash may lead to in a table whose records have no holders, round by round.
///
/// What many records have would fill a run of groups, through which every look-up had to go whose hash leads there. So
/// only few stand under one hash, and the next few under that of the next round. An entry may come twice, where two
/// rounds meet.
pub(crate) struct Rounds<'p, const N: usize> {
    candidates: Candidates<'p, N>,
    /// The hash of the first round.
    hash: Hash,
    round: u32,
    /// What of the octets has been checked, if they were sealed.
    blocks: Option<&'p Blocks>,
}

impl<'p, const N: usize> Rounds<'p, N> {
    /// Starts a look-up in the table at `run`.
    pub(crate) fn start(bytes: Bytes<'p>, run: Run, hash: Hash, blocks: Option<&'p Blocks>) -> Read<Self> {
        Candidates::<N>::check(bytes, run, hash, blocks)?;
        Ok(Self { candidates: Candidates::start(bytes, run, hash)?, hash, round: 0, blocks })
    }

    /// Starts one in a later round, as if all before had been returned: nothing is read where there is none.
    pub(crate) fn from(
        bytes: Bytes<'p>,
        run: Run,
        (hash, round): (Hash, u32),
        blocks: Option<&'p Blocks>,
    ) -> Read<Self> {
        let run = if round > last_round(run.count) { Run::default() } else { run };
        let Self { candidates, .. } = Self::start(bytes, run, hash.round(round), blocks)?;
        Ok(Self { candidates, hash, round, blocks })
    }

    /// Returns the words of the next entry of this round.
    pub(crate) fn next_of_round(&mut self) -> Read<Option<[u32; N]>> {
        self.candidates.next()
    }

    /// The number of the round behind this one, if there may be one.
    pub(crate) fn behind(&self) -> Option<u32> {
        let Candidates { run, crowded, .. } = self.candidates;
        (crowded && self.round < last_round(run.count)).then(|| self.round + 1)
    }

    /// Goes on with a look-up of which the first entry was returned, if there is one in the first group, and the first
    /// round was checked.
    pub(crate) fn behind_first(bytes: Bytes<'p>, run: Run, hash: Hash, blocks: Option<&'p Blocks>) -> Read<Self> {
        Ok(Self { candidates: Candidates::behind_first(bytes, run, hash)?, hash, round: 0, blocks })
    }

    /// Returns the words of the next entry.
    pub(crate) fn next(&mut self) -> Read<Option<[u32; N]>> {
        loop {
            if let Some(words) = self.candidates.next()? {
                return Ok(Some(words));
            }
            let Some(round) = self.behind() else { return Ok(None) };
            let Candidates { bytes, run, .. } = self.candidates;
            let hash = self.hash.round(round);
            self.candidates = Self::start(bytes, run, hash, self.blocks)?.candidates;
            self.round = round;
        }
    }
}

/// The last round in a table of so many groups, so that a damaged one ends: none has a third of as many.
pub(super) const fn last_round(groups: u32) -> u32 {
    groups.saturating_mul(4)
}

/// The number of a round behind all that any table has.
pub(super) const NO_ROUND: u32 = u32::MAX;

/// The word where a group stands.
#[inline]
fn place<const N: usize>(run: Run, group: u32) -> Word {
    run.start.wrapping_add(words::<N>(group))
}

/// The octets that are this tag, but for the last: a bit each, of the first octet the lowest.
#[cfg(all(target_feature = "sse2", not(sendas_portable)))]
#[inline(always)]
pub(super) fn alike(tags: &[u8; 8], tag: u8) -> u32 {
    let octets = |word: [u8; 8]| set_i64_m128i_s(i64::from_le_bytes(word));
    move_mask_i8_m128i(cmp_eq_mask_i8_m128i(octets(*tags), octets([tag; 8]))) as u32 & TAGS
}

/// The octets that are this tag, but for the last: a bit each, of the first octet the lowest.
#[cfg(any(not(target_feature = "sse2"), sendas_portable))]
#[inline(always)]
pub(super) fn alike(tags: &[u8; 8], tag: u8) -> u32 {
    alike_in_word(tags, tag)
}

/// The same, where no vector tells.
#[cfg(any(test, not(target_feature = "sse2"), sendas_portable))]
const fn alike_in_word(tags: &[u8; 8], tag: u8) -> u32 {
    const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
    let other = u64::from_le_bytes(*tags) ^ u64::from_le_bytes([tag; 8]);
    // No carry leaves an octet, so that none is taken for another. What is left of each is its highest bit.
    let same = !(((other & LOW) + LOW) | other | LOW);
    // The highest octet of the product has them side by side.
    let [.., together] = (same >> 7).wrapping_mul(0x0102_0408_1020_4080).to_le_bytes();
    together as u32 & TAGS
}

/// The bits of a group's tags.
const TAGS: u32 = (1 << FLAGS) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_octet_is_alike_only_if_it_is_the_same() {
        for tag in 1..=255_u8 {
            for other in 0..=255_u8 {
                let tags = [other, tag, other, 0, tag ^ 0x80, tag, other, tag];
                let same = |octet: u8, at: u32| u32::from(octet == tag) << at;
                let expected = same(other, 0) | same(tag, 1) | same(other, 2) | same(tag, 5) | same(other, 6);
                assert_eq!(alike(&tags, tag), expected);
                assert_eq!(alike_in_word(&tags, tag), expected);
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

    #[test]
    fn a_damaged_table_whose_groups_are_all_crowded_ends() {
        // No entry, and every flag.
        let bytes: [u8; 8 * 32] = core::array::from_fn(|at| if at % 32 == FLAGS { 255 } else { 0 });
        let run = Run { start: 0, count: 8 };
        let mut rounds = Rounds::<1>::start(Bytes(&bytes), run, Hash(3 << 56), None).expect("within bounds");
        assert_eq!(rounds.next(), Ok(None));
        assert_eq!(rounds.round, last_round(8));
    }
}
