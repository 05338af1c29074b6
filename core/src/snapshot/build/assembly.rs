//! An image put together: what stands before the pages, the pages in the order of their ids, and the tables over all tenants.

use alloc::vec::Vec;
use core::hash::Hasher as _;
use core::{iter, mem};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::decision::SnapshotId;
use crate::options::Limits;
use crate::snapshot::Changes;
use crate::snapshot::entry::of_account;
use crate::snapshot::hash::{Hash, Hasher};
use crate::snapshot::image::Image;
use crate::snapshot::keys::{Table, has_many_above, keys};
use crate::snapshot::layout::{Aligned, Bytes, Damaged, LINE, Read, Run, small, words_of};
use crate::snapshot::page::PageView;
use crate::snapshot::root::{RootView, UNIT};
use crate::snapshot::rows::{MAGIC, ROOT_HEAD, VERSION, root};

use super::filling::{self, Filling};
use super::front::Front;
use super::join::Both;
use super::pages::{Keys, Pages};
use super::runs::{RUN, Runs};

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
        let (pages, mut rest) = image.octets().split_at_mut_checked(behind_pages).ok_or(Damaged)?;
        let (start, pages) = pages.split_at_mut_checked(front.len()).ok_or(Damaged)?;
        start.copy_from_slice(front);
        self.runs.write(&order, pages)?;
        drop(order);

        let first = small(front.len() / UNIT);
        let mut filling: [_; Table::ALL.len()] = Default::default();
        let mut at = behind_pages;
        for ((run, table), slot) in tables.iter().zip(Table::ALL).zip(&mut filling) {
            if run.count != 0 {
                let skipped = (run.start as usize * 4).checked_sub(at).ok_or(Damaged)?;
                let octets = filling::octets(run.count, table.entry_words());
                rest = rest.get_mut(skipped..).ok_or(Damaged)?;
                let (place, behind) = rest.split_at_mut_checked(octets).ok_or(Damaged)?;
                (rest, at) = (behind, at + skipped + octets);
                *slot = Some(Filling::new(place, run.count));
            }
        }
        let (pages, hasher) = (&*pages, &self.hasher);
        let fill = |tables: &mut [Option<Filling<'_>>; Table::ALL.len()]| -> Read<()> {
            // In the order of the pages, on which the octets of the tables depend.
            for &start in &starts {
                let page = PageView::new(pages.get(start as usize * UNIT..).ok_or(Damaged)?)?;
                let number = start.saturating_add(first);
                let (length, groups) = (page.head().length(), page.head().identity_groups());
                keys(page, hasher, |table, key, record| {
                    let Some(Some(filling)) = tables.get_mut(table as usize) else { return Ok(()) };
                    let hash = key.hash(hasher);
                    match table {
                        Table::Tenants | Table::Heirs => filling.enter(hash, [number]),
                        Table::Accounts => filling.enter(hash, [number, of_account(record, length, groups)]),
                        Table::Domains | Table::Own if key.is_one_of_few() && !filling.has_room(hash) => {
                            let (one, other) = key.apart(hash)?;
                            iter::once(one).chain(other).for_each(|hash| filling.enter(hash, [number, record]));
                        }
                        Table::Credentials | Table::Domains | Table::Own => filling.enter(hash, [number, record]),
                        // They depend on the other tables.
                        Table::Holdings => {}
                    }
                    Ok(())
                })?;
            }
            Ok(())
        };
        let has_apart = if both.is_at_once() {
            // Those of accounts are about as large as all others.
            let [accounts, credentials, domains, own, _, tenants, heirs] = filling;
            let mut of_accounts = [accounts, None, None, own, None, None, None];
            let mut others = [None, credentials, domains, None, None, tenants, heirs];
            let (one, other) = both.both(|| fill(&mut others), || fill(&mut of_accounts));
            one.and(other)?;
            of_accounts.iter().chain(&others).flatten().any(|filling| filling.has_apart)
        } else {
            fill(&mut filling)?;
            filling.iter().flatten().any(|filling| filling.has_apart)
        };
        if has_apart {
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
        if let Some(run) = tables.get(Table::Holdings as usize).filter(|run| run.count != 0) {
            let held = holdings(&mut image, &self.hasher)?;
            let start = run.start as usize * 4;
            let place = image.octets().get_mut(start..start + filling::octets(run.count, 2)).ok_or(Damaged)?;
            let mut filling = Filling::new(place, run.count);
            held.into_iter().for_each(|(hash, words)| filling.enter(hash, words));
        }
        Ok(Some(Image::of(image)))
    }
}

/// The entries of [`Table::Holdings`] of an image that has everything else.
fn holdings(image: &mut Aligned, hasher: &Hasher) -> Read<Vec<(Hash, [u32; 2])>> {
    let octets = image.octets();
    let changes = Changes { overlay: None, size: octets.len() };
    let root = RootView { bytes: Bytes(octets), hasher, changes: &changes, blocks: None };
    let mut held = Vec::new();
    for page in root.pages() {
        let (number, page) = page?;
        if has_many_above(page)? {
            held.push((Hash::of(hasher, page.head().id()?), [number, root.proved_holdings(page, number)?]));
        }
    }
    Ok(held)
}

/// Where the tables stand behind so many octets, and where the last of them ends; `None` where a word could not tell that.
fn places(behind: usize, keys: &Keys) -> Option<([Run; Table::ALL.len()], usize)> {
    // Groups that are as large as a line begin where one does.
    let mut end = behind.checked_next_multiple_of(LINE)?;
    let mut tables = [Run::default(); Table::ALL.len()];
    for ((table, &keys), run) in Table::ALL.into_iter().zip(keys).zip(&mut tables) {
        let groups = filling::groups(keys, table.entry_words());
        if groups != 0 {
            *run = Run { start: u32::try_from(end / 4).ok()?, count: groups };
            end = end.checked_add(filling::octets(groups, table.entry_words()))?;
        }
    }
    u32::try_from(end / 4).ok()?;
    Some((tables, end))
}

/// Combines the sum of the pages' digests with what identifies the rest, so that a change of one tenant rehashes nothing else.
pub(crate) fn identify(sum: u128, settings: u128) -> SnapshotId {
    let mut hasher = SipHasher13::new();
    hasher.write(&sum.to_le_bytes());
    hasher.write(&settings.to_le_bytes());
    SnapshotId(hasher.finish128().as_u128())
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::LINE;
    use crate::options::{HashKey, Options};
    use crate::policy::{Account, Policy, Tenant};
    use crate::snapshot::Snapshot;
    use crate::snapshot::row::Row;
    use crate::snapshot::rows::RootRow;

    #[test]
    fn groups_as_large_as_a_line_stand_in_one() {
        // Tenants by id take a number of octets that is no multiple of a line's.
        let mut policy = Policy::default();
        for number in 0..40 {
            let mut tenant = Tenant::new(format!("tenant-{number}"));
            tenant.accounts.push(Account::new(format!("account-{number}")));
            policy.tenants.push(tenant);
        }
        let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).expect("a sound policy");
        let head = RootRow::at(snapshot.root().bytes, 0).expect("a head");
        let tables = [head.account_index(), head.credential_index(), head.domain_index(), head.own_index()];
        assert!(head.account_index().count > 1 && head.tenant_index().count > 1);
        for run in tables.iter().filter(|run| run.count != 0) {
            assert_eq!(4 * run.start as usize % LINE, 0);
        }
    }
}
