//! The keys by which a page is found: what it adds to the tables over all tenants.
//!
//! They follow from the page alone, so that a changed tenant changes nobody else's.

use alloc::collections::BTreeMap;
use core::iter;

use crate::address::{CanonicalView, octet};

use super::compare::Separators;
use super::entry::{Claimed, claimed, of_own};
use super::hash::{Hash, Hasher};
use super::layout::{Read, Word, words_of};
use super::page::{PageView, rule};
use super::row::records;
use super::rows::{AccountRow, CredentialRow, DomainRow, account, domain, tenant};
use super::target::Target;

/// The tables over all tenants, in the order in which they stand: first those whose groups are as large as a line of
/// memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// Accounts by id.
    Accounts,
    /// Credentials by id.
    Credentials,
    /// Domains that are not pending, by name, of those that are suspended only a [`FEW`]; those that give a separator by name and
    /// separator, too, and once more those that include their sub-domains ([`reaching`], [`proving`]). The others stand
    /// [`apart`].
    Domains,
    /// Accounts by own address, counted or not: see [`Claim`]. Of those that count only where an entry above reaches them very many
    /// stand [`apart`].
    Own,
    /// Of each tenant with many domains that only an entry above proves, its page and its holdings, by id: see [`has_many_above`].
    Holdings,
    /// Pages by the tenant's id.
    Tenants,
    /// Pages by the id of the tenant's parent.
    Heirs,
}

impl Table {
    /// Every table.
    pub(crate) const ALL: [Self; 7] =
        [Self::Accounts, Self::Credentials, Self::Domains, Self::Own, Self::Holdings, Self::Tenants, Self::Heirs];

    /// The words of an entry: the number of a page, and where it leads to a record of that, the record's word.
    pub(crate) const fn entry_words(self) -> usize {
        match self {
            Self::Tenants | Self::Heirs => 1,
            Self::Accounts | Self::Credentials | Self::Domains | Self::Own | Self::Holdings => 2,
        }
    }
}

