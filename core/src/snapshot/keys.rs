//! The keys by which a page is found: what it adds to the tables over all tenants.
//!
//! They follow from the page alone, so that a changed tenant changes nobody else's.

use crate::address::CanonicalView;

use super::compare::Separators;
use super::hash::{Hash, Hasher};
use super::layout::{Read, Word};
use super::page::{PageView, rule};
use super::row::records;
use super::rows::{AccountRow, CredentialRow, DomainRow, domain, tenant};
use super::target::Target;

/// The tables over all tenants, in the order in which they stand: first those whose groups are as large as a line of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// Accounts by id.
    Accounts,
    /// Credentials by id.
    Credentials,
    /// Domains that are not pending, by name.
    Domains,
    /// Accounts by own address, counted or not: see [`tagged`].
    Own,
    /// Pages by the tenant's id.
    Tenants,
    /// Pages by the id of the tenant's parent.
    Heirs,
}

impl Table {
    /// Every table.
    pub(crate) const ALL: [Self; 6] =
        [Self::Accounts, Self::Credentials, Self::Domains, Self::Own, Self::Tenants, Self::Heirs];

    /// The words of an entry: the number of a page, and where it leads to a record of that, the record's word.
    pub(crate) const fn entry_words(self) -> usize {
        match self {
            Self::Tenants | Self::Heirs => 1,
            Self::Accounts | Self::Credentials | Self::Domains | Self::Own => 2,
        }
    }
}

/// A key of a page, which is hashed where its hash is needed.
pub(crate) enum Key<'k> {
    /// An id or a name.
    Text(&'k [u8]),
    /// What is left of an own address, and the separator if the address's own tenant's would leave more.
    Own(&'k Target<'k>, &'k [u8], Option<u8>),
}

impl Key<'_> {
    /// The hash that it is entered under.
    #[inline]
    pub(crate) fn hash(&self, hasher: &Hasher) -> Hash {
        match *self {
            Self::Text(text) => Hash::of(hasher, text),
            Self::Own(target, base, None) => target.hash_of(base, false),
            Self::Own(target, base, Some(separator)) => tagged(target.hash_of(base, false), separator),
        }
    }
}

/// Calls `visit` with each key of a page, and the word of the record that it leads to.
pub(crate) fn keys(page: PageView<'_>, hasher: &Hasher, mut visit: impl FnMut(Table, Key<'_>, Word)) -> Read<()> {
    let (bytes, head) = (page.bytes(), page.head());
    visit(Table::Tenants, Key::Text(head.id()?), 0);
    if page.has(tenant::HAS_PARENT) {
        visit(Table::Heirs, Key::Text(head.parent()?), 0);
    }
    for row in records::<AccountRow<'_>>(bytes, head.accounts()) {
        let row = row?;
        visit(Table::Accounts, Key::Text(row.id()?), row.0.word);
        if row.has_address() {
            let target = Target::new(hasher, CanonicalView { local: row.local()?, domain: row.domain()? });
            own(page, &target, |key| visit(Table::Own, key, row.0.word))?;
        }
    }
    for row in records::<CredentialRow<'_>>(bytes, head.credentials()?) {
        let row = row?;
        visit(Table::Credentials, Key::Text(row.id()?), row.0.word);
    }
    for row in records::<DomainRow<'_>>(bytes, head.domains()) {
        let row = row?;
        if row.flags() & (domain::VERIFIED | domain::SUSPENDED) != 0 {
            visit(Table::Domains, Key::Text(row.name()?), row.0.word);
        }
    }
    Ok(())
}

/// Calls `visit` with the keys of an own address: one for what is left of it by its own tenant's separator, and one more for
/// each separator of another tenant that would leave less.
fn own(page: PageView<'_>, target: &Target<'_>, mut visit: impl FnMut(Key<'_>)) -> Read<()> {
    // Most have no separator of anybody's.
    if !target.local.iter().skip(1).any(|octet| Separators::ALL.contains(octet)) {
        visit(Key::Own(target, target.local, None));
        return Ok(());
    }
    let separators = rule(page.closest(target)?).separators;
    let base = separators.base(target.local);
    visit(Key::Own(target, base, None));
    for separator in Separators::ALL {
        let less = separators.with(separator).base(target.local);
        if less.len() < base.len() {
            visit(Key::Own(target, less, Some(separator)));
        }
    }
    Ok(())
}

/// The key for those whose separator leaves less of an own address than its owner's does.
///
/// Two addresses are one if nothing differs before the first separator of either side. Who asks with a separator of its own
/// looks under the key of what the two leave of its address, and under the tagged one: an address that the owner's separator cuts no
/// later stands there untagged, any other one tagged.
pub(crate) const fn tagged(hash: Hash, separator: u8) -> Hash {
    hash.with(separator as u32)
}
