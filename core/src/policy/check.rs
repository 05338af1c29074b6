//! What must hold between the objects of a policy.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::address::suffix::is_public_suffix;
use crate::address::{DomainName, Scope};
use crate::reason::Control;
use crate::time::Timestamp;

use super::claims::{AccountAt, Entries, base, second_claims};
use super::levels::{Level, levels};
use super::{
    Account, Allowlist, BUILT_IN_ROLES, ChannelSet, Credential, CredentialSettings, Deny, Domain, Exemption, Identity,
    Inherited, Mode, Names, PathStep, Policy, PolicyProblem, ProblemKind, Tenant,
};

impl Policy {
    /// Finds everything that must not stand in this policy, in the order of its keys in `docs/policy.md`.
    ///
    /// A policy that was read from text has been checked. The time is near-linear in the size of the policy.
    #[must_use]
    pub fn check(&self) -> Vec<PolicyProblem> {
        let mut checker = Checker { policy: self, index: Index::of(self), path: Vec::new(), problems: Vec::new() };
        checker.below("provider", |checker| {
            checker.mode("hosted", self.provider.hosted);
            checker.each("deny", &self.provider.denies, Checker::deny);
        });
        checker.each("tenant", &self.tenants, Checker::tenant);
        checker.problems
    }
}

/// What is asked about the whole policy; of ids that stand twice, the first.
struct Index<'p> {
    tenants: BTreeMap<&'p str, usize>,
    accounts: BTreeMap<&'p str, AccountAt>,
    credentials: BTreeMap<&'p str, (AccountAt, usize)>,
    /// The tenants that define each role.
    roles: BTreeMap<&'p str, Vec<usize>>,
    parents: Vec<Option<usize>>,
    levels: Vec<Level>,
    second_claims: BTreeMap<AccountAt, AccountAt>,
}

impl<'p> Index<'p> {
    fn of(policy: &'p Policy) -> Self {
        let (mut tenants, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        let (mut credentials, mut roles) = (BTreeMap::new(), BTreeMap::<&str, Vec<usize>>::new());
        for (tenant_at, tenant) in policy.tenants.iter().enumerate() {
            tenants.entry(&*tenant.id).or_insert(tenant_at);
            for role in &tenant.roles {
                roles.entry(&*role.name).or_default().push(tenant_at);
            }
            for (account_at, account) in tenant.accounts.iter().enumerate() {
                let at = (tenant_at, account_at);
                accounts.entry(&*account.id).or_insert(at);
                for (credential_at, credential) in account.credentials.iter().enumerate() {
                    credentials.entry(&*credential.id).or_insert((at, credential_at));
                }
            }
        }
        let parent = |tenant: &Tenant| tenants.get(tenant.parent.as_deref()?).copied();
        let parents: Vec<_> = policy.tenants.iter().map(parent).collect();
        let levels = levels(&parents);
        Self { tenants, accounts, credentials, roles, parents, levels, second_claims: second_claims(policy) }
    }
}

struct Checker<'p> {
    policy: &'p Policy,
    index: Index<'p>,
    path: Vec<PathStep>,
    problems: Vec<PolicyProblem>,
}

/// The tenant that is being checked.
struct Of<'p> {
    at: usize,
    tenant: &'p Tenant,
    entries: Entries<'p>,
    roles: BTreeSet<&'p str>,
}

