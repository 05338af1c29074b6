//! Asks for memory before it is needed.
//!
//! In a large snapshot each look-up waits for memory, and often for several places one after the other. What the request
//! says is read meanwhile. What is asked for here is only loaded: the look-ups that follow find out whether it holds
//! what they look for, so that no answer depends on it.

use core::hint::black_box;

use crate::address::octet;

use super::hash::Hash;
use super::index::Candidates;
use super::keys::Table;
use super::layout::{Read, Run};
use super::page::PageView;
use super::root::{Link, Links, RootView, link};
use super::row::Record;
use super::rows::{AccountRow, DomainRow};
use super::target::Target;

/// The look-up of an account, in steps that each ask for the memory of the next one.
#[derive(Clone, Copy)]
pub(crate) struct Approach<'p> {
    root: RootView<'p>,
    id: &'p [u8],
    hash: Hash,
    first: Option<Link>,
}

/// An account that was found, and its tenant's page.
#[derive(Clone, Copy)]
pub(crate) struct Approached<'p> {
    pub(crate) link: Link,
    pub(crate) page: PageView<'p>,
    pub(crate) account: AccountRow<'p>,
}

impl<'p> Approach<'p> {
    /// Asks for the bucket of an account.
    #[inline(always)]
    pub(crate) fn start(root: RootView<'p>, id: &'p [u8]) -> Read<Self> {
        let approach = Self { root, id, hash: Hash::of(root.hasher, id), first: None };
        if root.is_large() {
            black_box(Candidates::<2>::glance(root.bytes, root.head()?.account_index(), approach.hash)?);
        }
        Ok(approach)
    }

    /// Asks for the buckets that tell who holds an address.
    #[inline]
    pub(crate) fn ask_for_holders(&self, target: &Target<'_>) -> Read<()> {
        if self.root.is_large() { self.ask_for_holders_of(target) } else { Ok(()) }
    }

    #[inline(never)]
    fn ask_for_holders_of(&self, target: &Target<'_>) -> Read<()> {
        let head = self.root.head()?;
        self.ask_for_bucket(head.domain_index(), target.domain_hash())?;
        if !self.is_own(target) {
            self.ask_for_bucket(head.own_index(), target.hash_of(target.local, false))?;
        }
        Ok(())
    }

    /// Finds the first record that may be the account's, and asks for its page.
    #[inline]
    pub(crate) fn find_page(&mut self) -> Read<()> {
        if self.root.is_large() {
            self.first = self.first_link()?;
        }
        Ok(())
    }

    #[inline(never)]
    fn first_link(&self) -> Read<Option<Link>> {
        let first = self.links()?.next()?;
        if let Some(link) = first {
            self.ask_for_record::<AccountRow<'_>>(link)?;
        }
        Ok(first)
    }

    /// Asks for that record, and for what its tenant keeps about an address.
    #[inline]
    pub(crate) fn find_record(&self, target: Option<&Target<'_>>) -> Read<()> {
        match self.first {
            Some(link) => self.find_record_of(link, target),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn find_record_of(&self, link: Link, target: Option<&Target<'_>>) -> Read<()> {
        let page = self.root.page(link.page)?;
        // The domains stand behind the head and the id.
        black_box(page.bytes().word(page.head().domains().start)?);
        let Some(target) = target else { return Ok(()) };
        let head = self.root.head()?;
        self.ask_for_first::<DomainRow<'_>>(Table::Domains, head.domain_index(), target.domain_hash())?;
        if !self.is_own(target) {
            let hash = target.hash_of(target.local, false);
            page.ask_for_identities(hash)?;
            self.ask_for_first::<AccountRow<'_>>(Table::Own, head.own_index(), hash)?;
        }
        Ok(())
    }

    /// The account, after these steps or without them.
    #[inline(always)]
    pub(crate) fn account(self) -> Read<Option<Approached<'p>>> {
        let home = self.root.home::<2>(self.root.head()?.account_index(), self.hash)?;
        if let Some(words) = home.first() {
            if let Some(found) = self.account_at(link(words))? {
                return Ok(Some(found));
            }
        }
        if home.has_more() { self.account_further() } else { Ok(None) }
    }

    #[inline(never)]
    fn account_further(self) -> Read<Option<Approached<'p>>> {
        let mut links = self.root.further::<2>(Table::Accounts, self.root.head()?.account_index(), self.hash)?;
        while let Some(link) = links.next()? {
            if let Some(found) = self.account_at(link)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The account that a record is, if it is the one.
    #[inline(always)]
    fn account_at(self, link: Link) -> Read<Option<Approached<'p>>> {
        let page = self.root.page(link.page)?;
        let account: AccountRow<'_> = page.record(link.record)?;
        Ok(octet::same(account.id()?, self.id).then_some(Approached { link, page, account }))
    }

    fn links(&self) -> Read<Links<'p, 2>> {
        self.root.links(Table::Accounts, self.root.head()?.account_index(), self.hash)
    }

    /// Whether the address is likely to be the account's own: its id is the address.
    fn is_own(&self, target: &Target<'_>) -> bool {
        target.is_spelled(self.id)
    }

    fn ask_for_bucket(&self, index: Run, hash: Hash) -> Read<()> {
        black_box(Candidates::<2>::glance(self.root.bytes, index, hash)?);
        Ok(())
    }

    /// Asks for the first record that the table has for the hash.
    fn ask_for_first<R: Record<'p>>(&self, table: Table, index: Run, hash: Hash) -> Read<()> {
        match self.root.links::<2>(table, index, hash)?.next()? {
            Some(link) => self.ask_for_record::<R>(link),
            None => Ok(()),
        }
    }

    /// Asks for a record, and for the head of its page.
    fn ask_for_record<R: Record<'p>>(&self, link: Link) -> Read<()> {
        let view = self.root.page(link.page)?;
        black_box((view.head().packed(), view.record::<R>(link.record)?.size()));
        Ok(())
    }
}
