//! An image put together: what stands before the pages, the pages in the order of their ids, and the tables over all tenants.

use alloc::vec::Vec;
use core::hash::Hasher as _;
use core::mem;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::decision::SnapshotId;
use crate::options::Limits;
use crate::snapshot::hash::Hasher;
use crate::snapshot::image::Image;
use crate::snapshot::layout::{Aligned, Damaged, Read, Run, small, words_of};
use crate::snapshot::root::UNIT;
use crate::snapshot::rows::{MAGIC, ROOT_HEAD, VERSION, root};

use super::front::Front;
use super::join::Both;
use super::pages::{Keys, Pages};
use super::runs::{RUN, Runs};
use super::tables::{Entries, enter_holdings, fillings, places};

/// Builds an image of pages that come in any order.
pub(crate) struct ImageBuilder {
    front: Front,
    hasher: Hasher,
    runs: Runs,
    keys: Keys,
    sum: u128,
    /// The page at hand.
    alone: Pages,
}

impl ImageBuilder {
    /// Begins an image.
    pub(crate) fn new(front: Front) -> Self {
        let hasher = Hasher::new(&front.options.hash_key);
        let (runs, alone) = (Runs::of(RUN), Pages::default());
        Self { front, hasher, runs, keys: Keys::default(), sum: 0, alone }
    }

    /// Adds a page that was built before.
    pub(crate) fn page(&mut self, page: &[u8]) -> Read<()> {
        let mut alone = mem::take(&mut self.alone);
        alone.push(&self.hasher, |mut octets| {
            octets.extend_from_slice(page);
            Ok::<_, Damaged>(octets)
        })?;
        self.pages(&mut alone)?;
        self.alone = alone;
        Ok(())
    }

    /// Moves pages here.
    pub(super) fn pages(&mut self, pages: &mut Pages) -> Read<()> {
        if pages.has_subdomains {
            let [flags, ..] = &mut self.front.head;
            *flags |= root::HAS_SUBDOMAINS;
        }
        self.sum = self.sum.wrapping_add(pages.sum);
        self.keys.iter_mut().zip(&pages.keys).for_each(|(all, more)| *all += more);
        let mut start = 0;
        for &end in &pages.ends {
            self.runs.push(pages.octets.get(start..end).ok_or(Damaged)?)?;
            start = end;
        }
        pages.clear();
        Ok(())
    }

    /// Writes the pages, the tables and the head; `None` where all of it is larger than 16 GiB.
    ///
    /// The octets are the same whichever way `both` goes.
    pub(crate) fn finish(mut self, both: &impl Both) -> Read<Option<Image>> {
        let Front { writer, options, mut head, texts, denies, settings } = self.front;
        let front = writer.so_far();
        let behind_pages = front.len() + self.runs.octets();
        let Some((tables, end)) = places(behind_pages, &self.keys) else { return Ok(None) };
        let (order, starts) = self.runs.order()?;
        let mut image = Aligned::zeroed(end);
        let (pages, rest) = image.octets().split_at_mut_checked(behind_pages).ok_or(Damaged)?;
        let (start, pages) = pages.split_at_mut_checked(front.len()).ok_or(Damaged)?;
        start.copy_from_slice(front);
        self.runs.write(&order, pages)?;
        drop(order);

        let fillings = fillings(rest, behind_pages, &tables)?;
        let entries = Entries { pages, first: small(front.len() / UNIT), starts: &starts, hasher: &self.hasher };
        if entries.enter(fillings, both)? {
            let [flags, ..] = &mut head;
            *flags |= root::HAS_APART;
        }

        let pages = Run { start: small(front.len() / 4), count: small(pages.len() / 4) };
        let Limits { field_octets, header_octets, mailboxes, comment_depth } = options.limits;
        let id = identify(self.sum, settings);
        let mut words = Vec::with_capacity(ROOT_HEAD / 4);
        words.extend(words_of(u128::from(MAGIC)).into_iter().take(2));
        words.push(VERSION);
        words.extend(head);
        words.extend([field_octets, header_octets, mailboxes, comment_depth, small(starts.len())]);
        words.extend(words_of(u128::from_le_bytes(options.hash_key.0)));
        words.extend(words_of(id.0));
        words.extend(words_of(self.sum));
        words.extend(texts.into_iter().chain([denies, pages]).flat_map(|run| [run.start, run.count]));
        words.extend([small(end / 4), 0]);
        words.extend(tables.into_iter().flat_map(|run| [run.start, run.count]));
        words.extend(words_of(settings));
        for (slot, word) in image.octets().chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        enter_holdings(&mut image, &tables, &self.hasher)?;
        Ok(Some(Image::compiled(image)))
    }
}

/// Combines the sum of the pages' digests with what identifies the rest, so that a change of one tenant rehashes nothing else.
pub(crate) fn identify(sum: u128, settings: u128) -> SnapshotId {
    let mut hasher = SipHasher13::new();
    hasher.write(&sum.to_le_bytes());
    hasher.write(&settings.to_le_bytes());
    SnapshotId(hasher.finish128().as_u128())
}
