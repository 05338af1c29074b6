//! What must hold between tenants.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::iter::successors;

use crate::address::Address;
use crate::policy::claims::{Claim, second_claims};
use crate::policy::levels::{Level, levels};
use crate::policy::{Entries, Inherited, PathStep, Policy, PolicyProblem, ProblemKind, Provider, Separator};

use super::MAX_LEVELS;
use super::alone::Checker;
use super::ids::{At, Ids};
use super::outline::{Found, Hashes, Outline, Place, What, folded, small};

impl Policy {
    /// Finds everything that must not stand in this policy, in the order of its keys in `docs/policy.md`.
    ///
    /// A policy that was read from text has been checked. The time is near-linear in the size of the policy.
    #[must_use]
    pub fn check(&self) -> Vec<PolicyProblem> {
        let mut whole = Whole::new(&self.provider);
        for tenant in &self.tenants {
            let (outline, hashes) = Outline::of(tenant, &Entries::of(tenant));
            whole.add(outline, hashes);
        }
        whole.problems()
    }
}

/// The outlines of all tenants, in the order of the policy.
#[derive(Debug)]
pub(crate) struct Whole {
    provider: Vec<PolicyProblem>,
    outlines: Vec<Outline>,
    tenants: Ids,
    accounts: Ids,
    credentials: Ids,
    own: Ids,
    /// The same for what another tenant's separator would leave of own addresses.
    cut: [Ids; Separator::ALL.len()],
    /// The separators that own addresses are compared by.
    separators: BTreeSet<Separator>,
}

impl Whole {
    /// Begins with what the provider sets for all tenants.
    pub(crate) fn new(provider: &Provider) -> Self {
        Self {
            provider: Checker::of_provider(provider),
            outlines: Vec::new(),
            tenants: Ids::default(),
            accounts: Ids::default(),
            credentials: Ids::default(),
            own: Ids::default(),
            cut: Default::default(),
            separators: BTreeSet::new(),
        }
    }

    /// Adds the next tenant.
    pub(crate) fn add(&mut self, outline: Outline, hashes: Hashes) {
        let tenant = small(self.outlines.len());
        self.outlines.push(outline);
        self.tenants.push(hashes.tenant, At { tenant, number: 0 });
        for (ids, hashes) in [(&mut self.accounts, hashes.accounts), (&mut self.credentials, hashes.credentials)] {
            hashes.into_iter().zip(0..).for_each(|(hash, number)| ids.push(hash, At { tenant, number }));
        }
        hashes.own.into_iter().for_each(|(hash, number)| self.own.push(hash, At { tenant, number }));
        for (separator, hash, number) in hashes.cut {
            if let Some(ids) =
                self.cut.iter_mut().zip(Separator::ALL).find_map(|(ids, of)| (of == separator).then_some(ids))
            {
                ids.push(hash, At { tenant, number });
            }
        }
        self.separators.extend(hashes.separators);
    }

    /// How many tenants were added.
    pub(crate) fn tenants(&self) -> usize {
        self.outlines.len()
    }

