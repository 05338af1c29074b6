//! What a tenant has that a sender could be authorised by, where that depends on what other tenants have verified.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::iter;
use core::ops::ControlFlow;

use crate::address::CanonicalView;

use super::compare::above;
use super::entry::Link;
use super::hash::Hash;
use super::keys::{Table, has_many_above, proving};
use super::layout::{Damaged, Read};
use super::page::PageView;
use super::root::{RootView, reaches};
use super::row::{Row, records};
use super::rows::{AboveRow, DomainRow, domain};
use super::target::Target;

impl RootView<'_> {
    /// What the tenant of a page, which has this number, has that could authorise a sender: flags of [`holding`].
    ///
    /// [`holding`]: super::rows::holding
    #[inline]
    pub(crate) fn holdings(&self, page: PageView<'_>, number: u32) -> Read<u32> {
        if page.has_subdomains() { self.holdings_below(page, number) } else { Ok(page.head().holdings()) }
    }

    /// The same with what only an entry above proves.
    #[inline(never)]
    fn holdings_below(&self, page: PageView<'_>, number: u32) -> Read<u32> {
        if has_many_above(page)? { self.kept_holdings(page, number) } else { self.proved_holdings(page, number) }
    }

    /// What was found out of a tenant of which too much would have to be asked.
    fn kept_holdings(&self, page: PageView<'_>, number: u32) -> Read<u32> {
        if let Some(flags) = self.overlay().and_then(|overlay| overlay.holdings(number)) {
            return Ok(flags);
        }
        let (index, hash) = (self.head()?.holding_index(), Hash::of(self.hasher, page.head().id()?));
        let mut kept = None;
        self.each::<2>(Table::Holdings, index, hash, |Link { page, record }| {
            kept = (page == number).then_some(record);
            Ok(if kept.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        kept.ok_or(Damaged)
    }

    /// What a tenant has by its page, and by each domain that an entry above proves.
    pub(super) fn proved_holdings(&self, page: PageView<'_>, number: u32) -> Read<u32> {
        let (mut flags, above) = (page.head().holdings(), page.head().above()?);
        for row in 0..above.count {
            self.prove((page, number), AboveRow::nth(page.bytes(), above, row)?, &mut flags)?;
        }
        Ok(flags)
    }

    /// Adds what a domain gives, if an entry above proves it.
    fn prove(&self, (page, number): (PageView<'_>, u32), row: AboveRow<'_>, flags: &mut u32) -> Read<()> {
        if row.holdings() & !*flags != 0 {
            let (local, domain) = (&[][..], row.domain()?);
            if reaches(self, page, number, &Target::new(self.hasher, CanonicalView { local, domain }))? {
                *flags |= row.holdings();
            }
        }
        Ok(())
    }

    /// The holdings that are kept and have to be others where the page of one tenant is, or is going to be, another: of that tenant,
    /// and of those that it alone stops at a domain, or did. This is the snapshot after the change.
    pub(super) fn changed_holdings(&self, old: Option<PageView<'_>>, new: Option<u32>) -> Read<Vec<(u32, u32)>> {
        let mut changed = Vec::new();
        if !self.keeps_holdings()? {
            return Ok(changed);
        }
        let page = new.map(|number| self.page(number)).transpose()?;
        if let (Some(number), Some(page)) = (new, page) {
            if has_many_above(page)? {
                changed.push((number, self.proved_holdings(page, number)?));
            }
        }
        let (before, after) = (verified(old)?, verified(page)?);
        let names: Vec<&[u8]> = before.symmetric_difference(&after).copied().collect();
        let pages = self.proving(&names, new)?;
        if pages.is_empty() {
            return Ok(changed);
        }
        let mut turned = Turned::default();
        for name in names {
            // If others have verified one, nothing turns: they are stopped there as little as before, and all others as much.
            if !self.is_verified_elsewhere(new.as_slice(), name, Hash::of(self.hasher, name))? {
                turned.add(name, after.contains(name));
            }
        }
        if turned.names.is_empty() {
            return Ok(changed);
        }
        for number in pages {
            let page = self.page(number)?;
            // Of others, which may be found by chance, nothing is kept.
            if has_many_above(page)? {
                let holdings = self.turned_holdings((page, number), &turned)?;
                changed.extend(holdings.map(|holdings| (number, holdings)));
            }
        }
        Ok(changed)
    }

    /// The pages whose holdings are kept and which prove what is at or below one of these names, but for one page.
    fn proving(&self, names: &[&[u8]], but: Option<u32>) -> Read<Vec<u32>> {
        let (mut pages, index) = (Vec::new(), self.head()?.domain_index());
        for name in names.iter().flat_map(|name| above(name)).collect::<BTreeSet<_>>() {
            self.each::<2>(Table::Domains, index, proving(Hash::of(self.hasher, name)), |Link { page, .. }| {
                pages.extend(Some(page).filter(|page| Some(*page) != but));
                Ok(ControlFlow::Continue(()))
            })?;
        }
        pages.sort_unstable();
        pages.dedup();
        Ok(pages)
    }

    /// What the tenant of another page has now that these names have turned, if that is not what it had.
    fn turned_holdings(&self, (page, number): (PageView<'_>, u32), turned: &Turned<'_>) -> Read<Option<u32>> {
        let above = page.head().above()?;
        let (mut kept, mut flags, mut stopped) = (None, 0, 0);
        for row in 0..above.count {
            let row = AboveRow::nth(page.bytes(), above, row)?;
            let [is_freed, is_stopped] = turned.over(row.domain()?);
            if !is_freed && !is_stopped {
                continue;
            }
            if kept.is_none() {
                flags = self.kept_holdings(page, number)?;
                kept = Some(flags);
            }
            if is_freed {
                self.prove((page, number), row, &mut flags)?;
            }
            stopped |= if is_stopped { row.holdings() } else { 0 };
        }
        if stopped & flags & !page.head().holdings() != 0 {
            // Something else may still give it.
            flags = self.proved_holdings(page, number)?;
        }
        Ok(Some(flags).filter(|_| kept.is_some_and(|kept| kept != flags)))
    }

    /// Whether there is a tenant whose holdings are kept.
    fn keeps_holdings(&self) -> Read<bool> {
        Ok(self.head()?.holding_index().count != 0 || self.overlay().is_some_and(|overlay| overlay.keeps_holdings))
    }
}

/// Names that one tenant has verified, or no longer has, and nobody else.
#[derive(Default)]
struct Turned<'p> {
    /// Whether it has.
    names: BTreeMap<&'p [u8], bool>,
    /// The lengths of the shortest one and of the longest one.
    lengths: Option<(usize, usize)>,
}

impl<'p> Turned<'p> {
    fn add(&mut self, name: &'p [u8], is_verified: bool) {
        self.names.insert(name, is_verified);
        let (shortest, longest) = self.lengths.unwrap_or((name.len(), name.len()));
        self.lengths = Some((shortest.min(name.len()), longest.max(name.len())));
    }

    /// Whether a domain or one above it is no longer verified, and whether one is.
    fn over(&self, domain: &[u8]) -> [bool; 2] {
        let mut turned = [false; 2];
        let Some((shortest, longest)) = self.lengths else { return turned };
        let names = iter::once(domain).chain(above(domain));
        for name in names.skip_while(|name| name.len() > longest).take_while(|name| name.len() >= shortest) {
            if let Some(is_verified) = self.names.get(name) {
                turned[usize::from(*is_verified)] = true;
            }
        }
        turned
    }
}

/// The names that a tenant has verified, if there is one.
fn verified(page: Option<PageView<'_>>) -> Read<BTreeSet<&[u8]>> {
    let rows = page.into_iter().flat_map(|page| records::<DomainRow<'_>>(page.bytes(), page.head().domains()));
    let verified = rows.filter(|row| !matches!(row, Ok(row) if row.flags() & domain::VERIFIED == 0));
    verified.map(|row| row?.name()).collect()
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::super::rows::holding;
    use super::*;
    use crate::address::Address;
    use crate::options::{HashKey, Options};
    use crate::policy::{Identity, IdentityStatus, Policy, Tenant};
    use crate::samples::{self, account, compiled, damaged, reaching, verified};
    use crate::snapshot::Snapshot;
    use crate::snapshot::hash::ALL_ALIKE;

    const MANY: usize = 100;

    /// A tenant with an entry above so many own addresses, each at a domain of its own, and as many identities below another one.
    fn asking(addresses: usize) -> Tenant {
        let mut tenant = Tenant::new("asking");
        tenant.domains.extend(["a.example", "b.example"].map(|name| reaching(verified(name))));
        for number in 0..addresses {
            tenant.accounts.push(account(&format!("account-{number}"), &format!("joe@of{number}.a.example")));
            let mut identity = Identity::new(Address::parse(&format!("joe@of{number}.b.example")).expect("an address"));
            identity.status = IdentityStatus::Verified;
            tenant.identities.push(identity);
        }
        tenant
    }

    /// A tenant that has verified their domains but for some.
    fn stopping(id: &str, addresses: usize, without: &[&str]) -> Tenant {
        let mut tenant = Tenant::new(id);
        let names =
            (0..addresses).flat_map(|number| [format!("of{number}.a.example"), format!("of{number}.b.example")]);
        tenant.domains.extend(names.filter(|name| !without.contains(&&**name)).map(|name| verified(&name)));
        tenant
    }

    fn holdings(snapshot: &Snapshot) -> Read<u32> {
        let root = snapshot.root();
        let number = root.tenant(b"asking")?.expect("a tenant");
        root.holdings(root.page(number)?, number)
    }

    const IDENTITY: u32 = holding::IDENTITY | holding::TENANT_IDENTITY;

    #[test]
    fn what_an_entry_above_proves_is_known_without_all_that_is_below() {
        for (without, expected) in [
            (&[][..], 0),
            (&["of7.b.example"], IDENTITY),
            (&["of7.a.example", "of8.b.example"], IDENTITY | holding::OWN_ADDRESS),
        ] {
            let snapshot = compiled([asking(MANY), stopping("stopping", 4_000, without)]);
            // Who asks what it has verified finds that its page is damaged.
            assert_eq!(holdings(&damaged(&snapshot, "stopping")), Ok(expected), "{without:?}");
        }
    }

    #[test]
    fn what_an_entry_above_proves_follows_the_changes_of_others() {
        let stopping = |id: &str, without: &[&str]| stopping(id, MANY, without);
        let start = compiled([asking(MANY), stopping("stopping", &[]), stopping("other", &[])]);
        let mut snapshot = start.clone();
        // Each step is a tenant that takes the place of the one with its id, or the id of one that is gone.
        let inactive = || {
            let mut tenant = asking(MANY);
            tenant.domains[0].active = false;
            tenant
        };
        let above = || samples::tenant("above", reaching(verified("a.example")));
        for (step, (tenant, gone, expected)) in [
            (Some(stopping("stopping", &["of7.a.example"])), "", 0),
            (Some(stopping("other", &["of7.a.example", "of9.b.example"])), "", holding::OWN_ADDRESS),
            (Some(stopping("stopping", &["of9.b.example"])), "", IDENTITY),
            (None, "stopping", holding::OWN_ADDRESS | IDENTITY),
            (Some(inactive()), "", IDENTITY),
            (Some(above()), "", IDENTITY),
            (Some(asking(MANY)), "", holding::OWN_ADDRESS | IDENTITY),
            (Some(stopping("stopping", &[])), "", 0),
            (None, "other", 0),
            (None, "stopping", holding::OWN_ADDRESS | IDENTITY),
            (Some(asking(3)), "", holding::OWN_ADDRESS | IDENTITY),
            (Some(stopping("other", &[])), "", 0),
            (Some(asking(MANY)), "", 0),
        ]
        .into_iter()
        .enumerate()
        {
            snapshot = match &tenant {
                Some(tenant) => snapshot.replace_tenant(tenant),
                None => snapshot.remove_tenant(gone),
            }
            .expect("a sound change");
            let fresh = snapshot.compact().expect("a sound snapshot");
            let delta = start.delta(&fresh).expect("one key");
            let applied = start.apply_delta(&delta).expect("the snapshot that it is for");
            for (way, snapshot) in [&snapshot, &fresh, &applied].into_iter().enumerate() {
                assert_eq!(holdings(snapshot), Ok(expected), "step {step}, way {way}");
            }
            if step % 3 == 2 {
                snapshot = fresh;
            }
        }
    }

    #[test]
    fn a_change_asks_of_no_domain_but_those_that_it_turns() {
        let alone = |id: &str| samples::tenant(id, verified("of7.a.example"));
        let stopping = stopping("stopping", 4_000, &["of7.a.example"]);
        // Who asks about any other domain finds that the page of the tenant that has verified it is damaged.
        let snapshot = damaged(&compiled([asking(MANY), stopping, alone("alone")]), "stopping");
        let changed = snapshot.replace_tenant(&samples::tenant("other", verified("x.a.example")));
        assert_eq!(changed.as_ref().map(holdings), Ok(Ok(0)));
        let twice = snapshot.replace_tenant(&alone("twice"));
        assert_eq!(twice.as_ref().map(holdings), Ok(Ok(0)));
        let once = twice.and_then(|snapshot| snapshot.remove_tenant("alone"));
        assert_eq!(once.as_ref().map(holdings), Ok(Ok(0)));
        let freed = once.and_then(|snapshot| snapshot.remove_tenant("twice"));
        assert_eq!(freed.as_ref().map(holdings), Ok(Ok(holding::OWN_ADDRESS)));
    }

    #[test]
    fn what_is_kept_is_what_would_be_found_out_whatever_was_changed() {
        const TENANTS: u32 = 8;
        let mut random = 1_u64;
        let mut one_of = |number: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % number == 0
        };
        let mut some = |id: &str| {
            let mut tenant = Tenant::new(id);
            if !one_of(3) {
                tenant.domains.push(reaching(verified("a.example")));
            }
            if one_of(4) {
                tenant.domains.push(verified("mid.a.example"));
            }
            // Of some, nothing stands right below the entry.
            let domains = ["a.example", "mid.a.example"];
            for domain in &domains[usize::from(one_of(3))..] {
                for number in 0..16 {
                    let name = format!("of{number}.{domain}");
                    let mut identity = Identity::new(Address::parse(&format!("joe@{name}")).expect("an address"));
                    identity.status = IdentityStatus::Verified;
                    if one_of(4) {
                        tenant.domains.push(verified(&name));
                    }
                    if one_of(5) {
                        tenant.accounts.push(account(&format!("{id}-{name}"), &format!("{id}@{name}")));
                    } else if !one_of(4) {
                        tenant.identities.push(identity);
                    }
                }
            }
            tenant
        };
        for key in [HashKey([5; 16]), ALL_ALIKE] {
            let mut policy = Policy::default();
            policy.tenants.extend((0..TENANTS).map(|number| some(&format!("tenant-{number}"))));
            let mut snapshot = Snapshot::compile(&policy, &Options::new(key)).expect("a sound policy");
            let mut seen = BTreeMap::<u32, u32>::new();
            for step in 0..300 {
                let id = format!("tenant-{}", step * 5 % TENANTS);
                // Now and then one is gone for a while, so that some names are nobody's.
                let changed =
                    if step % 7 < 3 { snapshot.remove_tenant(&id) } else { snapshot.replace_tenant(&some(&id)) };
                snapshot = changed.expect("a sound change");
                let root = snapshot.root();
                for page in root.pages() {
                    let (number, page) = page.expect("it is sound");
                    if has_many_above(page).expect("it is sound") {
                        let proved = root.proved_holdings(page, number).expect("it is sound");
                        assert_eq!(root.holdings(page, number), Ok(proved), "step {step}");
                        *seen.entry(proved).or_default() += 1;
                    }
                }
            }
            assert!(seen.len() > 1 && seen.values().sum::<u32>() > 200, "{seen:?}");
        }
    }
}
