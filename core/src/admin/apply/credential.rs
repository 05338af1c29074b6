//! Events of credentials.

use alloc::vec::Vec;

use crate::policy::Credential;

use super::super::index::{Effect, Index};
use super::super::{Desk, Event, Machine, UnfitKind};
use super::step;

impl Desk {
    pub(super) fn apply_credential(
        &mut self,
        event: &Event,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::CredentialIssued { account, credential } => {
                let id = &credential.id;
                if index.credentials.contains_key(id) || self.credential(id).is_some() {
                    return Err(UnfitKind::exists("credential", id));
                }
                if index.revoked.contains(id) {
                    return Err(UnfitKind::exists("revoked credential", id));
                }
                step(Machine::Credential, "none", event.name())?;
                let added = self.add_credential(account, credential.clone());
                added.ok_or_else(|| UnfitKind::unknown("account", account))?;
                if credential.revoked {
                    effects.push(Effect::CredentialRevoked(id.clone()));
                }
                let (credential, account) = (id.clone(), account.clone());
                effects.push(Effect::CredentialAdded { credential, account });
            }
            Event::CredentialScopesSet { credential, scopes } => {
                self.known_credential(credential)?.scopes.clone_from(scopes);
            }
            Event::CredentialExpirySet { credential, expires } => self.known_credential(credential)?.expires = *expires,
            Event::CredentialRevoked { credential: id } => {
                step(Machine::Credential, self.credential_state(id), event.name())?;
                self.known_credential(id)?.revoked = true;
                effects.push(Effect::CredentialRevoked(id.clone()));
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    fn known_credential(&mut self, id: &str) -> Result<&mut Credential, UnfitKind> {
        self.credential_mut(id).ok_or_else(|| UnfitKind::unknown("credential", id))
    }
}
