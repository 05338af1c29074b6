//! The ids of many pages, as far as they tell their order at little cost.

use alloc::vec::Vec;
use core::ops::Range;

use crate::snapshot::layout::Read;

/// Of the id of each page the first octets behind what all ids begin with, as a number that sorts as they do: few ids have the same.
#[derive(Default)]
pub(super) struct Starts {
    /// What all ids begin with.
    common: Vec<u8>,
    starts: Vec<u128>,
    /// So many of them were taken when all ids had more in common.
    stale: usize,
}

impl Starts {
    /// Takes the id of the next page.
    pub(super) fn push(&mut self, id: &[u8]) {
        if self.starts.is_empty() {
            self.common.extend_from_slice(id);
        } else if !id.starts_with(&self.common) {
            let alike = id.iter().zip(&self.common).take_while(|(one, other)| one == other).count();
            self.common.truncate(alike);
            self.stale = self.starts.len();
        }
        self.starts.push(self.start(id));
    }

    /// Takes the starts of some pages anew that cannot be compared with those behind them.
    pub(super) fn renew<'i>(&mut self, numbers: Range<usize>, id: impl Fn(usize) -> Read<&'i [u8]>) -> Read<()> {
        for number in numbers.start..numbers.end.min(self.stale) {
            let start = self.start(id(number)?);
            if let Some(slot) = self.starts.get_mut(number) {
                *slot = start;
            }
        }
        if numbers.end >= self.stale {
            self.stale = self.stale.min(numbers.start);
        }
        Ok(())
    }

    /// The start of the id of the page with this number.
    pub(super) fn of(&self, number: u32) -> u128 {
        self.starts.get(number as usize).copied().unwrap_or_default()
    }

    fn start(&self, id: &[u8]) -> u128 {
        let mut start = [0; 16];
        let rest = id.get(self.common.len()..).unwrap_or_default();
        start.iter_mut().zip(rest).for_each(|(slot, octet)| *slot = *octet);
        u128::from_be_bytes(start)
    }
}

#[cfg(test)]
mod tests {
    use super::Starts;

    #[test]
    fn starts_sort_as_their_ids_do_once_they_are_renewed() {
        let ids: [&[u8]; 7] = [b"tenant-10", b"tenant-1", b"tenant-2", b"tenant-1a", b"ten", b"u", b""];
        for count in 1..=ids.len() {
            let mut starts = Starts::default();
            ids[..count].iter().for_each(|id| starts.push(id));
            // What comes last first, as the last run is, and then all.
            for first in [count / 2, 0] {
                starts.renew(first..count, |number| Ok(ids[number])).expect("ids that are there");
                for one in first..count {
                    for other in first..count {
                        let [a, b] = [one, other].map(|number| starts.of(number.try_into().expect("a number")));
                        // No two of these differ in zeros alone.
                        assert_eq!(a.cmp(&b), ids[one].cmp(ids[other]), "{one} and {other} of {count}");
                    }
                }
            }
        }
    }
}