impl<'p> Checker<'p> {
    fn tenant(&mut self, at: usize, tenant: &'p Tenant) {
        self.id(&tenant.id);
        if self.index.tenants.get(&*tenant.id) != Some(&at) {
            self.report("id", ProblemKind::DuplicateTenant(tenant.id.clone()));
        }
        self.parent(at, tenant);
        self.below("controls", |checker| {
            checker.mode("sender", tenant.controls.sender);
            checker.mode("header", tenant.controls.header);
            checker.mode("allowlist", tenant.controls.allowlist);
            checker.mode("credential", tenant.controls.credential);
        });
        self.below("sender", |checker| {
            checker.channels(tenant.sender.channels);
            checker.instant("grandfathered_until", tenant.sender.grandfathered_until);
        });
        self.below("credential", |checker| checker.credential_settings(&tenant.credential));
        let mut of = Of { at, tenant, entries: Entries::of(tenant), roles: BTreeSet::new() };
        self.each("role", &tenant.roles, |checker, _, role| {
            checker.name("name", &role.name);
            if is_built_in(&role.name) {
                checker.report("name", ProblemKind::RoleRedefined(role.name.clone()));
            } else if !of.roles.insert(&*role.name) {
                checker.report("name", ProblemKind::DuplicateRole(role.name.clone()));
            }
        });
        let mut names = BTreeSet::new();
        self.each("domain", &tenant.domains, |checker, _, domain| {
            if !names.insert(&domain.name) {
                checker.report("name", ProblemKind::DuplicateDomain(domain.name.clone()));
            }
            checker.domain(&of, domain);
        });
        self.identities(&of, &tenant.identities, |checker, identity| {
            checker.senders(&of, &identity.senders, |inherited| inherited.identities);
            checker.role_names(&of, &identity.roles, true);
        });
        self.allowlists(&tenant.allowlists);
        self.each("deny", &tenant.denies, Self::deny);
        self.each("account", &tenant.accounts, |checker, account_at, account| {
            checker.account(&of, (at, account_at), account);
        });
    }

    fn parent(&mut self, at: usize, tenant: &Tenant) {
        let Some(parent) = &tenant.parent else { return };
        if !self.index.tenants.contains_key(&**parent) {
            return self.report("parent", ProblemKind::UnknownParent(parent.clone()));
        }
        match self.index.levels.get(at) {
            Some(Level::FirstOfCycle) => self.report("parent", ProblemKind::ParentCycle),
            Some(&Level::Depth(level)) if level > MAX_LEVELS => {
                self.report("parent", ProblemKind::ParentTooDeep { level });
            }
            Some(Level::Depth(_) | Level::BelowCycle) | None => {}
        }
    }

    fn credential_settings(&mut self, settings: &'p CredentialSettings) {
        self.each("refuse", &settings.refuse, |checker, _, refused| {
            checker.channels(refused.channels);
            checker.instant("from", refused.from);
        });
        if let Some(scope) = &settings.require_scope {
            self.name("require_scope", scope);
        }
    }

    fn domain(&mut self, of: &Of<'p>, domain: &'p Domain) {
        self.no_public_suffix("name", &domain.name);
        self.instant("since", domain.since);
        self.senders(of, &domain.senders, |inherited| inherited.domains);
    }

