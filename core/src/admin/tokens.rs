//! The tokens that a tenant has mailed.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::address::Address;
use crate::time::Timestamp;

use super::reach::is_same_mailbox;
use super::{Digest, Holder, Pair};

/// A token that was mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issued {
    /// What is kept of it.
    pub token: Digest,
    /// The first instant at which it is no longer valid.
    pub expires: Timestamp,
    /// Whether it was used, replaced, or made void.
    pub spent: bool,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two mails are the model")]
pub enum Purpose {
    /// Verifying a batch of identities of the tenant.
    Batch {
        /// The account of the Admin who got the mail.
        admin: String,
        /// The addresses.
        addresses: BTreeSet<Address>,
    },
    /// Answering for one pair.
    Question(Pair),
}

/// The tokens that a tenant has mailed, in the order in which they were issued. None is ever forgotten.
///
/// A clone is cheap: they are shared until one of the two changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens(Arc<Mailed>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mailed {
    issued: Vec<Issued>,
    by_selector: BTreeMap<[u8; 8], Vec<usize>>,
    /// The batches that hold an address.
    of_address: BTreeMap<Address, Vec<usize>>,
    /// The batches that were mailed to an account.
    of_admin: BTreeMap<String, Vec<usize>>,
    /// The questions of each pair.
    of_pair: BTreeMap<Holder, BTreeMap<Address, Vec<usize>>>,
}

impl Tokens {
    /// Adds one. A question replaces those that were asked for its pair before.
    pub(super) fn push(&mut self, issued: Issued) {
        if let Purpose::Question(pair) = &issued.purpose {
            self.spend_question(pair);
        }
        let mailed = Arc::make_mut(&mut self.0);
        let at = mailed.issued.len();
        mailed.by_selector.entry(issued.token.selector()).or_default().push(at);
        match &issued.purpose {
            Purpose::Batch { admin, addresses } => {
                mailed.of_admin.entry(admin.clone()).or_default().push(at);
                for address in addresses {
                    mailed.of_address.entry(address.clone()).or_default().push(at);
                }
            }
            Purpose::Question(pair) => {
                let of_holder = mailed.of_pair.entry(pair.holder.clone()).or_default();
                of_holder.entry(pair.address.clone()).or_default().push(at);
            }
        }
        mailed.issued.push(issued);
    }

    /// Marks one as used; `false` where there is none.
    pub(super) fn spend(&mut self, token: &Digest) -> bool {
        let found = self.position(token);
        self.make_void(found);
        found.is_some()
    }

    /// Ends the question of a pair that is still open. Earlier ones have ended already.
    pub(super) fn spend_question(&mut self, pair: &Pair) {
        let latest = self.positions(pair).last().copied();
        self.make_void(latest);
    }

    /// Takes an address out of every batch: added again it is another Save, which those mails did not show.
    pub(super) fn remove_from_batches(&mut self, address: &Address) {
        if !self.0.of_address.contains_key(address) {
            return;
        }
        let mailed = Arc::make_mut(&mut self.0);
        for at in mailed.of_address.remove(address).unwrap_or_default() {
            if let Some(Issued { purpose: Purpose::Batch { addresses, .. }, .. }) = mailed.issued.get_mut(at) {
                addresses.remove(address);
            }
        }
    }

    /// Makes every token void that was asked by an account, or mailed to it.
    pub(super) fn forget(&mut self, account: &str) {
        let asked =
            self.0.of_pair.get(&Holder::Account(account.into())).into_iter().flat_map(BTreeMap::values).flatten();
        let mut void: Vec<usize> = asked.copied().collect();
        if self.0.of_admin.contains_key(account) {
            void.extend(Arc::make_mut(&mut self.0).of_admin.remove(account).unwrap_or_default());
        }
        self.make_void(void);
    }

    /// Returns all of them, in the order in which they were issued.
    pub fn iter(&self) -> impl Iterator<Item = &Issued> {
        self.0.issued.iter()
    }

    /// Returns the one with this digest.
    #[must_use]
    pub fn get(&self, token: &Digest) -> Option<&Issued> {
        self.0.issued.get(self.position(token)?)
    }

    /// Returns the last one that asks the owner of a mailbox for this pair.
    #[must_use]
    pub fn latest_question(&self, pair: &Pair) -> Option<&Issued> {
        self.0.issued.get(*self.positions(pair).last()?)
    }

    /// Returns until when the owner of a mailbox, in whatever ASCII case it is named, has time to answer one holder.
    pub(super) fn asked_until(&self, pair: &Pair) -> Option<Timestamp> {
        let of_holder = self.0.of_pair.get(&pair.holder)?;
        let places = of_holder.iter().filter(|(address, _)| is_same_mailbox(address, &pair.address));
        let latest = places.filter_map(|(_, places)| self.0.issued.get(*places.last()?));
        latest.map(|issued| issued.expires).max()
    }

    fn make_void(&mut self, places: impl IntoIterator<Item = usize>) {
        for at in places {
            // What is spent already is no reason to copy what is shared.
            if self.0.issued.get(at).is_some_and(|issued| !issued.spent) {
                if let Some(issued) = Arc::make_mut(&mut self.0).issued.get_mut(at) {
                    issued.spent = true;
                }
            }
        }
    }

    /// All digests that begin alike are compared whole.
    fn position(&self, token: &Digest) -> Option<usize> {
        let alike = self.0.by_selector.get(&token.selector()).map(Vec::as_slice).unwrap_or_default();
        let is_it = |at: usize| self.0.issued.get(at).is_some_and(|issued| issued.token == *token);
        alike.iter().fold(None, |found, &at| if is_it(at) { Some(at) } else { found })
    }

    fn positions(&self, pair: &Pair) -> &[usize] {
        let of_holder = self.0.of_pair.get(&pair.holder);
        of_holder.and_then(|of_holder| of_holder.get(&pair.address)).map(Vec::as_slice).unwrap_or_default()
    }
}
