//! Whether the policy would have a problem after a command: asked of what the command touches alone.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::{
    Account, BUILT_IN_ROLES, Domain, MAX_LEVELS, Names, PathStep, Policy, PolicyProblem, ProblemKind, Role, Tenant,
};

use super::super::apply::{Scale, scale};
use super::super::index::{Base, Use};
use super::super::{Desk, Directory, Event, House, Record, Refusal, Unfit, UnfitKind};

impl Directory {
    /// Tells whether the record changes anything, or refuses it if the policy would have a problem after it.
    pub(super) fn would_change(&self, record: &Record) -> Result<bool, Refusal> {
        // A look-up changes nothing by itself, but it is to be done.
        let asks = record.events.iter().any(|event| matches!(event, Event::CheckRequested { .. }));
        let (changes, policy) = self.draft(record).map_err(refuse_unfit)?;
        refuse_problems(record.tenant.as_deref(), &policy, policy.check())?;
        Ok(asks || changes)
    }

    /// Finds what would be wrong with the policy after a record, if nothing is wrong with it now.
    ///
    /// [`apply`](Self::apply) asks only whether the record fits. [`decide`](Self::decide) has asked this of its own records; a host
    /// that follows a log which others write may ask it of each record, and keep what it serves where the answer is not empty.
    /// What is found is what [`Policy::check`] would find in the whole policy, at the cost of the tenant that changes.
    ///
    /// # Errors
    ///
    /// [`Unfit`] says why the record does not fit.
    pub fn problems_after(&self, record: &Record) -> Result<Vec<ProblemKind>, Unfit> {
        let (_, policy) = self.draft(record).map_err(|kind| Unfit { sequence: record.sequence, kind })?;
        Ok(policy.check().into_iter().map(|problem| problem.kind).collect())
    }

    /// Returns whether the record changes anything, and the part of the policy after it in which problems can have come up.
    fn draft(&self, record: &Record) -> Result<(bool, Policy), UnfitKind> {
        let mut effects = Vec::new();
        self.next(record)?;
        let Some(id) = &record.tenant else {
            let after = self.house_after(record)?;
            let same = after == House { version: after.version, ..self.house.clone() };
            return Ok((!same, Policy { provider: after.provider, tenants: Vec::new() }));
        };
        let mut part = Part { directory: self, changed: id, tenants: BTreeMap::new(), accounts: BTreeMap::new() };
        match scale(record)? {
            Scale::Added => {
                part.changed(self.desk_added(id, record, &mut effects)?.tenant);
                Ok((true, part.policy()))
            }
            Scale::Removed => {
                self.desk_removed(id, record, &mut effects)?;
                let parent = self.desk(id).and_then(|desk| desk.tenant.parent.as_deref());
                part.ancestors(parent);
                for desk in self.index.subusers_of(id).filter_map(|id| self.desk(id)) {
                    part.stub(desk);
                }
                Ok((true, part.policy()))
            }
            Scale::Changed => {
                let mut after = self.desk_changed(id, record, &mut effects)?;
                let same = self.desk(id).is_some_and(|before| {
                    after.version = before.version;
                    after == *before
                });
                part.changed(after.tenant);
                Ok((!same, part.policy()))
            }
        }
    }
}

/// The part of a policy in which a change of one tenant can bring problems up, if there were none before: the tenant, what its
/// ancestors list, the accounts and roles named there, and the accounts that claim the own addresses of its accounts.
///
/// Other tenants stand in it with what is asked of them and nothing else.
struct Part<'d> {
    directory: &'d Directory,
    changed: &'d str,
    tenants: BTreeMap<String, Tenant>,
    /// The accounts of other tenants, by their tenant and their place in it.
    accounts: BTreeMap<(String, usize), Account>,
}

