//! What must hold within a tenant, and within what the provider sets.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;

use smallvec::SmallVec;

use crate::address::suffix::is_public_suffix;
use crate::address::{DomainName, Scope};
use crate::distinct::Distinct;
use crate::policy::{
    Account, Allowlist, BUILT_IN_ROLES, ChannelSet, Credential, CredentialSettings, Deny, Domain, Entries, Exemption,
    Identity, Inherited, Mode, Names, PathStep, PolicyProblem, ProblemKind, Provider, Tenant,
};
use crate::reason::Control;
use crate::time::Timestamp;

use super::MAX_ID_OCTETS;
use super::alike::second_identities;
use super::outline::{Found, Place, What, small};

/// Walks through a tenant in the order of its keys.
pub(super) struct Checker {
    path: Vec<PathStep>,
    place: Place,
    found: Vec<Found>,
}

/// The tenant that is being checked.
struct Of<'p, 'e> {
    tenant: &'p Tenant,
    entries: &'e Entries<'p>,
    roles: BTreeSet<&'p str>,
    /// The ids of its accounts, sorted; few tenants name any.
    accounts: OnceCell<SmallVec<[&'p str; FEW]>>,
}

impl<'p> Checker {
    /// Finds what must not stand in a tenant, and what it names of others.
    pub(super) fn of(tenant: &'p Tenant, entries: &Entries<'p>) -> Vec<Found> {
        let mut checker = Self { path: Vec::with_capacity(DEPTH), place: Place::ID, found: Vec::new() };
        checker.tenant(tenant, entries);
        checker.found
    }

    /// Finds what must not stand in what the provider sets.
    pub(super) fn of_provider(provider: &Provider) -> Vec<PolicyProblem> {
        let mut checker = Self { path: Vec::with_capacity(DEPTH), place: Place::ID, found: Vec::new() };
        checker.below("provider", |checker| {
            checker.mode("hosted", provider.hosted);
            checker.each("deny", &provider.denies, Self::deny);
        });
        let found = checker.found.into_iter();
        found
            .filter_map(|found| match found.what {
                What::Problem(kind) => Some(PolicyProblem { path: found.path, kind }),
                What::Account(..) | What::Role(_) => None,
            })
            .collect()
    }

