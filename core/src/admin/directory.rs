//! The state of administration: the policy, and what is pending beside it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::address::{Address, DomainName};
use crate::policy::{Account, Consent, Identity, Policy, Provider, Tenant};
use crate::time::Timestamp;

use super::index::{Base, Index, Use};
use super::reach::is_same_mailbox;
use super::{By, Desk, Holder, Pair, Record, TxtNames, Unfit};

/// Everything that a log of records says: the policy, and what administration needs beside it.
///
/// A clone is cheap: tenants are shared until one is changed.
///
/// ```
/// use sendas::admin::{Actor, Command, Directory, Order, Outcome};
/// use sendas::Timestamp;
///
/// let mut directory = Directory::new();
/// let provider = Actor::Provider { name: "setup".into() };
/// let command = Command::AddTenant { tenant: "acme".into(), parent: None };
/// let order = Order::new("command-1", Timestamp(1_796_083_200));
/// if let Outcome::Changed { record, .. } = directory.decide(&provider, &command, &order)? {
///     directory.apply(&record)?;
/// }
/// assert_eq!(directory.policy().tenants.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub(super) house: House,
    pub(super) desks: BTreeMap<String, Arc<Desk>>,
    pub(super) index: Index,
    pub(super) sequence: u64,
    pub(super) commands: BTreeMap<String, Given>,
}

/// The provider's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct House {
    /// What decides.
    pub provider: Provider,
    /// How many records have changed it.
    pub version: u64,
    /// The label below a domain at which its TXT record stands.
    pub challenge_label: String,
    /// How many seconds after its last proof a domain is looked up again; 0 for never.
    pub recheck_after: u32,
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) sequence: u64,
    pub(super) command: String,
    pub(super) by: By,
    /// The tenant that it changed; `None` for the provider's own settings.
    pub(super) tenant: Option<String>,
}

impl Directory {
    /// Creates a directory without tenants, which is what an empty log says.
    #[must_use]
    pub fn new() -> Self {
        Self {
            house: House {
                provider: Provider::default(),
                version: 0,
                challenge_label: String::from(CHALLENGE_LABEL),
                recheck_after: RECHECK_AFTER,
            },
            desks: BTreeMap::new(),
            index: Index::default(),
            sequence: 0,
            commands: BTreeMap::new(),
        }
    }

    /// Folds a whole log.
    ///
    /// # Errors
    ///
    /// [`Unfit`] for the first record that does not fit, or where the policy has problems at the end.
    pub fn fold<'r>(records: impl IntoIterator<Item = &'r Record>) -> Result<Self, Unfit> {
        let mut directory = Self::new();
        for record in records {
            directory.apply(record)?;
        }
        directory.check()?;
        Ok(directory)
    }

    /// Returns the policy that decides.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            provider: self.house.provider.clone(),
            tenants: self.desks.values().map(|desk| desk.tenant.clone()).collect(),
        }
    }

    /// Checks the policy as a whole, as a reader does at the end of a log: records are applied without it.
    ///
    /// # Errors
    ///
    /// [`Unfit`] with every problem that [`Policy::check`] finds.
    pub fn check(&self) -> Result<(), Unfit> {
        let problems = self.policy().check();
        if problems.is_empty() { Ok(()) } else { Err(Unfit::problems(self.sequence, problems)) }
    }

    /// Returns the sequence number of the last record; 0 before the first.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns the provider's own settings.
    #[must_use]
    pub fn house(&self) -> &House {
        &self.house
    }

    /// Returns one tenant with what is pending in it.
    #[must_use]
    pub fn desk(&self, tenant: &str) -> Option<&Desk> {
        self.desks.get(tenant).map(|desk| &**desk)
    }

    /// Returns every tenant, sorted by id.
    pub fn desks(&self) -> impl Iterator<Item = &Desk> {
        self.desks.values().map(|desk| &**desk)
    }

    /// Returns the tenant of an account.
    #[must_use]
    pub fn tenant_of(&self, account: &str) -> Option<&str> {
        self.index.accounts.get(account).map(String::as_str)
    }

    /// Returns who may use, or asked to use, an address with its mailbox owner's word, over all tenants and sorted by holder (M8).
    ///
    /// Local parts are compared without regard to ASCII case: whoever owns the mailbox sees every spelling that was asked for.
    #[must_use]
    pub fn consents(&self, address: &Address) -> Vec<(Pair, Consent)> {
        let base = Base::of(address);
        let found = self.index.uses_of(&base).filter_map(|by| match by {
            Use::Identity(pair) if is_same_mailbox(&pair.address, address) => {
                Some((pair.clone(), self.identity(pair)?.consent?))
            }
            Use::Identity(_) | Use::Own(_) => None,
        });
        found.collect()
    }

    /// Returns the domains whose TXT record is to be looked up again, with their tenants and names (C5).
    #[must_use]
    pub fn rechecks_due(&self, now: Timestamp) -> Vec<(String, DomainName, TxtNames)> {
        let after = i64::from(self.house.recheck_after);
        let mut due = Vec::new();
        for desk in self.desks.values().filter(|_| after > 0) {
            for (name, proof) in &desk.proofs {
                let proved = proof.proved.is_some_and(|proved| proved.0.saturating_add(after) <= now.0);
                if proved && desk.domain_state(name) == "verified" {
                    due.push((desk.tenant.id.clone(), name.clone(), TxtNames::new(&proof.label, name)));
                }
            }
        }
        due
    }

    /// Returns the identity of one pair.
    pub(super) fn identity(&self, pair: &Pair) -> Option<&Identity> {
        let tenant = match &pair.holder {
            Holder::Account(id) => self.tenant_of(id)?,
            Holder::Tenant(id) => id,
        };
        self.desk(tenant)?.identity(&pair.holder, &pair.address)
    }

    pub(super) fn account(&self, id: &str) -> Option<(&Desk, &Account)> {
        let desk = self.desk(self.index.accounts.get(id)?)?;
        desk.account(id).map(|account| (desk, account))
    }

    /// The tenant, its parent, and so on up.
    pub(super) fn lineage<'d>(&'d self, tenant: &'d Tenant) -> impl Iterator<Item = &'d Desk> {
        let parent = |desk: &&'d Desk| self.desk(desk.tenant.parent.as_deref()?);
        core::iter::successors(self.desk(&tenant.id), parent).take(crate::policy::MAX_LEVELS)
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

/// The label below a domain at which its TXT record stands, unless the provider says otherwise (C5).
const CHALLENGE_LABEL: &str = "domauthvalidation";
/// A day.
const RECHECK_AFTER: u32 = 86_400;
