//! One tenant: what decides, and what administration needs beside it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::address::{Address, DomainName};
use crate::policy::{
    Account, Allowlist, BUILT_IN_ROLES, CaseRule, Credential, Domain, Identity, IdentityStatus, Permission, Tenant,
};
use crate::request::Channel;
use crate::time::Timestamp;

use super::reach::is_below;
use super::{AllowlistScope, Challenge, DnsOutcome, Holder, Pair, Seen, Tokens, UnfitKind};

/// One tenant with its pending batches, questions and challenges.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Desk {
    /// What decides.
    pub tenant: Tenant,
    /// How many records have changed it.
    pub version: u64,
    /// Whether it may add entries to allowlists.
    pub allowlists_entitled: bool,
    /// As many entries as one allowlist may have.
    pub allowlist_entries: u32,
    /// Whether only an Admin may give commands for it.
    pub panel_admin_only: bool,
    /// Whether its identities may stand at domains that it has not verified.
    pub foreign_identities: bool,
    /// The challenge and the checks of each domain that was given one.
    pub proofs: BTreeMap<DomainName, Proof>,
    /// The tokens that were mailed.
    pub tokens: Tokens,
    /// What was seen of pairs that were pre-registered.
    pub seen: BTreeMap<(String, Address), Seen>,
    /// Pairs of account and address that an alert was sent for.
    pub alerted: BTreeSet<(String, Address)>,
    /// What owners have refused or taken back from accounts that are gone; it holds again where one is added again.
    pub refused: BTreeMap<String, Vec<Identity>>,
    /// Shared with clones until one of the two changes.
    at: Arc<Places>,
}

/// Where in the lists of the tenant its accounts, their credentials and its identities stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places {
    accounts: BTreeMap<String, usize>,
    /// The account of each credential.
    credentials: BTreeMap<String, String>,
    identities: BTreeMap<Address, usize>,
}

/// The challenge of a domain and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// What the TXT record must say.
    pub challenge: Challenge,
    /// The label below the domain at which it stands.
    pub label: String,
    /// The first instant at which the challenge is no longer valid, while the domain is pending.
    pub expires: Option<Timestamp>,
    /// When the domain was last looked up, and what was found.
    pub checked: Option<(Timestamp, DnsOutcome)>,
    /// When the record was last found.
    pub proved: Option<Timestamp>,
}

impl Desk {
    /// Creates the desk of a tenant in which nothing is pending. Something that stands twice is an error.
    pub(super) fn new(tenant: Tenant) -> Result<Self, UnfitKind> {
        let mut at = Places::default();
        for (place, account) in tenant.accounts.iter().enumerate() {
            if at.accounts.insert(account.id.clone(), place).is_some() {
                return Err(UnfitKind::exists("account", &account.id));
            }
            for credential in &account.credentials {
                if at.credentials.insert(credential.id.clone(), account.id.clone()).is_some() {
                    return Err(UnfitKind::exists("credential", &credential.id));
                }
            }
        }
        for (place, identity) in tenant.identities.iter().enumerate() {
            if at.identities.insert(identity.address.clone(), place).is_some() {
                return Err(UnfitKind::exists("identity", &identity.address));
            }
        }
        Ok(Self {
            tenant,
            version: 0,
            allowlists_entitled: false,
            allowlist_entries: ALLOWLIST_ENTRIES,
            panel_admin_only: false,
            foreign_identities: true,
            proofs: BTreeMap::new(),
            tokens: Tokens::default(),
            seen: BTreeMap::new(),
            alerted: BTreeSet::new(),
            refused: BTreeMap::new(),
            at: Arc::new(at),
        })
    }

    /// Adds an account that the tenant does not have, and what owners have refused it before.
    pub(super) fn add_account(&mut self, mut account: Account) {
        account.identities.extend(self.refused.remove(&account.id).unwrap_or_default());
        let place = self.tenant.accounts.len();
        self.places().accounts.insert(account.id.clone(), place);
        self.tenant.accounts.push(account);
    }

    /// Removes an account; another one may take its place in the list.
    pub(super) fn remove_account(&mut self, id: &str) -> Option<Account> {
        let place = self.place_of(id).filter(|&place| place < self.tenant.accounts.len())?;
        let account = self.tenant.accounts.swap_remove(place);
        let moved = self.tenant.accounts.get(place).map(|moved| moved.id.clone());
        let places = self.places();
        places.accounts.remove(id);
        places.accounts.extend(moved.map(|moved| (moved, place)));
        for credential in &account.credentials {
            self.places().credentials.remove(&credential.id);
        }
        Some(account)
    }

