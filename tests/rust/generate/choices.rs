//! Choices read from octets.

/// Reads choices from octets; when they run out, every further choice is the first one.
#[derive(Clone, Debug)]
pub struct Choices<'a> {
    octets: &'a [u8],
    calm: bool,
}

impl<'a> Choices<'a> {
    /// Starts at the first octet, which says whether mishaps are rare: they are in three of four cases.
    #[must_use]
    pub fn new(octets: &'a [u8]) -> Self {
        match octets.split_first() {
            Some((first, rest)) => Self { octets: rest, calm: first % 4 != 3 },
            None => Self { octets, calm: true },
        }
    }

    /// A number below `end`, which is not 0 and at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        match self.octets.split_first() {
            Some((&first, rest)) => {
                self.octets = rest;
                usize::from(first) % end
            }
            None => 0,
        }
    }

    /// True in about `sixteenths` of 16 cases.
    pub fn chance(&mut self, sixteenths: usize) -> bool {
        self.below(16) >= 16 - sixteenths
    }

    /// True in about `sixteenths` of 16 cases, and in far fewer where mishaps are rare: what mostly makes a request fail.
    pub fn mishap(&mut self, sixteenths: usize) -> bool {
        self.chance(sixteenths) && (!self.calm || self.chance(1))
    }

    /// One of the list, which is not empty.
    pub fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// A few of the list, in its order, none twice.
    pub fn some<T: Clone>(&mut self, list: &[T], sixteenths: usize) -> Vec<T> {
        list.iter().filter(|_| self.chance(sixteenths)).cloned().collect()
    }

    /// What `make` gives, in about `sixteenths` of 16 cases.
    pub fn maybe<T>(&mut self, sixteenths: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(sixteenths).then(|| make(self))
    }

    /// From `least` to `most` of what `make` gives.
    pub fn several<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| make(self)).collect()
    }
}