    fn tenant(&mut self, tenant: &'p Tenant, entries: &Entries<'p>) {
        self.id(&tenant.id);
        self.place = Place::SETTINGS;
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
        let mut of = Of { tenant, entries, roles: BTreeSet::new(), accounts: OnceCell::new() };
        self.each("role", &tenant.roles, |checker, _, role| {
            checker.name("name", &role.name);
            if is_built_in(&role.name) {
                checker.report("name", ProblemKind::RoleRedefined(role.name.clone()));
            } else if !of.roles.insert(&*role.name) {
                checker.report("name", ProblemKind::DuplicateRole(role.name.clone()));
            }
        });
        let mut names = Distinct::new();
        self.each("domain", &tenant.domains, |checker, _, domain| {
            if !names.is_new(&domain.name) {
                checker.report("name", ProblemKind::DuplicateDomain(domain.name.clone()));
            }
            checker.domain(&of, domain);
        });
        self.identities(&of, &tenant.identities, |checker, identity| {
            checker.senders(&of, &identity.senders, |inherited| inherited.identities);
            checker.roles(&of, &identity.roles, true);
        });
        self.allowlists(&tenant.allowlists);
        self.each("deny", &tenant.denies, Self::deny);
        self.each("account", &tenant.accounts, |checker, number, account| {
            checker.account(&of, Place::account(small(number)), account);
        });
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

    fn domain(&mut self, of: &Of<'p, '_>, domain: &'p Domain) {
        self.no_public_suffix("name", &domain.name);
        self.instant("since", domain.since);
        self.senders(of, &domain.senders, |inherited| inherited.domains);
    }

    /// Checks the identities of one holder; `special` what differs between holders.
    fn identities(
        &mut self,
        of: &Of<'p, '_>,
        identities: &'p [Identity],
        mut special: impl FnMut(&mut Self, &'p Identity),
    ) {
        let second = second_identities(of.entries, identities);
        if second.is_empty() && identities.iter().all(says_nothing) {
            return;
        }
        self.each("identity", identities, |checker, number, identity| {
            if let Some(first) = second.get(&number).and_then(|&first| identities.get(first)) {
                checker.report("address", ProblemKind::DuplicateIdentity { first: first.address.clone() });
            }
            if identity.grandfathered && of.tenant.sender.grandfathered_until.is_none() {
                checker.report("grandfathered", ProblemKind::GrandfatheredWithoutEnd);
            }
            checker.instant("since", identity.since);
            special(checker, identity);
        });
    }

    fn account(&mut self, of: &Of<'p, '_>, place: Place, account: &'p Account) {
        self.place = place;
        self.id(&account.id);
        self.place = place.own_address();
        if account.address.is_none() && account.address_assigned {
            self.report("address_assigned", ProblemKind::AddressAssignedWithoutAddress);
        }
        self.place = place.before_credentials();
        let mut seen = Distinct::new();
        self.each("roles", &account.roles, |checker, _, name| {
            if !seen.is_new(name) {
                checker.report_here(ProblemKind::DuplicateName(name.clone()));
            } else if !is_built_in(name) && !of.roles.contains(&**name) {
                checker.report_here(ProblemKind::UnknownRole(name.clone()));
            }
        });
        self.each("exemption", &account.exemptions, Self::exemption);
        self.identities(of, &account.identities, |checker, identity| {
            if !matches!(identity.senders, Names::Any) {
                checker.report("senders", ProblemKind::SendersOfAccountIdentity);
            }
            checker.roles(of, &identity.roles, false);
        });
        self.each("credential", &account.credentials, |checker, number, credential| {
            checker.credential(place, small(number), credential);
        });
        self.place = place.behind_credentials();
        self.allowlists(&account.allowlists);
        self.each("deny", &account.denies, Self::deny);
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

    fn credential(&mut self, place: Place, number: u32, credential: &'p Credential) {
        self.place = place.credential(number);
        self.id(&credential.id);
        self.place = place.within_credential(number);
        let mut seen = Distinct::new();
        self.each("scopes", &credential.scopes, |checker, _, scope| {
            if scope.is_empty() {
                checker.report_here(ProblemKind::EmptyName);
            } else if !seen.is_new(scope) {
                checker.report_here(ProblemKind::DuplicateName(scope.clone()));
            }
        });
        self.instant("expires", credential.expires);
        self.allowlists(&credential.allowlists);
    }

    fn allowlists(&mut self, allowlists: &'p [Allowlist]) {
        let mut channels = Distinct::new();
        self.each("allowlist", allowlists, |checker, _, allowlist| {
            if !channels.is_new(allowlist.channel) {
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

    /// Checks that each account is one of the tenant, or to be found with an heir, where the right comes down to heirs.
    #[inline]
    fn senders(&mut self, of: &Of<'p, '_>, senders: &'p Names, right: fn(Inherited) -> bool) {
        if let Names::Only(ids) = senders {
            self.sender_ids(of, ids, right);
        }
    }

    fn sender_ids(&mut self, of: &Of<'p, '_>, ids: &'p [String], right: fn(Inherited) -> bool) {
        let mut seen = Distinct::new();
        self.each("senders", ids, |checker, _, id| {
            if !seen.is_new(id) {
                checker.report_here(ProblemKind::DuplicateName(id.clone()));
            } else if !of.has_account(id) {
                checker.note(What::Account(id.clone(), right));
            }
        });
    }

    #[inline]
    fn roles(&mut self, of: &Of<'p, '_>, roles: &'p Names, heirs: bool) {
        if let Names::Only(names) = roles {
            self.role_names(of, names, heirs);
        }
    }

    fn role_names(&mut self, of: &Of<'p, '_>, names: &'p [String], heirs: bool) {
        let mut seen = Distinct::new();
        self.each("roles", names, |checker, _, name| {
            if !seen.is_new(name) {
                return checker.report_here(ProblemKind::DuplicateName(name.clone()));
            }
            if is_built_in(name) || of.roles.contains(&**name) {
                return;
            }
            if heirs {
                checker.note(What::Role(name.clone()));
            } else {
                checker.report_here(ProblemKind::UnknownRole(name.clone()));
            }
        });
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

    #[inline]
    fn each<T>(&mut self, key: &'static str, list: &'p [T], mut visit: impl FnMut(&mut Self, usize, &'p T)) {
        if list.is_empty() {
            return;
        }
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
        self.note(What::Problem(kind));
    }

    fn note(&mut self, what: What) {
        self.found.push(Found { place: self.place, path: self.path.clone(), what });
    }
}

impl Of<'_, '_> {
    fn has_account(&self, id: &str) -> bool {
        let accounts = self.accounts.get_or_init(|| {
            let mut ids: SmallVec<[&str; FEW]> = self.tenant.accounts.iter().map(|account| &*account.id).collect();
            ids.sort_unstable();
            ids
        });
        accounts.binary_search(&id).is_ok()
    }
}

/// Whether an identity has nothing that could be wrong but its address, as most have.
const fn says_nothing(identity: &Identity) -> bool {
    let Identity { address: _, status: _, consent: _, grandfathered, since, senders, roles } = identity;
    !*grandfathered && since.is_none() && matches!((senders, roles), (Names::Any, Names::Any))
}

fn is_built_in(role: &str) -> bool {
    BUILT_IN_ROLES.iter().any(|(name, _)| *name == role)
}

/// As many accounts are sorted without an allocation.
const FEW: usize = 8;
/// As many steps the longest path has, or about as many.
const DEPTH: usize = 8;
