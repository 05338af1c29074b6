//! A decision on ASCII input allocates nothing, names of encoded-words and names that show an address included.

use sendas::{Header, Stage};
use sendas_benches::data::{Accounts, Attempt, Size, full, plain};
use sendas_benches::engine::Sendas;

#[test]
fn a_decision_on_ascii_allocates_nothing() {
    let size = Size::new(1_000);
    holds(&Sendas::new(&plain::policy(size)).unwrap(), plain::attempts(size, Accounts::Uniform, 7));
    // Words that are encoded hold what is not ASCII.
    let in_ascii = |attempt: &Attempt| {
        let block = attempt.header.block();
        block.is_ascii() && !block.contains("=?")
    };
    let full = full::attempts(size, Accounts::Uniform, 7).filter(in_ascii);
    holds(&Sendas::new(&full::policy(size)).unwrap(), full);
}

fn holds(engine: &Sendas, attempts: impl Iterator<Item = Attempt>) {
    for attempt in attempts.take(2_000) {
        let given = attempt.given();
        let count = allocation_counter::measure(|| {
            std::hint::black_box(engine.0.evaluate(&given.request()));
        });
        assert_eq!(count.count_total, 0, "{attempt:?}");
    }
}

#[test]
fn a_name_that_must_be_looked_into_allocates_nothing() {
    let size = Size::new(10);
    let engine = Sendas::new(&plain::policy(size)).unwrap();
    for name in [
        "=?UTF-8?Q?K=C3=A4se_und_Brot?=",
        "=?utf-8?B?S8Okc2UgdW5kIEJyb3Q=?=",
        "=?utf-8?q?K=C3?= =?utf-8?q?=A4se?=",
        "\"ceo@victim.example\"",
        "\"ceo@victim.example, a@b.example\" J. (ceo@other.test)",
        "\"The \\\"CEO\\\"\r\n <CEO@Victim.Example>\"",
        "=?utf-8?q?ceo=40victim.example?=",
        "=?utf-8*en?B?Y2VvQA==?= =?iso-8859-1?q?victim.example?=",
        "\"=?utf-8?q?ceo=40victim.example?=\"",
    ] {
        for attempt in plain::attempts(size, Accounts::Uniform, 7).take(100) {
            let body = format!(" {name} <a@b.example>");
            let given = attempt.given();
            let fields: [(&[u8], &[u8]); 1] = [(b"From", body.as_bytes())];
            let mut request = given.request();
            request.header = Header::Fields(&fields);
            let count = allocation_counter::measure(|| {
                std::hint::black_box(engine.0.evaluate(&request));
            });
            assert_eq!(count.count_total, 0, "{name} {attempt:?}");
        }
    }
}

#[test]
fn many_decisions_on_ascii_allocate_nothing() {
    let size = Size::with_tenants_of(10, 130_000);
    let engine = Sendas::new(&plain::policy(size)).unwrap();
    assert!(engine.0.size() > 8 << 20, "what is smaller is decided one by one");
    let attempts: Vec<_> = plain::attempts(size, Accounts::Uniform, 7).take(2_000).collect();
    let given: Vec<_> = attempts.iter().map(Attempt::given).collect();
    let count = allocation_counter::measure(|| {
        let requests = given.iter().map(|given| (given.request(), Stage::Message));
        engine.0.evaluate_many(requests, |decision| {
            std::hint::black_box(decision);
        });
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn the_counter_counts() {
    assert_ne!(allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8]))).count_total, 0);
}
