//! Pages in the order in which they come, to be written in that of their ids.
//!
//! They are collected in runs, each of which is sorted once it is full. The image is then written from its end, and a run gives its
//! memory back from its end as well, so that all pages but those of the last run are there once at any time, whatever order they came in.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;
use core::ops::Range;

use super::ids::Starts;
use crate::snapshot::layout::{Damaged, Read, small};
use crate::snapshot::page::PageView;
use crate::snapshot::root::UNIT;

/// Pages, each by its number among those that came.
pub(super) struct Runs {
    /// The octets of a run, if no page is larger and there are more of them than these.
    most: usize,
    full: Vec<Vec<u8>>,
    /// The octets of full runs.
    closed: usize,
    /// The last run, and the number of the first page in it.
    open: Vec<u8>,
    first: usize,
    places: Vec<Place>,
    starts: Starts,
    /// The numbers of the pages in full runs, each run in the order of ids.
    sorted: Vec<u32>,
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
    pub(super) fn of(most: usize) -> Self {
        Self {
            most,
            full: Vec::new(),
            closed: 0,
            open: Vec::new(),
            first: 0,
            places: Vec::new(),
            starts: Starts::default(),
            sorted: Vec::new(),
        }
    }

    /// Takes the next page.
    pub(super) fn push(&mut self, page: &[u8]) -> Read<()> {
        // One that was forged would move all that stand behind it to where nobody looks for them.
        if page.len() % UNIT != 0 {
            return Err(Damaged);
        }
        // Few pages stand in short runs, or most of them would stand in the last one, which gives nothing back.
        let most = if self.closed < self.most { self.most / SHORT } else { self.most };
        if !self.open.is_empty() && self.open.len() + page.len() > most {
            self.close()?;
        }
        self.starts.push(PageView::new(page)?.head().id()?);
        let [start, units] = [self.open.len(), page.len()].map(|octets| small(octets / UNIT));
        self.places.push(Place { run: small(self.full.len()), start, units });
        self.open.extend_from_slice(page);
        Ok(())
    }

    /// The octets of all pages.
    pub(super) fn octets(&self) -> usize {
        self.closed + self.open.len()
    }

    /// Ends a full run: its pages are put in order, and its memory serves the next one.
    fn close(&mut self) -> Read<()> {
        let order = self.order_of_open()?;
        let mut run = Vec::with_capacity(self.open.len());
        for &number in &order {
            let place = self.places.get_mut(number as usize).ok_or(Damaged)?;
            let page = place.octets(&self.open)?;
            place.start = small(run.len() / UNIT);
            run.extend_from_slice(page);
        }
        self.closed += run.len();
        self.full.push(run);
        self.open.clear();
        self.open.shrink_to(self.most);
        self.first = self.places.len();
        self.sorted.extend(order);
        Ok(())
    }

    /// The numbers of the pages in the last run, in the order of their ids.
    fn order_of_open(&mut self) -> Read<Vec<u32>> {
        let numbers = self.first..self.places.len();
        self.renew(numbers.clone())?;
        let mut order = self.by_start(small(numbers.start)..small(numbers.end));
        order.sort_unstable_by(|one, other| self.in_order(one, other));
        Ok(order.into_iter().map(|(_, number)| number).collect())
    }

    /// The numbers of all pages in the order of their ids, and the units before each of them.
    pub(super) fn order(&mut self) -> Read<(Vec<u32>, Vec<u32>)> {
        // The last run stays as it is, and whole to the end: it is not there twice.
        let last = self.order_of_open()?;
        self.sorted.extend(last);
        self.renew(0..self.places.len())?;
        let sorted = mem::take(&mut self.sorted);
        let mut order = self.by_start(sorted);
        // One that finds what is in order already.
        order.sort_by(|one, other| self.in_order(one, other));
        let order: Vec<u32> = order.into_iter().map(|(_, number)| number).collect();
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
                // Not so often that an allocator that moves what it shortens would move much.
                if run.capacity() - run.len() > SLACK.max(run.capacity() / 8) {
                    run.shrink_to_fit();
                }
            }
        }
        Ok(())
    }

    /// The id of the page with this number.
    fn id(&self, number: u32) -> Read<&[u8]> {
        let place = self.places.get(number as usize).ok_or(Damaged)?;
        let page = place.octets(self.full.get(place.run as usize).unwrap_or(&self.open))?;
        PageView::new(page)?.head().id()
    }

    /// Sees to it that the starts of some pages' ids can be compared.
    fn renew(&mut self, numbers: Range<usize>) -> Read<()> {
        let mut starts = mem::take(&mut self.starts);
        let renewed = starts.renew(numbers, |number| self.id(small(number)));
        self.starts = starts;
        renewed
    }

    fn by_start(&self, numbers: impl IntoIterator<Item = u32>) -> Vec<(u128, u32)> {
        numbers.into_iter().map(|number| (self.starts.of(number), number)).collect()
    }

    /// The order of two pages by their ids.
    fn in_order(&self, one: &(u128, u32), other: &(u128, u32)) -> Ordering {
        let id = |number: u32| self.id(number).unwrap_or_default();
        one.0.cmp(&other.0).then_with(|| id(one.1).cmp(id(other.1)))
    }
}

impl Place {
    fn octets(self, run: &[u8]) -> Read<&[u8]> {
        let start = self.start as usize * UNIT;
        run.get(start..start + self.units as usize * UNIT).ok_or(Damaged)
    }
}

/// The octets of a run of a snapshot: so many that an allocator asks the system for them, and gives back what a run is shortened by.
pub(super) const RUN: usize = 32 << 20;
/// Until there is as much as a run, so many stand for one.
const SHORT: usize = 32;
/// As much of a run is kept, although it is not needed any more.
const SLACK: usize = 64 << 10;

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
