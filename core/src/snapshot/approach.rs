//! Asks for memory before it is needed.
//!
//! In a large snapshot each look-up waits for memory, and often for several places one after the other. What the request
//! says is read meanwhile. What is asked for here is only loaded: the look-ups that follow find out whether it holds
//! what they look for, so that no answer depends on it.

use core::hint::black_box;

use super::index::{Candidates, Hash};
use super::keys::Table;
use super::layout::{Read, Run};
use super::root::{Link, Links, RootView};
use super::row::Record;
use super::rows::{AccountRow, DomainRow};
use super::target::Target;

/// The look-up of an account, in steps that each ask for the memory of the next one.
pub(crate) struct Approach<'p> {
    root: RootView<'p>,
    id: &'p [u8],
    links: Links<'p, 2>,
    first: Option<Link>,
}

impl<'p> Approach<'p> {
    /// Asks for the bucket of an account.
    pub(crate) fn start(root: RootView<'p>, id: &'p [u8]) -> Read<Self> {
        let links = root.links(Table::Accounts, root.head()?.account_index(), Hash::of(root.key, id));
        if root.is_large() {
            black_box(links.glance()?);
        }
        Ok(Self { root, id, links, first: None })
    }

    /// Asks for the buckets that tell who holds an address.
    pub(crate) fn ask_for_holders(&self, target: &Target<'_>) -> Read<()> {
        if !self.root.is_large() {
            return Ok(());
        }
        let head = self.root.head()?;
        self.ask_for_bucket(head.domain_index(), target.domain_hash())?;
        if !self.is_own(target) {
            self.ask_for_bucket(head.own_index(), target.hash_of(target.local, false))?;
        }
        Ok(())
    }

    /// Finds the first record that may be the account's, and asks for its page.
    pub(crate) fn find_page(&mut self) -> Read<()> {
        if self.root.is_large() {
            self.first = self.links.next()?;
        }
        if let Some(link) = self.first {
            self.ask_for_record::<AccountRow<'_>>(link)?;
        }
        Ok(())
    }

    /// Asks for that record, and for what its tenant keeps about an address.
    pub(crate) fn find_record(&self, target: Option<&Target<'_>>) -> Read<()> {
        let Some(link) = self.first else { return Ok(()) };
        let page = self.root.page(link.page)?;
        // The domains stand behind the head and the id.
        black_box(page.bytes().word(page.head().domains().start)?);
        let Some(target) = target else { return Ok(()) };
        let head = self.root.head()?;
        self.ask_for_first::<DomainRow<'_>>(Table::Domains, head.domain_index(), target.domain_hash())?;
        if !self.is_own(target) {
            let hash = target.hash_of(target.local, false);
            page.ask_for_identities(hash, link.record)?;
            self.ask_for_first::<AccountRow<'_>>(Table::Own, head.own_index(), hash)?;
        }
        Ok(())
    }

    /// The account, after these steps or without them.
    pub(crate) fn account(mut self) -> Read<Option<Link>> {
        let mut candidate = match self.first {
            None => self.links.next()?,
            first => first,
        };
        while let Some(link) = candidate {
            if self.root.page(link.page)?.record::<AccountRow<'_>>(link.record)?.id()? == self.id {
                return Ok(candidate);
            }
            candidate = self.links.next()?;
        }
        Ok(None)
    }

    /// Whether the address is likely to be the account's own: its id is the address.
    fn is_own(&self, target: &Target<'_>) -> bool {
        target.is_spelled(self.id)
    }

    fn ask_for_bucket(&self, index: Run, hash: Hash) -> Read<()> {
        if index.count != 0 {
            black_box(Candidates::<2>::new(self.root.bytes, index, hash).glance()?);
        }
        Ok(())
    }

    /// Asks for the first record that the table has for the hash.
    fn ask_for_first<R: Record<'p>>(&self, table: Table, index: Run, hash: Hash) -> Read<()> {
        match self.root.links::<2>(table, index, hash).next()? {
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
