//! Pages in the order in which they come, to be written in that of their ids.
//!
//! They are collected in runs, each of which is sorted once it is full. The image is then written from its end, and a run gives its
//! memory back from its end as well, so that all pages are there once at any time, whatever order they came in.

use super::layout::{Damaged, LINE, Read, Writer, small};
use super::page::PageView;
use super::root::UNIT;
use alloc::vec::Vec;

/// Pages, each by its number among those that came.
pub(super) struct Runs {
    /// The octets of a run, if no page is larger.
    most: usize,
    full: Vec<Vec<u8>>,
    /// The last run, and the number of the first page in it.
    open: Vec<u8>,
    first: usize,
    places: Vec<Place>,
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
    pub(super) const fn of(most: usize) -> Self {
        Self { most, full: Vec::new(), open: Vec::new(), first: 0, places: Vec::new(), sorted: Vec::new() }
    }

    /// Takes the next page.
    pub(super) fn push(&mut self, page: &[u8]) -> Read<()> {
        if !self.open.is_empty() && self.open.len() + page.len() > self.most {
            self.close()?;
            // A full run is so large that an allocator asks the system for it, and gives back what it is shortened by.
            self.open = Vec::with_capacity(self.most);
        }
        let [start, units] = [self.open.len(), page.len()].map(|octets| small(octets / UNIT));
        self.places.push(Place { run: small(self.full.len()), start, units });
        self.open.extend_from_slice(page);
        Ok(())
    }

    /// Ends the last run: its pages are put in order.
    fn close(&mut self) -> Read<()> {
        let order = self.in_order((small(self.first)..small(self.places.len())).collect())?;
        let mut run = core::mem::take(&mut self.open);
        if !order.is_sorted() {
            let mut sorted = Vec::with_capacity(run.len());
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
        Ok(())
    }

    /// The page with this number.
    fn page(&self, number: u32) -> Read<&[u8]> {
        let place = self.places.get(number as usize).ok_or(Damaged)?;
        place.octets(self.full.get(place.run as usize).unwrap_or(&self.open))
    }

    /// The numbers of all pages in the order of their ids, and for each page, by its number, the units before it.
    pub(super) fn order(&mut self) -> Read<(Vec<u32>, Vec<u32>)> {
        if self.first < self.places.len() {
            self.close()?;
        }
        let sorted = core::mem::take(&mut self.sorted);
        let order = if self.full.len() < 2 { sorted } else { self.in_order(sorted)? };
        let (mut before, mut at) = (alloc::vec![0; order.len()], 0_u32);
        for &number in &order {
            if let (Some(slot), Some(place)) = (before.get_mut(number as usize), self.places.get(number as usize)) {
                *slot = at;
                at = at.saturating_add(place.units);
            }
        }
        Ok((order, before))
    }

    /// Writes the pages in this order behind the octets that stand before all of them.
    pub(super) fn behind(mut self, front: &[u8], order: &[u32]) -> Read<Writer> {
        let pages: usize = self.full.iter().map(Vec::len).sum();
        let mut octets = alloc::vec![0_u8; LINE + front.len() + pages];
        // Where an allocator begins nothing at a multiple of four, there is none to be had.
        let before = Some(octets.as_ptr().align_offset(LINE)).filter(|before| *before < LINE && before % 4 == 0);
        let before = before.unwrap_or_default();
        octets.truncate(before + front.len() + pages);
        octets
            .get_mut(before..)
            .and_then(|octets| octets.get_mut(..front.len()))
            .ok_or(Damaged)?
            .copy_from_slice(front);
        let mut end = octets.len();
        for &number in order.iter().rev() {
            let place = self.places.get(number as usize).ok_or(Damaged)?;
            let run = self.full.get_mut(place.run as usize).ok_or(Damaged)?;
            let page = place.octets(run)?;
            let start = end.checked_sub(page.len()).ok_or(Damaged)?;
            octets.get_mut(start..end).ok_or(Damaged)?.copy_from_slice(page);
            end = start;
            run.truncate(place.start as usize * UNIT);
            if run.capacity() - run.len() > SLACK {
                run.shrink_to_fit();
            }
        }
        Ok(Writer::of(octets, before))
    }

    /// Sorts the numbers of pages by their ids.
    ///
    /// What all ids begin with is left out, and of the rest the first octets are compared as a number.
    fn in_order(&self, numbers: Vec<u32>) -> Read<Vec<u32>> {
        let mut ids = Vec::with_capacity(numbers.len());
        for number in numbers {
            ids.push((PageView::new(self.page(number)?)?.head().id()?, number));
        }
        let first = ids.first().map_or(&[][..], |(id, _)| id);
        let alike = |id: &[u8]| id.iter().zip(first).take_while(|(one, other)| one == other).count();
        let common = ids.iter().map(|(id, _)| alike(id)).min().unwrap_or_default();
        let mut keyed: Vec<(u128, &[u8], u32)> = ids
            .into_iter()
            .map(|(id, number)| {
                let rest = id.get(common..).unwrap_or_default();
                let mut start = [0; 16];
                start.iter_mut().zip(rest).for_each(|(slot, octet)| *slot = *octet);
                (u128::from_be_bytes(start), rest, number)
            })
            .collect();
        // The runs are merged: each is sorted.
        keyed.sort();
        Ok(keyed.into_iter().map(|(.., number)| number).collect())
    }
}

impl Place {
    fn octets(self, run: &[u8]) -> Read<&[u8]> {
        let start = self.start as usize * UNIT;
        run.get(start..start + self.units as usize * UNIT).ok_or(Damaged)
    }
}

/// The octets of a run of a snapshot.
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
    use crate::snapshot::layout::LINE;
    use crate::snapshot::root::UNIT;

    #[test]
    fn pages_stand_in_the_order_of_their_ids_whatever_order_they_came_in() {
        let hasher = Hasher::new(&HashKey([7; 16]));
        let ids = (0..200).map(|number| format!("a-long-common-beginning-{}", number * 37 % 200));
        let page = |tenant: &Tenant| compile_tenant(tenant, &Entries::of(tenant), &hasher).expect("a small page");
        let mut pages: Vec<_> = ids.map(|id| (id.clone(), page(&Tenant::new(id)))).collect();
        for most in [1, 1000, 5000, 1 << 20] {
            let mut runs = Runs::of(most);
            pages.iter().for_each(|(_, page)| runs.push(page).expect("a whole page"));
            let (order, before) = runs.order().expect("whole pages");
            let written = runs.behind(b"sixteen octets!!", &order).expect("whole pages");
            let octets = written.so_far();
            assert_eq!(octets.as_ptr().align_offset(LINE), 0);
            for ((_, page), before) in pages.iter().zip(before) {
                let start = 16 + before as usize * UNIT;
                assert_eq!(octets.get(start..start + page.len()), Some(&page[..]), "runs of {most} octets");
            }
            pages.sort();
            let sorted: Vec<u8> = pages.iter().flat_map(|(_, page)| page.clone()).collect();
            assert_eq!(octets.split_at(16), (&b"sixteen octets!!"[..], &sorted[..]));
            pages.rotate_left(77);
        }
    }
}
