//! Words that a table of core's has, and columns of them.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};

use crate::octets::{end, nulls};
use crate::wrong::Wrong;

/// The words of a table, by their numbers.
pub(crate) struct Words(Vec<Word>);

/// A word with room behind it, so that as many octets are copied of each.
#[derive(Clone)]
struct Word {
    octets: [u8; WIDTH],
    length: usize,
}

impl Words {
    /// Takes the words of a table.
    pub(crate) fn new<T: Copy>(all: &[T], number: impl Fn(T) -> u8, name: impl Fn(T) -> &'static str) -> Self {
        let last = all.iter().map(|word| usize::from(number(*word))).max().unwrap_or_default();
        let mut words = vec![Word { octets: [0; WIDTH], length: 0 }; last + 1];
        for &word in all {
            let name = name(word).as_bytes();
            let Word { octets, length } = &mut words[usize::from(number(word))];
            octets[..name.len()].copy_from_slice(name);
            *length = name.len();
        }
        Self(words)
    }

    /// Returns a column of these words, or of none where the number is [`NONE`].
    pub(crate) fn column(&self, numbers: &[u8]) -> Result<ArrayRef, Wrong> {
        let word = |number: u8| self.0.get(usize::from(number));
        let length: usize = numbers.iter().map(|number| word(*number).map_or(0, |word| word.length)).sum();
        let mut octets = vec![0; length + WIDTH];
        let mut ends = Vec::with_capacity(numbers.len() + 1);
        ends.push(0);
        let mut at = 0;
        ends.extend(numbers.iter().map(|number| {
            if let (Some(word), Some(room)) = (word(*number), octets.get_mut(at..at + WIDTH)) {
                room.copy_from_slice(&word.octets);
                at += word.length;
            }
            end(at)
        }));
        octets.truncate(length);
        let nulls = if numbers.contains(&NONE) { nulls(numbers.iter().map(|number| *number != NONE)) } else { None };
        Ok(Arc::new(StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(ends)), octets.into(), nulls)?))
    }
}

/// The number that stands for no word; no table has so many.
pub(crate) const NONE: u8 = u8::MAX;

/// No word is longer, which a test holds.
pub(crate) const WIDTH: usize = 32;

#[cfg(test)]
mod tests {
    use sendas::{Action, Basis, Reason, Stage, Subject, Verdict};

    use super::*;

    #[test]
    fn every_word_has_room_and_a_number() {
        let reasons = Reason::ALL.iter().map(|reason| (*reason as u8, reason.slug()));
        let bases = Basis::ALL.iter().map(|basis| (*basis as u8, basis.name()));
        let subjects = Subject::ALL.iter().map(|subject| (*subject as u8, subject.name()));
        let stages = Stage::ALL.iter().map(|stage| (*stage as u8, stage.name()));
        let actions = Action::ALL.iter().map(|action| (*action as u8, action.name()));
        let verdicts = Verdict::ALL.iter().map(|verdict| (*verdict as u8, verdict.name()));
        for (number, name) in reasons.chain(bases).chain(subjects).chain(stages).chain(actions).chain(verdicts) {
            assert!(number < NONE && (1..=WIDTH).contains(&name.len()), "{name}");
        }
    }
}
