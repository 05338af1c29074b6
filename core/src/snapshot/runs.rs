//! Pages in the order in which they come, to be written in that of their ids.
//!
//! They are collected in runs, each of which is sorted once it is full. The image is then written from its end, and a run gives its
//! memory back from its end as well, so that all pages are there once at any time, but for one run, whatever order they came in.

use alloc::collections::BinaryHeap;
use alloc::collections::binary_heap::PeekMut;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use core::{mem, slice};

use super::layout::{Damaged, Read, small};
use super::page::PageView;
use super::root::UNIT;

/// Pages, each by its number among those that came.
pub(super) struct Runs {
    /// The octets of a run, if no page is larger.
    most: usize,
    full: Vec<Vec<u8>>,
    /// The last run, and the number of the first page in it.
    open: Vec<u8>,
    first: usize,
    places: Vec<Place>,
    /// The numbers of the pages in full runs, each run in the order of ids, and where each run ends in these.
    sorted: Vec<u32>,
    ends: Vec<usize>,
}

/// Where a page stands, in units of [`UNIT`] octets.
#[derive(Clone, Copy)]
struct Place {
    run: u32,
    start: u32,
    units: u32,
}

impl Runs {
    /// No pages yet; a run has at most so many octets.
    pub(super) const fn of(most: usize) -> Self {
        Self {
            most,
            full: Vec::new(),
            open: Vec::new(),
            first: 0,
            places: Vec::new(),
            sorted: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Takes the next page.
    pub(super) fn push(&mut self, page: &[u8]) -> Read<()> {
        if !self.open.is_empty() && self.open.len() + page.len() > self.most {
            self.close()?;
            self.open = Vec::with_capacity(self.most);
        }
        let [start, units] = [self.open.len(), page.len()].map(|octets| small(octets / UNIT));
        self.places.push(Place { run: small(self.full.len()), start, units });
        self.open.extend_from_slice(page);
        Ok(())
    }

    /// The octets of all pages.
    pub(super) fn octets(&self) -> usize {
        self.full.iter().map(Vec::len).sum::<usize>() + self.open.len()
    }

    /// Ends a full run: its pages are put in order.
    fn close(&mut self) -> Read<()> {
        let order = self.order_of_open()?;
        let mut run = mem::take(&mut self.open);
        if !order.is_sorted() {
            let mut sorted = Vec::with_capacity(self.most.max(run.len()));
            for &number in &order {
                let place = self.places.get_mut(number as usize).ok_or(Damaged)?;
                let page = place.octets(&run)?;
                place.start = small(sorted.len() / UNIT);
                sorted.extend_from_slice(page);
            }
            run = sorted;
        }
        self.full.push(run);
        self.first = self.places.len();
        self.sorted.extend(order);
        self.ends.push(self.sorted.len());
        Ok(())
    }

    /// The numbers of the pages in the last run, in the order of their ids.
    fn order_of_open(&self) -> Read<Vec<u32>> {
        let mut order: Vec<u32> = (small(self.first)..small(self.places.len())).collect();
        self.sort(&mut order)?;
        Ok(order)
    }

    /// The id of the page with this number.
    fn id(&self, number: u32) -> Read<&[u8]> {
        let place = self.places.get(number as usize).ok_or(Damaged)?;
        let page = place.octets(self.full.get(place.run as usize).unwrap_or(&self.open))?;
        PageView::new(page)?.head().id()
    }

    /// The numbers of all pages in the order of their ids, and the units before each of them.
    pub(super) fn order(&mut self) -> Read<(Vec<u32>, Vec<u32>)> {
        // The last run stays as it is, and whole to the end: it is not there twice.
        let last = self.order_of_open()?;
        self.sorted.extend(last);
        self.ends.push(self.sorted.len());
        let order = if self.full.is_empty() { mem::take(&mut self.sorted) } else { self.merged()? };
        let (mut starts, mut at) = (Vec::with_capacity(order.len()), 0_u32);
        for &number in &order {
            starts.push(at);
            at = at.saturating_add(self.places.get(number as usize).ok_or(Damaged)?.units);
        }
        Ok((order, starts))
    }

    /// Writes the pages in this order, whose octets are those of all of them.
    pub(super) fn write(mut self, order: &[u32], octets: &mut [u8]) -> Read<()> {
        let mut end = octets.len();
        for &number in order.iter().rev() {
            let place = self.places.get(number as usize).ok_or(Damaged)?;
            let mut run = self.full.get_mut(place.run as usize);
            let page = place.octets(run.as_deref().unwrap_or(&self.open))?;
            let start = end.checked_sub(page.len()).ok_or(Damaged)?;
            octets.get_mut(start..end).ok_or(Damaged)?.copy_from_slice(page);
            end = start;
            if let Some(run) = &mut run {
                run.truncate(place.start as usize * UNIT);
                if run.capacity() - run.len() > SLACK {
                    run.shrink_to_fit();
                }
            }
        }
        Ok(())
    }

    /// Sorts the numbers of pages by their ids.
    fn sort(&self, numbers: &mut [u32]) -> Read<()> {
        let mut keyed = Vec::with_capacity(numbers.len());
        let common = self.common(numbers)?;
        for &number in &*numbers {
            keyed.push(Keyed::of(self.id(number)?, common, number));
        }
        keyed.sort_unstable();
        numbers.iter_mut().zip(keyed).for_each(|(slot, keyed)| *slot = keyed.number);
        Ok(())
    }

    /// The numbers of all pages by their ids: those of the runs, each of which is sorted.
    fn merged(&mut self) -> Read<Vec<u32>> {
        let (sorted, ends) = (mem::take(&mut self.sorted), mem::take(&mut self.ends));
        let common = self.common(&sorted)?;
        let keyed = |number: u32| Ok(Keyed::of(self.id(number)?, common, number));
        let mut runs = BinaryHeap::with_capacity(ends.len());
        let mut start = 0;
        for end in ends {
            let mut rest = sorted.get(start..end).ok_or(Damaged)?.iter();
            if let Some(&first) = rest.next() {
                runs.push(Reverse(Merging { next: keyed(first)?, rest }));
            }
            start = end;
        }
        let mut order = Vec::with_capacity(sorted.len());
        while let Some(mut run) = runs.peek_mut() {
            let Reverse(Merging { next, rest }) = &mut *run;
            order.push(next.number);
            match rest.next() {
                Some(&number) => *next = keyed(number)?,
                None => drop(PeekMut::pop(run)),
            }
        }
        Ok(order)
    }

    /// How many octets all ids of some pages begin with.
    fn common(&self, numbers: &[u32]) -> Read<usize> {
        let Some((&first, others)) = numbers.split_first() else { return Ok(0) };
        let mut common = self.id(first)?;
        for &number in others {
            let id = self.id(number)?;
            if !id.starts_with(common) {
                let alike = id.iter().zip(common).take_while(|(one, other)| one == other).count();
                common = common.get(..alike).unwrap_or_default();
            }
        }
        Ok(common.len())
    }
}

/// A page by its id: what all ids begin with is left out, and of the rest the first octets are compared as a number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Keyed<'r> {
    start: u128,
    rest: &'r [u8],
    number: u32,
}

/// The rest of a run that is being merged with others.
struct Merging<'r> {
    next: Keyed<'r>,
    rest: slice::Iter<'r, u32>,
}

