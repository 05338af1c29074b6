//! A changed snapshot is the one that the changed policy compiles to.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::policy::{Account, Domain, DomainStatus, Identity, IdentityStatus, Names, Policy, Role, Separator, Tenant};
use sendas::{
    Address, Channel, CompileError, DeltaError, DomainName, EnvelopeSender, HashKey, Options, Request, Snapshot, Stage,
    Timestamp, Verdict,
};
use sendas_tests::agree;
use sendas_tests::change::{pick, renamed};
use sendas_tests::generate::{self, Case, Choices};

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
fn the_first_entry_with_sub_domains_holds_them_although_it_came_after_the_image() {
    let mut asking = Tenant::new("asking");
    asking.accounts.push(Account::new("alice"));
    let mut identity = Identity::new(Address::parse("alice@sub.a.example").expect("an address"));
    (identity.status, asking.admin_vouches) = (IdentityStatus::Verified, true);
    asking.identities.push(identity);
    let mut policy = Policy::default();
    policy.tenants.push(asking);
    let image = Snapshot::compile(&policy, &Options::new(HashKey(*b"sixteen random!!"))).expect("a sound policy");
    let mut holding = Tenant::new("holding");
    holding.domains.push(Domain::new(DomainName::parse("a.example").expect("a domain")));
    holding.domains[0].status = DomainStatus::Verified;
    let without = image.replace_tenant(&holding).expect("a sound tenant");
    holding.domains[0].subdomains = true;
    let with = image.replace_tenant(&holding).expect("a sound tenant");
    let mut request = Request::new(Channel::Smtp, Timestamp(0));
    request.account = Some(b"alice");
    request.envelope_sender = EnvelopeSender::Path(b"<alice@sub.a.example>");
    let verdict = |snapshot: &Snapshot| snapshot.evaluate_stage(&request, Stage::Envelope).verdict();
    assert_eq!([&image, &without, &with].map(verdict), [Verdict::Allow, Verdict::Allow, Verdict::Deny]);
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
