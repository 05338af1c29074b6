//! What is asked about all tenants at once, and where it stands.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;

use super::{Challenge, Digest, Pair};

/// Where accounts, credentials, domains, addresses and tokens stand, and which secrets have been used.
///
/// All but the secrets and the revoked credentials follows from the tenants; it is kept so that a command looks at what it
/// touches and not at every tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// The tenant of each account.
    pub(super) accounts: BTreeMap<String, String>,
    /// The tenant and account of each credential.
    pub(super) credentials: BTreeMap<String, (String, String)>,
    /// Every credential that was revoked; of removed accounts too, so that none comes back.
    pub(super) revoked: BTreeSet<String>,
    /// The tenants that list each domain, in whatever state.
    domains: BTreeMap<String, BTreeSet<String>>,
    /// The tenants that define each role.
    roles: BTreeMap<String, BTreeSet<String>>,
    /// The subusers of each tenant.
    subusers: BTreeMap<String, BTreeSet<String>>,
    /// Who has addresses as own addresses or identities.
    uses: BTreeMap<Base, BTreeSet<Use>>,
    /// The tenant that each token was issued for; of removed tenants too, so that no token is used twice.
    tokens: BTreeMap<[u8; 8], Vec<(Digest, String)>>,
    /// The digest of every challenge that was ever given.
    challenges: BTreeMap<[u8; 8], Vec<Digest>>,
}

/// What two addresses have in common if they are one in the widest form of any separator (docs/semantics.md 7.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Base {
    domain: String,
    /// Folded, and cut at the first separator of any kind.
    local: String,
}

impl Base {
    pub(super) fn of(address: &Address) -> Self {
        let mut local = address.local().to_ascii_lowercase();
        let cut = local.bytes().enumerate().skip(1).find(|(_, octet)| SEPARATORS.contains(octet));
        if let Some((at, _)) = cut {
            local.truncate(at);
        }
        Self { domain: address.domain().into(), local }
    }
}

/// How an address is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// An identity.
    Identity(Pair),
    /// The own address of an account, by its id.
    Own(String),
}

/// What an event changes in the index. It is carried out only when the whole record fits.
#[derive(Debug)]
pub(super) enum Effect {
    AccountAdded(String),
    AccountRemoved(String),
    Challenged(Digest),
    CredentialAdded { credential: String, account: String },
    CredentialRemoved(String),
    CredentialRevoked(String),
    DomainListed(String),
    DomainRemoved(String),
    RoleDefined(String),
    RoleRemoved(String),
    SubuserAdded { parent: String },
    SubuserRemoved { parent: String },
    TokenIssued(Digest),
    Unused(Address, Use),
    Used(Address, Use),
}

impl Index {
    /// Returns the tenant that the token was issued for. All digests that begin alike are compared whole.
    pub(super) fn tenant_of_token(&self, token: &Digest) -> Option<&str> {
        let alike = self.tokens.get(&token.selector()).map(Vec::as_slice).unwrap_or_default();
        alike.iter().fold(None, |found, (digest, tenant)| if digest == token { Some(&**tenant) } else { found })
    }

    /// Tells whether a token or challenge with this digest was given out before.
    pub(super) fn is_used(&self, secret: &Digest) -> bool {
        let challenges = self.challenges.get(&secret.selector()).map(Vec::as_slice).unwrap_or_default();
        self.tenant_of_token(secret).is_some() || challenges.contains(secret)
    }

    /// Tells whether the challenge was given out before.
    pub(super) fn is_challenge_used(&self, challenge: &Challenge) -> bool {
        self.is_used(&challenge.digest())
    }

    /// Returns the tenants that list a domain, in whatever state, sorted.
    pub(super) fn tenants_of_domain(&self, name: &str) -> impl Iterator<Item = &str> {
        self.domains.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Returns the tenants that define a role, sorted.
    pub(super) fn tenants_of_role(&self, name: &str) -> impl Iterator<Item = &str> {
        self.roles.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Returns the subusers of a tenant, sorted.
    pub(super) fn subusers_of(&self, tenant: &str) -> impl Iterator<Item = &str> {
        self.subusers.get(tenant).into_iter().flatten().map(String::as_str)
    }

    /// Returns who uses an address that may be one with this base in widest form.
    pub(super) fn uses_of(&self, base: &Base) -> impl Iterator<Item = &Use> {
        self.uses.get(base).into_iter().flatten()
    }

    pub(super) fn carry_out(&mut self, tenant: &str, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::AccountAdded(account) => drop(self.accounts.insert(account, tenant.into())),
                Effect::AccountRemoved(account) => drop(self.accounts.remove(&account)),
                Effect::Challenged(challenge) => {
                    self.challenges.entry(challenge.selector()).or_default().push(challenge);
                }
                Effect::CredentialAdded { credential, account } => {
                    self.credentials.insert(credential, (tenant.into(), account));
                }
                Effect::CredentialRemoved(credential) => drop(self.credentials.remove(&credential)),
                Effect::CredentialRevoked(credential) => drop(self.revoked.insert(credential)),
                Effect::DomainListed(name) => add(&mut self.domains, name, tenant.into()),
                Effect::DomainRemoved(name) => remove(&mut self.domains, &name, tenant),
                Effect::RoleDefined(name) => add(&mut self.roles, name, tenant.into()),
                Effect::RoleRemoved(name) => remove(&mut self.roles, &name, tenant),
                Effect::SubuserAdded { parent } => add(&mut self.subusers, parent, tenant.into()),
                Effect::SubuserRemoved { parent } => remove(&mut self.subusers, &parent, tenant),
                Effect::TokenIssued(token) => {
                    self.tokens.entry(token.selector()).or_default().push((token, tenant.into()));
                }
                Effect::Unused(address, by) => remove(&mut self.uses, &Base::of(&address), &by),
                Effect::Used(address, by) => add(&mut self.uses, Base::of(&address), by),
            }
        }
    }
}

fn add<K: Ord, V: Ord>(map: &mut BTreeMap<K, BTreeSet<V>>, key: K, value: V) {
    map.entry(key).or_default().insert(value);
}

/// Removes a value, and its key with the last one.
fn remove<K, V, Q>(map: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &Q)
where
    K: Ord,
    V: Ord + core::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    if let Some(values) = map.get_mut(key) {
        values.remove(value);
        if values.is_empty() {
            map.remove(key);
        }
    }
}

/// Every separator of sub-addresses that a domain entry can have.
const SEPARATORS: [u8; 4] = *b"+-=#";
