//! An address that is looked up in many tables: its domain is summed up once, and its hash made of that once.

use core::cell::Cell;

use crate::address::{CanonicalView, octet};

use super::compare::above;
use super::hash::{Hash, Hasher, Sum};

/// An address, and what it is looked up by, which is made when it is first asked for.
pub(crate) struct Target<'a> {
    pub(crate) local: &'a [u8],
    pub(crate) domain: &'a [u8],
    hasher: &'a Hasher,
    /// The sum of the domain.
    sum: Cell<Option<Sum>>,
    /// The hash of the domain.
    of_domain: Cell<Option<Hash>>,
    /// The hash of the address with its local part folded.
    folded: Cell<Option<Hash>>,
}

impl<'a> Target<'a> {
    /// Takes an address.
    pub(crate) const fn new(hasher: &'a Hasher, address: CanonicalView<'a>) -> Self {
        let CanonicalView { local, domain } = address;
        Self { local, domain, hasher, sum: Cell::new(None), of_domain: Cell::new(None), folded: Cell::new(None) }
    }

    /// Takes over what was made of the same address before.
    pub(crate) fn know(&self, keys: &Keys) {
        self.of_domain.set(Some(keys.domain));
        self.folded.set(Some(keys.address));
    }

    /// The hash of the domain.
    #[inline]
    pub(crate) fn domain_hash(&self) -> Hash {
        match self.of_domain.get() {
            Some(hash) => hash,
            None => self.hash_domain(),
        }
    }

    #[inline(never)]
    fn hash_domain(&self) -> Hash {
        let hash = self.sum().hash(self.hasher);
        self.of_domain.set(Some(hash));
        hash
    }

    /// The hash of the address with its local part folded.
    #[inline]
    pub(crate) fn folded_hash(&self) -> Hash {
        match self.folded.get() {
            Some(folded) => folded,
            None => self.fold(),
        }
    }

    /// The hash of the address that the first octets of the local part make with the domain.
    #[inline]
    pub(crate) fn hash_of(&self, base: &[u8], exact_case: bool) -> Hash {
        // What is not shorter is all of it.
        let is_folded = !exact_case && base.len() == self.local.len();
        if is_folded { self.folded_hash() } else { self.hash_below(base, exact_case) }
    }

    #[inline(never)]
    fn hash_below(&self, base: &[u8], exact_case: bool) -> Hash {
        self.sum().hash_of(self.hasher, base, exact_case)
    }

    #[inline(never)]
    fn fold(&self) -> Hash {
        let folded = self.sum().hash_of(self.hasher, self.local, false);
        self.folded.set(Some(folded));
        folded
    }

    #[inline]
    fn sum(&self) -> Sum {
        self.sum.get().unwrap_or_else(|| {
            let sum = Sum::of(self.hasher, self.domain);
            self.sum.set(Some(sum));
            sum
        })
    }

    /// The address.
    pub(crate) const fn address(&self) -> CanonicalView<'a> {
        CanonicalView { local: self.local, domain: self.domain }
    }

    /// Whether an address is this one, or differs in the ASCII case of its local part.
    pub(crate) fn is_but_for_case(&self, address: CanonicalView<'_>) -> bool {
        octet::same(self.domain, address.domain) && octet::same_but_for_case(self.local, address.local)
    }

    /// Whether the text is the address as it is stored.
    pub(crate) fn is_spelled(&self, text: &[u8]) -> bool {
        let rest = text.strip_prefix(self.local).and_then(|rest| rest.strip_prefix(b"@"));
        rest == Some(self.domain)
    }

    /// The domain, then each domain above it that an entry can name, with its hash.
    pub(crate) fn domains(&self) -> impl Iterator<Item = (&'a [u8], Hash)> {
        core::iter::once((self.domain, self.domain_hash())).chain(self.above())
    }

    /// Each domain above its own that an entry can name, with its hash.
    pub(crate) fn above(&self) -> impl Iterator<Item = (&'a [u8], Hash)> {
        let hasher = self.hasher;
        above(self.domain).map(move |name| (name, Hash::of(hasher, name)))
    }
}

/// What an address is looked up by.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    /// The hash of its domain.
    pub(super) domain: Hash,
    /// That of the address with its local part folded.
    pub(super) address: Hash,
    /// It is likely to be the account's own: the account's id is the address.
    pub(super) is_own: bool,
}

impl Keys {
    #[inline]
    pub(super) fn of(target: &Target<'_>, account: &[u8]) -> Self {
        Self { domain: target.domain_hash(), address: target.folded_hash(), is_own: target.is_spelled(account) }
    }
}
