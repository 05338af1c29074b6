//! Asks for memory before it is needed.
//!
//! In a large snapshot each look-up waits for memory, and often for several places one after the other. What the request
//! says is read meanwhile. What is asked for here is only brought near: the look-ups that follow find out whether it holds
//! what they look for and whether it is sound, so that no answer depends on it.

use crate::address::octet;

use super::entry::{Link, link, small_page};
use super::hash::Hash;
use super::index::{Candidates, Home};
use super::keys::Table;
use super::layout::{Read, Run};
use super::near::bring_near;
use super::page::PageView;
use super::root::{RootView, UNIT_WORDS};
use super::row::Row;
use super::rows::{AccountRow, RootRow, TenantRow};
use super::target::{Keys, Target};

/// The look-up of an account, in steps that each ask for the memory of the next one.
///
/// Where one request is decided, a step is taken between two pieces of other work; where many are, the steps are taken for all of
/// them, in two passes.
#[derive(Clone, Copy)]
pub(crate) struct Approach<'p> {
    root: &'p RootView<'p>,
    id: &'p [u8],
    hash: Hash,
    /// The first entry that may be the account's.
    first: Option<Entry>,
    /// Whether memory is asked for.
    asks: bool,
}

/// The words of an entry. Each is read back as it was written, by itself: what reads both at once waits until the processor has written
/// them, and with it all that is asked for behind it.
#[derive(Clone, Copy)]
struct Entry {
    page: u32,
    second: u32,
}

/// An account that was found, and its tenant's page.
#[derive(Clone, Copy)]
pub(crate) struct Approached<'p> {
    pub(crate) link: Link,
    pub(crate) page: PageView<'p>,
    pub(crate) account: AccountRow<'p>,
}

/// Asks for what tells whether an account that was found before may use an address, if the snapshot is so large that it pays.
#[inline(never)]
pub(crate) fn ask_for_sender(root: &RootView<'_>, page: PageView<'_>, account: AccountRow<'_>, target: &Target<'_>) {
    if !root.is_large() {
        return;
    }
    let keys = Keys::of(target, account.id().unwrap_or_default());
    if !keys.is_own {
        ask(Candidates::<1>::begins_at(page.bytes(), page.head().identity_index(), keys.address));
    }
    holders(root, &keys);
}

impl<'p> Approach<'p> {
    /// Asks for the group of an account, if the snapshot is so large that it pays.
    #[inline(always)]
    pub(crate) fn start(root: &'p RootView<'p>, id: &'p [u8]) -> Self {
        let approach = Self { root, id, hash: Hash::of(root.hasher, id), first: None, asks: root.is_large() };
        if approach.asks {
            approach.account_group();
        }
        approach
    }

    /// One of nobody, which asks for nothing by itself.
    pub(crate) fn idle(root: &'p RootView<'p>) -> Self {
        Self { root, id: &[], hash: Hash::of(root.hasher, &[]), first: None, asks: false }
    }

    /// Takes an account's place, and asks for its group.
    #[inline]
    pub(crate) fn start_anew(&mut self, id: &'p [u8]) {
        (self.id, self.hash) = (id, Hash::of(self.root.hasher, id));
        self.account_group();
    }

    /// What an envelope sender is looked up by.
    #[inline]
    pub(crate) fn keys(&self, target: &Target<'_>) -> Keys {
        Keys::of(target, self.id)
    }

    /// The snapshot that it is looked up in.
    #[inline]
    pub(crate) const fn root(&self) -> &'p RootView<'p> {
        self.root
    }

    /// Finds the first record that may be the account's, and asks for it.
    #[inline]
    pub(crate) fn find_record(&mut self) {
        if self.asks {
            self.find_first();
            self.first_record();
        }
    }

    /// Asks for the group of the identity that an address may be, and for those that tell who holds it.
    #[inline]
    pub(crate) fn ask_for_entries(&self, target: Option<&Target<'_>>) {
        if let (true, Some(target)) = (self.asks, target) {
            let keys = self.keys(target);
            self.entries(&keys);
            holders(self.root, &keys);
        }
    }

    /// Asks for that identity, and for the first of the tenant's domains.
    #[inline]
    pub(crate) fn ask_for_identity(&self, target: Option<&Target<'_>>) {
        if let (true, Some(target)) = (self.asks, target) {
            self.identity(target.folded_hash());
        }
    }

    /// Asks for the groups that tell who holds another address.
    #[inline]
    pub(crate) fn ask_for_holders(&self, target: &Target<'_>) {
        if self.asks {
            holders(self.root, &self.keys(target));
        }
    }

    /// Takes all of these steps, and that to the records of who holds an address, for the first `count` of some look-ups in a large
    /// snapshot: first what needs the groups of their accounts, then what needs what that asked for. `keys` are those of their envelope
    /// senders.
    pub(crate) fn find_together(approaches: &mut [Self], keys: &[Option<Keys>], count: usize) {
        for (approach, keys) in approaches.iter_mut().zip(keys).take(count) {
            approach.find_first();
            approach.first_record();
            if let Some(keys) = keys {
                approach.entries(keys);
                holders(approach.root, keys);
            }
        }
        for (approach, keys) in approaches.iter().zip(keys).take(count) {
            if let Some(keys) = keys {
                approach.records(keys);
                approach.identity(keys.address);
            }
        }
    }

