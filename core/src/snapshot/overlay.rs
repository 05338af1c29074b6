//! What has changed since the image was built: pages of tenants that were replaced or added, and those that count no more.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;

use super::entry::{Link, link};
use super::hash::{Hash, Hasher};
use super::index::{NO_ROUND, Rounds};
use super::keys::{Key, Table, has_key, keys};
use super::layout::{Damaged, Read, Run, Word};
use super::page::PageView;
use super::root::RootView;
use super::rows::tenant;
use super::trie::Trie;
use super::under::Under;

/// Changes over an image. A clone shares everything; a change of the clone costs the tenant that is changed.
#[derive(Clone, Default)]
pub(crate) struct Overlay {
    /// Pages by number, without [`OVERLAID`].
    pages: Trie<Arc<[u8]>>,
    /// What the pages add to the tables over all tenants, and what of the image was taken over.
    entries: Trie<Under>,
    /// Numbers of pages of the image that count no more.
    masked: Trie<()>,
    /// The holdings of tenants whose holdings are kept, by the numbers of their pages, where a change may have changed them.
    holdings: Trie<u32>,
    /// The number of the next page.
    next: u32,
    /// One of the pages has ever had a domain that includes its sub-domains.
    pub(crate) has_subdomains: bool,
    /// One of them has ever had an entry that stands apart.
    pub(crate) has_apart: bool,
    /// The holdings of one of them have ever been kept.
    pub(crate) keeps_holdings: bool,
    /// How many tenants there are more than in the image, or less.
    pub(crate) more: i64,
    /// The octets of the pages.
    pub(crate) octets: usize,
}

