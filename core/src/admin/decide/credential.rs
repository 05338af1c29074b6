//! Commands of credentials.

use alloc::vec::Vec;

use crate::policy::Credential;

use super::super::{Command, Desk, Event, Refusal};
use super::Context;

impl Context<'_> {
    pub(super) fn credential(&self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::IssueCredential { account, credential } => {
                if self.directory.index.credentials.contains_key(&credential.id) {
                    return Err(Refusal::CredentialExists { credential: credential.id.clone() });
                }
                if self.directory.index.revoked.contains(&credential.id) {
                    return Err(Refusal::CredentialRevoked { credential: credential.id.clone() });
                }
                if credential.revoked || !credential.allowlists.is_empty() {
                    return Err(Refusal::CredentialNotNew {});
                }
                self.in_future_if_any(credential.expires)?;
                // The first one restricts the account; another one may lack the scopes, the end or the lists of the others.
                self.step_up_if(desk.account(account).is_some_and(|account| !account.credentials.is_empty()))?;
                Event::CredentialIssued { account: account.clone(), credential: credential.clone() }
            }
            Command::SetCredentialScopes { credential, scopes } => {
                let old = valid(desk, credential)?;
                self.step_up_if(scopes.iter().any(|scope| !old.scopes.contains(scope)))?;
                Event::CredentialScopesSet { credential: credential.clone(), scopes: scopes.clone() }
            }
            Command::SetCredentialExpiry { credential, expires } => {
                let old = valid(desk, credential)?;
                let later = match (old.expires, expires) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(old), Some(new)) => *new > old,
                };
                self.step_up_if(later)?;
                Event::CredentialExpirySet { credential: credential.clone(), expires: *expires }
            }
            Command::RevokeCredential { credential } => {
                if desk.credential_state(credential) == "revoked" {
                    return Ok(Vec::new());
                }
                Event::CredentialRevoked { credential: credential.clone() }
            }
            _ => return Ok(Vec::new()),
        };
        Ok([event].into())
    }
}

fn valid<'d>(desk: &'d Desk, id: &str) -> Result<&'d Credential, Refusal> {
    match desk.credential(id) {
        None => Err(Refusal::UnknownCredential { credential: id.into() }),
        Some(credential) if credential.revoked => Err(Refusal::CredentialRevoked { credential: id.into() }),
        Some(credential) => Ok(credential),
    }
}
