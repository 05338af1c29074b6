//! All tenants, by id.

use alloc::vec::Vec;

use super::Snapshot;
use super::layout::{Damaged, Read};
use super::page::PageView;
use super::root::{RootView, UNIT_WORDS};

impl Snapshot {
    /// Returns the ids of all tenants, sorted; an error for a part that cannot be read, after which there is nothing more.
    pub fn tenants(&self) -> impl Iterator<Item = Result<&str, Damaged>> {
        self.root().pages().map(|page| {
            let (_, page) = page?;
            core::str::from_utf8(page.head().id()?).map_err(|_| Damaged)
        })
    }
}

impl<'p> RootView<'p> {
    /// The pages of all tenants with their numbers, by id; nothing behind one that cannot be read.
    pub(super) fn pages(&self) -> Pages<'p> {
        let mut added = Vec::new();
        let mut failed = None;
        if let Some(overlay) = self.overlay() {
            overlay.each(|number, octets| {
                match PageView::new(octets).and_then(|page| Ok((page.head().id()?, number, page))) {
                    Ok(page) => added.push(page),
                    Err(damaged) => failed = Some(damaged),
                }
            });
        }
        added.sort_unstable_by(|(one, ..), (other, ..)| other.cmp(one));
        let Ok(head) = self.head() else { return Pages { root: *self, at: 0, end: 0, added, failed: Some(Damaged) } };
        let pages = head.pages();
        let (at, end) = (pages.start / UNIT_WORDS, pages.start.saturating_add(pages.count) / UNIT_WORDS);
        Pages { root: *self, at, end, added, failed }
    }
}

/// See [`RootView::pages`].
pub(super) struct Pages<'p> {
    root: RootView<'p>,
    /// The number of the next page of the image, and the number behind the last.
    at: u32,
    end: u32,
    /// The pages of the overlay, the last first.
    added: Vec<(&'p [u8], u32, PageView<'p>)>,
    failed: Option<Damaged>,
}

impl<'p> Pages<'p> {
    /// The next page of the image that counts.
    fn built(&mut self) -> Read<Option<PageView<'p>>> {
        while self.at < self.end {
            let page = self.root.page(self.at)?;
            if self.root.overlay().is_none_or(|overlay| !overlay.masks(self.at)) {
                return Ok(Some(page));
            }
            self.pass(page)?;
        }
        Ok(None)
    }

    fn pass(&mut self, page: PageView<'_>) -> Read<()> {
        let units = page.head().length() / UNIT_WORDS;
        if units == 0 {
            return Err(Damaged);
        }
        self.at = self.at.saturating_add(units);
        Ok(())
    }

    fn step(&mut self) -> Read<Option<(u32, PageView<'p>)>> {
        let built = self.built()?;
        let added_first = match (built, self.added.last()) {
            (Some(page), Some((id, ..))) => *id < page.head().id()?,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if added_first {
            return Ok(self.added.pop().map(|(_, number, page)| (number, page)));
        }
        let Some(page) = built else { return Ok(None) };
        let number = self.at;
        self.pass(page)?;
        Ok(Some((number, page)))
    }
}

impl<'p> Iterator for Pages<'p> {
    type Item = Read<(u32, PageView<'p>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = match self.failed.take() {
            Some(damaged) => Err(damaged),
            None => self.step(),
        };
        if step.is_err() {
            (self.at, self.added) = (self.end, Vec::new());
        }
        step.transpose()
    }
}
