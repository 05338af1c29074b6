//! What a changed snapshot has under one key of a table over all tenants, beside what is read of the image.
//!
//! Any number of records may have one key, and any number of those that the image has of it may be masked. So that no look-up passes by
//! all of these, each of them that is masked has the image's next round taken over: what of it still counts stands here, and look-ups read
//! the image from the round behind it on. What they pass by there is then at most a third of what they have read here before.

use smallvec::SmallVec;

use super::layout::Word;
use super::trie::Trie;

/// The entries under one key. A clone shares all but a few of them.
#[derive(Clone, Default)]
pub(super) struct Under {
    /// Most keys have no others.
    few: SmallVec<[Entry; FEW]>,
    /// The second words of others, by the number of their page.
    others: Trie<SmallVec<[Word; 4]>>,
    /// The first round of the image that was not taken over.
    round: u32,
}

/// The words of an entry: the number of the page, and what leads to a record of it.
pub(super) type Entry = [u32; 2];

impl Under {
    /// Adds the entries of a page.
    pub(super) fn add(&mut self, page: u32, words: impl ExactSizeIterator<Item = Word>) {
        if self.few.len() + words.len() <= FEW {
            self.few.extend(words.map(|word| [page, word]));
        } else {
            let mut all = self.others.get(page.into()).cloned().unwrap_or_default();
            all.extend(words);
            self.others.set(page.into(), all);
        }
    }

    /// Takes the entries of a page away.
    pub(super) fn take(&mut self, page: u32) {
        self.few.retain(|[of, _]| *of != page);
        self.others.remove(page.into());
    }

    /// The first round of the image that has to be read beside the entries.
    pub(super) const fn round(&self) -> u32 {
        self.round
    }

    /// Has the image be read from this round on.
    pub(super) fn set_round(&mut self, round: u32) {
        self.round = round;
    }

    /// Whether it is as if it were not there.
    pub(super) fn is_needless(&self) -> bool {
        self.few.is_empty() && self.others.is_empty() && self.round == 0
    }

    /// The entries.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries { under: self, at: 0, page: 0, words: &[] }
    }
}

/// See [`Under::entries`].
pub(super) struct Entries<'u> {
    under: &'u Under,
    /// How many of the few, and of the pages of the others, were returned.
    at: usize,
    /// The page of the others that is at hand, and what of it is left.
    page: u32,
    words: &'u [Word],
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let Under { few, others, .. } = self.under;
        if let Some(entry) = few.get(self.at) {
            self.at += 1;
            return Some(*entry);
        }
        while self.words.is_empty() {
            let last = (self.at > few.len()).then_some(self.page.into());
            let (page, words) = others.behind(last)?;
            self.at += 1;
            #[expect(clippy::cast_possible_truncation, reason = "the keys were made of numbers")]
            let page = page as u32;
            (self.page, self.words) = (page, words);
        }
        let (word, left) = self.words.split_first()?;
        self.words = left;
        Some([self.page, *word])
    }
}

/// As many stand together.
const FEW: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn has_what_was_added_and_not_taken_away() {
        let mut under = Under::default();
        let mut expected = BTreeSet::<Entry>::new();
        let mut versions = std::vec::Vec::new();
        for step in 0..600_u32 {
            // Pages that were added or not, of one entry up to ten.
            let page = step.wrapping_mul(2_654_435_761) >> 27;
            under.take(page);
            expected.retain(|[of, _]| *of != page);
            if step % 3 != 0 {
                let words = 0..=step % 10;
                under.add(page, words.clone().collect::<std::vec::Vec<_>>().into_iter());
                expected.extend(words.map(|word| [page, word]));
                // More rounds of the image may have entries of one page.
                if step % 5 == 0 {
                    under.add(page, [20, 21].into_iter());
                    expected.extend([20, 21].map(|word| [page, word]));
                }
            }
            assert_eq!(under.is_needless(), expected.is_empty());
            versions.push((under.clone(), expected.clone()));
        }
        for (under, expected) in versions {
            assert_eq!(under.entries().count(), expected.len());
            assert_eq!(under.entries().collect::<BTreeSet<_>>(), expected);
        }
        for page in 0..32 {
            under.take(page);
        }
        assert!(under.is_needless());
        under.set_round(1);
        assert!(!under.is_needless());
    }
}
