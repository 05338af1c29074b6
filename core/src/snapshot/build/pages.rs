//! Pages that were just compiled.

use alloc::vec::Vec;
use core::mem;

use crate::snapshot::hash::Hasher;
use crate::snapshot::keys::{Table, keys};
use crate::snapshot::layout::Damaged;
use crate::snapshot::page::PageView;
use crate::snapshot::rows::tenant;

/// Pages, one behind the other, and what an image of them needs to know before it has them all.
#[derive(Default)]
pub(super) struct Pages {
    pub(super) octets: Vec<u8>,
    /// Where each of them ends.
    pub(super) ends: Vec<usize>,
    pub(super) keys: Keys,
    /// The sum of their digests.
    pub(super) sum: u128,
    pub(super) has_subdomains: bool,
}

/// How many keys each table has.
pub(super) type Keys = [usize; Table::ALL.len()];

impl Pages {
    /// Adds the page that `write` appends to those before. If it cannot be added, those before are gone as well.
    pub(super) fn push<E: From<Damaged>>(
        &mut self,
        hasher: &Hasher,
        write: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        let added = self.add(hasher, write);
        if added.is_err() {
            *self = Self::default();
        }
        added
    }

    fn add<E: From<Damaged>>(
        &mut self,
        hasher: &Hasher,
        write: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        let start = self.octets.len();
        self.octets = write(mem::take(&mut self.octets))?;
        let page = PageView::new(self.octets.get(start..).ok_or(Damaged)?)?;
        keys(page, hasher, |table, key, _| {
            if let Some(count) = self.keys.get_mut(table as usize) {
                *count += key.entries();
            }
            Ok(())
        })?;
        self.sum = self.sum.wrapping_add(page.head().digest());
        self.has_subdomains |= page.has(tenant::HAS_SUBDOMAINS);
        self.ends.push(self.octets.len());
        Ok(())
    }

    /// How many octets they have.
    pub(super) fn octets(&self) -> usize {
        self.octets.len()
    }

    /// How many octets they could have without more memory.
    pub(super) fn capacity(&self) -> usize {
        self.octets.capacity()
    }

    /// Forgets them, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        let Self { octets, ends, .. } = self;
        octets.clear();
        ends.clear();
        *self = Self { octets: mem::take(octets), ends: mem::take(ends), ..Self::default() };
    }
}
