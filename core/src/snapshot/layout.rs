//! The one place where the bytes of a snapshot are written and read.
//!
//! A page is a run of little-endian words, with text among them. Everything read is bounds-checked: a
//! page that does not hold together answers [`Damaged`], never a panic and never a wrong value.

use alloc::vec::Vec;
use core::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// The octets of a snapshot do not hold together: a block does not have its checksum, or what stands there is no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the snapshot is damaged: some of its octets are not those that were sealed; right would be a sound copy of the file"
)]
#[non_exhaustive]
pub struct Damaged;

/// The result of reading a page.
pub(crate) type Read<T> = Result<T, Damaged>;

/// A number of words of 4 octets, from the start of the page.
pub(crate) type Word = u32;

/// A run of equal records: the word where it starts, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: Word,
    pub(crate) count: u32,
}

/// A list of accounts: numbers of the page's own ones, and ids of others as a list of texts, both sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accounts {
    pub(crate) own: Run,
    pub(crate) others: Run,
}

/// Reads a page.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'p>(pub(crate) &'p [u8]);

impl<'p> Bytes<'p> {
    /// Reads the word at `word`.
    #[inline]
    pub(crate) fn word(self, word: Word) -> Read<u32> {
        let at = word as usize * 4;
        match self.0.get(at..at + 4) {
            Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
            _ => Err(Damaged),
        }
    }

    /// The first octet of a word.
    #[inline(always)]
    pub(crate) fn place(self, word: Word) -> Read<&'p u8> {
        self.0.get(word as usize * 4).ok_or(Damaged)
    }

    /// Reads the two words at `word` as one unsigned number.
    #[inline]
    pub(crate) fn double(self, word: Word) -> Read<u64> {
        Ok(self.words::<8>(word)?.double::<0>())
    }

    /// Reads the words from `word` on that `N` octets are.
    #[inline]
    pub(crate) fn words<const N: usize>(self, word: Word) -> Read<Words<'p, N>> {
        let from = self.0.get(word as usize * 4..).ok_or(Damaged)?;
        from.first_chunk().map(Words).ok_or(Damaged)
    }

    /// Reads `length` octets, `skip` octets behind the start of `word`.
    #[inline]
    pub(crate) fn octets(self, word: Word, skip: usize, length: usize) -> Read<&'p [u8]> {
        let start = word as usize * 4 + skip;
        self.0.get(start..start + length).ok_or(Damaged)
    }
}

/// Words that are known to be there, `N` octets of them: what is read of them needs no further check.
#[derive(Clone, Copy)]
pub(crate) struct Words<'p, const N: usize>(&'p [u8; N]);

