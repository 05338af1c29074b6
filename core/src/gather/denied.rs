//! Whether a deny entry of the provider, the tenant or the account names the address (docs/semantics.md 4.8).

use core::iter;

use crate::address::octet;
use crate::locate::Asker;
use crate::observer::{Note, Observer};
use crate::snapshot::compare::above;
use crate::snapshot::layout::{Bytes, Read, Run};
use crate::snapshot::row::Row;
use crate::snapshot::rows::{DenyRow, deny, tenant};

use super::{Fact, Gatherer};

impl<O: Observer, const UNDISPUTED: bool> Gatherer<'_, '_, O, UNDISPUTED> {
    #[inline]
    pub(super) fn denied(&mut self) -> Read<()> {
        let Asker { root, page, account, .. } = self.asker;
        let of_provider = root.head()?.denies();
        if of_provider.count == 0 && !page.has(tenant::HAS_DENIES) && !account.has_extra() {
            return Ok(());
        }
        self.denied_by(of_provider)
    }

    #[inline(never)]
    fn denied_by(&mut self, of_provider: Run) -> Read<()> {
        let (root, page) = (self.asker.root.bytes, self.asker.page.bytes());
        let runs =
            [(root, of_provider), (page, self.asker.page.head().denies()?), (page, self.asker.account.denies()?)];
        for (bytes, run) in runs {
            if self.one_of(bytes, run)? {
                self.facts.enter(Fact::Denied);
                self.observer.note(|| Note::Denied);
                break;
            }
        }
        Ok(())
    }

    /// Whether an entry of this run names the address.
    #[inline(always)]
    fn one_of(&self, bytes: Bytes<'_>, run: Run) -> Read<bool> {
        if run.count > FEW {
            return self.one_of_many(bytes, run);
        }
        for number in 0..run.count {
            if self.is_named_by(DenyRow::nth(bytes, run, number)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The same where it is sooner to look for those at the domain, and at each one above it.
    #[inline(never)]
    fn one_of_many(&self, bytes: Bytes<'_>, run: Run) -> Read<bool> {
        for name in iter::once(self.target.domain).chain(above(self.target.domain)) {
            for number in first_of(bytes, run, name)?..run.count {
                let row = DenyRow::nth(bytes, run, number)?;
                if row.domain()? != name {
                    break;
                }
                if self.is_named_by(row)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether this entry names the address.
    #[inline(always)]
    fn is_named_by(&self, row: DenyRow<'_>) -> Read<bool> {
        let (domain, name) = (self.target.domain, row.domain()?);
        if row.kind() == deny::SUBDOMAINS {
            return Ok(is_at_or_below(domain, name));
        }
        let is_there = domain.len() == name.len() && octet::same(domain, name);
        Ok(is_there && (row.kind() == deny::DOMAIN || self.has_local(row.local()?)))
    }

    /// Whether the address has this local part in widest form.
    #[inline]
    fn has_local(&self, local: &[u8]) -> bool {
        // No form is without the first octet, which tells most of them apart.
        let first = |local: &[u8]| local.first().map(u8::to_ascii_lowercase);
        first(local) == first(self.target.local) && self.has_widest(local)
    }

    #[inline(never)]
    fn has_widest(&self, local: &[u8]) -> bool {
        let widest = |local| self.own_rule.separators.base(local);
        octet::same_but_for_case(widest(local), widest(self.target.local))
    }
}

/// Whether a domain is this name, or ends with it behind a dot.
#[inline]
fn is_at_or_below(domain: &[u8], name: &[u8]) -> bool {
    let Some(before) = domain.len().checked_sub(name.len()) else { return false };
    let Some((before, end)) = domain.split_at_checked(before) else { return false };
    before.last().is_none_or(|last| *last == b'.') && octet::same(end, name)
}

/// The number of the first deny entry whose domain is not before `name`.
fn first_of(bytes: Bytes<'_>, run: Run, name: &[u8]) -> Read<u32> {
    let (mut low, mut high) = (0, run.count);
    while low < high {
        let middle = low + (high - low) / 2;
        if DenyRow::nth(bytes, run, middle)?.domain()? < name { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

/// The most entries that are looked through one by one.
const FEW: u32 = 16;
