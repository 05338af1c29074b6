//! An address that is looked up in many tables: its keys, hashed once.

use core::cell::Cell;

use crate::address::{CanonicalView, octet};

use super::compare::is_literal;
use super::hash::{Hash, Hasher};

/// An address, and the hashes that it is looked up by, which are made when one is first asked for.
pub(crate) struct Target<'a> {
    pub(crate) local: &'a [u8],
    pub(crate) domain: &'a [u8],
    hasher: &'a Hasher,
    hashes: Cell<Option<Hashes>>,
}

/// What nearly every look-up of an address asks for.
#[derive(Clone, Copy)]
struct Hashes {
    domain: Hash,
    /// That of the address with its local part folded.
    folded: Hash,
}

impl<'a> Target<'a> {
    /// Takes an address.
    pub(crate) const fn new(hasher: &'a Hasher, address: CanonicalView<'a>) -> Self {
        let CanonicalView { local, domain } = address;
        Self { local, domain, hasher, hashes: Cell::new(None) }
    }

    /// The hash of the domain.
    #[inline]
    pub(crate) fn domain_hash(&self) -> Hash {
        self.hashes().domain
    }

    /// The hash of the address with its local part folded.
    #[inline]
    pub(crate) fn folded_hash(&self) -> Hash {
        self.hashes().folded
    }

    /// The hash of the address that the first octets of the local part make with the domain.
    #[inline]
    pub(crate) fn hash_of(&self, base: &[u8], exact_case: bool) -> Hash {
        let Hashes { domain, folded } = self.hashes();
        // What is not shorter is all of it.
        let is_folded = !exact_case && base.len() == self.local.len();
        if is_folded { folded } else { self.hash_below(domain, base, exact_case) }
    }

    #[inline(never)]
    fn hash_below(&self, domain: Hash, base: &[u8], exact_case: bool) -> Hash {
        domain.of_local(self.hasher, base, exact_case)
    }

    #[inline]
    fn hashes(&self) -> Hashes {
        match self.hashes.get() {
            Some(hashes) => hashes,
            None => self.hash(),
        }
    }

    #[inline(never)]
    fn hash(&self) -> Hashes {
        let domain = Hash::of(self.hasher, self.domain);
        let hashes = Hashes { domain, folded: domain.of_local(self.hasher, self.local, false) };
        self.hashes.set(Some(hashes));
        hashes
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

    /// Each domain above its own that an entry can name, with its hash: none is a single label, which is a public suffix.
    pub(crate) fn above(&self) -> impl Iterator<Item = (&'a [u8], Hash)> {
        let (hasher, mut name) = (self.hasher, self.domain);
        let mut dot = octet::position(name, b'.').filter(|_| !is_literal(name));
        core::iter::from_fn(move || {
            name = name.get(dot? + 1..)?;
            dot = octet::position(name, b'.');
            dot.map(|_| (name, Hash::of(hasher, name)))
        })
    }
}
