//! How much of the traffic a policy would permit, and which accounts were never seen.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::admin::Directory;
use crate::decision::{Stage, Subject};
use crate::options::Options;
use crate::policy::named::named;
use crate::policy::{ChannelSet, Mode, Policy};
use crate::reason::{Control, Reason};
use crate::request::{Channel, EnvelopeSender, Request};
use crate::snapshot::{CompileError, Snapshot};
use crate::time::Timestamp;

use super::observe::{Fact, Field, Observations, Said};

/// Whether an account may send as an address, were sender authentication enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "for good, for now, or not")]
pub enum Standing {
    /// It may.
    Authorised,
    /// It may until the deadline of pre-registered identities.
    Preregistered,
    /// It may not.
    Unauthorised,
}

named! {
    Standing, 3, "authorised":
    Authorised = "authorised",
    Preregistered = "preregistered",
    Unauthorised = "unauthorised",
}

/// Messages by the standing of the address in one field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shares {
    /// How many there are of each [`Standing`].
    pub standings: [u64; 3],
    /// Those with the null reverse-path, which needs no standing.
    pub null: u64,
    /// Those of which no address was read.
    pub unreadable: u64,
    /// Those of which the source told no address.
    pub unknown: u64,
}

/// What was seen of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantCoverage {
    /// Its id.
    pub tenant: String,
    /// How many accounts it has.
    pub accounts: u64,
    /// Those that were never seen, sorted.
    pub never_seen: Vec<String>,
    /// Messages by their envelope sender.
    pub envelope_sender: Shares,
    /// Messages by their From field; one with several mailboxes counts for each.
    pub from: Shares,
}

/// What was seen, against what there is (M13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// Every tenant, sorted by id.
    pub tenants: Vec<TenantCoverage>,
    /// Accounts that were seen and that the directory does not have, sorted.
    pub unknown_accounts: Vec<String>,
    /// Requests that name no account, or none that an account can be.
    pub unattributed: u64,
    /// Facts of each [`Table`](super::Table) that are in no tally.
    pub dropped: [u64; 3],
}

impl Directory {
    /// Says which accounts were seen, and how many of their messages sender authentication would permit today.
    ///
    /// The standing of an address is asked as if `sender` and `hosted` were enforced on every channel and nobody exempted.
    ///
    /// # Errors
    ///
    /// [`CompileError`] if the policy is too large.
    pub fn coverage(
        &self,
        observations: &Observations,
        now: Timestamp,
        options: &Options,
    ) -> Result<Coverage, CompileError> {
        let judge = Standings::new(self, now, options)?;
        let mut tenants: BTreeMap<&str, TenantCoverage> = BTreeMap::new();
        for desk in self.desks() {
            let never_seen = desk.tenant.accounts.iter().map(|account| account.id.clone()).collect();
            let accounts = u64::try_from(desk.tenant.accounts.len()).unwrap_or(u64::MAX);
            let tenant = desk.tenant.id.clone();
            tenants
                .insert(&desk.tenant.id, TenantCoverage { tenant, accounts, never_seen, ..TenantCoverage::default() });
        }
        let mut coverage = Coverage {
            unattributed: observations.unattributed(),
            dropped: super::Table::ALL.map(|table| observations.dropped(table)),
            ..Coverage::default()
        };
        let mut seen = BTreeSet::new();
        for (account, _, channel, bucket) in observations.buckets() {
            seen.insert(account);
            let Some(tenant) = self.tenant_of(account).and_then(|id| tenants.get_mut(id)) else { continue };
            for (fact, times) in &bucket.tallies {
                let Fact::Sender { field, said } = fact else { continue };
                let shares = match field {
                    Field::EnvelopeSender => &mut tenant.envelope_sender,
                    Field::From => &mut tenant.from,
                    Field::FromName | Field::Sender | Field::SenderName | Field::Resent => continue,
                };
                let sum = match said {
                    Said::Address(address) => {
                        let (standing, _) = judge.standing(account, channel, address);
                        shares.standings.get_mut(standing as usize)
                    }
                    Said::Null => Some(&mut shares.null),
                    Said::Several => None,
                    Said::Missing | Said::Unreadable => Some(&mut shares.unreadable),
                    Said::Unknown => Some(&mut shares.unknown),
                };
                if let Some(sum) = sum {
                    *sum = sum.saturating_add(times.count);
                }
            }
        }
        for tenant in tenants.values_mut() {
            tenant.never_seen.retain(|account| !seen.contains(&**account));
            tenant.never_seen.sort();
        }
        let unknown = seen.iter().filter(|account| self.tenant_of(account).is_none());
        coverage.unknown_accounts = unknown.map(|account| String::from(*account)).collect();
        coverage.tenants = tenants.into_values().collect();
        Ok(coverage)
    }
}