/// A key of a page, which is hashed where its hash is needed.
pub(crate) enum Key<'k> {
    /// An id or a name.
    Text(&'k [u8]),
    /// A domain whose entry gives local parts a separator, and that separator.
    Separated(&'k [u8], u8),
    /// A domain whose entry is suspended.
    Suspended(&'k [u8]),
    /// A domain whose entry includes its sub-domains.
    Reaching(&'k [u8]),
    /// A domain whose entry proves what is below, of a tenant that has many domains there.
    Proving(&'k [u8]),
    /// What is left of an own address.
    Own(&'k Target<'k>, &'k [u8], Claim),
    /// The same under a cut key, of one of this page that counts only where an entry above reaches it.
    Proved(&'k Target<'k>, &'k [u8], Claim, PageView<'k>),
}

impl Key<'_> {
    /// The hash that it is entered under.
    #[inline]
    pub(crate) fn hash(&self, hasher: &Hasher) -> Hash {
        match *self {
            Self::Text(text) | Self::Suspended(text) => Hash::of(hasher, text),
            Self::Separated(name, separator) => separated(Hash::of(hasher, name), separator),
            Self::Reaching(name) => reaching(Hash::of(hasher, name)),
            Self::Proving(name) => proving(Hash::of(hasher, name)),
            Self::Own(target, base, claim) | Self::Proved(target, base, claim, _) => {
                claim.hash(target.hash_of(base, false))
            }
        }
    }

    /// Whether only a [`FEW`] stand under its hash.
    pub(super) const fn is_one_of_few(&self) -> bool {
        matches!(self, Self::Suspended(_) | Self::Proved(..))
    }

    /// How many entries it may have.
    pub(super) const fn entries(&self) -> usize {
        if let Self::Proved(..) = self { 2 } else { 1 }
    }

    /// All hashes that it may be entered under.
    pub(super) fn hashes(&self, hasher: &Hasher) -> Read<impl Iterator<Item = Hash> + use<>> {
        let hash = self.hash(hasher);
        let apart = if self.is_one_of_few() { Some(self.apart(hash)?) } else { None };
        Ok(iter::once(hash).chain(apart.into_iter().flat_map(|(one, other)| iter::once(one).chain(other))))
    }

    /// The hashes that it is entered under where a [`FEW`] others have its own, of keys of which no more than that stand under theirs.
    pub(super) fn apart(&self, hash: Hash) -> Read<(Hash, Option<Hash>)> {
        Ok(match *self {
            Self::Proved(target, _, _, page) => (apart(hash), Some(Verified::by(page, target)?.hash(hash))),
            _ => (apart(hash), None),
        })
    }
}

/// The further key of a domain entry that gives local parts this separator: where very many tenants have the domain, it
/// shows which separators they give, without all of them being read.
pub(crate) const fn separated(hash: Hash, separator: u8) -> Hash {
    hash.with(separator as u32)
}

/// The further key of a domain entry that includes its sub-domains: what is asked for above a domain are those alone, however
/// many others have that name.
pub(crate) const fn reaching(hash: Hash) -> Hash {
    // No separator.
    hash.with(b'.' as u32)
}

/// The further key of what proves the own addresses and identities below, of a tenant with many domains there: it shows whose holdings
/// may change where another tenant verifies one of these.
pub(crate) const fn proving(hash: Hash) -> Hash {
    hash.with(b'^' as u32)
}

/// The further key of what does not stand under its own, because a [`FEW`] others do that are like it.
pub(crate) const fn apart(hash: Hash) -> Hash {
    hash.with(b'~' as u32)
}

/// So many suspended entries of one name stand under it at most, and so many own addresses under one cut key that count only where an
/// entry above reaches them. Who looks for others there passes by no more. There are at least two, since one may be one's own.
pub(crate) const FEW: u32 = 8;

/// Whether a tenant has so many domains that only an entry above proves that no decision asks about each of them: what they give is
/// found out when the snapshot is built, and again when another tenant changes.
pub(crate) fn has_many_above(page: PageView<'_>) -> Read<bool> {
    Ok(page.head().above()?.count > FEW)
}

/// Calls `visit` with each key of a page, and the word that leads to a record of it.
pub(crate) fn keys(
    page: PageView<'_>,
    hasher: &Hasher,
    mut visit: impl FnMut(Table, Key<'_>, Word) -> Read<()>,
) -> Read<()> {
    let (bytes, head) = (page.bytes(), page.head());
    visit(Table::Tenants, Key::Text(head.id()?), 0)?;
    if page.has(tenant::HAS_PARENT) {
        visit(Table::Heirs, Key::Text(head.parent()?), 0)?;
    }
    let mut alike = Alike::on(page);
    for row in records::<AccountRow<'_>>(bytes, head.accounts()) {
        let row = row?;
        visit(Table::Accounts, Key::Text(row.id()?), row.0.word)?;
        own_keys(&mut alike, row, hasher, |key, word| visit(Table::Own, key, word))?;
    }
    for row in records::<CredentialRow<'_>>(bytes, head.credentials()?) {
        let row = row?;
        visit(Table::Credentials, Key::Text(row.id()?), row.0.word)?;
    }
    let has_many_above = has_many_above(page)?;
    if has_many_above {
        visit(Table::Holdings, Key::Text(head.id()?), 0)?;
    }
    for row in records::<DomainRow<'_>>(bytes, head.domains()) {
        let row = row?;
        domain_keys(row, has_many_above, |key| visit(Table::Domains, key, row.0.word))?;
    }
    Ok(())
}

/// Whether the record that an entry leads to has a key of this hash: otherwise the entry was found by chance, since it has the tag.
pub(super) fn has_key(page: PageView<'_>, (table, record): (Table, Word), hash: Hash, hasher: &Hasher) -> Read<bool> {
    let mut found = false;
    let mut visit = |key: Key<'_>| {
        found |= key.hashes(hasher)?.any(|of| of == hash);
        Ok(())
    };
    match table {
        Table::Heirs if page.has(tenant::HAS_PARENT) => visit(Key::Text(page.head().parent()?))?,
        Table::Domains => domain_keys(page.record(record)?, has_many_above(page)?, visit)?,
        Table::Own => own_keys(&mut Alike::on(page), page.record(record)?, hasher, |key, _| visit(key))?,
        // No two tenants have one key of the other tables.
        Table::Accounts | Table::Credentials | Table::Heirs | Table::Holdings | Table::Tenants => {}
    }
    Ok(found)
}

/// Calls `visit` with the keys of a domain.
#[inline(always)]
fn domain_keys(row: DomainRow<'_>, has_many_above: bool, mut visit: impl FnMut(Key<'_>) -> Read<()>) -> Read<()> {
    if row.flags() & (domain::VERIFIED | domain::SUSPENDED) == 0 {
        return Ok(());
    }
    let name = row.name()?;
    visit(if row.flags() & domain::VERIFIED != 0 { Key::Text(name) } else { Key::Suspended(name) })?;
    for separator in rule(Some(row)).separators.iter() {
        visit(Key::Separated(name, separator))?;
    }
    if row.flags() & domain::SUBDOMAINS != 0 {
        visit(Key::Reaching(name))?;
        if has_many_above && row.is_in_force() {
            visit(Key::Proving(name))?;
        }
    }
    Ok(())
}

