//! The accounts of a tenant, and their credentials.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use smallvec::SmallVec;

use crate::address::Address;
use crate::policy::{Account, BUILT_IN_ROLES, Credential, Permission};
use crate::snapshot::layout::{Run, Word, small};
use crate::snapshot::rows::{AccountRow, account, credential, holding};

use super::lists::{allowlists, denies, exemptions, texts};
use super::page::{PageWriter, flag};

impl PageWriter<'_, '_> {
    /// Writes the credentials of all accounts, and enters each account's share of the run.
    pub(super) fn credentials(&mut self, shares: &mut Vec<Run>) -> Run {
        let mut rows: Vec<(usize, &Credential, Run, Run)> = Vec::new();
        for (number, account) in self.accounts.iter().enumerate() {
            let mut credentials: Vec<&Credential> = account.credentials.iter().collect();
            credentials.sort_by(|a, b| a.id.cmp(&b.id));
            for credential in credentials {
                let scopes = texts(&mut self.writer, credential.scopes.iter().map(String::as_str));
                let lists = allowlists(&mut self.writer, &credential.allowlists);
                rows.push((number, credential, scopes, lists));
            }
        }
        let start = self.writer.here();
        shares.resize(self.accounts.len(), Run::default());
        for &(account, credential, scopes, lists) in &rows {
            if let Some(share) = shares.get_mut(account) {
                if share.count == 0 {
                    share.start = self.writer.here();
                }
                share.count += 1;
            }
            self.writer.word(
                credential.kind as u32
                    | flag(credential.revoked, credential::REVOKED)
                    | flag(credential.expires.is_some(), credential::EXPIRES)
                    | small(credential.id.len()) << 24,
            );
            self.writer.word(small(account));
            self.writer.seconds(credential.expires.map_or(0, |expires| expires.0));
            self.writer.run(scopes);
            self.writer.run(lists);
            self.writer.octets(&[credential.id.as_bytes()]);
        }
        Run { start, count: small(rows.len()) }
    }

    /// Writes the accounts, and returns the word of each.
    pub(super) fn accounts(&mut self, shares: &[Run]) -> (Run, SmallVec<[Word; FEW_ACCOUNTS]>) {
        // Of each account first where what few have stands, then where the account itself does.
        let accounts = self.accounts;
        let mut words = SmallVec::with_capacity(accounts.len());
        for (account, number) in accounts.iter().zip(0..) {
            words.push(self.account_extra(account, shares.get(number).copied().unwrap_or_default()));
        }
        let start = self.writer.here();
        let of_tenant = self.watch_of_tenant();
        for ((account, number), word) in accounts.iter().zip(0..).zip(&mut words) {
            let extra = mem::replace(word, self.writer.here());
            let (local, domain) =
                account.address.as_ref().map_or(("", ""), |address| (address.local(), address.domain()));
            let flags = self.account_flags(account, extra != 0) | of_tenant;
            self.holdings |= flag(flags & account::COUNTED != 0, holding::OWN_ADDRESS);
            if flags & account::COUNTED_ABOVE != 0 {
                *self.above.entry(domain).or_default() |= holding::OWN_ADDRESS;
            }
            let lengths = [&account.id, local, domain].map(|text| small(text.len()));
            self.writer.words(AccountRow::words(flags, lengths, number));
            if extra != 0 {
                self.writer.word(extra);
            }
            let address = if flags & account::ID_IS_ADDRESS == 0 { [local, domain] } else { ["", ""] };
            self.writer.octets(&[account.id.as_bytes(), address[0].as_bytes(), address[1].as_bytes()]);
        }
        (Run { start, count: small(accounts.len()) }, words)
    }

    /// Writes what few accounts have, if this one has anything; returns where it starts, or 0.
    fn account_extra(&mut self, account: &Account, share: Run) -> Word {
        let Account { roles, allowlists: lists, denies: entries, exemptions: some, .. } = account;
        if share.count == 0 && roles.is_empty() && lists.is_empty() && entries.is_empty() && some.is_empty() {
            return 0;
        }
        let roles = texts(&mut self.writer, roles.iter().map(String::as_str));
        let lists = allowlists(&mut self.writer, lists);
        let denies = denies(&mut self.writer, entries);
        let exemptions = exemptions(&mut self.writer, account);
        let runs = [roles, share, lists, denies, exemptions];
        if runs.iter().all(|run| run.count == 0) {
            return 0;
        }
        let start = self.writer.here();
        runs.into_iter().for_each(|run| self.writer.run(run));
        start
    }

    fn account_flags(&self, account: &Account, has_extra: bool) -> u32 {
        let may_send = if account.roles.is_empty() {
            true
        } else {
            account.roles.iter().any(|role| {
                let built_in =
                    BUILT_IN_ROLES.iter().find(|(name, _)| name == role).map(|(_, permissions)| *permissions);
                let own = || self.tenant.roles.iter().find(|own| own.name == *role).map(|own| &own.permissions[..]);
                built_in.or_else(own).is_some_and(|permissions| permissions.contains(&Permission::Send))
            })
        };
        let address = account.address.as_ref().map(Address::domain);
        let [exact, above] =
            address.map_or([false; 2], |domain| self.entries.in_force(domain).map(|entry| entry.is_some()));
        let assigned = account.address_assigned && address.is_some();
        flag(account.suspended, account::SUSPENDED)
            | flag(account.resend, account::RESEND)
            | flag(assigned || exact, account::COUNTED)
            | flag(above && !assigned && !exact, account::COUNTED_ABOVE)
            | flag(may_send, account::MAY_SEND)
            | flag(has_extra, account::HAS_EXTRA)
            | flag(account.address.as_ref().is_some_and(|own| own.is_spelled(&account.id)), account::ID_IS_ADDRESS)
            | flag(account.suspended || !may_send || !account.exemptions.is_empty(), account::WATCH_STANDING)
            | flag(!account.credentials.is_empty(), account::WATCH_CREDENTIAL)
            | flag(!account.allowlists.is_empty(), account::WATCH_CLIENT)
    }
}

/// Of most tenants, what is collected of their accounts is no more than this: it needs no allocation.
pub(super) const FEW_ACCOUNTS: usize = 8;
