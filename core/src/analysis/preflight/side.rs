//! A policy as it is before or after a change: compiled, and looked up by account.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::options::Options;
use crate::policy::{Account, Alignment, MAX_LEVELS, Mode, Policy, Tenant};
use crate::reason::Control;
use crate::snapshot::{CompileError, Snapshot};
use crate::time::Timestamp;

/// One of the two policies that are compared.
pub(super) struct Side<'p> {
    pub(super) policy: &'p Policy,
    pub(super) snapshot: Snapshot,
    tenants: BTreeMap<&'p str, &'p Tenant>,
    accounts: BTreeMap<&'p str, (&'p Tenant, &'p Account)>,
}

impl<'p> Side<'p> {
    pub(super) fn new(policy: &'p Policy, options: &Options) -> Result<Self, CompileError> {
        let snapshot = Snapshot::compile(policy, options)?;
        let tenants = policy.tenants.iter().map(|tenant| (&*tenant.id, tenant)).collect();
        let accounts = policy
            .tenants
            .iter()
            .flat_map(|tenant| tenant.accounts.iter().map(move |account| (&*account.id, (tenant, account))));
        Ok(Self { policy, snapshot, tenants, accounts: accounts.collect() })
    }

    pub(super) fn account(&self, id: &str) -> Option<(&'p Tenant, &'p Account)> {
        self.accounts.get(id).copied()
    }

    /// The tenant of an account, and those above it.
    pub(super) fn lineage(&self, account: &str) -> impl Iterator<Item = &'p Tenant> {
        let first = self.account(account).map(|(tenant, _)| tenant);
        self.above(first)
    }

    /// Whether the tenant is that one, or stands below it.
    pub(super) fn is_below(&self, tenant: &str, above: &str) -> bool {
        self.above(self.tenants.get(tenant).copied()).any(|one| one.id == above)
    }

    fn above(&self, first: Option<&'p Tenant>) -> impl Iterator<Item = &'p Tenant> {
        core::iter::successors(first, |tenant| self.tenants.get(tenant.parent.as_deref()?).copied()).take(MAX_LEVELS)
    }

    pub(super) fn aligns(&self, account: &str) -> bool {
        self.account(account).is_some_and(|(tenant, _)| tenant.header.alignment != Alignment::None)
    }

    /// Collects the instants at which a verdict on the account can change by itself, its credentials aside.
    pub(super) fn instants(&self, account: &str, instants: &mut BTreeSet<Timestamp>) {
        let mut mode = |mode: Mode| {
            if let Mode::EnforceFrom(from) = mode {
                instants.insert(from);
            }
        };
        mode(self.policy.provider.hosted);
        for tenant in self.lineage(account) {
            let controls = &tenant.controls;
            [controls.sender, controls.header, controls.allowlist, controls.credential].into_iter().for_each(&mut mode);
        }
        for tenant in self.lineage(account) {
            instants.extend(tenant.sender.grandfathered_until);
        }
        if let Some((tenant, account)) = self.account(account) {
            instants.extend(tenant.credential.refuse.iter().filter_map(|refused| refused.from));
            instants.extend(account.exemptions.iter().map(|exemption| exemption.until));
        }
    }
}

/// The part of a policy that decides on addresses: without client addresses and credentials.
pub(super) fn about_addresses(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    for tenant in &mut policy.tenants {
        tenant.allowlists.clear();
        tenant.credential = crate::policy::CredentialSettings::default();
        (tenant.controls.allowlist, tenant.controls.credential) = (Mode::Off, Mode::Off);
        for account in &mut tenant.accounts {
            account.allowlists.clear();
            account.credentials.clear();
            account.exemptions.retain(|one| matches!(one.control, Control::Sender | Control::Header));
        }
    }
    policy
}