    /// Checks the identities of one holder; `special` what differs between holders.
    fn identities(
        &mut self,
        of: &Of<'p>,
        identities: &'p [Identity],
        mut special: impl FnMut(&mut Self, &'p Identity),
    ) {
        let mut first = BTreeMap::new();
        self.each("identity", identities, |checker, _, identity| {
            let folded = identity.address.local().to_ascii_lowercase();
            let local = base(&folded, &[of.entries.separator(&identity.address)]).to_owned();
            let earlier = first.entry((identity.address.domain(), local)).or_insert(identity);
            if !core::ptr::eq(*earlier, identity) {
                checker.report("address", ProblemKind::DuplicateIdentity { first: earlier.address.clone() });
            }
            if identity.grandfathered && of.tenant.sender.grandfathered_until.is_none() {
                checker.report("grandfathered", ProblemKind::GrandfatheredWithoutEnd);
            }
            checker.instant("since", identity.since);
            special(checker, identity);
        });
    }

    fn account(&mut self, of: &Of<'p>, at: AccountAt, account: &'p Account) {
        self.id(&account.id);
        match self.index.accounts.get(&*account.id) {
            Some(&first) if first != at => {
                let tenant = self.tenant_id(first.0);
                self.report("id", ProblemKind::DuplicateAccount { id: account.id.clone(), tenant });
            }
            _ => {}
        }
        self.own_address(at, account);
        let mut seen = BTreeSet::new();
        self.each("roles", &account.roles, |checker, _, name| {
            if !seen.insert(name) {
                checker.report_here(ProblemKind::DuplicateName(name.clone()));
            } else if !is_built_in(name) && !of.roles.contains(&**name) {
                checker.report_here(ProblemKind::UnknownRole(name.clone()));
            }
        });
        self.each("exemption", &account.exemptions, Self::exemption);
        self.identities(of, &account.identities, |checker, identity| {
            if identity.senders != Names::Any {
                checker.report("senders", ProblemKind::SendersOfAccountIdentity);
            }
            checker.role_names(of, &identity.roles, false);
        });
        self.each("credential", &account.credentials, |checker, credential_at, credential| {
            checker.credential((at, credential_at), credential);
        });
        self.allowlists(&account.allowlists);
        self.each("deny", &account.denies, Self::deny);
    }

    fn own_address(&mut self, at: AccountAt, account: &Account) {
        match &account.address {
            None if account.address_assigned => {
                self.report("address_assigned", ProblemKind::AddressAssignedWithoutAddress);
            }
            None => {}
            Some(address) => {
                if let Some(&first) = self.index.second_claims.get(&at) {
                    let (address, account) = (address.clone(), self.account_id(first));
                    self.report("address", ProblemKind::AddressClaimedTwice { address, account });
                }
            }
        }
    }

    fn exemption(&mut self, _: usize, exemption: &Exemption) {
        if exemption.control == Control::Hosted {
            self.report("control", ProblemKind::ExemptionOf(exemption.control));
        }
        self.instant("until", Some(exemption.until));
        if exemption.note.is_empty() {
            self.report("note", ProblemKind::EmptyNote);
        }
    }

    fn credential(&mut self, at: (AccountAt, usize), credential: &'p Credential) {
        self.id(&credential.id);
        match self.index.credentials.get(&*credential.id) {
            Some(&first) if first != at => {
                let account = self.account_id(first.0);
                self.report("id", ProblemKind::DuplicateCredential { id: credential.id.clone(), account });
            }
            _ => {}
        }
        let mut seen = BTreeSet::new();
        self.each("scopes", &credential.scopes, |checker, _, scope| {
            if scope.is_empty() {
                checker.report_here(ProblemKind::EmptyName);
            } else if !seen.insert(scope) {
                checker.report_here(ProblemKind::DuplicateName(scope.clone()));
            }
        });
        self.instant("expires", credential.expires);
        self.allowlists(&credential.allowlists);
    }

    fn allowlists(&mut self, allowlists: &'p [Allowlist]) {
        let mut channels = BTreeSet::new();
        self.each("allowlist", allowlists, |checker, _, allowlist| {
            if !channels.insert(allowlist.channel) {
                checker.report("channel", ProblemKind::DuplicateAllowlist(allowlist.channel));
            }
            if allowlist.entries.is_empty() {
                checker.report("entries", ProblemKind::EmptyAllowlist);
            }
        });
    }

    fn deny(&mut self, _: usize, deny: &Deny) {
        match &deny.scope {
            Scope::Address(_) => {}
            Scope::Domain(name) | Scope::Subdomains(name) => self.no_public_suffix("domain", name),
        }
    }

    /// Checks that each account is one of the tenant, or of an heir where the right comes down to heirs.
    fn senders(&mut self, of: &Of<'p>, senders: &'p Names, right: fn(Inherited) -> bool) {
        let Names::Only(ids) = senders else { return };
        let mut seen = BTreeSet::new();
        self.each("senders", ids, |checker, _, id| {
            if !seen.insert(id) {
                return checker.report_here(ProblemKind::DuplicateName(id.clone()));
            }
            let tenant = checker.index.accounts.get(&**id).map(|&(tenant, _)| tenant);
            if tenant.is_none_or(|tenant| tenant != of.at && !checker.inherits(tenant, of.at, right)) {
                let elsewhere = tenant.map(|tenant| checker.tenant_id(tenant));
                checker.report_here(ProblemKind::UnknownAccount { id: id.clone(), elsewhere });
            }
        });
    }

    fn role_names(&mut self, of: &Of<'p>, roles: &'p Names, heirs: bool) {
        let Names::Only(names) = roles else { return };
        let mut seen = BTreeSet::new();
        self.each("roles", names, |checker, _, name| {
            if !seen.insert(name) {
                return checker.report_here(ProblemKind::DuplicateName(name.clone()));
            }
            let is_defined_by_heir = || {
                let tenants = checker.index.roles.get(&**name).map(Vec::as_slice).unwrap_or_default();
                tenants.iter().any(|&tenant| checker.inherits(tenant, of.at, |inherited| inherited.identities))
            };
            let is_known = is_built_in(name) || of.roles.contains(&**name) || (heirs && is_defined_by_heir());
            if !is_known {
                checker.report_here(ProblemKind::UnknownRole(name.clone()));
            }
        });
    }

    /// Whether the right comes down from `ancestor` to `heir` (docs/semantics.md 1.4).
    fn inherits(&self, heir: usize, ancestor: usize, right: fn(Inherited) -> bool) -> bool {
        let parent = |tenant: &usize| self.index.parents.get(*tenant).copied().flatten();
        core::iter::successors(parent(&heir), parent)
            .take(MAX_LEVELS)
            .take_while(|&tenant| self.policy.tenants.get(tenant).is_some_and(|tenant| right(tenant.inherited)))
            .any(|tenant| tenant == ancestor)
    }

    fn no_public_suffix(&mut self, key: &'static str, name: &DomainName) {
        if is_public_suffix(name.as_str()) {
            self.report(key, ProblemKind::PublicSuffix(name.clone()));
        }
    }

    fn id(&mut self, id: &str) {
        match id.len() {
            0 => self.report("id", ProblemKind::EmptyId),
            octets if octets > MAX_ID_OCTETS => self.report("id", ProblemKind::IdTooLong { octets }),
            _ => {}
        }
    }

    fn name(&mut self, key: &'static str, name: &str) {
        if name.is_empty() {
            self.report(key, ProblemKind::EmptyName);
        }
    }

    fn channels(&mut self, channels: ChannelSet) {
        if channels.iter().next().is_none() {
            self.report("channels", ProblemKind::EmptyChannels);
        }
    }

    fn mode(&mut self, key: &'static str, mode: Mode) {
        if let Mode::EnforceFrom(from) = mode {
            self.below(key, |checker| checker.instant("from", Some(from)));
        }
    }

    fn instant(&mut self, key: &'static str, instant: Option<Timestamp>) {
        if instant.is_some_and(|instant| Timestamp::from_seconds(instant.0).is_err()) {
            self.report(key, ProblemKind::InstantOutOfRange);
        }
    }

    fn tenant_id(&self, at: usize) -> alloc::string::String {
        self.policy.tenants.get(at).map(|tenant| tenant.id.clone()).unwrap_or_default()
    }

    fn account_id(&self, (tenant, account): AccountAt) -> alloc::string::String {
        let account = self.policy.tenants.get(tenant).and_then(|tenant| tenant.accounts.get(account));
        account.map(|account| account.id.clone()).unwrap_or_default()
    }

    fn each<T>(&mut self, key: &'static str, list: &'p [T], mut visit: impl FnMut(&mut Self, usize, &'p T)) {
        self.below(key, |checker| {
            for (index, element) in list.iter().enumerate() {
                checker.path.push(PathStep::Index(index));
                visit(checker, index, element);
                checker.path.pop();
            }
        });
    }

    fn below(&mut self, key: &'static str, visit: impl FnOnce(&mut Self)) {
        self.path.push(PathStep::Key(key));
        visit(self);
        self.path.pop();
    }

    fn report(&mut self, key: &'static str, kind: ProblemKind) {
        self.below(key, |checker| checker.report_here(kind));
    }

    fn report_here(&mut self, kind: ProblemKind) {
        self.problems.push(PolicyProblem { path: self.path.clone(), kind });
    }
}

fn is_built_in(role: &str) -> bool {
    BUILT_IN_ROLES.iter().any(|(name, _)| *name == role)
}

/// As many octets as an id may have.
pub(crate) const MAX_ID_OCTETS: usize = 128;
/// As many tenants as may stand above one another, the topmost and the lowest included.
pub(crate) const MAX_LEVELS: usize = 8;
