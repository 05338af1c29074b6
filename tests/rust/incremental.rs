//! A changed snapshot is the one that the changed policy compiles to.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::policy::{
    Account, Consent, Domain, DomainStatus, Identity, IdentityStatus, Names, Policy, Role, Separator, Tenant,
};
use sendas::{
    Address, Channel, CompileError, DeltaError, DomainName, EnvelopeSender, HashKey, Options, Request, Snapshot, Stage,
    Timestamp, Verdict,
};
use sendas_tests::agree;
use sendas_tests::change::{pick, renamed};
use sendas_tests::generate::{self, Case, Choices, numbered};
use sendas_tests::request::{DomainForm, Envelope, Spelling, Value};
use sendas_tests::written::Written;

/// What one step does: a tenant of generated octets, and choices.
type Step = (Vec<u8>, Vec<u8>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_chain_of_changes_is_a_fresh_compilation(
        octets in vec(any::<u8>(), 400..1200),
        steps in vec((vec(any::<u8>(), 200..900), vec(any::<u8>(), 40..60)), 1..12),
    ) {
        let mut case = generate::case(&octets);
        let mut snapshot = Snapshot::compile(&case.policy, &case.options).expect("a sound policy");
        for (number, step) in steps.iter().enumerate() {
            let (changed, id) = changed(&case, step);
            let tenant = changed.tenants.iter().find(|tenant| tenant.id == id);
            let followed = match tenant {
                Some(tenant) => snapshot.replace_tenant(tenant),
                None => snapshot.remove_tenant(&id),
            };
            match (followed, Snapshot::compile(&changed, &case.options)) {
                (Ok(followed), Ok(fresh)) => {
                    case.policy = changed;
                    same(&followed, &fresh, &case)?;
                    let delta = snapshot.delta(&fresh).expect("one key");
                    same(&snapshot.apply_delta(&delta).expect("the snapshot that it is for"), &fresh, &case)?;
                    damaged(&snapshot, &delta, step)?;
                    // Now and then, the changes are brought together, or the file is reopened.
                    snapshot = match number % 4 {
                        2 => followed.compact().expect("a sound snapshot"),
                        3 => Snapshot::open(followed.seal().expect("a sound snapshot")).expect("what was sealed"),
                        _ => followed,
                    };
                }
                (Err(followed), Err(fresh)) => {
                    let (one, other) = (kinds(&followed), kinds(&fresh));
                    // Whose an account is that two have depends on which comes first.
                    let ambiguous = one.contains("DuplicateAccount") && other.contains("DuplicateAccount");
                    prop_assert!(ambiguous || one == other, "{}\n\n{}", followed, fresh);
                }
                (followed, fresh) => prop_assert!(false, "{:?} but {:?}", followed.map_err(|error| error.to_string()), fresh.map_err(|error| error.to_string())),
            }
        }
    }
}

#[test]
fn the_first_own_address_is_protected_although_it_came_after_the_image() {
    let mut domain = Domain::new(DomainName::parse("a.example").expect("a domain"));
    domain.status = DomainStatus::Verified;
    domain.senders = Names::Any;
    let mut tenant = Tenant::new("acme");
    tenant.domains.push(domain);
    tenant.accounts.push(Account::new("alice"));
    let mut policy = Policy::default();
    policy.tenants.push(tenant.clone());
    let image = Snapshot::compile(&policy, &Options::new(HashKey(*b"sixteen random!!"))).expect("a sound policy");
    let mut bob = Account::new("bob");
    bob.address = Some(Address::parse("bob@a.example").expect("an address"));
    tenant.accounts.push(bob);
    let followed = image.replace_tenant(&tenant).expect("a sound tenant");
    let mut request = Request::new(Channel::Smtp, Timestamp(0));
    request.account = Some(b"alice");
    request.envelope_sender = EnvelopeSender::Path(b"<bob@a.example>");
    let verdict = |snapshot: &Snapshot| snapshot.evaluate_stage(&request, Stage::Envelope).verdict();
    assert_eq!([&image, &followed].map(verdict), [Verdict::Allow, Verdict::Deny]);
}

