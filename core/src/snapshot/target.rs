//! An address that is looked up in many tables: its keys, hashed once.

use core::cell::OnceCell;

use crate::address::CanonicalView;
use crate::options::HashKey;

use super::compare::{Key, upwards};
use super::index::Hash;

/// An address, and the hashes that it is looked up by; what few look-ups need is hashed when first asked for.
pub(crate) struct Target<'a> {
    pub(crate) local: &'a [u8],
    pub(crate) domain: &'a [u8],
    pub(crate) domain_hash: Hash,
    key: &'a HashKey,
    folded: OnceCell<(Key, Hash)>,
}

impl<'a> Target<'a> {
    /// Hashes an address.
    pub(crate) fn new(key: &'a HashKey, address: CanonicalView<'a>) -> Self {
        let CanonicalView { local, domain } = address;
        Self { local, domain, domain_hash: Hash::of(key, domain), key, folded: OnceCell::new() }
    }

    /// The hash of an address at the same domain.
    pub(crate) fn hash_of(&self, local: &Key) -> Hash {
        let hash = |local: &Key| self.domain_hash.of_local(self.key, local.as_bytes());
        let (folded, folded_hash) = self.folded.get_or_init(|| {
            let folded = Key::new(self.local, false);
            (folded, hash(&folded))
        });
        if local.as_bytes() == folded.as_bytes() { *folded_hash } else { hash(local) }
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
