//! Every engine decides every request of a workload alike, and as it is meant.

use std::collections::BTreeMap;

use sendas::Stage;
use sendas_benches::data::{Accounts, Attempt, Given, Size, plain};
use sendas_benches::engine::{KINDS, Sendas};
use sendas_benches::staged;

#[test]
fn engines_agree_on_the_plain_workload() {
    for size in [Size::new(10), Size::new(1_000), Size::with_tenants_of(10, 1_000), Size::with_tenants_of(1_000, 5_000)]
    {
        let policy = plain::policy(size);
        for kind in KINDS {
            let engine = (kind.build)(&policy).unwrap();
            for attempt in plain::attempts(size, Accounts::Zipf, 7).take(3_000) {
                assert_eq!(
                    engine.allows(&attempt.given()),
                    attempt.case.allowed,
                    "{} of {size:?}: {attempt:?}",
                    kind.name
                );
            }
        }
    }
}

#[test]
fn plain_denials_have_their_own_reasons() {
    let size = Size::new(1_000);
    let engine = Sendas::new(&plain::policy(size)).unwrap();
    let mut reasons = BTreeMap::new();
    for attempt in plain::attempts(size, Accounts::Uniform, 7).take(5_000).filter(|attempt| !attempt.case.allowed) {
        let reason = engine.0.evaluate(&attempt.given().request()).reasons()[0].reason.slug();
        assert_eq!(*reasons.entry(attempt.case.name).or_insert(reason), reason, "{attempt:?}");
    }
    let expected = [
        ("account not listed", "account_not_listed"),
        ("address not owned", "address_not_owned"),
        ("address of another tenant", "address_not_owned"),
        ("client not in allowlist", "client_ip_not_allowed"),
        ("credential kind refused", "credential_kind_refused"),
        ("domain not approved", "domain_not_approved"),
        ("domain pending", "domain_pending"),
        ("forged From", "address_not_owned"),
        ("identity pending", "identity_pending"),
        ("suspended account", "account_suspended"),
        ("unknown account", "unknown_account"),
    ];
    assert_eq!(reasons, BTreeMap::from(expected));
}

#[test]
fn every_message_of_a_connection_is_allowed_in_one_call_and_by_stages() {
    for size in [Size::new(10), Size::new(1_000)] {
        let library = Sendas::new(&plain::policy(size)).unwrap();
        for messages in plain::connections(size, Accounts::Zipf, 7).take(200) {
            let given = messages.each_ref().map(Attempt::given);
            assert_eq!(staged::whole(&library.0, &given), 10, "{messages:?}");
            assert_eq!(staged::staged(&library.0, &given), 10, "{messages:?}");
        }
    }
}

/// In a small snapshot and in one whose memory is asked for.
#[test]
fn many_requests_in_one_call_are_decided_as_one_by_one() {
    for (size, is_far) in [(Size::new(1_000), false), (Size::with_tenants_of(10, 130_000), true)] {
        let library = Sendas::new(&plain::policy(size)).unwrap();
        assert_eq!(library.0.size() > 8 << 20, is_far);
        let attempts: Vec<_> = plain::attempts(size, Accounts::Uniform, 7).take(2_001).collect();
        let given: Vec<_> = attempts.iter().map(Attempt::given).collect();
        let staged: Vec<_> = given.iter().map(Given::request).zip(Stage::ALL.into_iter().cycle()).collect();
        let mut many = Vec::new();
        library.0.evaluate_many(staged.iter().copied(), |decision| many.push(*decision));
        let single: Vec<_> = staged.iter().map(|(request, stage)| library.0.evaluate_stage(request, *stage)).collect();
        assert!(many == single);
    }
}

#[test]
fn seven_of_ten_requests_are_allowed() {
    for accounts in Accounts::ALL {
        let attempts = plain::attempts(Size::new(1_000), accounts, 7).take(10_000);
        let allowed = attempts.filter(|attempt| attempt.case.allowed).count();
        assert!((6_800..7_200).contains(&allowed), "{allowed} of 10000 allowed");
    }
}

#[test]
fn the_same_seed_gives_the_same_requests() {
    let lines = |seed| -> Vec<_> {
        plain::attempts(Size::new(1_000), Accounts::Zipf, seed)
            .take(100)
            .map(|attempt: Attempt| attempt.to_json())
            .collect()
    };
    assert_eq!(lines(3), lines(3));
    assert_ne!(lines(3), lines(4));
}
