//! Accounts and roles that an entry of a tenant names.

use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::policy::{BUILT_IN_ROLES, Names};
use crate::snapshot::layout::{Accounts, Run, Word, small};

use super::accounts::FEW_ACCOUNTS;
use super::lists::texts;
use super::page::PageWriter;

impl PageWriter<'_, '_> {
    /// Writes a list of accounts: numbers of the tenant's own, ids of others.
    pub(super) fn senders(&mut self, names: &Names) -> Accounts {
        let Names::Only(list) = names else { return Accounts::default() };
        let (mut own, mut others) = (SmallVec::<[Word; FEW_ACCOUNTS]>::with_capacity(list.len()), Vec::new());
        for id in list {
            match self.accounts.binary_search_by(|account| account.id.as_str().cmp(id)) {
                Ok(number) => own.push(small(number)),
                Err(_) => others.push(id.as_str()),
            }
        }
        self.names_heirs |= !others.is_empty();
        own.sort_unstable();
        own.dedup();
        let start = self.writer.here();
        own.iter().for_each(|&number| self.writer.word(number));
        let own = Run { start, count: small(own.len()) };
        Accounts { own, others: texts(&mut self.writer, others.into_iter()) }
    }

    pub(super) fn knows_role(&self, name: &str) -> bool {
        BUILT_IN_ROLES.iter().any(|(role, _)| *role == name) || self.tenant.roles.iter().any(|role| role.name == name)
    }
}
