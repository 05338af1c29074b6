//! What very many have under one key is found, however it came there.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use sendas::policy::{
    Account, Consent, Domain, DomainStatus, Identity, IdentityStatus, Names, Policy, Separator, Tenant,
};
use sendas::{Address, CompileError, DomainName, HashKey, Options, Snapshot, Stage};
use sendas_tests::agree;
use sendas_tests::generate::{self, Case, numbered};
use sendas_tests::request::{DomainForm, Envelope, Spelling, Value};
use sendas_tests::written::Written;

#[test]
fn every_snapshot_decides_as_the_reference_does() {
    let Crowd { mut case, snapshots } = Crowd::new();
    for account in ["alice", "keeper", "heir-7", "heir-31", "heir-33", "counted-0", "counted-99"] {
        for of in addresses() {
            let written = asking(&mut case, account, of);
            for snapshot in &snapshots {
                agree::equals_reference(&case, snapshot, &written, Stage::Envelope);
            }
            agree::explained_equals_evaluated(&snapshots[FRESH], &written);
        }
    }
}

#[test]
fn who_claims_what_one_of_many_has_is_refused() {
    let Crowd { case, snapshots } = Crowd::new();
    let asking = case.policy.tenants.iter().find(|tenant| tenant.id == "asking");
    let mut asking = asking.expect("it is one of them").clone();
    for (taken, free) in [("joe", "john"), ("ann", "anna"), ("eve+99", "eva+99")] {
        for (local, is_sound) in [(free, true), (taken, false)] {
            asking.accounts[0].address = Some(Address::parse(&format!("{local}@a.example")).expect("an address"));
            for snapshot in &snapshots {
                assert_eq!(snapshot.replace_tenant(&asking).is_ok(), is_sound, "{local}");
            }
        }
    }
}

#[test]
fn none_of_the_heirs_is_forgotten_and_none_is_named_twice() {
    let refused = Crowd::new().snapshots[FRESH].remove_tenant("counted");
    assert!(matches!(&refused, Err(CompileError::Policy(problems)) if problems.len() == 40), "{refused:?}");
}

#[test]
fn what_stands_apart_is_known_where_those_are_gone_that_do_not() {
    let Crowd { mut case, mut snapshots } = Crowd::new();
    let addresses: Vec<_> = addresses().filter(|(_, domain)| *domain != "a.example").collect();
    for heir in [5, 9, 1, 13, 39, 2, 17, 6, 21, 33, 25] {
        let id = format!("heir-{heir}");
        case.policy.tenants.retain(|tenant| tenant.id != id);
        for snapshot in &mut snapshots {
            *snapshot = snapshot.remove_tenant(&id).expect("nothing depends on it");
        }
        for of in addresses.iter().chain([&("joe", "of5.held.example")]) {
            for account in ["alice", "keeper"] {
                let written = asking(&mut case, account, *of);
                for snapshot in &snapshots {
                    agree::equals_reference(&case, snapshot, &written, Stage::Envelope);
                }
            }
        }
    }
    let fewer = Snapshot::compile(&case.policy, &case.options).expect("a sound policy");
    for snapshot in &snapshots {
        assert_eq!(fewer.seal(), snapshot.seal());
    }
}

/// A policy in which many stand under one key, and its snapshots, each of which came in another way.
struct Crowd {
    case: Case,
    snapshots: [Snapshot; 5],
}

impl Crowd {
    fn new() -> Self {
        let mut case = generate::case(&[0; 600]);
        (case.policy, case.options) = (crowded(true), Options::new(HashKey(*b"sixteen random!!")));
        let compiled = |policy: &Policy| Snapshot::compile(policy, &case.options).expect("a sound policy");
        let fresh = compiled(&case.policy);
        let mut followed = compiled(&crowded(false));
        for tenant in &case.policy.tenants {
            followed = followed.replace_tenant(tenant).expect("a sound tenant");
        }
        let sealed = fresh.seal().expect("a sound snapshot");
        assert!(followed.seal().is_ok_and(|other| other == sealed), "the order of changes shows");
        let mut reversed = case.policy.clone();
        reversed.tenants.reverse();
        assert!(compiled(&reversed).seal().is_ok_and(|other| other == sealed), "the order of tenants shows");
        let opened = Snapshot::open(sealed).expect("what was sealed");
        // All that stands in the image counts no more, or some of it.
        let mut replaced = opened.clone();
        let mut replaced_in_part = opened.clone();
        for (number, tenant) in reversed.tenants.iter().enumerate() {
            replaced = replaced.replace_tenant(tenant).expect("a sound tenant");
            if number * 7 % 16 < 11 {
                replaced_in_part = replaced_in_part.replace_tenant(tenant).expect("a sound tenant");
            }
        }
        Self { case, snapshots: [fresh, followed, opened, replaced, replaced_in_part] }
    }
}

/// The place of the one that was compiled at once.
const FRESH: usize = 0;

/// Has the account of a case send as an address.
fn asking(case: &mut Case, account: &str, (local, domain): (&str, &str)) -> Written {
    case.request.account = Some(account.to_owned());
    let value = Value { local: local.to_owned(), domain: domain.to_owned() };
    let address = Spelling { value, quoted: false, domain: DomainForm::Plain, flaw: None };
    case.request.envelope = Envelope::Path { address, brackets: true };
    Written::new(&case.request, &case.options.limits)
}

