//! How records of a page are declared and read.

use super::layout::{Bytes, Read, Run, Word, Words};

/// A record of a page.
pub(crate) trait Row<'p>: Copy {
    /// The number of its words, but for texts behind them.
    const WORDS: u32;

    /// The record at a word.
    fn at(bytes: Bytes<'p>, word: Word) -> Read<Self>;

    /// The record with this number within a run of records without texts behind them.
    #[inline]
    fn nth(bytes: Bytes<'p>, run: Run, number: u32) -> Read<Self> {
        Self::at(bytes, run.start.wrapping_add(number.wrapping_mul(Self::WORDS)))
    }
}

/// The words of a record, and where they stand.
#[derive(Clone, Copy)]
pub(crate) struct Standing<'p, const N: usize> {
    pub(super) bytes: Bytes<'p>,
    pub(super) words: Words<'p, N>,
    /// The word where the record starts.
    pub(crate) word: Word,
}

/// Declares a record: the number of its words, and a reading method per member.
macro_rules! row {
    ($(#[doc = $doc:literal])+ $name:ident, $words:literal { $( $(#[doc = $mdoc:literal])+ $member:ident: $kind:ident at $at:literal; )+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy)]
        pub(crate) struct $name<'p>(pub(crate) Standing<'p, { $words * 4 }>);

        impl<'p> Row<'p> for $name<'p> {
            const WORDS: u32 = $words;

            #[inline]
            fn at(bytes: Bytes<'p>, word: Word) -> Read<Self> {
                Ok(Self(Standing { bytes, words: bytes.words(word)?, word }))
            }
        }

        impl<'p> $name<'p> {
            $( $(#[doc = $mdoc])+
            #[inline]
            pub(crate) fn $member(self) -> row!(@type $kind, 'p) {
                row!(@read $kind, self, $at)
            } )+
        }
    };
    (@type word, $p:lifetime) => { u32 };
    (@type seconds, $p:lifetime) => { i64 };
    (@type double, $p:lifetime) => { u64 };
    (@type quad, $p:lifetime) => { u128 };
    (@type run, $p:lifetime) => { Run };
    (@type accounts, $p:lifetime) => { Accounts };
    (@type text, $p:lifetime) => { Read<&$p [u8]> };
    (@read text, $row:ident, $at:literal) => {{
        let run = $row.0.words.run::<$at>();
        $row.0.bytes.octets(run.start, 0, run.count as usize)
    }};
    (@read $kind:ident, $row:ident, $at:literal) => { $row.0.words.$kind::<$at>() };
}
pub(super) use row;

/// A record with its texts behind it, so that records of a run have different lengths.
pub(crate) trait Record<'p>: Row<'p> {
    /// The number of words of the record, its texts included.
    fn size(self) -> u32;
}

/// The records of a run, one after the other; nothing behind one that cannot be read.
pub(crate) fn records<'p, R: Record<'p>>(bytes: Bytes<'p>, run: Run) -> impl Iterator<Item = Read<R>> {
    let (mut word, mut left) = (run.start, run.count);
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let record = R::at(bytes, word);
        match record {
            Ok(record) => word = word.wrapping_add(record.size()),
            Err(_) => left = 0,
        }
        Some(record)
    })
}