impl<const N: usize> Words<'_, N> {
    /// The word number `AT`.
    #[inline]
    pub(crate) fn word<const AT: usize>(self) -> u32 {
        const { assert!(4 * AT + 4 <= N, "a record has no word behind its last one") };
        match self.0.get(4 * AT..4 * AT + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    /// The two words from number `AT` on, as one unsigned number.
    #[inline]
    pub(crate) fn double<const AT: usize>(self) -> u64 {
        const { assert!(4 * AT + 8 <= N, "a record has no word behind its last one") };
        match self.0.get(4 * AT..4 * AT + 8) {
            Some(&[a, b, c, d, e, f, g, h]) => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => 0,
        }
    }

    /// The two words from number `AT` on, as seconds.
    #[inline]
    pub(crate) fn seconds<const AT: usize>(self) -> i64 {
        i64::from_le_bytes(self.double::<AT>().to_le_bytes())
    }

    /// The four words from number `AT` on, as one unsigned number.
    #[inline]
    pub(crate) fn quad<const AT: usize>(self) -> u128 {
        const { assert!(4 * AT + 16 <= N, "a record has no word behind its last one") };
        match self.0.get(4 * AT..).and_then(<[u8]>::first_chunk) {
            Some(octets) => u128::from_le_bytes(*octets),
            None => 0,
        }
    }

    /// The run described from word number `AT` on.
    #[inline]
    pub(crate) fn run<const AT: usize>(self) -> Run {
        run(self.double::<AT>())
    }

    /// The list of accounts described from word number `AT` on.
    #[inline]
    pub(crate) fn accounts<const AT: usize>(self) -> Accounts {
        const { assert!(4 * AT + 16 <= N, "a record has no word behind its last one") };
        #[expect(clippy::cast_possible_truncation, reason = "the low half, then the high half")]
        let (own, others) = {
            let quad = self.quad::<AT>();
            (run(quad as u64), run((quad >> 64) as u64))
        };
        Accounts { own, others }
    }
}

/// Two words as a run: where it starts, and how many there are.
#[expect(clippy::cast_possible_truncation, reason = "the low half, then the high half")]
const fn run(words: u64) -> Run {
    Run { start: words as u32, count: (words >> 32) as u32 }
}

/// Writes a page.
#[derive(Default)]
pub(crate) struct Writer {
    octets: Vec<u8>,
    /// The octets that stand before the first word and are none of it, a multiple of four.
    before: usize,
}

impl Writer {
    /// Begins a page behind others, which end at a word.
    pub(crate) fn behind(pages: Vec<u8>) -> Self {
        let before = pages.len();
        Self { octets: pages, before }
    }

    /// Asks for memory for about as many octets.
    pub(crate) fn expect(&mut self, octets: usize) {
        self.octets.reserve(octets);
    }

    /// Appends a word.
    #[inline]
    pub(crate) fn word(&mut self, value: u32) {
        self.octets.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends words.
    #[inline]
    pub(crate) fn words<const N: usize>(&mut self, values: [u32; N]) {
        self.octets.extend_from_slice(values.map(u32::to_le_bytes).as_flattened());
    }

    /// Appends seconds, as two words.
    pub(crate) fn seconds(&mut self, value: i64) {
        self.octets.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends four words.
    pub(crate) fn quad(&mut self, value: u128) {
        self.octets.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends a run, as two words.
    pub(crate) fn run(&mut self, run: Run) {
        self.words([run.start, run.count]);
    }

    /// Appends octets, one text behind the other, filled up to a word; returns where they start.
    pub(crate) fn octets(&mut self, texts: &[&[u8]]) -> Word {
        let start = self.here();
        texts.iter().for_each(|text| self.octets.extend_from_slice(text));
        // A fixed number of zeros, of which what is too much goes again, is written faster than as many as it takes.
        let end = self.octets.len().next_multiple_of(4);
        self.octets.extend_from_slice(&[0; 4]);
        self.octets.truncate(end);
        start
    }

    /// Appends zeros up to a multiple of `octets`.
    pub(crate) fn fill(&mut self, octets: usize) {
        let length = (self.octets.len() - self.before).next_multiple_of(octets);
        self.octets.resize(self.before + length, 0);
    }

    /// Appends the rows of a list of texts, and then the texts.
    pub(crate) fn texts(&mut self, texts: &[&[u8]]) -> Run {
        let start = self.here();
        let mut at = start + 2 * small(texts.len());
        for text in texts {
            self.words([at, small(text.len())]);
            at += small(text.len().div_ceil(4));
        }
        for text in texts {
            self.octets(&[text]);
        }
        Run { start, count: small(texts.len()) }
    }

    /// Returns the word that will be written next.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is longer is refused by `finish`, or by who builds an image"
    )]
    pub(crate) fn here(&self) -> Word {
        ((self.octets.len() - self.before) / 4) as Word
    }

    /// Appends `count` words of zero and returns where they start.
    pub(crate) fn reserve(&mut self, count: u32) -> Word {
        let start = self.here();
        self.octets.resize(self.octets.len() + 4 * count as usize, 0);
        start
    }

    /// Writes over words that were reserved.
    #[inline]
    pub(crate) fn set<const N: usize>(&mut self, word: Word, values: [u32; N]) {
        if let Some(slot) = self.written(word).get_mut(..4 * N) {
            slot.copy_from_slice(values.map(u32::to_le_bytes).as_flattened());
        }
    }

    /// Returns the octets from a word on, to be written over.
    pub(crate) fn written(&mut self, word: Word) -> &mut [u8] {
        self.octets.get_mut(self.before + 4 * word as usize..).unwrap_or_default()
    }

    /// Returns the octets so far.
    pub(crate) fn so_far(&self) -> &[u8] {
        self.octets.get(self.before..).unwrap_or_default()
    }

    /// Returns what identifies the content so far, as four words.
    pub(crate) fn digest(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        hasher.write(self.so_far());
        hasher.finish128().as_u128()
    }

    /// Ends the page, and returns it behind those before; `None` when it does not fit into 4 GiB.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        u32::try_from(self.octets.len() - self.before).ok()?;
        Some(self.octets)
    }
}

/// The octets that a processor loads at once. Where they are others, that costs time and nothing else.
pub(crate) const LINE: usize = 64;

/// Octets that begin where a line of memory does, as those of a mapped file do, if the allocator left them where they were.
pub(crate) struct Aligned {
    octets: Vec<u8>,
    before: usize,
}

impl Aligned {
    /// So many octets of zero.
    pub(crate) fn zeroed(count: usize) -> Self {
        let mut octets = alloc::vec![0_u8; LINE + count];
        // Where an allocator begins nothing at a multiple of four, there is none to be had.
        let before = Some(octets.as_ptr().align_offset(LINE)).filter(|before| *before < LINE && before % 4 == 0);
        let before = before.unwrap_or_default();
        octets.truncate(before + count);
        Self { octets, before }
    }

    /// The octets, to be written over.
    pub(crate) fn octets(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.before..).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Aligned {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.octets.get(self.before..).unwrap_or_default()
    }
}

/// The words of a number of four.
#[expect(clippy::cast_possible_truncation, reason = "a word after the other")]
pub(crate) const fn words_of(value: u128) -> [u32; 4] {
    [value as u32, (value >> 32) as u32, (value >> 64) as u32, (value >> 96) as u32]
}

/// A length as a word; `finish` refuses pages in which one would not fit.
pub(crate) fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
