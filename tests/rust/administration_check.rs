//! A command is checked by the part of the policy that it touches; what is found there is what is wrong with the whole.
#![expect(clippy::expect_used, reason = "the texts that stand here are read")]

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::address::Scope;
use sendas::admin::{By, Directory, DomainRules, Event, Holder, Record, Terms};
use sendas::policy::{CaseRule, Deny, Inherited, Names, Permission, Role, Separator};
use sendas::{Address, DomainName, Timestamp};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn the_part_has_the_problems_of_the_whole(steps in vec((0..5_usize, event()), 1..60)) {
        let mut directory = start();
        for (number, (tenant, event)) in steps.into_iter().enumerate() {
            let record = record(&directory, number, Some(TENANTS[tenant]), event);
            let mut after = directory.clone();
            let found = directory.problems_after(&record);
            match after.apply(&record) {
                Err(unfit) => prop_assert_eq!(found, Err(unfit)),
                Ok(()) => {
                    let whole: Vec<_> = after.policy().check().into_iter().map(|problem| problem.kind).collect();
                    prop_assert_eq!(found.as_ref(), Ok(&whole), "{:?}", record.events);
                    // Only a policy without problems is changed further.
                    if whole.is_empty() {
                        directory = after;
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_kept_beside_the_tenants_follows_from_them(steps in vec((0..5_usize, event()), 1..60)) {
        let mut directory = start();
        for (number, (tenant, event)) in steps.into_iter().enumerate() {
            let record = record(&directory, number, Some(TENANTS[tenant]), event);
            let _unfit = directory.apply(&record);
        }
        // Whoever takes the policy over answers every question as the one who has followed it.
        let mut anew = Directory::new();
        let policy = directory.policy();
        if let Ok(records) = anew.import(&policy, "test", Timestamp(0)) {
            for record in &records {
                anew.apply(record).expect("an imported record fits");
            }
            for account in policy.tenants.iter().flat_map(|tenant| &tenant.accounts) {
                prop_assert_eq!(anew.tenant_of(&account.id), directory.tenant_of(&account.id));
            }
            for local in LOCALS {
                let address = address(local);
                prop_assert_eq!(anew.consents(&address), directory.consents(&address));
            }
            for (number, (tenant, event)) in probes().into_iter().enumerate() {
                let one = record(&directory, 1_000 + number, Some(tenant), event.clone());
                let other = record(&anew, 1_000 + number, Some(tenant), event);
                let problems = directory.problems_after(&one).map_err(|unfit| unfit.kind);
                prop_assert_eq!(problems, anew.problems_after(&other).map_err(|unfit| unfit.kind));
            }
        }
    }
}

const TENANTS: [&str; 5] = ["a", "a-b", "a-b-c", "d", "e"];
const ACCOUNTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
const LOCALS: [&str; 7] = ["joe", "JOE", "joe+x", "joe-x", "joe+x-y", "ann", "+x"];
const DOMAINS: [&str; 3] = ["x.example", "sub.x.example", "y.example"];
const ROLES: [&str; 3] = ["Press", "Legal", "Admin"];

/// Three tenants above one another, each of whose rights come down, and one apart; each has an account.
fn start() -> Directory {
    let mut directory = Directory::new();
    let inherited = Inherited { identities: true, domains: true };
    let account = |id: &str| account_added(id, None);
    let events = [
        ("a", Event::TenantAdded { parent: None }),
        ("a-b", Event::TenantAdded { parent: Some("a".into()) }),
        ("a-b-c", Event::TenantAdded { parent: Some("a-b".into()) }),
        ("d", Event::TenantAdded { parent: None }),
        ("a", Event::TermsSet { terms: Terms { inherited: Some(inherited), ..Terms::default() } }),
        ("a-b", Event::TermsSet { terms: Terms { inherited: Some(inherited), ..Terms::default() } }),
        ("a", account("one")),
        ("a-b", account("two")),
        ("a-b-c", account("three")),
        ("d", account("four")),
        ("a", Event::DomainVouched { domain: domain(0) }),
        ("a-b", Event::DomainVouched { domain: domain(0) }),
        ("d", Event::DomainVouched { domain: domain(0) }),
        ("a-b-c", Event::RoleDefined { role: Role { name: "Press".into(), permissions: Vec::new() } }),
    ];
    for (number, (tenant, event)) in events.into_iter().enumerate() {
        let record = record(&directory, 10_000 + number, Some(tenant), event);
        directory.apply(&record).expect("the start fits");
    }
    directory
}

/// What is asked of two directories that should answer alike.
fn probes() -> Vec<(&'static str, Event)> {
    let mut probes = Vec::new();
    for tenant in TENANTS {
        for local in LOCALS {
            probes.push((tenant, account_added("new", Some(address(local)))));
        }
        let names: Vec<String> = ACCOUNTS.iter().map(|&id| id.into()).collect();
        probes.push((tenant, Event::DomainSendersSet { domain: domain(0), senders: Names::Only(names) }));
        probes.push((tenant, Event::TenantRemoved {}));
    }
    probes
}

fn record(directory: &Directory, number: usize, tenant: Option<&str>, event: Event) -> Record {
    Record {
        sequence: directory.sequence() + 1,
        at: Timestamp(1_796_083_200),
        by: By::Host,
        id: format!("step-{number}"),
        command: "test".into(),
        tenant: tenant.map(Into::into),
        version: 1 + tenant.and_then(|id| directory.desk(id)).map_or(0, |desk| desk.version),
        events: vec![event],
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => any::<bool>().prop_flat_map(|root| {
            let parent = proptest::sample::select(&TENANTS[..]).prop_map(|id| Some(id.to_owned()));
            if root { Just(None).boxed() } else { parent.boxed() }
        }).prop_map(|parent| Event::TenantAdded { parent }),
        1 => Just(Event::TenantRemoved {}),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(identities, domains)| {
            let inherited = Some(Inherited { identities, domains });
            Event::TermsSet { terms: Terms { inherited, ..Terms::default() } }
        }),
        6 => (account(), proptest::option::of(any_address())).prop_map(|(id, address)| account_added(&id, address)),
        2 => account().prop_map(|account| Event::AccountRemoved { account }),
        6 => (account(), proptest::option::of(any_address()))
            .prop_map(|(account, address)| Event::AddressSet { account, address, assigned: false }),
        2 => (account(), roles()).prop_map(|(account, roles)| Event::RolesSet { account, roles }),
        2 => role().prop_map(|name| Event::RoleDefined { role: Role { name, permissions: vec![Permission::Send] } }),
        2 => role().prop_map(|name| Event::RoleRemoved { name }),
        3 => (any_address(), names(account()), names(role())).prop_map(|(address, senders, roles)| {
            Event::IdentitiesAdded { addresses: vec![address], senders, roles }
        }),
        2 => (any_address(), names(account()), names(role()))
            .prop_map(|(address, senders, roles)| Event::IdentityLimited { address, senders, roles }),
        1 => (any_address(), account()).prop_map(|(address, id)| {
            Event::IdentitiesRemoved { holder: Holder::Account(id), addresses: vec![address] }
        }),
        2 => any_domain().prop_map(|domain| Event::DomainVouched { domain }),
        1 => any_domain().prop_map(|domain| Event::DomainUnvouched { domain }),
        1 => any_domain().prop_map(|domain| Event::DomainRemoved { domain }),
        1 => (any_domain(), any::<bool>()).prop_map(|(domain, active)| Event::DomainActivitySet { domain, active }),
        4 => (any_domain(), names(account())).prop_map(|(domain, senders)| Event::DomainSendersSet { domain, senders }),
        4 => (any_domain(), any::<bool>(), 0..3_usize, any::<bool>()).prop_map(|(domain, below, separator, exact)| {
            let separators = [None, Some(Separator::Plus), Some(Separator::Hyphen)];
            let rules = DomainRules {
                subdomains: Some(below),
                separator: Some(separators[separator]),
                case: Some(if exact { CaseRule::Exact } else { CaseRule::Fold }),
                covers_mailboxes: None,
            };
            Event::DomainRulesSet { domain, rules }
        }),
        1 => account().prop_map(|id| Event::DenyAdded {
            holder: Holder::Account(id),
            deny: Deny { scope: Scope::Domain(DomainName::parse("co.uk").expect("a domain")), note: String::new() },
        }),
    ]
}

fn account_added(id: &str, address: Option<Address>) -> Event {
    Event::AccountAdded { account: id.into(), address, assigned: false, roles: Vec::new() }
}

fn account() -> impl Strategy<Value = String> {
    proptest::sample::select(&ACCOUNTS[..]).prop_map(str::to_owned)
}

fn role() -> impl Strategy<Value = String> {
    proptest::sample::select(&ROLES[..]).prop_map(str::to_owned)
}

fn roles() -> impl Strategy<Value = Vec<String>> {
    vec(role(), 0..3)
}

fn names(one: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Names> {
    prop_oneof![Just(Names::Any), vec(one, 0..4).prop_map(Names::Only)]
}

fn any_address() -> impl Strategy<Value = Address> {
    (proptest::sample::select(&LOCALS[..]), 0..DOMAINS.len())
        .prop_map(|(local, at)| Address::parse(&format!("{local}@{}", DOMAINS[at])).expect("an address"))
}

fn any_domain() -> impl Strategy<Value = DomainName> {
    (0..DOMAINS.len()).prop_map(domain)
}

fn address(local: &str) -> Address {
    Address::parse(&format!("{local}@x.example")).expect("an address")
}

fn domain(at: usize) -> DomainName {
    DomainName::parse(DOMAINS[at]).expect("a domain")
}