impl<'r> Keyed<'r> {
    fn of(id: &'r [u8], common: usize, number: u32) -> Self {
        let rest = id.get(common..).unwrap_or_default();
        let mut start = [0; 16];
        start.iter_mut().zip(rest).for_each(|(slot, octet)| *slot = *octet);
        Self { start: u128::from_be_bytes(start), rest, number }
    }
}

impl Ord for Merging<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.next.cmp(&other.next)
    }
}

impl PartialOrd for Merging<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Merging<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.next == other.next
    }
}

impl Eq for Merging<'_> {}

impl Place {
    fn octets(self, run: &[u8]) -> Read<&[u8]> {
        let start = self.start as usize * UNIT;
        run.get(start..start + self.units as usize * UNIT).ok_or(Damaged)
    }
}

/// The octets of a run of a snapshot: so many that an allocator asks the system for them, and gives back what a run is shortened by.
pub(super) const RUN: usize = 32 << 20;
/// As much of a run is kept, although it is not needed any more.
const SLACK: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::Runs;
    use crate::compile::compile_tenant;
    use crate::options::HashKey;
    use crate::policy::{Entries, Tenant};
    use crate::snapshot::hash::Hasher;
    use crate::snapshot::root::UNIT;

    #[test]
    fn pages_stand_in_the_order_of_their_ids_whatever_order_they_came_in() {
        let hasher = Hasher::new(&HashKey([7; 16]));
        let ids = (0..200).map(|number| format!("a-long-common-beginning-{}", number * 37 % 200));
        let page =
            |tenant: &Tenant| compile_tenant(tenant, &Entries::of(tenant), &hasher, Vec::new()).expect("a small page");
        let mut pages: Vec<_> = ids.map(|id| (id.clone(), page(&Tenant::new(id)))).collect();
        for most in [1, 1000, 5000, 1 << 20] {
            let mut runs = Runs::of(most);
            pages.iter().for_each(|(_, page)| runs.push(page).expect("a whole page"));
            let (order, starts) = runs.order().expect("whole pages");
            let mut octets = std::vec![0; runs.octets()];
            runs.write(&order, &mut octets).expect("whole pages");
            pages.sort();
            let sorted: Vec<u8> = pages.iter().flat_map(|(_, page)| page.clone()).collect();
            assert_eq!(octets, sorted, "runs of {most} octets");
            let mut at = 0;
            for ((_, page), start) in pages.iter().zip(&starts) {
                assert_eq!(*start as usize * UNIT, at);
                at += page.len();
            }
            assert_eq!(starts.len(), pages.len());
            pages.rotate_left(77);
        }
    }
}
