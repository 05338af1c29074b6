//! Which right word a wrong one was meant to be.

use alloc::vec::Vec;

/// Returns the word of `words` that is nearest to `wrong`, if it is near: at most a third of its letters differ.
pub(super) fn nearest<'a>(wrong: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
    if wrong.len() > LONGEST {
        return None;
    }
    words
        .filter(|word| word.chars().count().abs_diff(wrong.len()) <= tolerance(word))
        .map(|word| (distance(&wrong, word), word))
        .filter(|&(distance, word)| distance <= tolerance(word))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, word)| word)
}

fn tolerance(word: &str) -> usize {
    word.chars().count().div_ceil(3)
}

/// Counts the letters to insert, delete, replace or swap with the next one (optimal string alignment).
fn distance(wrong: &[char], right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &letter) in wrong.iter().enumerate() {
        let mut current = Vec::with_capacity(right.len() + 1);
        current.push(row + 1);
        for (column, &other) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&last, column) + usize::from(letter != other);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = row > 0 && column > 0 && wrong.get(row - 1) == Some(&other);
            if swapped && right.get(column - 1) == Some(&letter) {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            current.push(best);
        }
        before_last = core::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(wrong.len())
}

/// No key is longer.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_word_that_was_meant() {
        let words = ["address", "address_assigned", "allowlist", "id", "identity", "deny"];
        for (wrong, right) in [
            ("adress", Some("address")),
            ("Address", Some("address")),
            ("identities", Some("identity")),
            ("allow_list", Some("allowlist")),
            ("dney", Some("deny")),
            ("iD", Some("id")),
            ("password", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, words.into_iter()), right, "{wrong}");
        }
    }

    #[test]
    fn a_hostile_length_costs_nothing() {
        assert_eq!(nearest(&"a".repeat(1 << 20), ["address"].into_iter()), None);
    }
}