impl Overlay {
    /// The page with this number.
    pub(crate) fn page(&self, number: u32) -> Read<PageView<'_>> {
        PageView::new(self.pages.get(u64::from(number & !OVERLAID)).ok_or(Damaged)?)
    }

    /// Whether this page of the image counts no more.
    pub(crate) fn masks(&self, number: u32) -> bool {
        self.masked.get(u64::from(number)).is_some()
    }

    /// What a table has under a key beside what is read of the image.
    pub(super) fn under(&self, table: Table, hash: Hash) -> Option<&Under> {
        self.entries.get(slot(table, hash))
    }

    /// What the tenant of a page, of the image or not, has since the last change that it could depend on.
    pub(crate) fn holdings(&self, number: u32) -> Option<u32> {
        self.holdings.get(u64::from(number)).copied()
    }

    /// Keeps that.
    pub(crate) fn set_holdings(&mut self, number: u32, holdings: u32) {
        self.holdings.set(u64::from(number), holdings);
    }

    /// Calls `visit` with each page, and its number.
    pub(crate) fn each<'o>(&'o self, mut visit: impl FnMut(u32, &'o [u8])) {
        #[expect(clippy::cast_possible_truncation, reason = "the keys were made of numbers")]
        self.pages.each(&mut |key, page| visit(OVERLAID | key as u32, page));
    }

    /// Adds a page, and what it is found by; returns its number and its digest, or `None` when no number is left.
    pub(crate) fn add(&mut self, page: &[u8], hasher: &Hasher) -> Option<Read<(u32, u128)>> {
        let number = self.add_page_alone(page)?;
        Some(self.link(PageView::new(page), number, hasher).map(|digest| (number, digest)))
    }

    /// Takes a page away, whether of the image, which `root` is of, or of a later change, and what it is found by.
    pub(crate) fn take(&mut self, root: RootView<'_>, number: u32, view: PageView<'_>) -> Read<()> {
        self.take_page_alone(number, view)?;
        if number & OVERLAID == 0 { self.pass_by(root, number, view) } else { self.unlink(number, view, root.hasher) }
    }

    /// Adds a page that no look-up finds, only whoever goes through all pages; returns its number, or `None` when none is left.
    pub(crate) fn add_page_alone(&mut self, page: &[u8]) -> Option<u32> {
        let number = self.next;
        self.next = number.checked_add(1).filter(|next| *next < OVERLAID)?;
        self.pages.set(u64::from(number), page.into());
        self.octets += page.len();
        self.more += 1;
        Some(number | OVERLAID)
    }

    /// Takes a page away from whoever goes through all pages: look-ups still come by it.
    ///
    /// A page that is not there cannot be taken: a delta that was forged may name a tenant twice.
    pub(crate) fn take_page_alone(&mut self, number: u32, view: PageView<'_>) -> Read<()> {
        if number & OVERLAID == 0 {
            if self.masks(number) {
                return Err(Damaged);
            }
            self.masked.set(u64::from(number), ());
        } else {
            self.page(number)?;
            self.octets -= view.octets()?.len();
            self.pages.remove(u64::from(number & !OVERLAID));
        }
        self.holdings.remove(u64::from(number));
        self.more -= 1;
        Ok(())
    }

    /// Takes what a page, which has this number, added to the tables.
    fn unlink(&mut self, number: u32, view: PageView<'_>, hasher: &Hasher) -> Read<()> {
        let mut slots = Vec::new();
        keys(view, hasher, |table, key, _| {
            let (one, other) = hashes(&key, hasher)?;
            slots.extend(iter::once(one).chain(other).map(|hash| slot(table, hash)));
            Ok(())
        })?;
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter().for_each(|slot| self.change(slot, |under| under.take(number)));
        Ok(())
    }

    /// Has no look-up pass by more of the image because this page, which has this number, is masked.
    fn pass_by(&mut self, root: RootView<'_>, number: u32, view: PageView<'_>) -> Read<()> {
        let head = root.head()?;
        keys(view, root.hasher, |table, key, _| {
            let run = match table {
                Table::Domains => head.domain_index(),
                Table::Own => head.own_index(),
                Table::Heirs => head.heir_index(),
                // No two tenants have one key.
                Table::Accounts | Table::Credentials | Table::Holdings | Table::Tenants => return Ok(()),
            };
            for hash in key.hashes(root.hasher)? {
                let slot = slot(table, hash);
                let round = self.entries.get(slot).map_or(0, Under::round);
                let taken_over = match table.entry_words() {
                    1 => self.round::<1>(root, (table, run), (hash, round)),
                    _ => self.round::<2>(root, (table, run), (hash, round)),
                };
                match taken_over {
                    // Of most keys, the image has one round.
                    Ok(None) => {}
                    Ok(Some(Round { entries, behind })) => self.change(slot, |under| {
                        under.take(number);
                        entries.into_iter().for_each(|(page, words)| under.add(page, words.into_iter()));
                        under.set_round(behind.unwrap_or(NO_ROUND));
                    }),
                    // It is found damaged by whoever reads it.
                    Err(Damaged) => self.change(slot, |under| under.take(number)),
                }
            }
            Ok(())
        })
    }

    /// What the image has under a key in one round, if that is not the only one.
    fn round<const N: usize>(
        &self,
        root: RootView<'_>,
        (table, run): (Table, Run),
        (hash, round): (Hash, u32),
    ) -> Read<Option<Round>> {
        let mut rounds = Rounds::<N>::from(root.bytes, run, (hash, round), root.blocks)?;
        let mut found = Round { entries: BTreeMap::new(), behind: rounds.behind() };
        if round == 0 && found.behind.is_none() {
            return Ok(None);
        }
        while let Some(words) = rounds.next_of_round()? {
            let Link { page, record } = link(words);
            // A page that cannot be read is found damaged by whoever reads it.
            let has_key = || root.page(page).and_then(|view| has_key(view, (table, record), hash, root.hasher));
            if !self.masks(page) && has_key() != Ok(false) {
                found.entries.entry(page).or_default().push(if let [_, word] = words[..] { word } else { 0 });
            }
        }
        Ok(Some(found))
    }

    /// Changes what stands under a key.
    fn change(&mut self, slot: u64, change: impl FnOnce(&mut Under)) {
        let mut under = self.entries.get(slot).cloned().unwrap_or_default();
        change(&mut under);
        if under.is_needless() { self.entries.remove(slot) } else { self.entries.set(slot, under) }
    }

    fn link(&mut self, view: Read<PageView<'_>>, page: u32, hasher: &Hasher) -> Read<u128> {
        let view = view?;
        self.has_subdomains |= view.has(tenant::HAS_SUBDOMAINS);
        let mut added: Vec<(u64, Word)> = Vec::new();
        let (mut has_apart, mut keeps_holdings) = (false, false);
        keys(view, hasher, |table, key, word| {
            has_apart |= key.is_one_of_few();
            // These are found out once the page is there.
            if table == Table::Holdings {
                keeps_holdings = true;
                return Ok(());
            }
            let (one, other) = hashes(&key, hasher)?;
            added.extend(iter::once(one).chain(other).map(|hash| (slot(table, hash), word)));
            Ok(())
        })?;
        self.has_apart |= has_apart;
        self.keeps_holdings |= keeps_holdings;
        // Those under one key are added together, since some keys have very many.
        added.sort_unstable();
        for under in added.chunk_by(|(one, _), (other, _)| one == other) {
            let Some(&(slot, _)) = under.first() else { continue };
            self.change(slot, |entries| entries.add(page, under.iter().map(|&(_, word)| word)));
        }
        Ok(view.head().digest())
    }
}

