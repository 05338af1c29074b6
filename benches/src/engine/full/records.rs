//! What the hand-written engine keeps of a policy: hash maps of text.

use std::collections::{HashMap, HashSet};

use sendas::address::Scope;
use sendas::net::IpRange;
use sendas::policy::{
    self, Alignment, CaseRule, Consent, DomainStatus, IdentityStatus, Mode, NameCheck, Names, Permission, Policy,
    Proof, RefusedKind,
};
use sendas::{Channel, Control, CredentialKind, Timestamp};

/// Everything.
pub(super) struct Records {
    pub(super) hosted: Mode,
    pub(super) denies: Denies,
    pub(super) accounts: HashMap<String, Account>,
    pub(super) tenants: Vec<Tenant>,
    /// The accounts that credentials are registered for, by their ids.
    pub(super) credentials: HashMap<String, String>,
    /// Counted own addresses, by their text cut at any separator.
    pub(super) owners: HashMap<String, Vec<Owner>>,
    /// The entries of all tenants, by name.
    pub(super) entries: HashMap<String, Vec<Entry>>,
}

pub(super) struct Owner {
    pub(super) account: String,
    pub(super) tenant: usize,
    pub(super) local: String,
}

pub(super) struct Entry {
    pub(super) tenant: usize,
    pub(super) verified: bool,
    pub(super) holds: bool,
    pub(super) subdomains: bool,
}

pub(super) struct Account {
    pub(super) tenant: usize,
    pub(super) suspended: bool,
    pub(super) resend: bool,
    pub(super) roles: Vec<String>,
    pub(super) exemptions: Vec<(Control, Timestamp)>,
    pub(super) own: Option<Own>,
    pub(super) identities: HashMap<String, Identity>,
    pub(super) credentials: HashMap<String, Credential>,
    pub(super) allowlists: Allowlists,
    pub(super) denies: Denies,
}

pub(super) struct Own {
    pub(super) local: String,
    pub(super) domain: String,
    pub(super) counts: bool,
}

pub(super) struct Credential {
    pub(super) kind: CredentialKind,
    pub(super) scopes: HashSet<String>,
    pub(super) expires: Option<Timestamp>,
    pub(super) revoked: bool,
    pub(super) allowlists: Allowlists,
}

/// A list for each channel that has one.
pub(super) type Allowlists = Vec<(Channel, Vec<IpRange>)>;

pub(super) struct Tenant {
    /// It and its ancestors.
    pub(super) line: Vec<usize>,
    /// It and the ancestors whose identities it inherits.
    pub(super) identity_holders: Vec<usize>,
    /// It and the ancestors whose domains it inherits.
    pub(super) domain_holders: Vec<usize>,
    pub(super) suspended: bool,
    pub(super) controls: policy::Controls,
    pub(super) channels: policy::ChannelSet,
    pub(super) proof: Proof,
    pub(super) refuse_null: bool,
    pub(super) alignment: Alignment,
    pub(super) multiple_from: bool,
    pub(super) ignore_sender: bool,
    pub(super) names: NameCheck,
    pub(super) refused: Vec<RefusedKind>,
    pub(super) scope: Option<String>,
    pub(super) tls: bool,
    /// Its own roles, and whether they may send.
    pub(super) roles: HashMap<String, bool>,
    pub(super) domains: HashMap<String, Domain>,
    pub(super) identities: HashMap<String, Identity>,
    pub(super) allowlists: Allowlists,
    pub(super) denies: Denies,
    /// Whether it has anything that counts.
    pub(super) has: Has,
}

/// What a tenant has that could prove a sender.
#[derive(Default)]
pub(super) struct Has {
    /// A counted own address.
    pub(super) own: bool,
    /// Identities of its accounts.
    pub(super) of_accounts: Counting,
    /// Its own identities, which heirs may inherit.
    pub(super) shared: Counting,
    pub(super) domain: bool,
}

/// When there is an identity that counts.
#[derive(Default)]
pub(super) struct Counting {
    pub(super) always: bool,
    pub(super) until: Option<Timestamp>,
}

impl Counting {
    fn of<'a>(identities: impl Iterator<Item = &'a Identity>) -> Self {
        identities.fold(Self::default(), |found, identity| Self {
            always: found.always || identity.counts,
            until: found.until.max(identity.until),
        })
    }

    pub(super) fn at(&self, now: Timestamp) -> bool {
        self.always || self.until.is_some_and(|until| now < until)
    }
}

pub(super) struct Domain {
    pub(super) verified: bool,
    pub(super) active: bool,
    /// Verified, active and approved where that is needed.
    pub(super) usable: bool,
    pub(super) senders: Who,
    pub(super) subdomains: bool,
    pub(super) separator: Option<u8>,
    pub(super) exact: bool,
    pub(super) covers_mailboxes: bool,
}

