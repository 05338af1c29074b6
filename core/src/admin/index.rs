//! What is unique over all tenants, and where it stands.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Challenge, Digest};

/// Where accounts, credentials and tokens stand, and which secrets have been used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// The tenant of each account.
    pub(super) accounts: BTreeMap<String, String>,
    /// The tenant and account of each credential.
    pub(super) credentials: BTreeMap<String, (String, String)>,
    /// The tenant that each token was issued for; of removed tenants too, so that no token is used twice.
    tokens: BTreeMap<[u8; 8], Vec<(Digest, String)>>,
    /// Every challenge that was ever given.
    pub(super) challenges: BTreeSet<Challenge>,
}

/// What an event changes in the index. It is carried out only when the whole record fits.
#[derive(Debug)]
pub(super) enum Effect {
    AccountAdded(String),
    AccountRemoved(String),
    Challenged(Challenge),
    CredentialAdded { credential: String, account: String },
    CredentialRemoved(String),
    TokenIssued(Digest),
}

impl Index {
    /// Returns the tenant that the token was issued for. All digests that begin alike are compared whole.
    pub(super) fn tenant_of_token(&self, token: &Digest) -> Option<&str> {
        let alike = self.tokens.get(&token.selector()).map(Vec::as_slice).unwrap_or_default();
        alike.iter().fold(None, |found, (digest, tenant)| if digest == token { Some(&**tenant) } else { found })
    }

    pub(super) fn carry_out(&mut self, tenant: &str, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::AccountAdded(account) => drop(self.accounts.insert(account, tenant.into())),
                Effect::AccountRemoved(account) => drop(self.accounts.remove(&account)),
                Effect::Challenged(challenge) => drop(self.challenges.insert(challenge)),
                Effect::CredentialAdded { credential, account } => {
                    self.credentials.insert(credential, (tenant.into(), account));
                }
                Effect::CredentialRemoved(credential) => drop(self.credentials.remove(&credential)),
                Effect::TokenIssued(token) => {
                    self.tokens.entry(token.selector()).or_default().push((token, tenant.into()));
                }
            }
        }
    }
}
