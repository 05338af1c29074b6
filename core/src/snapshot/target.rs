//! An address that is looked up in many tables: its keys, hashed once.

use crate::address::Canonical;
use crate::options::HashKey;

use super::compare::{Key, upwards};
use super::index::Hash;

/// An address, and the hashes that it is looked up by.
pub(crate) struct Target<'a> {
    pub(crate) local: &'a [u8],
    pub(crate) domain: &'a [u8],
    key: &'a HashKey,
    folded: Key,
    folded_hash: Hash,
    domain_hash: Hash,
}

impl<'a> Target<'a> {
    /// Hashes an address.
    pub(crate) fn new(key: &'a HashKey, address: &'a Canonical) -> Self {
        let (local, domain) = (address.local(), address.domain());
        let folded = Key::new(local, false);
        let folded_hash = Hash::of_address(key, domain, folded.as_bytes());
        Self { local, domain, key, folded, folded_hash, domain_hash: Hash::of(key, domain) }
    }

    /// The hash of an address at the same domain.
    pub(crate) fn hash_of(&self, local: &Key) -> Hash {
        if local.as_bytes() == self.folded.as_bytes() {
            self.folded_hash
        } else {
            Hash::of_address(self.key, self.domain, local.as_bytes())
        }
    }

    /// The domain, then each domain above it that an entry can name, with its hash.
    ///
    /// A single label is a public suffix, which no entry can name, but for the domain itself.
    pub(crate) fn domains(&self) -> impl Iterator<Item = (&'a [u8], Hash)> {
        let above = upwards(self.domain).skip(1).filter(|name| name.contains(&b'.'));
        let key = self.key;
        core::iter::once((self.domain, self.domain_hash)).chain(above.map(move |name| (name, Hash::of(key, name))))
    }
}
