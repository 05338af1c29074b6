//! What an explanation names as nearly right, and what it costs.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::policy::Tenant;
use sendas::{
    Address, Channel, EnvelopeSender, HashKey, NearMiss, Options, Place, Policy, Request, Snapshot, Stage, Subject,
    Timestamp, View,
};
use sendas_tests::generate::{self, Case, numbered};

const POLICY: &str = r#"
schema = 1
[[tenant]]
id = "acme"
[[tenant.domain]]
name = "acme.example"
status = "verified"
[[tenant.account]]
id = "alice"
address = "alice@acme.example"
[[tenant.account]]
id = "bob"
[[tenant.identity]]
address = "sales@home.example"
consent = "given"
[[tenant.identity]]
address = "sale@home.example"
consent = "pending"
"#;

/// What is nearly right for a sender of Alice's, as a sentence.
fn near(policy: &str, account: &str, sender: &str) -> Option<String> {
    let policy = Policy::from_toml(policy).expect("the policy is one");
    let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).expect("the policy compiles");
    let sender = sender.as_bytes();
    let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    request.account = Some(account.as_bytes());
    request.envelope_sender = EnvelopeSender::Path(sender);
    let mut misses = snapshot.explain_stage(&request, Stage::Envelope, View::Tenant).near_misses.into_iter();
    let NearMiss { place, text, .. } = misses.next()?;
    assert_eq!(misses.next(), None);
    assert_eq!((place.subject, place.octets(&request)), (Subject::EnvelopeSender, Some(sender)));
    Some(text)
}

#[test]
fn the_most_alike_address_that_may_be_used_is_named() {
    for (sender, expected) in [
        ("alice+x@acme.example", "differs only in the sub-address from `alice@acme.example`"),
        ("alice@acme.test", "differs only in the domain from `alice@acme.example`"),
        ("alcie@acme.example", "is spelled nearly as `alice@acme.example`"),
        ("zoe@acme.example", "is not authorised; the nearest authorised address is `alice@acme.example`"),
        ("sales+x@home.example", "differs only in the sub-address from `sales@home.example`"),
        // The identity that was asked for is pending: it is not named, the next one is.
        ("sale@home.example", "is spelled nearly as `sales@home.example`"),
        ("zoe@other.example", "is not authorised; an authorised address is `alice@acme.example`"),
    ] {
        let expected = format!("`{sender}` {expected}, which this account may use");
        assert_eq!(near(POLICY, "alice", sender), Some(expected));
    }
}

#[test]
fn few_of_many_own_addresses_that_are_one_are_named() {
    let mut policy =
        POLICY.replace("status = \"verified\"", "status = \"verified\"\nseparator = \"+\"\nsenders = \"any\"");
    policy += "[[tenant]]\nid = \"many\"\n[[tenant.domain]]\nname = \"acme.example\"\nstatus = \"verified\"\n";
    let mut policy = Policy::from_toml(policy).expect("the policy is one");
    let many = policy.tenants.last_mut().expect("it was added");
    many.accounts.extend((0..1_000).map(|number| numbered("many", ("joe", "acme.example"), number)));
    let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).expect("the policy compiles");
    let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    request.account = Some(b"bob");
    request.envelope_sender = EnvelopeSender::Path(b"joe@acme.example");
    let explained = snapshot.explain_stage(&request, Stage::Envelope, View::Provider);
    let named = explained.steps.iter().filter(|step| step.text.contains("own address of account `many-")).count();
    assert!((64..80).contains(&named), "{named}");
}

#[test]
fn few_of_many_holders_of_a_domain_are_named() {
    let mut policy = Policy::from_toml(POLICY).expect("the policy is one");
    let entry = policy.tenants[0].domains[0].clone();
    for number in 0..1_000 {
        let mut tenant = Tenant::new(format!("many-{number}"));
        tenant.domains.push(entry.clone());
        tenant.domains[0].subdomains = true;
        policy.tenants.push(tenant);
    }
    let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).expect("the policy compiles");
    let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    request.account = Some(b"bob");
    for sender in [&b"joe@acme.example"[..], b"joe@sub.acme.example"] {
        request.envelope_sender = EnvelopeSender::Path(sender);
        let explained = snapshot.explain_stage(&request, Stage::Envelope, View::Provider);
        let text = "another tenant holds domain `acme.example`";
        let named = explained.steps.iter().filter(|step| step.text == text).count();
        assert!((64..80).contains(&named), "{named}");
    }
}