    /// Returns everything that was found, in the order of the policy.
    pub(crate) fn problems(mut self) -> Vec<PolicyProblem> {
        let outlines = &self.outlines;
        self.tenants.sort(|at| of(outlines, at).map_or("", Outline::id));
        self.accounts.sort(|at| account_id(outlines, at));
        self.credentials.sort(|at| credential_id(outlines, at));
        let mut found = Vec::new();
        self.second_ids(&mut found);
        self.second_claims(&mut found);
        let parents = self.parents(&mut found);
        let alone: Vec<(u32, Vec<Found>)> = self
            .outlines
            .iter_mut()
            .zip(0..)
            .map(|(outline, tenant)| (tenant, outline.take_found()))
            .filter(|(_, found)| !found.is_empty())
            .collect();
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

    fn second_ids(&mut self, found: &mut Vec<Placed>) {
        let outlines = &self.outlines;
        self.tenants.repeated(
            |at| of(outlines, at).map_or("", Outline::id),
            |at, _| {
                let id = of(outlines, at).map(Outline::id).unwrap_or_default().to_owned();
                found.push(placed(
                    at.tenant,
                    Place::SECOND_ID,
                    &[PathStep::Key("id")],
                    ProblemKind::DuplicateTenant(id),
                ));
            },
        );
        self.accounts.repeated(
            |at| account_id(outlines, at),
            |at, first| {
                let id = account_id(outlines, at).to_owned();
                let tenant = of(outlines, first).map(Outline::id).unwrap_or_default().to_owned();
                let path = account_path(at.number, "id");
                found.push(placed(
                    at.tenant,
                    Place::account(at.number).second_id(),
                    &path,
                    ProblemKind::DuplicateAccount { id, tenant },
                ));
            },
        );
        self.credentials.repeated(
            |at| credential_id(outlines, at),
            |at, first| {
                let at_account = |at: At| {
                    let credential = of(outlines, at).and_then(|outline| outline.credential(at.number));
                    credential.map_or((0, 0), |credential| (credential.account, credential.number))
                };
                let (account, number) = at_account(at);
                let id = credential_id(outlines, at).to_owned();
                let first = account_id(outlines, At { number: at_account(first).0, ..first }).to_owned();
                let [tenants, index, _] = account_path(account, "");
                let path = [
                    tenants,
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
        for (cut, separator) in self.cut.iter_mut().zip(Separator::ALL) {
            let cut = core::mem::take(cut);
            if self.separators.contains(&separator) {
                self.own.append(cut);
            }
        }
        self.own.sort_by_hash();
        let mut alike = Vec::new();
        self.own.alike(|at| alike.push(at));
        core::mem::take(&mut self.own);
        alike.sort_unstable();
        alike.dedup();
        let claims = alike.into_iter().filter_map(|account| {
            let (local, domain, separator) = of(&self.outlines, account)?.own(account.number)?;
            Some(Claim { domain, local: folded(local), separator, account })
        });
        for (at, first) in second_claims(claims.collect()) {
            let Some((local, domain, _)) = of(&self.outlines, at).and_then(|outline| outline.own(at.number)) else {
                continue;
            };
            let address = Address::of_parts(local, domain);
            let account = account_id(&self.outlines, first).to_owned();
            let kind = ProblemKind::AddressClaimedTwice { address, account };
            let place = Place::account(at.number).own_address();
            found.push(placed(at.tenant, place, &account_path(at.number, "address"), kind));
        }
    }

    /// Finds parents that are unknown or stand too deep; returns the parent of each tenant, if any has one.
    fn parents(&self, found: &mut Vec<Placed>) -> Vec<Option<usize>> {
        let named = |outline: &Outline| outline.more().and_then(|more| more.parent.clone());
        if !self.outlines.iter().any(|outline| outline.more().is_some_and(|more| more.parent.is_some())) {
            return Vec::new();
        }
        let parent = |outline: &Outline| self.tenant(outline.more()?.parent.as_deref()?);
        let parents: Vec<Option<usize>> = self.outlines.iter().map(parent).collect();
        let levels = levels(&parents);
        for (((outline, parent), level), tenant) in self.outlines.iter().zip(&parents).zip(levels).zip(0..) {
            let Some(named) = named(outline) else { continue };
            let kind = match (parent, level) {
                (None, _) => ProblemKind::UnknownParent(named),
                (_, Level::FirstOfCycle) => ProblemKind::ParentCycle,
                (_, Level::Depth(level)) if level > MAX_LEVELS => ProblemKind::ParentTooDeep { level },
                (_, Level::Depth(_) | Level::BelowCycle) => continue,
            };
            found.push(placed(tenant, Place::PARENT, &[PathStep::Key("parent")], kind));
        }
        parents
    }

    fn tenant(&self, id: &str) -> Option<usize> {
        let at = self.tenants.first(id, |at| of(&self.outlines, at).map_or("", Outline::id))?;
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
        let outlines = &self.whole.outlines;
        let ancestor = tenant as usize;
        let kind = match what {
            What::Problem(kind) => kind,
            What::Account(id, right) => {
                let holder = self.whole.accounts.first(&id, |at| account_id(outlines, at));
                if holder.is_some_and(|at| self.inherits(at.tenant as usize, ancestor, right)) {
                    return None;
                }
                let elsewhere = holder.and_then(|at| of(outlines, at)).map(|outline| outline.id().to_owned());
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
            for (outline, tenant) in self.whole.outlines.iter().zip(0..) {
                for role in outline.more().map(|more| &more.roles[..]).unwrap_or_default() {
                    roles.entry(role).or_default().push(tenant);
                }
            }
            roles
        })
    }

    /// Whether the right comes down from `ancestor` to `heir` (docs/semantics.md 1.4).
    fn inherits(&self, heir: usize, ancestor: usize, right: fn(Inherited) -> bool) -> bool {
        let parent = |tenant: &usize| self.parents.get(*tenant).copied().flatten();
        let lets_down = |tenant: &usize| {
            let more = self.whole.outlines.get(*tenant).and_then(Outline::more);
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

fn of(outlines: &[Outline], at: At) -> Option<&Outline> {
    outlines.get(at.tenant as usize)
}

fn account_id(outlines: &[Outline], at: At) -> &str {
    of(outlines, at).map_or("", |outline| outline.account_id(at.number))
}

fn credential_id(outlines: &[Outline], at: At) -> &str {
    of(outlines, at).and_then(|outline| outline.credential(at.number)).map_or("", |credential| &credential.id)
}