pub(super) struct Identity {
    pub(super) local: String,
    pub(super) consent: Option<Consent>,
    /// Whether it counts whatever the time is.
    pub(super) counts: bool,
    /// Until when it counts otherwise.
    pub(super) until: Option<Timestamp>,
    pub(super) senders: Who,
    pub(super) roles: Who,
}

pub(super) enum Who {
    Any,
    Only(HashSet<String>),
}

impl Who {
    fn of(names: &Names) -> Self {
        match names {
            Names::Any => Self::Any,
            Names::Only(list) => Self::Only(list.iter().cloned().collect()),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.contains(name),
        }
    }

    fn is_nobody(&self) -> bool {
        matches!(self, Self::Only(list) if list.is_empty())
    }
}

#[derive(Default)]
pub(super) struct Denies {
    /// Local parts in lower case, by the address cut at any separator.
    pub(super) addresses: HashMap<String, Vec<String>>,
    /// Whether they reach below.
    pub(super) domains: HashMap<String, bool>,
}

impl Records {
    pub(super) fn new(policy: &Policy) -> Self {
        let mut records = Self {
            hosted: policy.provider.hosted,
            denies: denies(&policy.provider.denies),
            accounts: HashMap::new(),
            tenants: Vec::new(),
            credentials: HashMap::new(),
            owners: HashMap::new(),
            entries: HashMap::new(),
        };
        let numbers: HashMap<&str, usize> =
            policy.tenants.iter().enumerate().map(|(number, tenant)| (tenant.id.as_str(), number)).collect();
        for (number, tenant) in policy.tenants.iter().enumerate() {
            for entry in &tenant.domains {
                let verified = matches!(entry.status, DomainStatus::Verified | DomainStatus::Vouched);
                let holds = verified || entry.status == DomainStatus::Suspended;
                let entry_of = Entry { tenant: number, verified, holds, subdomains: entry.subdomains };
                records.entries.entry(entry.name.as_str().to_owned()).or_default().push(entry_of);
            }
            records.tenants.push(settings(policy, &numbers, number, tenant));
        }
        // What counts is asked of the domains of all tenants.
        for (number, tenant) in policy.tenants.iter().enumerate() {
            let shared = records.identities(number, tenant, &tenant.identities);
            for account in &tenant.accounts {
                records.add(number, tenant, account);
            }
            let accounts = || tenant.accounts.iter().filter_map(|account| records.accounts.get(&account.id));
            let mut has = Has {
                own: accounts().any(|account| account.own.as_ref().is_some_and(|own| own.counts)),
                of_accounts: Counting::of(accounts().flat_map(|account| account.identities.values())),
                shared: Counting::of(shared.values()),
                domain: false,
            };
            if let Some(entry) = records.tenants.get_mut(number) {
                has.domain = entry.domains.values().any(|domain| domain.usable && !domain.senders.is_nobody());
                (entry.identities, entry.has) = (shared, has);
            }
        }
        records
    }

    fn add(&mut self, number: usize, tenant: &policy::Tenant, account: &policy::Account) {
        let own = account.address.as_ref().map(|address| Own {
            local: address.local().to_owned(),
            domain: address.domain().to_owned(),
            counts: account.address_assigned || self.proves(number, address.domain()),
        });
        if let Some(own) = own.as_ref().filter(|own| own.counts) {
            let local = own.local.to_ascii_lowercase();
            let key = format!("{}@{}", cut(&local, b"+-=#"), own.domain);
            self.owners.entry(key).or_default().push(Owner { account: account.id.clone(), tenant: number, local });
        }
        for credential in &account.credentials {
            self.credentials.insert(credential.id.clone(), account.id.clone());
        }
        let credential = |one: &policy::Credential| Credential {
            kind: one.kind,
            scopes: one.scopes.iter().cloned().collect(),
            expires: one.expires,
            revoked: one.revoked,
            allowlists: allowlists(&one.allowlists),
        };
        let entry = Account {
            tenant: number,
            suspended: account.suspended,
            resend: account.resend,
            roles: account.roles.clone(),
            exemptions: account.exemptions.iter().map(|one| (one.control, one.until)).collect(),
            own,
            identities: self.identities(number, tenant, &account.identities),
            credentials: account.credentials.iter().map(|one| (one.id.clone(), credential(one))).collect(),
            allowlists: allowlists(&account.allowlists),
            denies: denies(&account.denies),
        };
        self.accounts.insert(account.id.clone(), entry);
    }

