//! What must hold between tenants.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::iter::successors;

use crate::address::Address;
use crate::policy::claims::{Claim, second_claims};
use crate::policy::levels::{Level, levels};
use crate::policy::{Entries, Inherited, PathStep, Policy, PolicyProblem, ProblemKind, Provider, Separator};

use super::MAX_LEVELS;
use super::alone::Checker;
use super::ids::At;
use super::outline::{Found, Hashes, More, Outline, Outlines, Place, What, folded, small};
use super::tenants::Tenants;

impl Policy {
    /// Finds everything that must not stand in this policy, in the order of its keys in `docs/policy.md`.
    ///
    /// A policy that was read from text has been checked. The time is near-linear in the size of the policy.
    #[must_use]
    pub fn check(&self) -> Vec<PolicyProblem> {
        let mut whole = Whole::new(&self.provider);
        let (mut outlines, mut hashes) = (Outlines::default(), Hashes::default());
        for tenant in &self.tenants {
            outlines.add(tenant, &Entries::of(tenant), &mut hashes);
            whole.add(&mut outlines, &mut hashes);
        }
        whole.problems()
    }
}

/// The outlines of all tenants, in the order of the policy.
#[derive(Debug)]
pub(crate) struct Whole {
    provider: Vec<PolicyProblem>,
    tenants: Tenants,
    hashes: Hashes,
}

impl Whole {
    /// Begins with what the provider sets for all tenants.
    pub(crate) fn new(provider: &Provider) -> Self {
        let provider = Checker::of_provider(provider);
        Self { provider, tenants: Tenants::default(), hashes: Hashes::default() }
    }

    /// Moves the next tenants here.
    pub(crate) fn add(&mut self, outlines: &mut Outlines, hashes: &mut Hashes) {
        self.hashes.append(hashes, small(self.tenants.len()));
        self.tenants.add(outlines);
    }

    /// How many tenants were added.
    pub(crate) fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// Returns everything that was found, in the order of the policy.
    pub(crate) fn problems(mut self) -> Vec<PolicyProblem> {
        let tenants = &self.tenants;
        self.hashes.tenants.sort(|at| tenants.id(at));
        self.hashes.accounts.sort(|at| tenants.account_id(at));
        self.hashes.credentials.sort(|at| tenants.credential_id(at));
        let mut found = Vec::new();
        self.second_ids(&mut found);
        self.second_claims(&mut found);
        let parents = self.parents(&mut found);
        let alone = self.tenants.take_found();
        let between = Between { whole: &self, parents: &parents, roles: OnceCell::new() };
        for (tenant, alone) in alone {
            found.extend(alone.into_iter().filter_map(|found| between.problem(tenant, found)));
        }
        // What is found at the same place was found in the right order.
        found.sort_by_key(|(tenant, place, _)| (*tenant, *place));
        let mut problems = self.provider;
        problems.extend(found.into_iter().map(|(.., problem)| problem));
        problems
    }

    fn second_ids(&self, found: &mut Vec<Placed>) {
        let Self { tenants, hashes, .. } = self;
        hashes.tenants.repeated(
            |at| tenants.id(at),
            |at, _| {
                let id = tenants.id(at).to_owned();
                found.push(placed(
                    at.tenant,
                    Place::SECOND_ID,
                    &[PathStep::Key("id")],
                    ProblemKind::DuplicateTenant(id),
                ));
            },
        );
        hashes.accounts.repeated(
            |at| tenants.account_id(at),
            |at, first| {
                let id = tenants.account_id(at).to_owned();
                let tenant = tenants.id(first).to_owned();
                let path = account_path(at.number, "id");
                found.push(placed(
                    at.tenant,
                    Place::account(at.number).second_id(),
                    &path,
                    ProblemKind::DuplicateAccount { id, tenant },
                ));
            },
        );
        hashes.credentials.repeated(
            |at| tenants.credential_id(at),
            |at, first| {
                let at_account = |at: At| {
                    let credential = tenants.of(at).and_then(|outline| outline.credential(at.number));
                    credential.map_or((0, 0), |credential| (credential.account, credential.number))
                };
                let (account, number) = at_account(at);
                let id = tenants.credential_id(at).to_owned();
                let first = tenants.account_id(At { number: at_account(first).0, ..first }).to_owned();
                let [accounts, index, _] = account_path(account, "");
                let path = [
                    accounts,
                    index,
                    PathStep::Key("credential"),
                    PathStep::Index(number as usize),
                    PathStep::Key("id"),
                ];
                let kind = ProblemKind::DuplicateCredential { id, account: first };
                found.push(placed(at.tenant, Place::account(account).second_credential(number), &path, kind));
            },
        );
    }

