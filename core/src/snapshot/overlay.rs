//! What has changed since the image was built: pages of tenants that were replaced or added, and those that count no more.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;

use super::hash::{Hash, Hasher};
use super::keys::{Key, Table, keys};
use super::layout::{Damaged, Read, Word};
use super::page::PageView;
use super::rows::tenant;
use super::trie::Trie;

/// Changes over an image. A clone shares everything; a change of the clone costs the tenant that is changed.
#[derive(Clone, Default)]
pub(crate) struct Overlay {
    /// Pages by number, without [`OVERLAID`].
    pages: Trie<Arc<[u8]>>,
    /// What the pages add to the tables over all tenants.
    entries: Trie<Arc<[Entry]>>,
    /// Numbers of pages of the image that count no more.
    masked: Trie<()>,
    /// The holdings of tenants whose holdings are kept, by the numbers of their pages, where a change may have changed them.
    holdings: Trie<u32>,
    /// The number of the next page.
    next: u32,
    /// One of the pages has ever had a domain that includes its sub-domains.
    pub(crate) has_subdomains: bool,
    /// One of them has ever had an entry that stands apart.
    pub(crate) has_apart: bool,
    /// The holdings of one of them have ever been kept.
    pub(crate) keeps_holdings: bool,
    /// How many tenants there are more than in the image, or less.
    pub(crate) more: i64,
    /// The octets of the pages.
    pub(crate) octets: usize,
}

impl Overlay {
    /// The page with this number.
    pub(crate) fn page(&self, number: u32) -> Read<PageView<'_>> {
        PageView::new(self.pages.get(u64::from(number & !OVERLAID)).ok_or(Damaged)?)
    }

    /// Whether this page of the image counts no more.
    pub(crate) fn masks(&self, number: u32) -> bool {
        self.masked.get(u64::from(number)).is_some()
    }

    /// What the pages add to a table under a key.
    pub(crate) fn entries(&self, table: Table, hash: Hash) -> &[Entry] {
        self.entries.get(slot(table, hash)).map_or(&[], |entries| entries)
    }

    /// What the tenant of a page, of the image or not, has since the last change that it could depend on.
    pub(crate) fn holdings(&self, number: u32) -> Option<u32> {
        self.holdings.get(u64::from(number)).copied()
    }

    /// Keeps that.
    pub(crate) fn set_holdings(&mut self, number: u32, holdings: u32) {
        self.holdings.set(u64::from(number), holdings);
    }

    /// Calls `visit` with each page, and its number.
    pub(crate) fn each<'o>(&'o self, mut visit: impl FnMut(u32, &'o [u8])) {
        #[expect(clippy::cast_possible_truncation, reason = "the keys were made of numbers")]
        self.pages.each(&mut |key, page| visit(OVERLAID | key as u32, page));
    }

    /// Adds a page, and returns its number and its digest; `None` when no number is left.
    pub(crate) fn add(&mut self, page: &[u8], hasher: &Hasher) -> Option<Read<(u32, u128)>> {
        let number = self.next;
        self.next = number.checked_add(1).filter(|next| *next < OVERLAID)?;
        self.pages.set(u64::from(number), page.into());
        self.octets += page.len();
        self.more += 1;
        let number = number | OVERLAID;
        Some(self.link(PageView::new(page), number, hasher).map(|digest| (number, digest)))
    }

    /// Takes a page away, whether of the image or of a later change.
    pub(crate) fn take(&mut self, number: u32, view: PageView<'_>, hasher: &Hasher) -> Read<()> {
        self.more -= 1;
        self.holdings.remove(u64::from(number));
        if number & OVERLAID == 0 {
            self.masked.set(u64::from(number), ());
            return Ok(());
        }
        let mut slots = Vec::new();
        keys(view, hasher, |table, key, _| {
            let (one, other) = hashes(&key, hasher)?;
            slots.extend(iter::once(one).chain(other).map(|hash| slot(table, hash)));
            Ok(())
        })?;
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            let entries = self.entries.get(slot).into_iter().flat_map(|entries| entries.iter());
            let left: Vec<Entry> = entries.filter(|[page, _]| *page != number).copied().collect();
            if left.is_empty() { self.entries.remove(slot) } else { self.entries.set(slot, left.into()) }
        }
        self.octets -= view.octets()?.len();
        self.pages.remove(u64::from(number & !OVERLAID));
        Ok(())
    }

    fn link(&mut self, view: Read<PageView<'_>>, page: u32, hasher: &Hasher) -> Read<u128> {
        let view = view?;
        self.has_subdomains |= view.has(tenant::HAS_SUBDOMAINS);
        let mut added: Vec<(u64, Word)> = Vec::new();
        let (mut has_apart, mut keeps_holdings) = (false, false);
        keys(view, hasher, |table, key, word| {
            has_apart |= key.is_one_of_few();
            // These are found out once the page is there.
            if table == Table::Holdings {
                keeps_holdings = true;
                return Ok(());
            }
            let (one, other) = hashes(&key, hasher)?;
            added.extend(iter::once(one).chain(other).map(|hash| (slot(table, hash), word)));
            Ok(())
        })?;
        self.has_apart |= has_apart;
        self.keeps_holdings |= keeps_holdings;
        // Those under one key are added together, since some keys have very many.
        added.sort_unstable();
        for under in added.chunk_by(|(one, _), (other, _)| one == other) {
            let Some(&(slot, _)) = under.first() else { continue };
            let before = self.entries.get(slot).into_iter().flat_map(|entries| entries.iter().copied());
            let entries: Vec<Entry> = before.chain(under.iter().map(|&(_, word)| [page, word])).collect();
            self.entries.set(slot, entries.into());
        }
        Ok(view.head().digest())
    }
}

/// The hashes that a key is entered under: of those under whose own only few may stand, that of what stands apart.
fn hashes(key: &Key<'_>, hasher: &Hasher) -> Read<(Hash, Option<Hash>)> {
    let hash = key.hash(hasher);
    if key.is_one_of_few() { key.apart(hash) } else { Ok((hash, None)) }
}

/// The words of an entry: the number of the page, and what leads to a record of it.
type Entry = [u32; 2];

/// The key of a table's key.
const fn slot(table: Table, hash: Hash) -> u64 {
    hash.with(table as u32).number()
}

/// The bit of a page's number that says that the page is no part of the image.
pub(crate) const OVERLAID: u32 = 1 << 31;