    /// Registers a credential that the tenant does not have; `None` where it does not have the account.
    pub(super) fn add_credential(&mut self, account: &str, credential: Credential) -> Option<()> {
        let id = credential.id.clone();
        self.account_mut(account)?.credentials.push(credential);
        self.places().credentials.insert(id, account.into());
        Some(())
    }

    /// Adds an identity that the tenant itself does not hold.
    pub(super) fn add_identity(&mut self, identity: Identity) {
        let place = self.tenant.identities.len();
        self.places().identities.insert(identity.address.clone(), place);
        self.tenant.identities.push(identity);
    }

    /// Removes an identity of the tenant itself; another one may take its place in the list.
    pub(super) fn remove_identity(&mut self, address: &Address) -> Option<Identity> {
        let place = self.at.identities.get(address).copied().filter(|&place| place < self.tenant.identities.len())?;
        let identity = self.tenant.identities.swap_remove(place);
        let moved = self.tenant.identities.get(place).map(|moved| moved.address.clone());
        let places = self.places();
        places.identities.remove(address);
        places.identities.extend(moved.map(|moved| (moved, place)));
        Some(identity)
    }

    fn places(&mut self) -> &mut Places {
        Arc::make_mut(&mut self.at)
    }

    /// Returns the account with this id.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.tenant.accounts.get(*self.at.accounts.get(id)?)
    }

    /// Returns where an account stands in the list of the tenant.
    pub(super) fn place_of(&self, account: &str) -> Option<usize> {
        self.at.accounts.get(account).copied()
    }

    pub(super) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.tenant.accounts.get_mut(*self.at.accounts.get(id)?)
    }

    /// Returns the credential with this id.
    #[must_use]
    pub fn credential(&self, id: &str) -> Option<&Credential> {
        let account = self.account(self.at.credentials.get(id)?)?;
        account.credentials.iter().find(|credential| credential.id == id)
    }

    pub(super) fn credential_mut(&mut self, id: &str) -> Option<&mut Credential> {
        let account = self.at.accounts.get(self.at.credentials.get(id)?)?;
        let credentials = &mut self.tenant.accounts.get_mut(*account)?.credentials;
        credentials.iter_mut().find(|credential| credential.id == id)
    }

    /// Returns the entry of a domain.
    #[must_use]
    pub fn domain(&self, name: &DomainName) -> Option<&Domain> {
        self.tenant.domains.iter().find(|domain| domain.name == *name)
    }

    pub(super) fn domain_mut(&mut self, name: &DomainName) -> Option<&mut Domain> {
        self.tenant.domains.iter_mut().find(|domain| domain.name == *name)
    }

    /// Returns the identities of one holder.
    #[must_use]
    pub fn identities(&self, holder: &Holder) -> Option<&[Identity]> {
        match holder {
            Holder::Tenant(id) => (*id == self.tenant.id).then_some(&self.tenant.identities),
            Holder::Account(id) => self.account(id).map(|account| &*account.identities),
        }
    }

    /// Returns the identity of one pair.
    #[must_use]
    pub fn identity(&self, holder: &Holder, address: &Address) -> Option<&Identity> {
        match holder {
            Holder::Tenant(id) if *id == self.tenant.id => self.own_identity(address),
            Holder::Tenant(_) => None,
            Holder::Account(id) => self.account(id)?.identities.iter().find(|identity| identity.address == *address),
        }
    }

    /// Returns an identity that the tenant itself holds.
    fn own_identity(&self, address: &Address) -> Option<&Identity> {
        self.tenant.identities.get(*self.at.identities.get(address)?)
    }

    pub(super) fn identity_mut(&mut self, holder: &Holder, address: &Address) -> Option<&mut Identity> {
        match holder {
            Holder::Tenant(id) if *id == self.tenant.id => {
                self.tenant.identities.get_mut(*self.at.identities.get(address)?)
            }
            Holder::Tenant(_) => None,
            Holder::Account(id) => {
                self.account_mut(id)?.identities.iter_mut().find(|identity| identity.address == *address)
            }
        }
    }

    /// Returns the allowlists of one scope.
    #[must_use]
    pub fn allowlists(&self, scope: &AllowlistScope) -> Option<&Vec<Allowlist>> {
        match scope {
            AllowlistScope::Tenant(id) => (*id == self.tenant.id).then_some(&self.tenant.allowlists),
            AllowlistScope::Account(id) => self.account(id).map(|account| &account.allowlists),
            AllowlistScope::Credential(id) => self.credential(id).map(|credential| &credential.allowlists),
        }
    }

    pub(super) fn allowlists_mut(&mut self, scope: &AllowlistScope) -> Option<&mut Vec<Allowlist>> {
        match scope {
            AllowlistScope::Tenant(id) => (*id == self.tenant.id).then_some(&mut self.tenant.allowlists),
            AllowlistScope::Account(id) => self.account_mut(id).map(|account| &mut account.allowlists),
            AllowlistScope::Credential(id) => self.credential_mut(id).map(|credential| &mut credential.allowlists),
        }
    }

    /// Returns the allowlist of one scope and channel that is on.
    #[must_use]
    pub fn allowlist(&self, scope: &AllowlistScope, channel: Channel) -> Option<&Allowlist> {
        self.allowlists(scope)?.iter().find(|allowlist| allowlist.channel == channel)
    }

    /// Returns what a role permits, whether built in or defined here.
    #[must_use]
    pub fn permissions(&self, role: &str) -> Option<&[Permission]> {
        let built_in = BUILT_IN_ROLES.iter().find(|(name, _)| *name == role).map(|(_, permissions)| *permissions);
        let defined = || self.tenant.roles.iter().find(|defined| defined.name == role).map(|role| &*role.permissions);
        built_in.or_else(defined)
    }

    /// Returns the verified active entry by whose rules addresses at a domain compare: of this name, else the closest above
    /// with sub-domains (4.1). What it proves is [asked of the directory](super::Directory::proves).
    pub(super) fn entry_in_force(&self, domain: &str) -> Option<&Domain> {
        let in_force = |entry: &&Domain| entry.is_in_force();
        let exact = self.tenant.domains.iter().filter(in_force).find(|entry| entry.name.as_str() == domain);
        exact.or_else(|| {
            let below = |entry: &&Domain| entry.subdomains && is_below(domain, entry.name.as_str());
            self.tenant.domains.iter().filter(in_force).filter(below).max_by_key(|entry| entry.name.as_str().len())
        })
    }

    /// Whether the address is the account's own, compared as the entry for its domain says (4.1).
    pub(super) fn is_own(&self, account: &Account, address: &Address) -> bool {
        account.address.as_ref().is_some_and(|own| {
            let same = match self.entry_in_force(own.domain()).map(|entry| entry.case) {
                Some(CaseRule::Exact) => own.local() == address.local(),
                Some(CaseRule::Fold) | None => own.local().eq_ignore_ascii_case(address.local()),
            };
            same && own.domain() == address.domain()
        })
    }

    /// Returns the state that the transition table speaks of.
    pub(super) fn identity_state(&self, address: &Address) -> &'static str {
        match self.own_identity(address).map(|identity| identity.status) {
            None => "none",
            Some(IdentityStatus::Pending) => "pending",
            Some(IdentityStatus::Verified) => "verified",
        }
    }

    pub(super) fn consent_state(&self, pair: &Pair) -> &'static str {
        match self.identity(&pair.holder, &pair.address).and_then(|identity| identity.consent) {
            None => "none",
            Some(consent) => consent.name(),
        }
    }

    pub(super) fn domain_state(&self, name: &DomainName) -> &'static str {
        self.domain(name).map_or("none", |domain| domain.status.name())
    }

    pub(super) fn allowlist_state(&self, scope: &AllowlistScope, channel: Channel) -> &'static str {
        if self.allowlist(scope, channel).is_some() { "on" } else { "off" }
    }

    pub(super) fn credential_state(&self, id: &str) -> &'static str {
        match self.credential(id).map(|credential| credential.revoked) {
            None => "none",
            Some(false) => "valid",
            Some(true) => "revoked",
        }
    }

    /// The tenant as a holder.
    pub(super) fn holder(&self) -> Holder {
        Holder::Tenant(self.tenant.id.clone())
    }
}

/// As many entries as one allowlist may have, unless the provider says otherwise (T7).
const ALLOWLIST_ENTRIES: u32 = 10;
