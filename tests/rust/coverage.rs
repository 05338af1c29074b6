//! Whether the generator reaches everything that the property tests speak of.

use std::collections::BTreeMap;

use proptest::prelude::RngCore;
use proptest::test_runner::{RngAlgorithm, TestRng};
use sendas::{Basis, Reason, Stage, Verdict};
use sendas_tests::{generate, oracle};

const CASES: usize = 6000;
const OCTETS: usize = 1200;

#[test]
fn every_reason_and_every_basis_is_met() {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut allowed = 0;
    for _ in 0..CASES {
        let mut octets = vec![0; OCTETS];
        random.fill_bytes(&mut octets);
        let case = generate::case(&octets);
        let answer = oracle::decide(&case.policy, &case.options.limits, &case.request, Stage::Message);
        for found in &answer.findings {
            *seen.entry(found.reason.slug()).or_default() += 1;
        }
        for granted in &answer.grants {
            *seen.entry(granted.basis.name()).or_default() += 1;
        }
        allowed += usize::from(answer.verdict == Verdict::Allow);
    }
    println!("{allowed} of {CASES} allowed");
    for (name, count) in &seen {
        println!("{count:6} {name}");
    }
    for reason in Reason::ALL {
        let by_the_host = matches!(reason, Reason::SnapshotUnavailable | Reason::SnapshotDamaged);
        assert!(by_the_host || seen.contains_key(reason.slug()), "{} is never met", reason.slug());
    }
    for basis in Basis::ALL {
        assert!(seen.contains_key(basis.name()), "{} is never met", basis.name());
    }
    assert!(allowed * 8 > CASES, "only {allowed} of {CASES} cases are allowed");
}
