//! Events of accounts and credentials.

use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::{Account, Names};

use super::super::index::{Effect, Index};
use super::super::{Desk, Event, Holder, Machine, Purpose, UnfitKind};
use super::step;

impl Desk {
    pub(super) fn apply_account(
        &mut self,
        event: &Event,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::AccountAdded { account: id, address, assigned, roles } => {
                if index.accounts.contains_key(id) || self.account(id).is_some() {
                    return Err(UnfitKind::exists("account", id));
                }
                let mut account = Account::new(id.as_str());
                account.address.clone_from(address);
                account.address_assigned = *assigned;
                account.roles.clone_from(roles);
                self.tenant.accounts.push(account);
                effects.push(Effect::AccountAdded(id.clone()));
            }
            Event::AccountRemoved { account: id } => {
                let at = self.tenant.accounts.iter().position(|account| account.id == *id);
                let account = self.tenant.accounts.remove(at.ok_or_else(|| UnfitKind::unknown("account", id))?);
                effects.extend(account.credentials.into_iter().map(|one| Effect::CredentialRemoved(one.id)));
                effects.push(Effect::AccountRemoved(account.id));
                self.forget(id);
            }
            Event::AddressSet { account, address, assigned } => {
                let account = self.known_account(account)?;
                account.address.clone_from(address);
                account.address_assigned = *assigned;
            }
            Event::RolesSet { account, roles } => self.known_account(account)?.roles.clone_from(roles),
            Event::AccountSuspensionSet { account, suspended } => {
                self.known_account(account)?.suspended = *suspended;
            }
            Event::ResendSet { account, resend } => self.known_account(account)?.resend = *resend,
            Event::ExemptionGiven { account, exemption } => {
                self.known_account(account)?.exemptions.push(exemption.clone());
            }
            Event::ExemptionEnded { account, control } => {
                let exemptions = &mut self.known_account(account)?.exemptions;
                if !exemptions.iter().any(|exemption| exemption.control == *control) {
                    return Err(UnfitKind::unknown("exemption", control.name()));
                }
                exemptions.retain(|exemption| exemption.control != *control);
            }
            Event::CredentialIssued { account, credential } => {
                let id = &credential.id;
                if index.credentials.contains_key(id) || self.credential(id).is_some() {
                    return Err(UnfitKind::exists("credential", id));
                }
                step(Machine::Credential, "none", event.name())?;
                self.known_account(account)?.credentials.push(credential.clone());
                let (credential, account) = (id.clone(), account.clone());
                effects.push(Effect::CredentialAdded { credential, account });
            }
            Event::CredentialScopesSet { credential: id, scopes } => {
                let credential = self.credential_mut(id).ok_or_else(|| UnfitKind::unknown("credential", id))?;
                credential.scopes.clone_from(scopes);
            }
            Event::CredentialExpirySet { credential: id, expires } => {
                let credential = self.credential_mut(id).ok_or_else(|| UnfitKind::unknown("credential", id))?;
                credential.expires = *expires;
            }
            Event::CredentialRevoked { credential: id } => {
                step(Machine::Credential, self.credential_state(id), event.name())?;
                let credential = self.credential_mut(id).ok_or_else(|| UnfitKind::unknown("credential", id))?;
                credential.revoked = true;
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    fn known_account(&mut self, id: &str) -> Result<&mut Account, UnfitKind> {
        self.account_mut(id).ok_or_else(|| UnfitKind::unknown("account", id))
    }

    /// Removes what the tenant says of an account that is gone; its tokens lead nowhere from now on.
    fn forget(&mut self, id: &str) {
        let unlist = |names: &mut Names| {
            if let Names::Only(names) = names {
                names.retain(|name: &String| name != id);
            }
        };
        self.tenant.domains.iter_mut().for_each(|domain| unlist(&mut domain.senders));
        self.tenant.identities.iter_mut().for_each(|identity| unlist(&mut identity.senders));
        self.seen.retain(|(account, _), _| account != id);
        self.alerted.retain(|(account, _)| account != id);
        for issued in &mut self.tokens {
            let gone = match &issued.purpose {
                Purpose::Question(pair) => pair.holder == Holder::Account(id.into()),
                Purpose::Batch { admin, .. } => admin == id,
            };
            issued.spent |= gone;
        }
    }
}