impl Part<'_> {
    fn policy(mut self) -> Policy {
        for ((tenant, _), account) in self.accounts {
            if let Some(tenant) = self.tenants.get_mut(&tenant) {
                tenant.accounts.push(account);
            }
        }
        Policy { tenants: self.tenants.into_values().collect(), ..Policy::default() }
    }

    fn changed(&mut self, tenant: Tenant) {
        self.ancestors(tenant.parent.as_deref());
        self.named(&tenant);
        let own = tenant.accounts.iter().filter_map(|account| account.address.as_ref());
        for base in own.map(Base::of).collect::<BTreeSet<_>>() {
            self.claims(&base);
        }
        self.tenants.insert(tenant.id.clone(), tenant);
    }

    /// Adds the tenants above with their lists, as these name accounts and roles of the tenants below.
    fn ancestors(&mut self, parent: Option<&str>) {
        let directory = self.directory;
        let first = parent.and_then(|id| directory.desk(id));
        let above = core::iter::successors(first, |desk| directory.desk(desk.tenant.parent.as_deref()?));
        let above: Vec<&Desk> = above.take(MAX_LEVELS).take_while(|desk| desk.tenant.id != self.changed).collect();
        for Desk { tenant, .. } in &above {
            let lists = Tenant {
                sender: tenant.sender,
                roles: tenant.roles.clone(),
                domains: tenant.domains.clone(),
                identities: tenant.identities.clone(),
                ..shell(tenant)
            };
            self.tenants.insert(lists.id.clone(), lists);
        }
        for desk in above {
            self.named(&desk.tenant);
        }
    }

    /// Adds the accounts and roles that the lists of a tenant name.
    fn named(&mut self, tenant: &Tenant) {
        let directory = self.directory;
        let of_domains = tenant.domains.iter().map(|domain| &domain.senders);
        let accounts = of_domains.chain(tenant.identities.iter().map(|identity| &identity.senders));
        for id in accounts.flat_map(only).collect::<BTreeSet<_>>() {
            if let Some((desk, _)) = directory.account(id) {
                self.account(desk, Account::new(id.as_str()));
            }
        }
        let built_in = |name: &String| BUILT_IN_ROLES.iter().any(|(built_in, _)| built_in == name);
        let roles = tenant.identities.iter().flat_map(|identity| only(&identity.roles));
        for name in roles.filter(|name| !built_in(name)).collect::<BTreeSet<_>>() {
            for desk in directory.index.tenants_of_role(name).filter_map(|id| directory.desk(id)) {
                let Some(stub) = self.stub(desk) else { continue };
                if !stub.roles.iter().any(|role| role.name == *name) {
                    stub.roles.push(Role { name: name.clone(), permissions: Vec::new() });
                }
            }
        }
    }

    /// Adds the accounts of other tenants whose own address may be the same, with the entries by which it compares.
    fn claims(&mut self, base: &Base) {
        let directory = self.directory;
        for by in directory.index.uses_of(base) {
            let Use::Own(id) = by else { continue };
            let Some((desk, account)) = directory.account(id).filter(|(desk, _)| desk.tenant.id != self.changed) else {
                continue;
            };
            let mut claim = Account::new(id.as_str());
            claim.address.clone_from(&account.address);
            self.account(desk, claim);
            if let Some(stub) = self.stub(desk).filter(|stub| stub.domains.is_empty()) {
                let entries = desk.tenant.domains.iter();
                stub.domains.extend(entries.map(|entry| Domain { senders: Names::Any, ..entry.clone() }));
            }
        }
    }

    fn account(&mut self, desk: &Desk, account: Account) {
        let Some(place) = desk.place_of(&account.id).filter(|_| self.stub(desk).is_some()) else { return };
        let known = self.accounts.entry((desk.tenant.id.clone(), place)).or_insert_with(|| Account::new(account.id));
        known.address = account.address.or(known.address.take());
    }

    /// Returns another tenant as it stands here, with those above it.
    fn stub(&mut self, desk: &Desk) -> Option<&mut Tenant> {
        let directory = self.directory;
        let above = core::iter::successors(Some(desk), |desk| directory.desk(desk.tenant.parent.as_deref()?));
        for desk in above.take(MAX_LEVELS).filter(|desk| desk.tenant.id != self.changed) {
            self.tenants.entry(desk.tenant.id.clone()).or_insert_with(|| shell(&desk.tenant));
        }
        self.tenants.get_mut(&desk.tenant.id).filter(|_| desk.tenant.id != self.changed)
    }
}

/// A tenant with its place among tenants, and nothing in it.
fn shell(tenant: &Tenant) -> Tenant {
    Tenant { parent: tenant.parent.clone(), inherited: tenant.inherited, ..Tenant::new(tenant.id.as_str()) }
}

fn only(names: &Names) -> &[String] {
    match names {
        Names::Any => &[],
        Names::Only(names) => names,
    }
}

fn refuse_unfit(kind: UnfitKind) -> Refusal {
    match kind {
        UnfitKind::SecretUsed => Refusal::SecretUsed {},
        kind => Refusal::DoesNotFit { what: alloc::format!("{kind}") },
    }
}

/// Refuses the first problem, in words that say nothing of other tenants.
fn refuse_problems(changed: Option<&str>, policy: &Policy, problems: Vec<PolicyProblem>) -> Result<(), Refusal> {
    let names: Vec<String> = problems
        .iter()
        .filter_map(|problem| match &problem.kind {
            ProblemKind::UnknownAccount { id, .. } => Some(id.clone()),
            _ => None,
        })
        .collect();
    match problems.into_iter().next() {
        None => Ok(()),
        Some(PolicyProblem { kind: ProblemKind::UnknownAccount { .. }, .. }) => Err(Refusal::UnknownAccounts { names }),
        Some(PolicyProblem { kind: ProblemKind::AddressClaimedTwice { address, account }, path }) => {
            let tenant = match path.get(1) {
                Some(PathStep::Index(at)) => policy.tenants.get(*at),
                _ => None,
            };
            let first = || {
                let mut accounts = policy.tenants.iter().flat_map(|tenant| &tenant.accounts);
                accounts.find(|one| one.id == account).and_then(|account| account.address.clone())
            };
            let is_changed = tenant.is_none_or(|tenant| Some(&*tenant.id) == changed);
            // Of the two claims, the one that is the actor's to know.
            let address = if is_changed { address } else { first().unwrap_or(address) };
            Err(Refusal::AddressClaimed { address })
        }
        Some(problem) => Err(Refusal::PolicyProblem { problem: problem.kind }),
    }
}
