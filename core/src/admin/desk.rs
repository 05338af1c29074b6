//! One tenant: what decides, and what administration needs beside it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, DomainName};
use crate::policy::{
    Account, Allowlist, BUILT_IN_ROLES, CaseRule, Consent, Credential, Domain, DomainStatus, Identity, IdentityStatus,
    Permission, Tenant,
};
use crate::request::Channel;
use crate::time::Timestamp;

use super::{AllowlistScope, Challenge, Digest, DnsOutcome, Holder, Pair, Seen};

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
    pub tokens: Vec<Issued>,
    /// What was seen of pairs that were pre-registered.
    pub seen: BTreeMap<(String, Address), Seen>,
    /// Pairs of account and address that an alert was sent for.
    pub alerted: BTreeSet<(String, Address)>,
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

/// A token that was mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issued {
    /// What is kept of it.
    pub token: Digest,
    /// The first instant at which it is no longer valid.
    pub expires: Timestamp,
    /// Whether it was used.
    pub spent: bool,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two mails are the model")]
pub enum Purpose {
    /// Verifying a batch of identities of the tenant.
    Batch {
        /// The account of the Admin who got the mail.
        admin: String,
        /// The addresses.
        addresses: BTreeSet<Address>,
    },
    /// Answering for one pair.
    Question(Pair),
}

impl Desk {
    pub(super) fn new(tenant: Tenant) -> Self {
        Self {
            tenant,
            version: 0,
            allowlists_entitled: false,
            allowlist_entries: ALLOWLIST_ENTRIES,
            panel_admin_only: false,
            foreign_identities: true,
            proofs: BTreeMap::new(),
            tokens: Vec::new(),
            seen: BTreeMap::new(),
            alerted: BTreeSet::new(),
        }
    }

    /// Returns the account with this id.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.tenant.accounts.iter().find(|account| account.id == id)
    }

    pub(super) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.tenant.accounts.iter_mut().find(|account| account.id == id)
    }

    /// Returns the credential with this id.
    #[must_use]
    pub fn credential(&self, id: &str) -> Option<&Credential> {
        self.tenant.accounts.iter().flat_map(|account| &account.credentials).find(|credential| credential.id == id)
    }

    pub(super) fn credential_mut(&mut self, id: &str) -> Option<&mut Credential> {
        let accounts = self.tenant.accounts.iter_mut();
        accounts.flat_map(|account| &mut account.credentials).find(|credential| credential.id == id)
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
    pub fn identities(&self, holder: &Holder) -> Option<&Vec<Identity>> {
        match holder {
            Holder::Tenant(id) => (*id == self.tenant.id).then_some(&self.tenant.identities),
            Holder::Account(id) => self.account(id).map(|account| &account.identities),
        }
    }

    pub(super) fn identities_mut(&mut self, holder: &Holder) -> Option<&mut Vec<Identity>> {
        match holder {
            Holder::Tenant(id) => (*id == self.tenant.id).then_some(&mut self.tenant.identities),
            Holder::Account(id) => self.account_mut(id).map(|account| &mut account.identities),
        }
    }

    /// Returns the identity of one pair.
    #[must_use]
    pub fn identity(&self, holder: &Holder, address: &Address) -> Option<&Identity> {
        self.identities(holder)?.iter().find(|identity| identity.address == *address)
    }

    pub(super) fn identity_mut(&mut self, holder: &Holder, address: &Address) -> Option<&mut Identity> {
        self.identities_mut(holder)?.iter_mut().find(|identity| identity.address == *address)
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

    /// Whether the account is not suspended and one of its roles has the permission.
    pub(super) fn may(&self, account: &str, permission: Permission) -> bool {
        !self.tenant.suspended
            && self.account(account).is_some_and(|account| {
                let has = |role: &String| self.permissions(role).is_some_and(|has| has.contains(&permission));
                !account.suspended && account.roles.iter().any(has)
            })
    }

    /// Returns the verified active entry for a domain: of this name, else the closest above with sub-domains (4.1).
    pub(super) fn entry_in_force(&self, domain: &str) -> Option<&Domain> {
        let in_force =
            |entry: &&Domain| entry.active && matches!(entry.status, DomainStatus::Verified | DomainStatus::Vouched);
        let exact = self.tenant.domains.iter().filter(in_force).find(|entry| entry.name.as_str() == domain);
        exact.or_else(|| {
            let below = |entry: &&Domain| {
                entry.subdomains && domain.strip_suffix(entry.name.as_str()).is_some_and(|above| above.ends_with('.'))
            };
            self.tenant.domains.iter().filter(in_force).filter(below).max_by_key(|entry| entry.name.as_str().len())
        })
    }

    /// Whether the address is the account's own, which counts (4.2), compared as the entry for its domain says (4.1).
    pub(super) fn owns(&self, account: &Account, address: &Address) -> bool {
        account.address.as_ref().is_some_and(|own| {
            let entry = self.entry_in_force(own.domain());
            let same = match entry.map(|entry| entry.case) {
                Some(CaseRule::Exact) => own.local() == address.local(),
                Some(CaseRule::Fold) | None => own.local().eq_ignore_ascii_case(address.local()),
            };
            (account.address_assigned || entry.is_some()) && same && own.domain() == address.domain()
        })
    }

    /// Returns the state that the transition table speaks of.
    pub(super) fn identity_state(&self, address: &Address) -> &'static str {
        match self.identity(&self.holder(), address).map(|identity| identity.status) {
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

    /// Whether the tenant's own identity counts (4.3).
    pub(super) fn counts(&self, identity: &Identity, now: Timestamp) -> bool {
        let grandfathered =
            identity.grandfathered && self.tenant.sender.grandfathered_until.is_some_and(|until| now < until);
        let verified = identity.status == IdentityStatus::Verified
            && (self.tenant.admin_vouches || self.entry_in_force(identity.address.domain()).is_some());
        match identity.consent {
            Some(Consent::Refused | Consent::Withdrawn) => false,
            Some(Consent::Given) => true,
            Some(Consent::Pending) | None => grandfathered || verified,
        }
    }
}

/// As many entries as one allowlist may have, unless the provider says otherwise (T7).
const ALLOWLIST_ENTRIES: u32 = 10;