/// The local parts and domains that are asked about.
fn addresses() -> impl Iterator<Item = (&'static str, &'static str)> {
    let at = |locals: &[&'static str], domains: &[&'static str]| -> Vec<(&'static str, &'static str)> {
        locals.iter().flat_map(|local| domains.iter().map(move |domain| (*local, *domain))).collect()
    };
    let locals = ["joe", "joe+x", "joe+0", "joe+99", "joe-x", "ann", "ann+7", "eve", "eve+2"];
    let below = ["wide.example", "sub.wide.example", "deep.sub.wide.example"];
    let apart = ["deep.wide.example", "x.deep.wide.example", "asleep.example", "x.asleep.example", "sub.rest.example"];
    [
        at(&locals, &["a.example"]),
        at(&["kim", "kim+x", "kim-x", "kim=x", "liz"], &below),
        at(&["pat", "pat+x", "pat+1", "pat-x", "liz"], &apart),
    ]
    .into_iter()
    .flatten()
}

/// Many own addresses that `+` cuts to one, of a tenant without that separator where they count, and of one where they do not;
/// many heirs of one tenant, and many entries of one name, some of which include their sub-domains, or are suspended; many own
/// addresses that only an entry above proves, most of which it does not reach, and many identities of one tenant that are stopped each
/// by another one. Alice has the consent of one of the first. `all` says whether those that have many are there, and as they should be.
fn crowded(all: bool) -> Policy {
    let mut policy = Policy::default();
    for (id, separator) in [("asking", Some(Separator::Plus)), ("hyphen", Some(Separator::Hyphen)), ("counted", None)] {
        let mut domain = verified("a.example");
        domain.separator = separator;
        let mut tenant = Tenant::new(id);
        tenant.domains.push(domain);
        policy.tenants.push(tenant);
    }
    let mut alice = Account::new("alice");
    let mut identity = Identity::new(Address::parse("joe+0@a.example").expect("an address"));
    identity.consent = Some(Consent::Given);
    alice.identities.push(identity);
    policy.tenants[0].accounts.push(alice);
    for (name, subdomains) in [("deep.wide.example", false), ("rest.example", true)] {
        let mut domain = verified(name);
        (domain.subdomains, domain.separator) = (subdomains, Some(Separator::Plus));
        policy.tenants[0].domains.push(domain);
    }
    let mut keeping = Tenant::new("keeping");
    keeping.accounts.push(Account::new("keeper"));
    let mut held = verified("held.example");
    (held.senders, held.subdomains) = (Names::Only(Vec::new()), true);
    keeping.domains.push(held);
    for number in 0..40 {
        let mut identity = Identity::new(Address::parse(&format!("joe@of{number}.held.example")).expect("an address"));
        identity.status = IdentityStatus::Verified;
        keeping.identities.push(identity);
    }
    policy.tenants.push(Tenant::new("uncounted"));
    policy.tenants.push(keeping);
    let (one, other) = if all { ("joe", "ann") } else { ("bob", "ben") };
    for number in 0..200 {
        for (at, id, local) in [(2, "counted", one), (3, "uncounted", other), (3, "further", "eve")] {
            policy.tenants[at].accounts.push(numbered(id, (local, "a.example"), number));
        }
        if all && number < 40 {
            let mut heir = Tenant::new(format!("heir-{number}"));
            (heir.parent, heir.domains) = (Some("counted".to_owned()), policy.tenants[2].domains.clone());
            let mut account = Account::new(heir.id.clone());
            let mut wide = verified("wide.example");
            wide.subdomains = number % 3 != 0;
            // One in the middle has an own address below, to which its separator leads, and another one asks with its own.
            match number {
                20 => {
                    account.address = Some(Address::parse("kim@sub.wide.example").expect("an address"));
                    wide.separator = Some(Separator::Hyphen);
                }
                31 => wide.separator = Some(Separator::Equals),
                _ => {
                    let address = format!("pat+{number}@deep.wide.example");
                    account.address = Some(Address::parse(&address).expect("an address"));
                }
            }
            if number == 33 {
                // It is proved there, too, although that entry does not make it count.
                heir.domains.push(verified("deep.wide.example"));
                heir.domains[1].active = false;
            }
            for (name, status) in [
                ("asleep.example", DomainStatus::Suspended),
                ("sub.rest.example", if number == 39 { DomainStatus::Vouched } else { DomainStatus::Suspended }),
            ] {
                let mut domain = verified(name);
                (domain.status, domain.subdomains) = (status, number % 2 == 0);
                heir.domains.push(domain);
            }
            heir.domains.push(verified(&format!("of{number}.held.example")));
            heir.domains.push(wide);
            heir.accounts.push(account);
            policy.tenants.push(heir);
        }
    }
    policy
}

fn verified(name: &str) -> Domain {
    let mut domain = Domain::new(DomainName::parse(name).expect("a domain"));
    (domain.status, domain.senders) = (DomainStatus::Verified, Names::Any);
    domain
}