    /// Asks for the group of the account.
    #[inline]
    fn account_group(&self) {
        ask(self.root.head().and_then(|head| group(self.root, head.account_index(), self.hash)));
    }

    /// Finds the first entry.
    #[inline(never)]
    fn find_first(&mut self) {
        self.first = first(self.root, RootRow::account_index, self.hash).map(|[page, second]| Entry { page, second });
    }

    /// Asks for its record.
    #[inline(never)]
    fn first_record(&self) {
        if let Some(Entry { page, second }) = self.first {
            record(self.root, link([page, second]));
        }
    }

    /// Asks for the group of the tenant's identities.
    #[inline(never)]
    fn entries(&self, keys: &Keys) {
        if keys.is_own {
            return;
        }
        let (Some(first), Some(page)) = (self.first, self.page()) else { return };
        // The head of the page is not waited for, if the entry has what is needed of it.
        let (length, groups) =
            small_page(first.second).unwrap_or_else(|| (page.head().length(), page.head().identity_groups()));
        let Run { start, count } = TenantRow::index_of(length, groups);
        let index = Run { start: first.page.wrapping_mul(UNIT_WORDS).wrapping_add(start), count };
        ask(Candidates::<1>::begins_at(self.root.bytes, index, keys.address));
    }

    /// Asks for the first record of each of the groups over all tenants.
    #[inline(never)]
    fn records(&self, keys: &Keys) {
        let domain = first(self.root, RootRow::domain_index, keys.domain);
        let own = if keys.is_own { None } else { first(self.root, RootRow::own_index, keys.address) };
        [domain, own].into_iter().flatten().for_each(|words| record(self.root, link(words)));
    }

    /// Asks for the first identity of its group, and for the first of the tenant's domains.
    #[inline(never)]
    fn identity(&self, hash: Hash) {
        let Some(page) = self.page() else { return };
        ask(page.bytes().place(page.head().domains().start));
        let home = Home::<1>::of(page.bytes(), page.head().identity_index(), hash).ok();
        if let Some([word]) = home.and_then(|home| home.first()) {
            ask(page.bytes().place(word));
            ask(page.bytes().place(word.wrapping_add(USUAL)));
        }
    }

    /// The page of the first record.
    fn page(&self) -> Option<PageView<'p>> {
        self.root.page(self.first?.page).ok()
    }

    /// The account, after these steps or without them.
    #[inline(always)]
    pub(crate) fn account(self) -> Read<Option<Approached<'p>>> {
        let home = self.root.home::<2>(self.root.head()?.account_index(), self.hash)?;
        if let Some(words) = home.first() {
            let found = self.account_at(link(words))?;
            if self.is(found.account)? {
                return Ok(Some(found));
            }
        }
        let further = if home.has_more() { self.account_further()? } else { None };
        further.map(|link| self.account_at(link)).transpose()
    }

    /// Where the account stands that is not at its first entry. It is looked at again there, so that what is found at once is
    /// handed on in registers.
    #[inline(never)]
    fn account_further(self) -> Read<Option<Link>> {
        let mut links = self.root.further::<2>(Table::Accounts, self.root.head()?.account_index(), self.hash)?;
        while let Some(link) = links.next()? {
            if self.is(self.account_at(link)?.account)? {
                return Ok(Some(link));
            }
        }
        Ok(None)
    }

    /// The account that a record is.
    #[inline(always)]
    fn account_at(self, link: Link) -> Read<Approached<'p>> {
        let page = self.root.page(link.page)?;
        Ok(Approached { link, page, account: page.record(link.record)? })
    }

    /// Whether an account is the one.
    #[inline(always)]
    fn is(self, account: AccountRow<'_>) -> Read<bool> {
        Ok(octet::same(account.id()?, self.id))
    }
}

/// Asks for the groups of the tables over all tenants.
#[inline(never)]
fn holders(root: &RootView<'_>, keys: &Keys) {
    let Ok(head) = root.head() else { return };
    ask(group(root, head.domain_index(), keys.domain));
    if !keys.is_own {
        ask(group(root, head.own_index(), keys.address));
    }
}

/// Asks for the memory of a place, if there is one.
#[inline(always)]
fn ask(place: Read<&u8>) {
    if let Ok(octet) = place {
        bring_near(octet);
    }
}

/// Where the tags begin that a hash leads to in a table over all tenants.
fn group<'p>(root: &RootView<'p>, index: Run, hash: Hash) -> Read<&'p u8> {
    Candidates::<2>::begins_at(root.bytes, index, hash)
}

/// The first entry that a table over all tenants has for a hash.
fn first<'p>(root: &RootView<'p>, index: impl FnOnce(RootRow<'p>) -> Run, hash: Hash) -> Option<[u32; 2]> {
    root.home::<2>(index(root.head().ok()?), hash).ok()?.first()
}

/// Asks for the head of a page, and for both ends of a record of it, which may stand in two lines of memory.
fn record(root: &RootView<'_>, link: Link) {
    let Ok(page) = root.page(link.page) else { return };
    ask(page.bytes().place(0));
    ask(page.bytes().place(TenantRow::WORDS));
    ask(page.bytes().place(link.record));
    ask(page.bytes().place(link.record.wrapping_add(USUAL)));
}

/// The words of most records, their text included.
const USUAL: u32 = 8;