proptest! {
    // In small tables a look-up sometimes comes by an entry again.
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn who_holds_an_address_is_named_once(octets in vec(any::<u8>(), 400..1600), key: [u8; 16]) {
        for mut case in [generate::case(&octets), generate::crowded(&octets)] {
            case.options.hash_key = HashKey(key);
            nobody_is_named_again(&case)?;
        }
    }
}

fn nobody_is_named_again(Case { policy, options, .. }: &Case) -> Result<(), TestCaseError> {
    let snapshot = Snapshot::compile(policy, options).expect("the policy compiles");
    let accounts = || policy.tenants.iter().flat_map(|tenant| &tenant.accounts);
    let addresses: BTreeSet<_> = accounts().filter_map(|account| account.address.as_ref()).map(written).collect();
    for (account, address) in accounts().take(8).flat_map(|account| addresses.iter().map(move |at| (account, at))) {
        let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
        request.account = Some(account.id.as_bytes());
        request.smtputf8 = true;
        request.envelope_sender = EnvelopeSender::Unquoted(address.as_bytes());
        let explained = snapshot.explain_stage(&request, Stage::Envelope, View::Provider);
        let mut named = BTreeMap::new();
        for step in explained.steps.iter().filter(|step| step.place.is_some()) {
            *named.entry(step.text.as_str()).or_insert(0) += 1;
        }
        for (text, times) in named {
            // Of tenants only what they hold is named, which several may.
            let name = text.split('`').nth(1).unwrap_or_default();
            let holds = |tenant: &&Tenant| {
                tenant.domains.iter().any(|entry| entry.name.as_str() == name)
                    || tenant.identities.iter().any(|entry| written(&entry.address) == name)
            };
            let most = policy.tenants.iter().filter(holds).count().max(1);
            prop_assert!(times <= most, "{} times: {}\n{}, {}\n{:#?}", times, text, account.id, address, policy);
        }
    }
    Ok(())
}

/// The address by value.
fn written(address: &Address) -> String {
    format!("{}@{}", address.local(), address.domain())
}

#[test]
fn an_account_without_addresses_has_no_near_miss() {
    let policy = POLICY.replace("consent = \"given\"", "consent = \"pending\"");
    assert_eq!(near(&policy, "bob", "alice@acme.example"), None);
}

#[test]
fn the_own_address_is_named_beside_many_pending_identities() {
    let mut policy = POLICY.to_owned();
    for number in 0..20 {
        let _ = write!(policy, "[[tenant.identity]]\naddress = \"zo{number}@acme.example\"\n");
    }
    let miss = near(&policy, "alice", "zoe@acme.example").expect("there is one");
    assert!(miss.contains("`alice@acme.example`"), "{miss}");
}

#[test]
fn no_more_than_the_first_10_000_identities_are_compared() {
    let mut policy = POLICY.to_owned();
    policy.push_str("[[tenant.identity]]\naddress = \"zoe@zz.example\"\nconsent = \"given\"\n");
    let differs =
        Some("`zoe+x@zz.example` differs only in the sub-address from `zoe@zz.example`, which this account may use");
    assert_eq!(near(&policy, "alice", "zoe+x@zz.example").as_deref(), differs);
    for number in 0..10_000 {
        let _ = write!(policy, "[[tenant.identity]]\naddress = \"a{number}@big.example\"\nconsent = \"given\"\n");
    }
    let miss = near(&policy, "alice", "zoe+x@zz.example").expect("there is one");
    assert!(!miss.contains("`zoe@zz.example`"), "{miss}");
}

#[test]
fn a_place_of_no_octets_has_none() {
    let request = Request::new(Channel::Smtp, Timestamp(0));
    for subject in Subject::ALL {
        assert_eq!(Place::of(subject).octets(&request), None);
    }
}
