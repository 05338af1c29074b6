//! Look-ups over all tenants: in the tables of the image, and in what has changed since.

use core::ops::ControlFlow;

use crate::policy::Strength;
use crate::time::Clock;

use super::Changes;
use super::blocks::Blocks;
use super::compare::Separators;
use super::entry::{Link, link};
use super::hash::{Hash, Hasher};
use super::index::{Candidates, Home, Rounds};
use super::keys::{Table, separated};
use super::layout::{Bytes, Damaged, Read, Run};
use super::overlay::Overlay;
use super::page::{PageView, rule, strength};
use super::row::Row;
use super::rows::{CredentialRow, DomainRow, RootRow, domain, root};
use super::target::Target;
use super::under::{Entries, Under};

/// Look-ups over all tenants.
#[derive(Clone, Copy)]
pub(crate) struct RootView<'p> {
    pub(crate) bytes: Bytes<'p>,
    pub(crate) hasher: &'p Hasher,
    pub(super) changes: &'p Changes,
    /// What of the octets has been checked, if they were sealed and not all of them have.
    pub(super) blocks: Option<&'p Blocks>,
}

impl<'p> RootView<'p> {
    /// The head of the image.
    #[inline]
    pub(crate) fn head(&self) -> Read<RootRow<'p>> {
        RootRow::at(self.bytes, 0)
    }

    /// The page with this number: its place in units of [`UNIT`], or what the overlay knows it by.
    #[inline]
    pub(crate) fn page(&self, number: u32) -> Read<PageView<'p>> {
        let first = (number as usize).saturating_mul(UNIT);
        match self.bytes.0.get(first..) {
            Some(octets) if self.blocks.is_none() => PageView::new(octets),
            Some(octets) => self.sealed_page(octets, first),
            // No image is so large that a number of the overlay would stand in it.
            None => self.overlay().ok_or(Damaged)?.page(number),
        }
    }

    #[inline(never)]
    fn sealed_page(&self, octets: &'p [u8], first: usize) -> Read<PageView<'p>> {
        let length = Bytes(octets).word(0)? as usize * 4;
        if let Some(blocks) = self.blocks {
            blocks.touch_page(self.bytes, first, length)?;
        }
        PageView::new(octets.get(..length).ok_or(Damaged)?)
    }

    /// What a table has under a key.
    pub(crate) fn links<const N: usize>(&self, table: Table, run: Run, hash: Hash) -> Read<Links<'p, N>> {
        match self.overlay() {
            None => Ok(Links { rounds: Rounds::start(self.bytes, run, hash, self.blocks)?, changed: None }),
            Some(overlay) => self.changed_links(overlay, table, run, hash),
        }
    }

    #[inline(never)]
    fn changed_links<const N: usize>(
        &self,
        overlay: &'p Overlay,
        table: Table,
        run: Run,
        hash: Hash,
    ) -> Read<Links<'p, N>> {
        let under = overlay.under(table, hash);
        let rounds = Rounds::from(self.bytes, run, (hash, under.map_or(0, Under::round)), self.blocks)?;
        Ok(Links { rounds, changed: Some((overlay, under.map(Under::entries))) })
    }

    /// Calls `visit` with what a table has under a key, until that needs no more.
    #[inline(always)]
    pub(crate) fn each<const N: usize>(
        &self,
        table: Table,
        run: Run,
        hash: Hash,
        mut visit: impl FnMut(Link) -> GoOn,
    ) -> Read<()> {
        self.each_entry::<N>(table, run, hash, |words| visit(link(words)))
    }

    /// The same with the words of each entry.
    #[inline(always)]
    pub(super) fn each_entry<const N: usize>(
        &self,
        table: Table,
        run: Run,
        hash: Hash,
        mut visit: impl FnMut([u32; N]) -> GoOn,
    ) -> Read<()> {
        let home = self.home::<N>(run, hash)?;
        if let Some(words) = home.first() {
            if visit(words)?.is_break() {
                return Ok(());
            }
        }
        if home.has_more() { self.each_further::<N>(table, run, hash, &mut visit) } else { Ok(()) }
    }

    #[inline(never)]
    fn each_further<const N: usize>(
        &self,
        table: Table,
        run: Run,
        hash: Hash,
        visit: &mut dyn FnMut([u32; N]) -> GoOn,
    ) -> Read<()> {
        let mut links = self.further::<N>(table, run, hash)?;
        while let Some(words) = links.next_entry()? {
            if visit(words)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What most look-ups need of a table over all tenants, and nothing where something has changed.
    #[inline(always)]
    pub(crate) fn home<const N: usize>(&self, run: Run, hash: Hash) -> Read<Home<'p, N>> {
        if self.overlay().is_some() {
            return Ok(Home::none());
        }
        Candidates::<N>::check(self.bytes, run, hash, self.blocks)?;
        Home::of(self.bytes, run, hash)
    }

    /// What there is beside the first entry that [`Self::home`] gave.
    pub(crate) fn further<const N: usize>(&self, table: Table, run: Run, hash: Hash) -> Read<Links<'p, N>> {
        if self.overlay().is_some() {
            return self.links(table, run, hash);
        }
        let rounds = Rounds::behind_first(self.bytes, run, hash, self.blocks)?;
        Ok(Links { rounds, changed: None })
    }

    /// How many entries a look-up under a key reads, and how many masked ones it passes by.
    #[cfg(test)]
    pub(super) fn read_and_passed(&self, table: Table, run: Run, hash: Hash) -> Read<(usize, usize)> {
        fn count<const N: usize>(mut links: Links<'_, N>) -> Read<(usize, usize)> {
            let Some((overlay, entries)) = &mut links.changed else { return Ok((0, 0)) };
            let (mut read, mut passed) = (entries.as_mut().map_or(0, Iterator::count), 0);
            while let Some(words) = links.rounds.next()? {
                *if overlay.masks(link(words).page) { &mut passed } else { &mut read } += 1;
            }
            Ok((read, passed))
        }
        if table.entry_words() == 1 {
            count(self.links::<1>(table, run, hash)?)
        } else {
            count(self.links::<2>(table, run, hash)?)
        }
    }

    /// What has changed since the image was built.
    #[inline]
    pub(super) fn overlay(&self) -> Option<&'p Overlay> {
        self.changes.overlay.as_ref()
    }

    /// Whether anything has.
    pub(crate) fn is_changed(&self) -> bool {
        self.overlay().is_some()
    }

    /// Whether it is too large to be close to the processor, so that it pays to ask for its memory early.
    #[inline]
    pub(crate) const fn is_large(&self) -> bool {
        self.changes.size > CACHED
    }

    /// Whether most of it is so far from the processor that it pays to gather the addresses of many requests first.
    #[inline]
    pub(crate) const fn is_far(&self) -> bool {
        self.changes.size > NEAR
    }

    /// How strictly `hosted` is applied now.
    pub(crate) fn hosted(&self, clock: &Clock) -> Read<Strength> {
        let head = self.head()?;
        strength(head.hosted(), || Ok(head.hosted_from()), clock)
    }

    /// The page of the tenant with this id.
    pub(crate) fn tenant(&self, id: &[u8]) -> Read<Option<u32>> {
        let mut links = self.links::<1>(Table::Tenants, self.head()?.tenant_index(), Hash::of(self.hasher, id))?;
        while let Some(Link { page, .. }) = links.next()? {
            if self.page(page)?.head().id()? == id {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// The credential with this id.
    pub(crate) fn credential(&self, id: &[u8]) -> Read<Option<Link>> {
        let index = self.head()?.credential_index();
        let mut found = None;
        self.each::<2>(Table::Credentials, index, Hash::of(self.hasher, id), |link| {
            if self.page(link.page)?.record::<CredentialRow<'_>>(link.record)?.id()? != id {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(link);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Which separators the entries give that have this domain in their scope, and perhaps some that others above it give.
    pub(super) fn separators_over(&self, target: &Target<'_>) -> Read<Separators> {
        let mut found = self.separators_named(target.domain, target.domain_hash())?;
        if self.has_subdomains()? {
            for (name, hash) in target.above() {
                found = found.union(self.separators_named(name, hash)?);
            }
        }
        Ok(found)
    }

    /// Which separators the entries of exactly this name give: however many they are, one of each is enough.
    #[inline(never)]
    pub(crate) fn separators_named(&self, name: &[u8], hash: Hash) -> Read<Separators> {
        let index = self.head()?.domain_index();
        let mut found = Separators::default();
        for separator in Separators::ALL {
            self.each::<2>(Table::Domains, index, separated(hash, separator), |Link { page, record }| {
                let row: DomainRow<'_> = self.page(page)?.record(record)?;
                let given = rule(Some(row)).separators;
                if !given.iter().eq([separator]) || row.name()? != name {
                    return Ok(ControlFlow::Continue(()));
                }
                found = found.union(given);
                Ok(ControlFlow::Break(()))
            })?;
        }
        Ok(found)
    }

    /// Whether an entry of any tenant includes its sub-domains.
    #[inline]
    pub(crate) fn has_subdomains(&self) -> Read<bool> {
        let was_built = self.head()?.flags() & root::HAS_SUBDOMAINS != 0;
        Ok(was_built || self.overlay().is_some_and(|overlay| overlay.has_subdomains))
    }

    /// Whether a right from the entry named `above` stops before the target: at or above it, and below `above`,
    /// there is a domain that another tenant has verified and none of `mine` has (docs/semantics.md 4.5).
    pub(crate) fn stops(&self, target: &Target<'_>, above: &[u8], mine: &[u32]) -> Read<bool> {
        for (name, hash) in target.domains().take_while(|(name, _)| name.len() > above.len()) {
            if self.is_verified_elsewhere(mine, name, hash)? && !self.has_verified(mine, name, hash)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether anybody has verified a domain.
    pub(super) fn is_verified(&self, name: &[u8], hash: Hash) -> Read<bool> {
        self.is_verified_elsewhere(&[], name, hash)
    }

    /// Whether a page that is none of these has verified a domain.
    pub(super) fn is_verified_elsewhere(&self, pages: &[u32], name: &[u8], hash: Hash) -> Read<bool> {
        // Very many may have: one is enough, and what is one's own is not looked for among them.
        let mut found = false;
        self.each::<2>(Table::Domains, self.head()?.domain_index(), hash, |Link { page, record }| {
            if !pages.contains(&page) {
                let row: DomainRow<'_> = self.page(page)?.record(record)?;
                found = row.flags() & domain::VERIFIED != 0 && row.name()? == name;
            }
            Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Whether one of these pages has verified a domain.
    fn has_verified(&self, pages: &[u32], name: &[u8], hash: Hash) -> Read<bool> {
        for &number in pages {
            let row = self.page(number)?.domain_named(name, || hash)?;
            if row.is_some_and(|row| row.flags() & domain::VERIFIED != 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether anything stands apart from those that it is like.
    #[inline(never)]
    pub(crate) fn has_apart(&self) -> Read<bool> {
        let was_built = self.head()?.flags() & root::HAS_APART != 0;
        Ok(was_built || self.overlay().is_some_and(|overlay| overlay.has_apart))
    }
}

/// Whether a look-up goes on behind a record.
pub(super) type GoOn = Read<ControlFlow<()>>;

/// The records that a table over all tenants may have for a key; each must still be compared in full, and may come
/// twice.
pub(crate) struct Links<'p, const N: usize> {
    rounds: Rounds<'p, N>,
    /// What masks entries of the image, and what stands under the key beside it.
    changed: Option<(&'p Overlay, Option<Entries<'p>>)>,
}

impl<const N: usize> Links<'_, N> {
    /// Returns the next one: where something has changed, what the image does not have comes first, and what is masked is passed by.
    pub(crate) fn next(&mut self) -> Read<Option<Link>> {
        Ok(self.next_entry()?.map(link))
    }

    /// The same with the words of the entry.
    fn next_entry(&mut self) -> Read<Option<[u32; N]>> {
        if self.changed.is_some() { self.next_changed() } else { self.rounds.next() }
    }

    #[inline(never)]
    fn next_changed(&mut self) -> Read<Option<[u32; N]>> {
        let Some((overlay, entries)) = &mut self.changed else { return Ok(None) };
        if let Some(words) = entries.as_mut().and_then(Iterator::next) {
            // The overlay has as many words for all tables.
            return Ok(words.first_chunk().copied());
        }
        while let Some(words) = self.rounds.next()? {
            if !overlay.masks(link(words).page) {
                return Ok(Some(words));
            }
        }
        Ok(None)
    }
}

/// Whether an entry in force above this domain reaches it.
pub(crate) fn reaches(root: &RootView<'_>, view: PageView<'_>, number: u32, target: &Target<'_>) -> Read<bool> {
    let mut reached = false;
    view.domains_above(target, |row| {
        let needed = domain::IN_FORCE | domain::SUBDOMAINS;
        if !reached && row.flags() & needed == needed {
            reached = !root.stops(target, row.name()?, &[number])?;
        }
        Ok(())
    })?;
    Ok(reached)
}

/// The octets that a page's number counts by: pages stand at multiples of it.
pub(crate) const UNIT: usize = 4 * UNIT_WORDS as usize;
/// The same in words.
pub(crate) const UNIT_WORDS: u32 = 16;
/// The octets of a snapshot that a processor can be expected to keep close, so that nothing of it need be asked for
/// early.
const CACHED: usize = 1 << 20;
/// The octets beyond which `evaluate_many` decides in windows: with SSE they take 1.12 of the time at 3.4 MiB, 1.02 at
/// 7 MiB, as long at 10 MiB, and 0.8 at 34 MiB.
const NEAR: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::*;
    use crate::address::CanonicalView;
    use crate::policy::{DomainStatus, Tenant};
    use crate::samples::{compiled, damaged, domain, reaching, tenant, verified};
    use crate::snapshot::Snapshot;

    #[test]
    fn what_stops_a_right_is_found_without_all_who_have_the_domain() {
        let named = (0..2_000).map(|number| tenant(&format!("named-{number:04}"), reaching(verified("sub.a.example"))));
        let snapshot = compiled(named.chain([tenant("above", reaching(verified("a.example")))]));
        let opened = damaged(&snapshot, "named-1000");
        let root = opened.root();
        let target = Target::new(root.hasher, CanonicalView { local: b"joe", domain: b"sub.a.example" });
        for (id, stops) in [(&b"above"[..], true), (b"named-0000", false), (b"named-1999", false)] {
            let number = root.tenant(id).expect("it is sound").expect("a tenant");
            assert_eq!(root.stops(&target, b"a.example", &[number]), Ok(stops));
        }
        assert_eq!(root.tenant(b"named-1000"), Err(Damaged));
    }

    #[test]
    fn what_stops_a_right_is_found_without_all_whose_domain_is_suspended() {
        let named = |id: &str, status| tenant(id, reaching(domain("sub.a.example", status)));
        let suspended = |number: u32| named(&format!("named-{number:04}"), DomainStatus::Suspended);
        let mut tenants: Vec<Tenant> = (0..2_000).map(suspended).collect();
        tenants.push(tenant("above", reaching(verified("a.example"))));
        let opened = |tenants: &[Tenant]| damaged(&compiled(tenants), "named-1000");
        let last = named("zoe", DomainStatus::Vouched);
        let snapshot = opened(&tenants);
        let changed = snapshot.replace_tenant(&last).expect("a sound tenant");
        let changed_back = changed.remove_tenant("zoe").expect("nothing depends on it");
        tenants.push(last);
        let with_last = opened(&tenants);
        let without = with_last.remove_tenant("zoe").expect("nothing depends on it");
        for (snapshot, stops) in
            [(snapshot, false), (with_last, true), (changed, true), (changed_back, false), (without, false)]
        {
            let root = snapshot.root();
            let number = root.tenant(b"above").expect("it is sound").expect("a tenant");
            let target = Target::new(root.hasher, CanonicalView { local: b"joe", domain: b"sub.a.example" });
            assert_eq!(root.stops(&target, b"a.example", &[number]), Ok(stops));
        }
    }

    #[test]
    fn what_stands_apart_is_checked_where_it_is_read() {
        let heir = |number: u32| {
            let mut tenant = Tenant::new(format!("heir-{number}"));
            tenant.parent = Some("parent".into());
            tenant
        };
        let snapshot = compiled((0..30_000).map(heir).chain([Tenant::new("parent")]));
        let sealed = snapshot.seal().expect("a sound snapshot");
        // Reads all that the parent has.
        let read = |octets| {
            let opened = Snapshot::open(octets).expect("the head is sound");
            let (root, mut count) = (opened.root(), 0);
            let hash = Hash::of(root.hasher, b"parent");
            let mut links = root.links::<1>(Table::Heirs, root.head()?.heir_index(), hash)?;
            while links.next()?.is_some() {
                count += 1;
            }
            Ok::<_, Damaged>(count)
        };
        assert!(read(sealed.clone()).is_ok_and(|count| count >= 30_000));
        let Run { start, count } = RootRow::at(Bytes(&sealed), 0).expect("a head").heir_index();
        let (first, block) = (start as usize * 4, 64 * 1024);
        let end = first + count as usize * 32;
        assert!(end - first > 3 * block);
        for at in (first..end).step_by(block) {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(read(damaged), Err(Damaged), "octet {at}");
        }
    }
}