/// Calls `visit` with the keys of an account's own address, if it has one, and the word that leads to it.
#[inline(always)]
fn own_keys(
    alike: &mut Alike<'_>,
    row: AccountRow<'_>,
    hasher: &Hasher,
    visit: impl FnMut(Key<'_>, Word) -> Read<()>,
) -> Read<()> {
    if !row.has_address() {
        return Ok(());
    }
    let target = Target::new(hasher, CanonicalView { local: row.local()?, domain: row.domain()? });
    let (claim, above) = match row.flags() & (account::COUNTED | account::COUNTED_ABOVE) {
        0 => (Claim::UNCOUNTED, false),
        account::COUNTED_ABOVE => (Claim::COUNTED, true),
        _ => (Claim::COUNTED, false),
    };
    own(alike, &target, (claim, of_own(row.0.word, above)), visit)
}

/// Calls `visit` with the keys of an own address, and the word that leads to it: one for what its own tenant's
/// separator leaves of it, and a cut one for each separator of another tenant that would leave less, unless [`MOST`]
/// others have that key.
fn own(
    alike: &mut Alike<'_>,
    target: &Target<'_>,
    (claim, word): (Claim, Word),
    mut visit: impl FnMut(Key<'_>, Word) -> Read<()>,
) -> Read<()> {
    // Most have no separator of anybody's.
    if !target.local.iter().skip(1).any(|octet| Separators::ALL.contains(octet)) {
        return visit(Key::Own(target, target.local, claim), word);
    }
    let separators = rule(alike.page.closest(target)?).separators;
    let base = separators.base(target.local);
    visit(Key::Own(target, base, claim), word)?;
    let theirs = separators.iter().next().unwrap_or(NONE);
    for asking in Separators::ALL {
        let both = separators.with(asking);
        let (less, claim) = (both.base(target.local), claim.cut(theirs, asking));
        if less.len() < base.len() && alike.has_room(target, (less, both), (claim, word))? {
            let above = claimed([0, word]).above;
            let page = alike.page;
            visit(if above { Key::Proved(target, less, claim, page) } else { Key::Own(target, less, claim) }, word)?;
        }
    }
    Ok(())
}

/// Counts the own addresses of a page that have a cut key and count alike.
struct Alike<'p> {
    page: PageView<'p>,
    /// By the hash of what is left, by the claim, and by whether they count only where an entry above reaches them: how many,
    /// and the first.
    counts: BTreeMap<(u64, u32, bool), (u32, Word)>,
}

impl<'p> Alike<'p> {
    const fn on(page: PageView<'p>) -> Self {
        Self { page, counts: BTreeMap::new() }
    }

    /// Counts an own address of which these separators leave `less`, and returns whether it is entered under that: not
    /// where [`MOST`] like it are.
    fn has_room(
        &mut self,
        target: &Target<'_>,
        (less, separators): (&[u8], Separators),
        (claim, word): (Claim, Word),
    ) -> Read<bool> {
        if self.page.head().accounts().count <= MOST {
            return Ok(true);
        }
        let Claimed { link, above } = claimed([0, word]);
        let key = (target.hash_of(less, false).number(), claim.0, above);
        let (count, first) = self.counts.entry(key).or_insert((0, link.record));
        // No answer depends on a hash: another address that has the same one is not counted.
        let first: AccountRow<'_> = self.page.record(*first)?;
        let is_one =
            first.domain()? == target.domain && octet::same_but_for_case(separators.base(first.local()?), less);
        *count += u32::from(is_one);
        Ok(!is_one || *count <= MOST)
    }
}

/// What is part of the key of an own address beside what is left of it.
///
/// Two addresses are one if nothing differs before the first separator of either side. Whoever asks cuts its address by
/// its own separator and the owner's, and looks under what is left twice: under the plain key stand those of which the
/// owner's separator alone leaves that, and under the cut key those of which only both leave it. Both separators are
/// part of a cut key, so that nothing stands there but what is one with the address that is asked for. Any number of
/// own addresses of a tenant may be one with it; of these the first [`MOST`] are entered.
#[derive(Clone, Copy)]
pub(crate) struct Claim(u32);

impl Claim {
    /// Of an address that counts, or does where an entry above reaches it.
    pub(crate) const COUNTED: Self = Self(0);
    /// Of one that does not, whatever others have: it is nobody's in a decision, and still no other account may claim
    /// it.
    pub(crate) const UNCOUNTED: Self = Self(1 << 16);

    /// Of those that the separator of whoever asks cuts to less than their own tenant's, [`NONE`] where that has none.
    pub(crate) const fn cut(self, theirs: u8, asking: u8) -> Self {
        Self(self.0 | (theirs as u32) << 8 | asking as u32)
    }

    /// The key, by the hash of what is left of the address.
    #[inline]
    pub(crate) const fn hash(self, hash: Hash) -> Hash {
        if self.0 == 0 { hash } else { hash.with(self.0) }
    }
}

/// Which of an address's domain and of those above are verified, a bit each from the lowest.
///
/// An address that only an entry above proves counts by what its tenant has verified up to there, if that is all that anybody has. So
/// whoever knows what is verified need not look at any others.
#[derive(Clone, Copy, Default)]
pub(crate) struct Verified(u128);

impl Verified {
    /// What a page has verified, up to the closest entry that proves the address.
    fn by(page: PageView<'_>, target: &Target<'_>) -> Read<Self> {
        let mut verified = Self::default();
        for ((name, hash), at) in target.domains().zip(0..) {
            let Some(row) = page.domain_named(name, || hash)? else { continue };
            if row.flags() & domain::VERIFIED != 0 {
                verified = verified.with(at);
                if at != 0 && row.is_in_force() && row.flags() & domain::SUBDOMAINS != 0 {
                    break;
                }
            }
        }
        Ok(verified)
    }

    /// Adds an entry so many labels above the address.
    pub(super) const fn with(self, at: u32) -> Self {
        // No domain has as many labels.
        Self(self.0 | 1 << (at % u128::BITS))
    }

    /// The lowest of these, the two lowest, and so on to all of them.
    pub(super) fn parts(self) -> impl Iterator<Item = Self> {
        let (mut rest, mut part) = (self.0, 0);
        iter::from_fn(move || {
            let lowest = rest & rest.wrapping_neg();
            (rest, part) = (rest ^ lowest, part | lowest);
            (lowest != 0).then_some(Self(part))
        })
    }

    /// The key of own addresses that are proved by these, by that of all of them.
    pub(super) fn hash(self, hash: Hash) -> Hash {
        words_of(self.0).into_iter().fold(apart(hash), Hash::with)
    }
}

/// So many own addresses of a tenant that count alike stand under a cut key at most: a further one would say nothing
/// new. At most one is the asking account's own, and its consents open at most one of each length that a local part can
/// have, up to 64 octets, so that of 66 one is protected, as any further one would be.
const MOST: u32 = 80;

/// The separator of those that have none.
pub(crate) const NONE: u8 = 0;

#[cfg(test)]
mod tests {
    use core::ops::ControlFlow;
    use std::format;

    use super::*;
    use crate::policy::{Account, Separator, Tenant};
    use crate::samples::{compiled, verified};
    use crate::snapshot::claims::Sought;

    /// Whether own addresses are found for one of a tenant with `+`, where another tenant has `-`, and one that has no
    /// separator, or no entry at all, has many that `+` cuts to `joe`.
    fn finds(has_entry: bool, local: &str, sought: Sought) -> bool {
        let separators = [Some(Separator::Plus), Some(Separator::Hyphen), None];
        let mut tenants = [0, 1, 2].map(|number| Tenant::new(format!("tenant-{number}")));
        for (tenant, separator) in tenants.iter_mut().zip(separators) {
            let mut entry = verified("a.example");
            entry.separator = separator;
            tenant.domains.extend((has_entry || separator.is_some()).then_some(entry));
        }
        for number in 0..2 * MOST {
            tenants[2].accounts.push(Account::numbered("account", ("joe", "a.example"), number));
        }
        let snapshot = compiled(tenants);
        let root = snapshot.root();
        let target = Target::new(root.hasher, CanonicalView { local: local.as_bytes(), domain: b"a.example" });
        let plus = Separators::default().with(b'+');
        let mut found = 0;
        let all = root.claims(&target, (plus, plus.with(b'-')), sought, |_, _| {
            found += 1;
            Ok(ControlFlow::Continue(()))
        });
        all.expect("it is sound");
        // A few may have the same tag by chance.
        assert!(found < 5 || (MOST..MOST + 5).contains(&found), "{found}");
        found >= MOST
    }

    #[test]
    fn what_cannot_count_is_found_by_those_alone_who_ask_for_it() {
        assert!(finds(true, "joe", Sought::Counted) && !finds(true, "joe", Sought::Uncounted));
        assert!(!finds(false, "joe", Sought::Counted) && finds(false, "joe", Sought::Uncounted));
    }

    #[test]
    fn a_cut_key_leads_to_what_is_one_with_the_address_alone() {
        // `-` would cut it to `joe`, but who has the many has no `-`.
        assert!(!finds(true, "joe-x", Sought::Counted) && finds(true, "joe+x-y", Sought::Counted));
    }
}
