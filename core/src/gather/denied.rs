//! Whether a deny entry of the provider, the tenant or the account names the address (docs/semantics.md 4.8).

use crate::observer::{Note, Observer};
use crate::snapshot::compare::upwards;
use crate::snapshot::layout::{Bytes, Read, Run};
use crate::snapshot::row::Row;
use crate::snapshot::rows::{DenyRow, deny, tenant};

use super::{Fact, Gatherer};

impl<O: Observer> Gatherer<'_, '_, O> {
    #[inline]
    pub(super) fn denied(&mut self) -> Read<()> {
        let (root, page) = (self.asker.root, self.asker.page);
        let of_tenant = if page.has(tenant::HAS_DENIES) { page.head().denies()? } else { Run::default() };
        let denied = self.names(root.bytes, root.head()?.denies())?
            || self.names(page.bytes(), of_tenant)?
            || self.names(page.bytes(), self.asker.account.denies()?)?;
        if denied {
            self.facts.enter(Fact::Denied);
            self.observer.note(|| Note::Denied);
        }
        Ok(())
    }

    /// Whether an entry of this run names the address.
    #[inline]
    fn names(&self, bytes: Bytes<'_>, run: Run) -> Read<bool> {
        if run.count == 0 { Ok(false) } else { self.one_names(bytes, run) }
    }

    fn one_names(&self, bytes: Bytes<'_>, run: Run) -> Read<bool> {
        let target = self.target;
        let widest = |local| self.own_rule.separators.base(local);
        for (depth, name) in upwards(target.domain).enumerate() {
            for number in first_of(bytes, run, name)?..run.count {
                let row = DenyRow::nth(bytes, run, number)?;
                if row.domain()? != name {
                    break;
                }
                let hit = match row.kind() {
                    deny::SUBDOMAINS => true,
                    deny::DOMAIN => depth == 0,
                    _ => depth == 0 && widest(row.local()?).eq_ignore_ascii_case(widest(target.local)),
                };
                if hit {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
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