impl Coverage {
    /// Adds up all tenants, under an empty id and without the names of accounts.
    #[must_use]
    pub fn total(&self) -> TenantCoverage {
        let mut total = TenantCoverage::default();
        for tenant in &self.tenants {
            total.accounts = total.accounts.saturating_add(tenant.accounts);
            total.envelope_sender.add(&tenant.envelope_sender);
            total.from.add(&tenant.from);
        }
        total
    }

    /// How many accounts of the directory were seen.
    #[must_use]
    pub fn accounts_seen(&self) -> u64 {
        self.tenants.iter().map(TenantCoverage::accounts_seen).fold(0, u64::saturating_add)
    }
}

impl TenantCoverage {
    /// How many of its accounts were seen.
    #[must_use]
    pub fn accounts_seen(&self) -> u64 {
        self.accounts.saturating_sub(u64::try_from(self.never_seen.len()).unwrap_or(u64::MAX))
    }
}

impl Shares {
    /// How many messages there are of a standing.
    #[must_use]
    pub fn of(&self, standing: Standing) -> u64 {
        self.standings.get(standing as usize).copied().unwrap_or_default()
    }

    /// All messages.
    #[must_use]
    pub fn all(&self) -> u64 {
        let rest = [self.null, self.unreadable, self.unknown];
        self.standings.iter().chain(&rest).copied().fold(0, u64::saturating_add)
    }

    fn add(&mut self, other: &Self) {
        for (sum, more) in self.standings.iter_mut().zip(other.standings) {
            *sum = sum.saturating_add(more);
        }
        self.null = self.null.saturating_add(other.null);
        self.unreadable = self.unreadable.saturating_add(other.unreadable);
        self.unknown = self.unknown.saturating_add(other.unknown);
    }
}

/// Judges the standing of pairs.
pub(super) struct Standings {
    now: Timestamp,
    /// The policy with sender authentication enforced for everyone.
    enforced: Snapshot,
    /// The same, without what counts only until a deadline.
    lasting: Snapshot,
}

impl Standings {
    pub(super) fn new(directory: &Directory, now: Timestamp, options: &Options) -> Result<Self, CompileError> {
        let mut policy = enforce(directory.policy());
        let enforced = Snapshot::compile(&policy, options)?;
        for tenant in &mut policy.tenants {
            let of_accounts = tenant.accounts.iter_mut().flat_map(|account| &mut account.identities);
            tenant.identities.iter_mut().chain(of_accounts).for_each(|identity| identity.grandfathered = false);
        }
        Ok(Self { now, enforced, lasting: Snapshot::compile(&policy, options)? })
    }

    /// Returns the standing of an address, and why it is none.
    pub(super) fn standing(&self, account: &str, channel: Channel, address: &Address) -> (Standing, Vec<Reason>) {
        if self.against(&self.lasting, account, channel, address).is_empty() {
            return (Standing::Authorised, Vec::new());
        }
        let reasons = self.against(&self.enforced, account, channel, address);
        let standing = if reasons.is_empty() { Standing::Preregistered } else { Standing::Unauthorised };
        (standing, reasons)
    }

    fn against(&self, snapshot: &Snapshot, account: &str, channel: Channel, address: &Address) -> Vec<Reason> {
        let path = format!("<{address}>");
        let mut request = Request::new(channel, self.now);
        request.account = Some(account.as_bytes());
        request.envelope_sender = EnvelopeSender::Path(path.as_bytes());
        request.smtputf8 = !path.is_ascii();
        let decision = snapshot.evaluate_stage(&request, Stage::Envelope);
        let about = |subject| matches!(subject, Subject::EnvelopeSender);
        decision.reasons().iter().filter(|one| about(one.place.subject)).map(|one| one.reason).collect()
    }
}

/// The policy with `sender` and `hosted` enforced on every channel, and nobody exempted.
fn enforce(mut policy: Policy) -> Policy {
    policy.provider.hosted = Mode::Enforce;
    for tenant in &mut policy.tenants {
        tenant.controls.sender = Mode::Enforce;
        tenant.sender.channels = ChannelSet::ALL;
        for account in &mut tenant.accounts {
            account.exemptions.retain(|exemption| exemption.control != Control::Sender);
        }
    }
    policy
}
