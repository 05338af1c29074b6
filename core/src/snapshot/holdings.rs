//! What a tenant has that a sender could be authorised by, where that depends on what other tenants have verified.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
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
    pub(crate) fn holdings(self, page: PageView<'_>, number: u32) -> Read<u32> {
        if page.has_subdomains() { self.holdings_below(page, number) } else { Ok(page.head().holdings()) }
    }

    /// The same with what only an entry above proves.
    #[inline(never)]
    fn holdings_below(self, page: PageView<'_>, number: u32) -> Read<u32> {
        if has_many_above(page)? { self.kept_holdings(page, number) } else { self.proved_holdings(page, number) }
    }

    /// What was found out of a tenant of which too much would have to be asked.
    fn kept_holdings(self, page: PageView<'_>, number: u32) -> Read<u32> {
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
    pub(super) fn proved_holdings(self, page: PageView<'_>, number: u32) -> Read<u32> {
        let (mut flags, above) = (page.head().holdings(), page.head().above()?);
        for row in 0..above.count {
            let row = AboveRow::nth(page.bytes(), above, row)?;
            if row.holdings() & !flags != 0 {
                let (local, domain) = (&[][..], row.domain()?);
                if reaches(self, page, number, &Target::new(self.hasher, CanonicalView { local, domain }))? {
                    flags |= row.holdings();
                }
            }
        }
        Ok(flags)
    }

    /// The holdings that are kept and may be others where the page of one tenant is, or is going to be, another: of that tenant, and of
    /// those that would prove what it has verified, or no longer has. This is the snapshot after the change.
    pub(super) fn changed_holdings(self, old: Option<PageView<'_>>, new: Option<u32>) -> Read<Vec<(u32, u32)>> {
        if !self.keeps_holdings()? {
            return Ok(Vec::new());
        }
        let mut pages: BTreeSet<u32> = new.into_iter().collect();
        let new = new.map(|number| self.page(number)).transpose()?;
        let index = self.head()?.domain_index();
        for name in names_above(old, new)? {
            self.each::<2>(Table::Domains, index, proving(Hash::of(self.hasher, name)), |Link { page, .. }| {
                pages.insert(page);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        let mut changed = Vec::with_capacity(pages.len());
        for number in pages {
            let page = self.page(number)?;
            // Of others, which may be found by chance, nothing is kept.
            if has_many_above(page)? {
                changed.push((number, self.proved_holdings(page, number)?));
            }
        }
        Ok(changed)
    }

    /// Whether there is a tenant whose holdings are kept.
    fn keeps_holdings(self) -> Read<bool> {
        Ok(self.head()?.holding_index().count != 0 || self.overlay().is_some_and(|overlay| overlay.keeps_holdings))
    }
}

/// Each name above one that one of two pages has verified and the other has not.
fn names_above<'p>(old: Option<PageView<'p>>, new: Option<PageView<'p>>) -> Read<BTreeSet<&'p [u8]>> {
    let verified = |page: Option<PageView<'p>>| {
        let rows = page.into_iter().flat_map(|page| records::<DomainRow<'_>>(page.bytes(), page.head().domains()));
        let verified = rows.filter(|row| !matches!(row, Ok(row) if row.flags() & domain::VERIFIED == 0));
        verified.map(|row| row?.name()).collect::<Read<Vec<_>>>()
    };
    let (old, new) = (verified(old)?, verified(new)?);
    let mut names = BTreeSet::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    // Both are sorted.
    loop {
        let name = match (old.peek(), new.peek()) {
            (None, None) => return Ok(names),
            (Some(one), Some(other)) if one == other => {
                old.next();
                new.next();
                continue;
            }
            (Some(one), Some(other)) if other < one => new.next(),
            (Some(_), _) => old.next(),
            (None, Some(_)) => new.next(),
        };
        names.extend(name.into_iter().flat_map(|name| above(name)));
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::super::rows::holding;
    use crate::address::Address;
    use crate::policy::{Identity, IdentityStatus, Tenant};
    use crate::samples::{self, account, compiled, damaged, reaching, verified};
    use crate::snapshot::Snapshot;
    use crate::snapshot::layout::Read;

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
}