/// A round of a key.
struct Round {
    /// The second words of the entries that count, by their pages.
    entries: BTreeMap<u32, Vec<Word>>,
    /// The number of the round behind it, if there is one.
    behind: Option<u32>,
}

/// The hashes that a key is entered under: of those under whose own only few may stand, that of what stands apart.
fn hashes(key: &Key<'_>, hasher: &Hasher) -> Read<(Hash, Option<Hash>)> {
    let hash = key.hash(hasher);
    if key.is_one_of_few() { key.apart(hash) } else { Ok((hash, None)) }
}

/// The key of a table's key.
const fn slot(table: Table, hash: Hash) -> u64 {
    hash.with(table as u32).number()
}

/// The bit of a page's number that says that the page is no part of the image.
pub(crate) const OVERLAID: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::format;
    use std::string::String;

    use super::*;
    use crate::address::{Address, DomainName};
    use crate::options::{HashKey, Options};
    use crate::policy::{Account, Domain, DomainStatus, Policy, Separator, Tenant};
    use crate::samples::{damaged, damaged_at};
    use crate::snapshot::Snapshot;
    use crate::snapshot::hash::ALL_ALIKE;
    use crate::snapshot::index::group_words;

    /// One of many tenants of one parent that have the same domains, and own addresses that `+` cuts to one: above says how.
    fn heir(number: usize, kind: usize) -> Tenant {
        let mut tenant = Tenant::new(format!("heir-{number:05}"));
        tenant.parent = Some("parent".into());
        for (name, at) in [("a.example", 0), ("sub.a.example", 1), ("b.example", 2)] {
            let mut domain = Domain::new(DomainName::parse(name).expect("a domain"));
            domain.status = match (kind + at) % 4 {
                0 => DomainStatus::Suspended,
                1 if at == 1 => DomainStatus::Pending,
                _ => DomainStatus::Verified,
            };
            (domain.subdomains, domain.active) = (at == 0 || kind % 3 == 0, at != 1 || kind % 5 == 0);
            domain.separator = (kind % 7 == 6 && at == 2).then_some(Separator::Hyphen);
            tenant.domains.push(domain);
        }
        for (at, domain) in ["a.example", "sub.a.example"].into_iter().enumerate() {
            let mut account = Account::new(format!("account-{number}-{at}"));
            account.address = Some(Address::parse(&format!("joe+{number}@{domain}")).expect("an address"));
            tenant.accounts.push(account);
        }
        tenant
    }

    fn compiled(tenants: impl IntoIterator<Item = Tenant>, key: HashKey) -> Snapshot {
        let mut policy = Policy::default();
        policy.tenants.push(Tenant::new("parent"));
        policy.tenants.extend(tenants);
        Snapshot::compile(&policy, &Options::new(key)).expect("a sound policy")
    }

    /// Where the table stands, if more than one tenant may have a key of it.
    fn run(root: RootView<'_>, table: Table) -> Option<Run> {
        let head = root.head().expect("a head");
        match table {
            Table::Domains => Some(head.domain_index()),
            Table::Own => Some(head.own_index()),
            Table::Heirs => Some(head.heir_index()),
            Table::Accounts | Table::Credentials | Table::Holdings | Table::Tenants => None,
        }
    }

    /// Calls `visit` with each key of each page, by table and hash, and with the hashes that its entry may stand under.
    fn each_key(snapshot: &Snapshot, mut visit: impl FnMut(&str, (Table, Run), Vec<Hash>, Word)) {
        let root = snapshot.root();
        for page in root.pages() {
            let (_, page) = page.expect("it is sound");
            let id = core::str::from_utf8(page.head().id().expect("an id")).expect("a text");
            let all = keys(page, root.hasher, |table, key, word| {
                if let Some(run) = run(root, table) {
                    visit(id, (table, run), key.hashes(root.hasher)?.collect(), link([0, word]).record);
                }
                Ok(())
            });
            all.expect("it is sound");
        }
    }

    /// What is found under each key that a tenant has, which is what stands in the pages; returns how much that is.
    fn check(snapshot: &Snapshot) -> usize {
        type Entries = BTreeSet<(String, Word)>;
        let root = snapshot.root();
        let mut expected = BTreeMap::<(usize, u64), (BTreeMap<u64, Hash>, Entries)>::new();
        each_key(snapshot, |id, (table, _), hashes, record| {
            let (all, entries) = expected.entry((table as usize, hashes[0].number())).or_default();
            all.extend(hashes.iter().map(|hash| (hash.number(), *hash)));
            entries.insert((id.into(), record));
        });
        for ((table, number), (hashes, expected)) in &expected {
            let table = Table::ALL.into_iter().find(|of| *of as usize == *table).expect("a table");
            let (run, own) = (run(root, table).expect("one of these"), hashes[number]);
            let mut found = Entries::new();
            let mut visit = |at: Link| {
                let page = root.page(at.page).expect("it is sound");
                let id = page.head().id().expect("an id");
                assert_eq!(root.tenant(id), Ok(Some(at.page)), "a page that counts no more");
                if has_key(page, (table, at.record), own, root.hasher).expect("it is sound") {
                    found.insert((String::from_utf8(id.into()).expect("a text"), at.record));
                }
            };
            for hash in hashes.values() {
                if table.entry_words() == 1 {
                    let mut links = root.links::<1>(table, run, *hash).expect("it is sound");
                    iter::from_fn(|| links.next().expect("it is sound")).for_each(&mut visit);
                } else {
                    let mut links = root.links::<2>(table, run, *hash).expect("it is sound");
                    iter::from_fn(|| links.next().expect("it is sound")).for_each(&mut visit);
                }
            }
            assert_eq!(&found, expected, "{table:?}");
        }
        expected.values().map(|(_, entries)| entries.len()).sum()
    }

    #[test]
    fn what_very_many_have_under_one_key_is_found_whatever_was_replaced() {
        const MANY: usize = 60;
        for (key, every) in [(HashKey([5; 16]), 20), (ALL_ALIKE, 60)] {
            let mut snapshot = compiled((0..MANY).map(|number| heir(number, number)), key);
            let mut versions = Vec::new();
            for step in 0..6 * MANY {
                // First those of the image one after the other, then here and there.
                let number = if step < MANY { step } else { step * 37 % MANY };
                let changed = match step % 4 {
                    1 | 3 => snapshot.replace_tenant(&heir(number, number + step)),
                    _ => snapshot.remove_tenant(&format!("heir-{number:05}")),
                };
                snapshot = changed.expect("a sound change");
                if step % every == 0 {
                    versions.push((snapshot.clone(), check(&snapshot)));
                }
            }
            check(&snapshot.compact().expect("a sound snapshot"));
            // None of them was changed since.
            versions.iter().for_each(|(snapshot, found)| assert_eq!(check(snapshot), *found));
        }
    }

    #[test]
    fn what_is_damaged_is_taken_over_too() {
        const MANY: usize = 1_000;
        let base = compiled((0..MANY).map(|number| heir(number, 3)), HashKey([5; 16]));
        // It stands in a block with many others, each of which may be what an address is protected by.
        let mut snapshot = damaged(&base, "heir-00500");
        let (mut left, mut refused) = (MANY, 0);
        for number in 0..MANY {
            match snapshot.remove_tenant(&format!("heir-{number:05}")) {
                Ok(changed) => (snapshot, left) = (changed, left - 1),
                Err(error) => {
                    assert_eq!(error, Damaged.into());
                    refused += 1;
                }
            }
            if number % 50 == 49 {
                let root = snapshot.root();
                for (table, name) in [(Table::Domains, "a.example"), (Table::Heirs, "parent")] {
                    let (run, hash) = (run(root, table).expect("one of these"), Hash::of(root.hasher, name.as_bytes()));
                    let (read, _) = root.read_and_passed(table, run, hash).expect("the tables are sound");
                    assert!(read >= left, "{read} of {left} are found in {table:?}");
                }
            }
        }
        assert!(refused > 10 && left == refused, "{refused} are refused, {left} are left");
    }

    #[test]
    fn what_cannot_be_taken_over_is_still_looked_for() {
        const MANY: usize = 1_000;
        let base = compiled((0..MANY).map(|number| heir(number, 3)), HashKey([5; 16]));
        let (mut changed, mut damaged) = (0, 0);
        for (table, name) in [(Table::Domains, "a.example"), (Table::Heirs, "parent")] {
            let all = run(base.root(), table).expect("one of these");
            let key = Hash::of(base.root().hasher, name.as_bytes());
            let octets = all.start as usize * 4;
            // The last octet of the table, and one of the group that the key's second round begins in.
            let size = 4 * group_words(table.entry_words());
            let second = key.round(1).group(all.count) as usize * size;
            for at in [octets + second + 8, octets + all.count as usize * size - 1] {
                let mut snapshot = damaged_at(&base, at);
                let mut left = MANY;
                for number in 0..MANY / 4 {
                    if let Ok(without) = snapshot.remove_tenant(&format!("heir-{number:05}")) {
                        (snapshot, left, changed) = (without, left - 1, changed + 1);
                    }
                }
                let root = snapshot.root();
                match root.read_and_passed(table, run(root, table).expect("its head is sound"), key) {
                    Ok((read, _)) => assert!(read >= left, "{read} of {left} are found in {table:?}"),
                    Err(Damaged) => damaged += 1,
                }
            }
        }
        assert!(changed > 0 && damaged > 0, "{changed} were removed, {damaged} look-ups found damage");
    }

    #[test]
    fn no_look_up_passes_by_many_that_were_replaced() {
        const MANY: usize = 2_000;
        // Entries of others stay, and some have the tag of a key by chance.
        let other = |number: usize| {
            let mut tenant = Tenant::new(format!("other-{number}"));
            tenant.domains.push(Domain::new(DomainName::parse(&format!("of{number}.example")).expect("a domain")));
            tenant.domains[0].status = DomainStatus::Verified;
            tenant
        };
        let tenants = (0..MANY).map(|number| heir(number, 3)).chain((0..MANY).map(other));
        let base = compiled(tenants, HashKey([5; 16]));
        let orders: [fn(usize) -> usize; 3] = [|step| step, |step| MANY - 1 - step, |step| step * 387 % MANY];
        for (order, is_removed) in orders.into_iter().flat_map(|order| [(order, false), (order, true)]) {
            let mut snapshot = base.clone();
            for step in 0..MANY {
                let number = order(step);
                let changed = if is_removed {
                    snapshot.remove_tenant(&format!("heir-{number:05}"))
                } else {
                    snapshot.replace_tenant(&heir(number, 4))
                };
                snapshot = changed.expect("a sound change");
                let is_last = step + 1 == MANY;
                if step % 222 == 221 || is_last {
                    each_key_of_some(&base, |table, run, hash| {
                        let (read, passed) = snapshot.root().read_and_passed(table, run, hash).expect("it is sound");
                        assert!(passed <= 8 + read / 3, "{passed} of {table:?} are passed by and {read} are read");
                        assert!(
                            !(is_last && is_removed) || read < 3,
                            "{read} of {table:?} are read and nothing is left"
                        );
                    });
                }
            }
        }
    }

    /// Calls `visit` with each key of the first ten of many, most of which all of them have.
    fn each_key_of_some(snapshot: &Snapshot, mut visit: impl FnMut(Table, Run, Hash)) {
        let mut seen = BTreeSet::new();
        each_key(snapshot, |id, (table, run), hashes, _| {
            for hash in hashes.into_iter().filter(|_| id < "heir-00010") {
                if seen.insert((table as usize, hash.number())) {
                    visit(table, run, hash);
                }
            }
        });
        assert!(seen.len() > 10, "{}", seen.len());
    }
}