    fn identities(
        &self,
        number: usize,
        tenant: &policy::Tenant,
        list: &[policy::Identity],
    ) -> HashMap<String, Identity> {
        let one = |identity: &policy::Identity| {
            let refused = matches!(identity.consent, Some(Consent::Refused | Consent::Withdrawn));
            let proved = || tenant.admin_vouches || self.proves(number, identity.address.domain());
            let counts = identity.consent == Some(Consent::Given)
                || !refused && identity.status == IdentityStatus::Verified && proved();
            let grandfathered = identity.grandfathered && !refused;
            Identity {
                local: identity.address.local().to_owned(),
                consent: identity.consent,
                counts,
                until: tenant.sender.grandfathered_until.filter(|_| grandfathered),
                senders: Who::of(&identity.senders),
                roles: Who::of(&identity.roles),
            }
        };
        let key = |identity: &policy::Identity| {
            format!("{}@{}", identity.address.local().to_ascii_lowercase(), identity.address.domain())
        };
        list.iter().map(|identity| (key(identity), one(identity))).collect()
    }
}

fn settings(policy: &Policy, numbers: &HashMap<&str, usize>, number: usize, tenant: &policy::Tenant) -> Tenant {
    let mut line = Vec::new();
    let mut above = Some(number);
    while let Some(number) = above {
        line.push(number);
        above = policy.tenants.get(number).and_then(|one| numbers.get(one.parent.as_deref()?)).copied();
    }
    let lineage: Vec<_> = line.iter().filter_map(|&number| policy.tenants.get(number)).collect();
    let holders = |gives: fn(&policy::Inherited) -> bool| {
        let giving = lineage.iter().skip(1).take_while(|tenant| gives(&tenant.inherited)).count();
        line.iter().copied().take(1 + giving).collect()
    };
    Tenant {
        identity_holders: holders(|inherited| inherited.identities),
        domain_holders: holders(|inherited| inherited.domains),
        suspended: lineage.iter().any(|tenant| tenant.suspended),
        controls: tenant.controls,
        channels: tenant.sender.channels,
        proof: tenant.sender.proof,
        refuse_null: tenant.sender.refuse_null,
        alignment: tenant.header.alignment,
        multiple_from: tenant.header.multiple_from,
        ignore_sender: tenant.header.ignore_sender,
        names: tenant.header.names,
        refused: tenant.credential.refuse.clone(),
        scope: tenant.credential.require_scope.clone(),
        tls: tenant.credential.require_tls,
        roles: tenant
            .roles
            .iter()
            .map(|role| (role.name.clone(), role.permissions.contains(&Permission::Send)))
            .collect(),
        domains: tenant.domains.iter().map(|entry| (entry.name.as_str().to_owned(), domain(tenant, entry))).collect(),
        identities: HashMap::new(),
        allowlists: allowlists(&tenant.allowlists),
        denies: denies(&tenant.denies),
        has: Has::default(),
        line,
    }
}

fn domain(tenant: &policy::Tenant, entry: &policy::Domain) -> Domain {
    let verified = matches!(entry.status, DomainStatus::Verified | DomainStatus::Vouched);
    Domain {
        verified,
        active: entry.active,
        usable: verified && entry.active && (entry.approved || !tenant.approval_required),
        senders: Who::of(&entry.senders),
        subdomains: entry.subdomains,
        separator: entry.separator.map(|separator| separator as u8),
        exact: entry.case == CaseRule::Exact,
        covers_mailboxes: entry.covers_mailboxes,
    }
}

fn allowlists(lists: &[policy::Allowlist]) -> Allowlists {
    lists.iter().map(|list| (list.channel, list.entries.iter().map(|entry| entry.range).collect())).collect()
}

fn denies(list: &[policy::Deny]) -> Denies {
    let mut denies = Denies::default();
    for deny in list {
        match &deny.scope {
            Scope::Address(address) => {
                let local = address.local().to_ascii_lowercase();
                let key = format!("{}@{}", cut(&local, b"+-=#"), address.domain());
                denies.addresses.entry(key).or_default().push(local);
            }
            Scope::Domain(name) => {
                denies.domains.entry(name.as_str().to_owned()).or_insert(false);
            }
            Scope::Subdomains(name) => {
                denies.domains.insert(name.as_str().to_owned(), true);
            }
        }
    }
    denies
}

/// What stands before the first separator that is not the first character.
pub(super) fn cut<'a>(local: &'a str, separators: &[u8]) -> &'a str {
    let at = local.bytes().skip(1).position(|byte| separators.contains(&byte));
    at.and_then(|at| local.get(..=at)).unwrap_or(local)
}
