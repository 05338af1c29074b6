//! What stood in a list so far, for all that refuse an element that stands there again.

use alloc::collections::BTreeSet;

use smallvec::SmallVec;

/// Tells what stands in a list again. Most lists are short: their elements are compared faster than they are entered anywhere.
pub(crate) struct Distinct<T> {
    few: SmallVec<[T; FEW]>,
    /// All of them, once they are more.
    many: BTreeSet<T>,
}

impl<T: Ord> Distinct<T> {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { few: SmallVec::new(), many: BTreeSet::new() }
    }

    /// Takes the next element; tells whether it stands here for the first time.
    pub(crate) fn is_new(&mut self, element: T) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(element);
        }
        if self.few.contains(&element) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(element);
            return true;
        }
        self.many.extend(self.few.drain(..));
        self.many.insert(element)
    }
}

/// As many are compared one by one.
const FEW: usize = 8;

#[cfg(test)]
mod tests {
    use super::{Distinct, FEW};

    #[test]
    fn what_stands_again_is_told_in_short_lists_and_in_long_ones() {
        let mut distinct = Distinct::new();
        for round in 0..3 {
            for element in 0..=2 * FEW {
                assert_eq!(distinct.is_new(element), round == 0, "{element} in round {round}");
                assert!(!distinct.is_new(element / 2));
            }
        }
    }
}
