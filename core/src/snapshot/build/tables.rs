//! The tables over all tenants: where they stand behind the pages, and what is entered into them.

use alloc::vec::Vec;
use core::iter;

use crate::snapshot::Changes;
use crate::snapshot::entry::of_account;
use crate::snapshot::hash::{Hash, Hasher};
use crate::snapshot::keys::{Table, has_many_above, keys};
use crate::snapshot::layout::{Aligned, Bytes, Damaged, LINE, Read, Run};
use crate::snapshot::page::PageView;
use crate::snapshot::root::{RootView, UNIT};

use super::filling::{self, Filling};
use super::join::Both;
use super::pages::Keys;

/// Where the tables stand, in the order of [`Table::ALL`]; one without entries has no groups.
type Tables = [Run; Table::ALL.len()];
/// Tables that are being filled, those without entries left out.
type Fillings<'i> = [Option<Filling<'i>>; Table::ALL.len()];

/// Where the tables stand behind so many octets, and where the last of them ends; `None` where a word could not tell that.
pub(super) fn places(behind: usize, keys: &Keys) -> Option<(Tables, usize)> {
    // Groups that are as large as a line begin where one does.
    let mut end = behind.checked_next_multiple_of(LINE)?;
    let mut tables = Tables::default();
    for ((table, &keys), run) in Table::ALL.into_iter().zip(keys).zip(&mut tables) {
        let groups = filling::groups(keys, table.entry_words());
        if groups != 0 {
            *run = Run { start: u32::try_from(end / 4).ok()?, count: groups };
            end = end.checked_add(filling::octets(groups, table.entry_words()))?;
        }
    }
    u32::try_from(end / 4).ok()?;
    Some((tables, end))
}

/// The empty tables in the octets of an image behind so many.
pub(super) fn fillings<'i>(mut rest: &'i mut [u8], behind: usize, tables: &Tables) -> Read<Fillings<'i>> {
    let (mut fillings, mut at) = (Fillings::default(), behind);
    for ((run, table), slot) in tables.iter().zip(Table::ALL).zip(&mut fillings) {
        if run.count != 0 {
            let skipped = (run.start as usize * 4).checked_sub(at).ok_or(Damaged)?;
            let octets = filling::octets(run.count, table.entry_words());
            rest = rest.get_mut(skipped..).ok_or(Damaged)?;
            let (place, behind) = rest.split_at_mut_checked(octets).ok_or(Damaged)?;
            (rest, at) = (behind, at + skipped + octets);
            *slot = Some(Filling::new(place, run.count));
        }
    }
    Ok(fillings)
}

/// What the keys of all pages enter into the tables.
pub(super) struct Entries<'i> {
    /// The pages, one behind the other.
    pub(super) pages: &'i [u8],
    /// The number of the first page.
    pub(super) first: u32,
    /// Where each page begins, in units, in their order.
    pub(super) starts: &'i [u32],
    pub(super) hasher: &'i Hasher,
}

impl Entries<'_> {
    /// Enters all but holdings; returns whether anything stands apart.
    pub(super) fn enter(&self, mut all: Fillings<'_>, both: &impl Both) -> Read<bool> {
        if !both.is_at_once() {
            self.enter_into(&mut all)?;
            return Ok(has_apart(&all));
        }
        // Those of accounts are about as large as all others.
        let [accounts, credentials, domains, own, _, tenants, heirs] = all;
        let mut of_accounts = [accounts, None, None, own, None, None, None];
        let mut others = [None, credentials, domains, None, None, tenants, heirs];
        let (one, other) = both.both(|| self.enter_into(&mut others), || self.enter_into(&mut of_accounts));
        one.and(other)?;
        Ok(has_apart(&of_accounts) || has_apart(&others))
    }

    /// Enters what belongs into these tables, in the order of the pages, on which their octets depend.
    fn enter_into(&self, tables: &mut Fillings<'_>) -> Read<()> {
        for &start in self.starts {
            let page = PageView::new(self.pages.get(start as usize * UNIT..).ok_or(Damaged)?)?;
            let number = start.saturating_add(self.first);
            let (length, groups) = (page.head().length(), page.head().identity_groups());
            keys(page, self.hasher, |table, key, record| {
                let Some(Some(filling)) = tables.get_mut(table as usize) else { return Ok(()) };
                let hash = key.hash(self.hasher);
                match table {
                    Table::Tenants | Table::Heirs => filling.enter(hash, [number]),
                    Table::Accounts => filling.enter(hash, [number, of_account(record, length, groups)]),
                    Table::Domains | Table::Own if key.is_one_of_few() && !filling.has_room(hash) => {
                        let (one, other) = key.apart(hash)?;
                        iter::once(one).chain(other).for_each(|hash| filling.enter(hash, [number, record]));
                    }
                    Table::Credentials | Table::Domains | Table::Own => filling.enter(hash, [number, record]),
                    // They depend on the other tables.
                    Table::Holdings => {}
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn has_apart(tables: &Fillings<'_>) -> bool {
    tables.iter().flatten().any(|filling| filling.has_apart)
}

/// Enters the holdings into an image that has everything else.
pub(super) fn enter_holdings(image: &mut Aligned, tables: &Tables, hasher: &Hasher) -> Read<()> {
    let Some(run) = tables.get(Table::Holdings as usize).filter(|run| run.count != 0) else { return Ok(()) };
    let held = holdings(image, hasher)?;
    let start = run.start as usize * 4;
    let place = image.octets().get_mut(start..start + filling::octets(run.count, 2)).ok_or(Damaged)?;
    let mut filling = Filling::new(place, run.count);
    held.into_iter().for_each(|(hash, words)| filling.enter(hash, words));
    Ok(())
}

/// The entries of [`Table::Holdings`] of an image that has everything else.
fn holdings(image: &mut Aligned, hasher: &Hasher) -> Read<Vec<(Hash, [u32; 2])>> {
    let octets = image.octets();
    let changes = Changes { overlay: None, size: octets.len() };
    let root = RootView { bytes: Bytes(octets), hasher, changes: &changes, blocks: None };
    let mut held = Vec::new();
    for page in root.pages() {
        let (number, page) = page?;
        if has_many_above(page)? {
            held.push((Hash::of(hasher, page.head().id()?), [number, root.proved_holdings(page, number)?]));
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::LINE;
    use crate::options::{HashKey, Options};
    use crate::policy::{Account, Policy, Tenant};
    use crate::snapshot::Snapshot;
    use crate::snapshot::row::Row;
    use crate::snapshot::rows::RootRow;

    #[test]
    fn groups_as_large_as_a_line_stand_in_one() {
        // Tenants by id take a number of octets that is no multiple of a line's.
        let mut policy = Policy::default();
        for number in 0..40 {
            let mut tenant = Tenant::new(format!("tenant-{number}"));
            tenant.accounts.push(Account::new(format!("account-{number}")));
            policy.tenants.push(tenant);
        }
        let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).expect("a sound policy");
        let head = RootRow::at(snapshot.root().bytes, 0).expect("a head");
        let tables = [head.account_index(), head.credential_index(), head.domain_index(), head.own_index()];
        assert!(head.account_index().count > 1 && head.tenant_index().count > 1);
        for run in tables.iter().filter(|run| run.count != 0) {
            assert_eq!(4 * run.start as usize % LINE, 0);
        }
    }
}
