//! Hash tables within a page: from a key to the records that may hold it.

use alloc::vec::Vec;

use siphasher::sip::SipHasher13;

use crate::address::octet;
use crate::options::HashKey;

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

    /// The upper half, but for 0, which marks an empty bucket: stored so that few records are touched in vain.
    const fn mark(self) -> u32 {
        let mark = (self.0 >> 32) as u32;
        if mark == 0 { 1 } else { mark }
    }

    /// The bucket that the lower half chooses.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of 64 bits, and a product below `buckets`")]
    const fn bucket(self, buckets: u32) -> u32 {
        ((self.0 as u32 as u64 * buckets as u64) >> 32) as u32
    }
}

/// Writes a table over records, each with its hash and the words that its bucket holds; returns where it stands.
///
/// A bucket is the mark (never 0; 0 is an empty bucket) and `N` words.
pub(crate) fn write<const N: usize>(writer: &mut Writer, records: &[(Hash, [u32; N])]) -> Run {
    if records.is_empty() {
        return Run::default();
    }
    // Two thirds full: a key that is not there costs about three buckets, next to each other.
    let buckets = small(records.len() + records.len() / 2 + 1);
    let mut table: Vec<(u32, [u32; N])> = alloc::vec![(0, [0; N]); buckets as usize];
    for (hash, words) in records {
        let mut at = hash.bucket(buckets);
        while let Some(bucket) = table.get_mut(at as usize) {
            if bucket.0 == 0 {
                *bucket = (hash.mark(), *words);
                break;
            }
            at = next(at, buckets);
        }
    }
    let start = writer.here();
    for (mark, words) in table {
        writer.word(mark);
        words.into_iter().for_each(|word| writer.word(word));
    }
    Run { start, count: buckets }
}

/// The bucket behind this one, the first behind the last.
const fn next(bucket: u32, buckets: u32) -> u32 {
    if bucket + 1 < buckets { bucket + 1 } else { 0 }
}

/// The words of the buckets that a hash may lead to; what they lead to must still be compared in full.
pub(crate) struct Candidates<'p, const N: usize> {
    bytes: Bytes<'p>,
    run: Run,
    mark: u32,
    bucket: u32,
    left: u32,
}

impl<'p, const N: usize> Candidates<'p, N> {
    /// Starts a look-up in the table at `run`.
    #[inline]
    pub(crate) const fn new(bytes: Bytes<'p>, run: Run, hash: Hash) -> Self {
        Self { bytes, run, mark: hash.mark(), bucket: hash.bucket(run.count), left: run.count }
    }

    /// Reads the mark that the next bucket is told by, and nothing else.
    pub(crate) fn glance(&self) -> Read<u32> {
        self.bytes.word(self.run.start.wrapping_add(self.bucket.wrapping_mul(small(N + 1))))
    }

    /// Returns the words of the next bucket.
    #[inline]
    pub(crate) fn next(&mut self) -> Read<Option<[u32; N]>> {
        while self.left > 0 {
            let word: Word = self.run.start.wrapping_add(self.bucket.wrapping_mul(small(N + 1)));
            self.bucket = next(self.bucket, self.run.count);
            self.left -= 1;
            let mark = self.bytes.word(word)?;
            if mark == 0 {
                self.left = 0;
            } else if mark == self.mark {
                let mut words = [0; N];
                for (slot, at) in words.iter_mut().zip(1..) {
                    *slot = self.bytes.word(word.wrapping_add(at))?;
                }
                return Ok(Some(words));
            }
        }
        Ok(None)
    }
}
