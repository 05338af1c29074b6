//! A decision on ASCII input allocates nothing.

use sendas::{HashKey, Options, Snapshot, Verdict};
use sendas_benches::by_hand::EngineByHand;
use sendas_benches::data::{attempts, policy};

#[test]
fn a_decision_on_ascii_allocates_nothing() {
    let snapshot = Snapshot::compile(&policy(1_000), &Options::new(HashKey([3; 16]))).unwrap();
    for attempt in attempts(1_000, 2_000, false) {
        let count = attempt.with_request(|request| {
            allocation_counter::measure(|| {
                std::hint::black_box(snapshot.evaluate(request));
            })
        });
        assert_eq!(count.count_total, 0, "{attempt:?}");
    }
}

#[test]
fn the_counter_counts() {
    assert_ne!(allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8]))).count_total, 0);
}

#[test]
fn both_engines_agree_and_both_verdicts_occur() {
    let policy = policy(1_000);
    let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([3; 16]))).unwrap();
    let by_hand = EngineByHand::new(&policy);
    let mut allowed = 0;
    for attempt in attempts(1_000, 2_000, true) {
        let verdict = attempt.with_request(|request| snapshot.evaluate(request).verdict());
        assert_eq!(verdict == Verdict::Allow, by_hand.allows(&attempt), "{attempt:?}");
        allowed += usize::from(verdict == Verdict::Allow);
    }
    assert!((1_200..1_600).contains(&allowed), "{allowed} of 2000 allowed");
}
