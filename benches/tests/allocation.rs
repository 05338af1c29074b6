//! A decision on ASCII input allocates nothing.

use sendas_benches::data::{Accounts, Size, plain};
use sendas_benches::engine::Sendas;

#[test]
fn a_decision_on_ascii_allocates_nothing() {
    let size = Size::new(1_000);
    let engine = Sendas::new(&plain::policy(size)).unwrap();
    for attempt in plain::attempts(size, Accounts::Uniform, 7).take(2_000) {
        let count = attempt.with_request(|request| {
            allocation_counter::measure(|| {
                std::hint::black_box(engine.0.evaluate(request));
            })
        });
        assert_eq!(count.count_total, 0, "{attempt:?}");
    }
}

#[test]
fn the_counter_counts() {
    assert_ne!(allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8]))).count_total, 0);
}
