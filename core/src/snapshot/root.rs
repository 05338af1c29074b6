//! The root page: what concerns several tenants, derived from their pages.

use alloc::vec::Vec;

use crate::address::CanonicalView;
use crate::compile::{denies, mode_from, mode_kind};
use crate::options::HashKey;
use crate::policy::{Provider, Strength};
use crate::time::Clock;

use super::compare::Separators;
use super::index::{self, Candidates, Hash};
use super::layout::{Bytes, Damaged, Read, Writer};
use super::page::{Page, PageView, rule, strength};
use super::row::{Row, records};
use super::rows::{
    AccountRow, CredentialRow, DomainRow, IdentityRow, RootRow, account, domain, holding, identity, root, tenant,
};
use super::target::Target;

/// Look-ups over all tenants.
#[derive(Clone, Copy)]
pub(crate) struct RootView<'p> {
    pub(crate) bytes: Bytes<'p>,
    pub(crate) pages: &'p [Page],
    pub(crate) key: &'p HashKey,
    /// It is too large to be close to the processor, so that it pays to ask for its memory early.
    pub(crate) is_large: bool,
}

/// A record of a page, by the word where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) page: u32,
    pub(crate) record: u32,
}

impl<'p> RootView<'p> {
    /// The head of the root page.
    pub(crate) fn head(self) -> Read<RootRow<'p>> {
        RootRow::at(self.bytes, 0)
    }

    /// The page with this number.
    #[inline]
    pub(crate) fn page(self, number: u32) -> Read<PageView<'p>> {
        self.pages.get(number as usize).ok_or(Damaged)?.view()
    }

    /// How strictly `hosted` is applied now.
    pub(crate) fn hosted(self, clock: &Clock) -> Read<Strength> {
        strength(self.bytes, self.bytes.word(RootRow::HOSTED)?, RootRow::HOSTED + 1, clock)
    }

    /// The page of the tenant with this id.
    pub(crate) fn tenant(self, id: &[u8]) -> Read<Option<u32>> {
        let mut candidates = Candidates::new(self.bytes, self.head()?.tenant_index(), Hash::of(self.key, id));
        while let Some([page]) = candidates.next()? {
            if self.page(page)?.head().id()? == id {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// The credential with this id.
    pub(crate) fn credential(self, id: &[u8]) -> Read<Option<Link>> {
        let mut candidates = Candidates::new(self.bytes, self.head()?.credential_index(), Hash::of(self.key, id));
        while let Some([page, record]) = candidates.next()? {
            if self.page(page)?.record::<CredentialRow<'_>>(record)?.id()? == id {
                return Ok(Some(Link { page, record }));
            }
        }
        Ok(None)
    }

    /// Calls `visit` with each domain entry of exactly this name that is not pending, and its page.
    pub(crate) fn domains_named(
        self,
        name: &[u8],
        hash: Hash,
        mut visit: impl FnMut(u32, DomainRow<'p>) -> Read<()>,
    ) -> Read<()> {
        let mut candidates = Candidates::new(self.bytes, self.head()?.domain_index(), hash);
        while let Some([page, record]) = candidates.next()? {
            let row: DomainRow<'_> = self.page(page)?.record(record)?;
            if row.name()? == name {
                visit(page, row)?;
            }
        }
        Ok(())
    }

    /// Calls `visit` with each entry that is not pending and has this domain in its scope, and its page.
    pub(crate) fn domains_over(
        self,
        target: &Target<'_>,
        mut visit: impl FnMut(u32, DomainRow<'p>) -> Read<()>,
    ) -> Read<()> {
        let depth = if self.head()?.flags() & root::HAS_SUBDOMAINS != 0 { usize::MAX } else { 1 };
        for (depth, (name, hash)) in target.domains().take(depth).enumerate() {
            self.domains_named(name, hash, |page, row| {
                if depth == 0 || row.flags() & domain::SUBDOMAINS != 0 { visit(page, row) } else { Ok(()) }
            })?;
        }
        Ok(())
    }

    /// Whether a right from the entry named `above` stops before the target: at or above it, and below `above`,
    /// there is a domain that another tenant has verified and none of `mine` has (docs/semantics.md 4.5).
    pub(crate) fn stops(self, target: &Target<'_>, above: &[u8], mine: impl Fn(u32) -> bool) -> Read<bool> {
        for (name, hash) in target.domains().take_while(|(name, _)| name.len() > above.len()) {
            let (mut others, mut own) = (false, false);
            self.domains_named(name, hash, |page, row| {
                if row.flags() & domain::VERIFIED != 0 {
                    if mine(page) {
                        own = true;
                    } else {
                        others = true;
                    }
                }
                Ok(())
            })?;
            if others && !own {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Calls `visit` with each account whose counted own address may be this one in widest form.
    ///
    /// `separators` are those that any tenant's entry in force gives to the domain.
    pub(crate) fn own_addresses(
        self,
        target: &Target<'_>,
        separators: Separators,
        mut visit: impl FnMut(Link) -> Read<()>,
    ) -> Read<()> {
        let index = self.head()?.own_index();
        let hash = target.hash_of(separators.base(target.local), false);
        let mut candidates = Candidates::new(self.bytes, index, hash);
        while let Some([page, record]) = candidates.next()? {
            visit(Link { page, record })?;
        }
        Ok(())
    }

    /// What the tenant of a page has that could authorise a sender: flags of [`holding`].
    pub(crate) fn holdings(self, page: u32) -> Read<u32> {
        self.pages.get(page as usize).map(|page| page.holdings).ok_or(Damaged)
    }
}

/// Compiles the root page over pages that are sorted by tenant id, and enters in each what its tenant holds.
pub(crate) fn compile_root(provider: &Provider, pages: &mut [Page], key: &HashKey) -> Read<Vec<u8>> {
    let mut writer = Writer::default();
    let has_subdomains = pages.iter().try_fold(false, |any, page| Ok(any | page.view()?.has_subdomains()))?;
    writer.word(if has_subdomains { root::HAS_SUBDOMAINS } else { 0 });
    writer.word(mode_kind(provider.hosted));
    writer.seconds(mode_from(provider.hosted));
    writer.reserve(RootRow::WORDS - RootRow::RUNS);
    let denies = denies(&mut writer, &provider.denies);

    let mut tenants = Vec::with_capacity(pages.len());
    let mut accounts = Vec::new();
    let mut credentials = Vec::new();
    let mut domains = Vec::new();
    for (page, number) in pages.iter().zip(0..) {
        let view = page.view()?;
        tenants.push((Hash::of(key, view.head().id()?), [number]));
        let bytes = view.bytes();
        for row in records::<AccountRow<'_>>(bytes, view.head().accounts()) {
            let row = row?;
            accounts.push((Hash::of(key, row.id()?), [number, row.0.word]));
        }
        for row in records::<CredentialRow<'_>>(bytes, view.head().credentials()) {
            let row = row?;
            credentials.push((Hash::of(key, row.id()?), [number, row.0.word]));
        }
        for row in records::<DomainRow<'_>>(bytes, view.head().domains()) {
            let row = row?;
            if row.flags() & (domain::VERIFIED | domain::SUSPENDED) != 0 {
                domains.push((Hash::of(key, row.name()?), [number, row.0.word]));
            }
        }
    }
    let tenant_index = index::write(&mut writer, &tenants);
    let account_index = index::write(&mut writer, &accounts);
    let credential_index = index::write(&mut writer, &credentials);
    let domain_index = index::write(&mut writer, &domains);

    // Own addresses and holdings depend on other tenants' domains, which are looked up in the page so far.
    writer.set_runs(RootRow::RUNS, &[denies, tenant_index, account_index, credential_index, domain_index]);
    let so_far = writer.bytes();
    let view = RootView { bytes: Bytes(&so_far), pages, key, is_large: false };
    let mut own = Vec::new();
    let mut holdings = Vec::with_capacity(pages.len());
    for (page, number) in pages.iter().zip(0..) {
        holdings.push(hold(view, page.view()?, number, &mut own)?);
    }
    for (page, holdings) in pages.iter_mut().zip(holdings) {
        page.holdings = holdings;
    }
    let own_index = index::write(&mut writer, &own);
    writer.set_runs(RootRow::RUNS, &[denies, tenant_index, account_index, credential_index, domain_index, own_index]);
    writer.finish().ok_or(Damaged)
}

/// Returns what a tenant has, and adds its counted own addresses to `own`.
fn hold(root: RootView<'_>, view: PageView<'_>, number: u32, own: &mut Vec<(Hash, [u32; 2])>) -> Read<u32> {
    let mut flags = 0;
    for row in records::<AccountRow<'_>>(view.bytes(), view.head().accounts()) {
        let row = row?;
        let (bits, domain) = (row.flags(), row.domain()?);
        if bits & (account::COUNTED | account::COUNTED_ABOVE) == 0 {
            continue;
        }
        let target = Target::new(root.key, CanonicalView { local: row.local()?, domain });
        if bits & account::COUNTED != 0 || reaches(root, view, number, &target)? {
            flags |= holding::OWN_ADDRESS;
            let base = separators(root, &target)?.base(target.local);
            own.push((target.hash_of(base, false), [number, row.0.word]));
        }
    }
    let approval = view.has(tenant::APPROVAL_REQUIRED);
    for row in records::<DomainRow<'_>>(view.bytes(), view.head().domains()) {
        let row = row?;
        let (bits, senders) = (row.flags(), row.senders());
        let usable = bits & domain::IN_FORCE == domain::IN_FORCE && (bits & domain::APPROVED != 0 || !approval);
        if usable && (bits & domain::ANY_SENDER != 0 || senders.own.count + senders.others.count != 0) {
            flags |= holding::DOMAIN;
        }
    }
    let vouches = view.has(tenant::ADMIN_VOUCHES);
    for row in records::<IdentityRow<'_>>(view.bytes(), view.head().identities()) {
        let row = row?;
        let bits = row.flags();
        if bits & (identity::REFUSED | identity::WITHDRAWN) != 0 {
            continue;
        }
        let verified = bits & identity::VERIFIED != 0;
        let of_tenant = row.holder() == 0;
        if bits & identity::GIVEN != 0
            || verified && (vouches || bits & identity::PROVED != 0)
            || verified && bits & identity::PROVED_ABOVE != 0 && {
                let address = CanonicalView { local: row.local()?, domain: row.domain()? };
                reaches(root, view, number, &Target::new(root.key, address))?
            }
        {
            flags |= holding::IDENTITY | if of_tenant { holding::TENANT_IDENTITY } else { 0 };
        } else if bits & identity::GRANDFATHERED != 0 {
            flags |= holding::GRANDFATHERED | if of_tenant { holding::TENANT_GRANDFATHERED } else { 0 };
        }
    }
    Ok(flags)
}

/// Every separator that some tenant's entry in force gives to local parts at this domain.
fn separators(root: RootView<'_>, target: &Target<'_>) -> Read<Separators> {
    let mut all = Separators::default();
    root.domains_over(target, |_, row| {
        all = all.union(rule(Some(row)).separators);
        Ok(())
    })?;
    Ok(all)
}

/// Whether an entry in force above this domain reaches it.
pub(crate) fn reaches(root: RootView<'_>, view: PageView<'_>, number: u32, target: &Target<'_>) -> Read<bool> {
    let mut reached = false;
    view.domains_above(target, |row| {
        let needed = domain::IN_FORCE | domain::SUBDOMAINS;
        if !reached && row.flags() & needed == needed {
            reached = !root.stops(target, row.name()?, |page| page == number)?;
        }
        Ok(())
    })?;
    Ok(reached)
}