    /// Finds own addresses that two accounts claim; those that no hash is shared by need no further look.
    fn second_claims(&mut self, found: &mut Vec<Placed>) {
        let Hashes { own, cut, separators, .. } = &mut self.hashes;
        let (mut own, cut) = (core::mem::take(own), core::mem::take(cut));
        for (mut cut, separator) in cut.into_iter().zip(Separator::ALL) {
            if separators.contains(&separator) {
                own.append(&mut cut, 0);
            }
        }
        own.sort_by_hash();
        let mut alike = Vec::new();
        own.alike(|at| alike.push(at));
        drop(own);
        let tenants = &self.tenants;
        alike.sort_unstable();
        alike.dedup();
        let claims = alike.into_iter().filter_map(|account| {
            let (local, domain, separator) = tenants.of(account)?.own(account.number)?;
            Some(Claim { domain, local: folded(local), separator, account })
        });
        for (at, first) in second_claims(claims.collect()) {
            let Some((local, domain, _)) = tenants.of(at).and_then(|outline| outline.own(at.number)) else {
                continue;
            };
            let address = Address::of_parts(local, domain);
            let account = tenants.account_id(first).to_owned();
            let kind = ProblemKind::AddressClaimedTwice { address, account };
            let place = Place::account(at.number).own_address();
            found.push(placed(at.tenant, place, &account_path(at.number, "address"), kind));
        }
    }

    /// Finds parents that are unknown or stand too deep; returns the parent of each tenant, if any has one.
    fn parents(&self, found: &mut Vec<Placed>) -> Vec<Option<usize>> {
        let named = |more: &More| more.parent.clone();
        if !self.tenants.more().any(|(_, more)| more.parent.is_some()) {
            return Vec::new();
        }
        let mut parents = vec![None; self.tenants.len()];
        for (tenant, more) in self.tenants.more() {
            if let (Some(parent), Some(slot)) = (more.parent.as_deref(), parents.get_mut(tenant as usize)) {
                *slot = self.tenant(parent);
            }
        }
        let levels = levels(&parents);
        for (tenant, more) in self.tenants.more() {
            let of = |tenant: u32| Some((parents.get(tenant as usize)?, levels.get(tenant as usize)?));
            let (Some(named), Some((parent, level))) = (named(more), of(tenant)) else { continue };
            let kind = match (parent, level) {
                (None, _) => ProblemKind::UnknownParent(named),
                (_, Level::FirstOfCycle) => ProblemKind::ParentCycle,
                (_, Level::Depth(level)) if *level > MAX_LEVELS => ProblemKind::ParentTooDeep { level: *level },
                (_, Level::Depth(_) | Level::BelowCycle) => continue,
            };
            found.push(placed(tenant, Place::PARENT, &[PathStep::Key("parent")], kind));
        }
        parents
    }

    fn tenant(&self, id: &str) -> Option<usize> {
        let at = self.hashes.tenants.first(id, |at| self.tenants.id(at))?;
        Some(at.tenant as usize)
    }
}

/// What a tenant names of others.
struct Between<'w> {
    whole: &'w Whole,
    parents: &'w [Option<usize>],
    /// The tenants that define each role; few ask for it.
    roles: OnceCell<BTreeMap<&'w str, Vec<usize>>>,
}

impl Between<'_> {
    /// What was found in a tenant alone, unless it is to be found elsewhere.
    fn problem(&self, tenant: u32, Found { place, path, what }: Found) -> Option<Placed> {
        let tenants = &self.whole.tenants;
        let ancestor = tenant as usize;
        let kind = match what {
            What::Problem(kind) => kind,
            What::Account(id, right) => {
                let holder = self.whole.hashes.accounts.first(&id, |at| tenants.account_id(at));
                if holder.is_some_and(|at| self.inherits(at.tenant as usize, ancestor, right)) {
                    return None;
                }
                let elsewhere = holder.map(|at| tenants.id(at).to_owned());
                ProblemKind::UnknownAccount { id, elsewhere }
            }
            What::Role(name) => {
                let tenants = self.roles().get(&*name).map(Vec::as_slice).unwrap_or_default();
                if tenants.iter().any(|&heir| self.inherits(heir, ancestor, |inherited| inherited.identities)) {
                    return None;
                }
                ProblemKind::UnknownRole(name)
            }
        };
        Some(placed(tenant, place, &path, kind))
    }

    fn roles(&self) -> &BTreeMap<&str, Vec<usize>> {
        self.roles.get_or_init(|| {
            let mut roles = BTreeMap::<&str, Vec<usize>>::new();
            for (tenant, more) in self.whole.tenants.more() {
                more.roles.iter().for_each(|role| roles.entry(role).or_default().push(tenant as usize));
            }
            roles
        })
    }

    /// Whether the right comes down from `ancestor` to `heir` (docs/semantics.md 1.4).
    fn inherits(&self, heir: usize, ancestor: usize, right: fn(Inherited) -> bool) -> bool {
        let parent = |tenant: &usize| self.parents.get(*tenant).copied().flatten();
        let lets_down = |tenant: &usize| {
            let more = self.whole.tenants.of(At { tenant: small(*tenant), number: 0 }).and_then(Outline::more);
            more.is_some_and(|more| right(more.inherited))
        };
        successors(parent(&heir), parent).take(MAX_LEVELS).take_while(lets_down).any(|tenant| tenant == ancestor)
    }
}

/// A problem with the number of its tenant, and where it is found there.
type Placed = (u32, Place, PolicyProblem);

fn placed(tenant: u32, place: Place, below: &[PathStep], kind: ProblemKind) -> Placed {
    let mut path = Vec::with_capacity(below.len() + 2);
    path.extend([PathStep::Key("tenant"), PathStep::Index(tenant as usize)]);
    path.extend_from_slice(below);
    (tenant, place, PolicyProblem { path, kind })
}

fn account_path(number: u32, key: &'static str) -> [PathStep; 3] {
    [PathStep::Key("account"), PathStep::Index(number as usize), PathStep::Key(key)]
}
