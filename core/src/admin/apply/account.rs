//! Events of accounts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::{Account, Consent, Identity, Names};

use super::super::index::{Effect, Index, Use};
use super::super::{Desk, Event, Holder, UnfitKind};
use super::identity::used;

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
                self.add_account(account);
                effects.extend(self.account(id).into_iter().flat_map(entering));
            }
            Event::AccountRemoved { account: id } => {
                let account = self.remove_account(id).ok_or_else(|| UnfitKind::unknown("account", id))?;
                effects.extend(leaving(&account));
                self.forget(account);
            }
            Event::AddressSet { account: id, address, assigned } => {
                let account = self.known_account(id)?;
                effects.extend(account.address.take().map(|old| Effect::Unused(old, Use::Own(id.clone()))));
                effects.extend(address.clone().map(|new| Effect::Used(new, Use::Own(id.clone()))));
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
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    fn known_account(&mut self, id: &str) -> Result<&mut Account, UnfitKind> {
        self.account_mut(id).ok_or_else(|| UnfitKind::unknown("account", id))
    }

    /// Removes what the tenant says of an account that is gone, but for what owners have refused it; its tokens lead nowhere
    /// from now on.
    fn forget(&mut self, account: Account) {
        let id = &account.id;
        let unlist = |names: &mut Names| {
            if let Names::Only(names) = names {
                names.retain(|name: &String| name != id);
            }
        };
        self.tenant.domains.iter_mut().for_each(|domain| unlist(&mut domain.senders));
        self.tenant.identities.iter_mut().for_each(|identity| unlist(&mut identity.senders));
        self.seen.retain(|(account, _), _| account != id);
        self.alerted.retain(|(account, _)| account != id);
        self.tokens.forget(id);
        let is_refused = |one: &Identity| matches!(one.consent, Some(Consent::Refused | Consent::Withdrawn));
        let refused = account.identities.into_iter().filter(is_refused);
        let refused: Vec<Identity> = refused
            .map(|old| Identity { consent: old.consent, since: old.since, ..Identity::new(old.address) })
            .collect();
        if !refused.is_empty() {
            self.refused.insert(account.id, refused);
        }
    }
}

/// What the index says of an account from now on.
pub(super) fn entering(account: &Account) -> Vec<Effect> {
    let mut effects: Vec<Effect> = [Effect::AccountAdded(account.id.clone())].into();
    for credential in &account.credentials {
        effects.push(Effect::CredentialAdded { credential: credential.id.clone(), account: account.id.clone() });
        if credential.revoked {
            effects.push(Effect::CredentialRevoked(credential.id.clone()));
        }
    }
    effects.extend(uses(account).map(|(address, by)| Effect::Used(address, by)));
    effects
}

/// What the index says of an account no longer.
pub(super) fn leaving(account: &Account) -> Vec<Effect> {
    let mut effects: Vec<Effect> = [Effect::AccountRemoved(account.id.clone())].into();
    effects.extend(account.credentials.iter().map(|credential| Effect::CredentialRemoved(credential.id.clone())));
    effects.extend(uses(account).map(|(address, by)| Effect::Unused(address, by)));
    effects
}

fn uses(account: &Account) -> impl Iterator<Item = (Address, Use)> {
    let own = account.address.clone().map(|address| (address, Use::Own(account.id.clone())));
    let holder = Holder::Account(account.id.clone());
    own.into_iter().chain(account.identities.iter().map(move |identity| used(&holder, &identity.address)))
}