#[test]
fn what_many_have_under_one_key_is_found_however_it_came() {
    let options = Options::new(HashKey(*b"sixteen random!!"));
    let mut case = generate::case(&[0; 600]);
    (case.policy, case.options) = (crowded(true), options);
    let asking = |case: &mut Case, account: &str, (local, domain): (&str, &str)| {
        case.request.account = Some(account.to_owned());
        let value = Value { local: local.to_owned(), domain: domain.to_owned() };
        let address = Spelling { value, quoted: false, domain: DomainForm::Plain, flaw: None };
        case.request.envelope = Envelope::Path { address, brackets: true };
    };
    let fresh = Snapshot::compile(&case.policy, &options).expect("a sound policy");
    let image = Snapshot::compile(&crowded(false), &options).expect("a sound policy");
    let mut followed = image.clone();
    for tenant in &case.policy.tenants {
        followed = followed.replace_tenant(tenant).expect("a sound tenant");
    }
    let sealed = fresh.seal().expect("a sound snapshot");
    assert!(followed.seal().is_ok_and(|other| other == sealed), "the order of changes shows");
    case.policy.tenants.reverse();
    let other = Snapshot::compile(&case.policy, &options).expect("a sound policy");
    assert!(other.seal().is_ok_and(|other| other == sealed), "the order of tenants shows");
    let opened = Snapshot::open(sealed).expect("what was sealed");
    // All that stands in the image counts no more, or some of it.
    let mut replaced = opened.clone();
    let mut replaced_in_part = opened.clone();
    for (number, tenant) in case.policy.tenants.iter().enumerate() {
        replaced = replaced.replace_tenant(tenant).expect("a sound tenant");
        if number * 7 % 16 < 11 {
            replaced_in_part = replaced_in_part.replace_tenant(tenant).expect("a sound tenant");
        }
    }
    let at_a =
        ["joe", "joe+x", "joe+0", "joe+99", "joe-x", "ann", "ann+7", "eve", "eve+2"].map(|local| (local, "a.example"));
    let below = ["kim", "kim+x", "kim-x", "kim=x", "liz"]
        .into_iter()
        .flat_map(|local| ["wide.example", "sub.wide.example", "deep.sub.wide.example"].map(|domain| (local, domain)));
    let apart = ["pat", "pat+x", "pat+1", "pat-x", "liz"].into_iter().flat_map(|local| {
        ["deep.wide.example", "x.deep.wide.example", "asleep.example", "x.asleep.example", "sub.rest.example"]
            .map(|domain| (local, domain))
    });
    let addresses: Vec<(&str, &str)> = at_a.into_iter().chain(below).chain(apart).collect();
    for (account, of) in ["alice", "keeper", "heir-7", "heir-31", "heir-33", "counted-0", "counted-99"]
        .into_iter()
        .flat_map(|account| addresses.iter().map(move |of| (account, *of)))
    {
        asking(&mut case, account, of);
        let written = Written::new(&case.request, &options.limits);
        for snapshot in [&fresh, &followed, &opened, &replaced, &replaced_in_part] {
            agree::equals_reference(&case, snapshot, &written, Stage::Envelope);
        }
        agree::explained_equals_evaluated(&fresh, &written);
    }
    // Who claims what one of many has, whether it counts or not, is refused.
    for (taken, free) in [("joe", "john"), ("ann", "anna"), ("eve+99", "eva+99")] {
        let mut alice = crowded(true).tenants.swap_remove(0);
        for (local, is_sound) in [(free, true), (taken, false)] {
            alice.accounts[0].address = Some(Address::parse(&format!("{local}@a.example")).expect("an address"));
            for snapshot in [&fresh, &followed, &opened, &replaced, &replaced_in_part] {
                assert_eq!(snapshot.replace_tenant(&alice).is_ok(), is_sound, "{local}");
            }
        }
    }
    // What the others that stand apart say is still known where those are gone that do not.
    for heir in [5, 9, 1, 13, 39, 2, 17, 6, 21, 33, 25] {
        let id = format!("heir-{heir}");
        case.policy.tenants.retain(|tenant| tenant.id != id);
        for snapshot in [&mut followed, &mut replaced, &mut replaced_in_part] {
            *snapshot = snapshot.remove_tenant(&id).expect("nothing depends on it");
        }
        for of in addresses.iter().chain([&("joe", "of5.held.example")]).filter(|(_, domain)| *domain != "a.example") {
            for account in ["alice", "keeper"] {
                asking(&mut case, account, *of);
                let written = Written::new(&case.request, &options.limits);
                for snapshot in [&followed, &replaced, &replaced_in_part] {
                    agree::equals_reference(&case, snapshot, &written, Stage::Envelope);
                }
            }
        }
    }
    let fresh_of_fewer = Snapshot::compile(&case.policy, &options).expect("a sound policy");
    for snapshot in [&followed, &replaced, &replaced_in_part] {
        assert_eq!(fresh_of_fewer.seal(), snapshot.seal());
    }
    // None of the heirs is forgotten, and none is named twice.
    let refused = fresh.remove_tenant("counted");
    assert!(matches!(&refused, Err(CompileError::Policy(problems)) if problems.len() == 40), "{refused:?}");
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

/// The policy with one tenant replaced, added or removed, and that tenant's id.
fn changed(case: &Case, (octets, few): &Step) -> (Policy, String) {
    let mut choices = Choices::new(few);
    let mut changed = case.policy.clone();
    let ids: Vec<String> = changed.tenants.iter().map(|tenant| tenant.id.clone()).chain(["added".to_owned()]).collect();
    let id = choices.pick(&ids);
    let at = changed.tenants.iter().position(|tenant| tenant.id == id);
    if let Some(at) = at.filter(|_| choices.chance(2)) {
        changed.tenants.remove(at);
        return (changed, id);
    }
    let mut tenant = match at {
        // What is there, a little different, is what happens most.
        Some(at) if choices.chance(8) => changed.tenants[at].clone(),
        _ => {
            let mut other = generate::case(octets).policy.tenants.swap_remove(0);
            if !choices.chance(3) {
                other = renamed(other, &format!("{id}-"));
            }
            other
        }
    };
    tenant.id.clone_from(&id);
    match choices.below(4) {
        0 => tenant.parent = None,
        1 => tenant.parent = Some(choices.pick(&ids)),
        _ => tenant.parent = at.and_then(|at| changed.tenants[at].parent.clone()),
    }
    alter(&mut tenant, &case.policy, &mut choices);
    match at {
        Some(at) => changed.tenants[at] = tenant,
        None => changed.tenants.push(tenant),
    }
    (changed, id)
}

/// Changes what other tenants could depend on.
fn alter(tenant: &mut Tenant, policy: &Policy, choices: &mut Choices<'_>) {
    let accounts: Vec<String> =
        policy.tenants.iter().flat_map(|tenant| &tenant.accounts).map(|account| account.id.clone()).collect();
    match choices.below(8) {
        0 if !tenant.accounts.is_empty() => {
            let number = choices.below(tenant.accounts.len());
            tenant.accounts.remove(number);
        }
        1 => tenant.inherited.identities = !tenant.inherited.identities,
        2 => tenant.inherited.domains = !tenant.inherited.domains,
        3 => tenant.roles.clear(),
        4 => tenant.roles.push(Role { name: choices.pick(&["Press", "Legal"]).to_owned(), permissions: Vec::new() }),
        5 if !tenant.identities.is_empty() && !accounts.is_empty() => {
            let identity = pick(choices, &mut tenant.identities);
            identity.senders = Names::Only(vec![choices.pick(&accounts)]);
            identity.roles = Names::Only(vec!["Press".to_owned()]);
        }
        6 => {
            let name = DomainName::parse(choices.pick(&generate::DOMAINS)).expect("a domain");
            tenant.domains.retain(|entry| entry.name != name);
            let mut domain = Domain::new(name);
            domain.status = if choices.chance(8) { DomainStatus::Verified } else { DomainStatus::Suspended };
            domain.subdomains = choices.chance(8);
            domain.separator = choices.chance(8).then_some(Separator::Hyphen);
            domain.senders = if accounts.is_empty() { Names::Any } else { Names::Only(vec![choices.pick(&accounts)]) };
            tenant.domains.push(domain);
        }
        _ => {}
    }
}

/// What kinds of problems there are: whose they are depends on which tenant was changed.
fn kinds(error: &CompileError) -> BTreeSet<String> {
    let CompileError::Policy(problems) = error else { return BTreeSet::from([error.to_string()]) };
    let name = |text: String| text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    problems.iter().map(|problem| name(format!("{:?}", problem.kind))).collect()
}

/// Asserts that a delta is refused where it was changed, cut, or is for another snapshot.
fn damaged(snapshot: &Snapshot, delta: &[u8], (octets, _): &Step) -> Result<(), TestCaseError> {
    let at = usize::from(u16::from_le_bytes([octets[0], octets[1]])) % delta.len();
    let mut flipped = delta.to_vec();
    flipped[at] ^= octets[2].max(1);
    prop_assert!(snapshot.apply_delta(&flipped).is_err());
    prop_assert!(snapshot.apply_delta(&delta[..at]).is_err());
    let other = snapshot.apply_delta(delta).expect("the snapshot that it is for");
    if other.id() != snapshot.id() {
        let (base, found) = (snapshot.id(), other.id());
        let refused = other.apply_delta(delta).map(|snapshot| snapshot.id());
        prop_assert_eq!(refused, Err(DeltaError::OtherBase { base, found }));
    }
    Ok(())
}

/// Asserts that two snapshots are one, to the octet.
fn same(one: &Snapshot, other: &Snapshot, case: &Case) -> Result<(), TestCaseError> {
    agree::are_one(one, other, case);
    prop_assert_eq!(one.tenants().collect::<Result<Vec<_>, _>>(), other.tenants().collect());
    prop_assert_eq!(one.tenant_count(), other.tenant_count());
    prop_assert!(one.seal().expect("a sound snapshot") == other.seal().expect("a sound snapshot"), "the octets differ");
    Ok(())
}
