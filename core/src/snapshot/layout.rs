//! The one place where the bytes of a page are written and read.
//!
//! A page is a run of little-endian words followed by text. Everything read is bounds-checked: a
//! page that does not hold together answers [`Damaged`], never a panic and never a wrong value.

use alloc::vec::Vec;

/// The page does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

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

    /// Reads the two words at `word` as one unsigned number.
    #[inline]
    pub(crate) fn double(self, word: Word) -> Read<u64> {
        let at = word as usize * 4;
        match self.0.get(at..at + 8) {
            Some(&[a, b, c, d, e, f, g, h]) => Ok(u64::from_le_bytes([a, b, c, d, e, f, g, h])),
            _ => Err(Damaged),
        }
    }

    /// Reads the two words at `word` as seconds.
    #[inline]
    pub(crate) fn seconds(self, word: Word) -> Read<i64> {
        Ok(i64::from_le_bytes(self.double(word)?.to_le_bytes()))
    }

    /// Reads the four words at `word` as one unsigned number.
    pub(crate) fn quad(self, word: Word) -> Read<u128> {
        Ok(u128::from(self.double(word)?) | u128::from(self.double(word.wrapping_add(2))?) << 64)
    }

    /// Reads the run described at `word`.
    #[inline]
    pub(crate) fn run(self, word: Word) -> Read<Run> {
        Ok(Run { start: self.word(word)?, count: self.word(word.wrapping_add(1))? })
    }

    /// Reads the text described at `word`: its offset in octets, and its length.
    #[inline]
    pub(crate) fn text(self, word: Word) -> Read<&'p [u8]> {
        let (start, length) = (self.word(word)? as usize, self.word(word.wrapping_add(1))? as usize);
        self.0.get(start..start + length).ok_or(Damaged)
    }
}

/// Writes a page: words first, text behind them.
#[derive(Default)]
pub(crate) struct Writer {
    words: Vec<u32>,
    text: Vec<u8>,
    /// Words that hold an offset into the text, to be moved when the words are complete.
    moved: Vec<usize>,
}

impl Writer {
    /// Appends a word.
    pub(crate) fn word(&mut self, value: u32) {
        self.words.push(value);
    }

    /// Appends two words.
    pub(crate) fn double(&mut self, value: u64) {
        let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
        self.words.push(u32::from_le_bytes([a, b, c, d]));
        self.words.push(u32::from_le_bytes([e, f, g, h]));
    }

    /// Appends seconds, as two words.
    pub(crate) fn seconds(&mut self, value: i64) {
        self.double(u64::from_le_bytes(value.to_le_bytes()));
    }

    /// Appends four words.
    pub(crate) fn quad(&mut self, value: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "the low half, then the high half")]
        let (low, high) = (value as u64, (value >> 64) as u64);
        self.double(low);
        self.double(high);
    }

    /// Appends a run, as two words.
    pub(crate) fn run(&mut self, run: Run) {
        self.word(run.start);
        self.word(run.count);
    }

    /// Appends text, as two words.
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.moved.push(self.words.len());
        self.words.push(small(self.text.len()));
        self.words.push(small(text.len()));
        self.text.extend_from_slice(text);
    }

    /// Returns the word that will be written next.
    pub(crate) fn here(&self) -> Word {
        small(self.words.len())
    }

    /// Appends `count` words of zero and returns where they start.
    pub(crate) fn reserve(&mut self, count: usize) -> Word {
        let start = self.here();
        self.words.resize(self.words.len() + count, 0);
        start
    }

    /// Writes runs, one after the other, over words that were reserved.
    pub(crate) fn set_runs(&mut self, word: Word, runs: &[Run]) {
        let words = runs.iter().flat_map(|run| [run.start, run.count]);
        for (slot, value) in self.words.iter_mut().skip(word as usize).zip(words) {
            *slot = value;
        }
    }

    /// Returns the words so far; text offsets in them are not yet final.
    pub(crate) fn words(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Ends the page; `None` when it would not fit into 4 GiB.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        let text_start = self.words.len().checked_mul(4)?;
        u32::try_from(text_start.checked_add(self.text.len())?).ok()?;
        for at in self.moved {
            if let Some(slot) = self.words.get_mut(at) {
                *slot += small(text_start);
            }
        }
        let mut bytes = Vec::with_capacity(text_start + self.text.len());
        for word in self.words {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.text);
        Some(bytes)
    }
}

/// A length as a word; `finish` refuses pages in which one would not fit.
pub(crate) fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
