//! How long a full decision takes from raw bytes, by what grants or denies it.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a bench stops where its data is bad; criterion's macro makes a public function"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sendas::policy::{Mode, Policy};
use sendas::{HashKey, Options, Snapshot};
use sendas_benches::by_hand::EngineByHand;
use sendas_benches::data::{Attempt, Case, attempts, policy};

const SIZES: [usize; 3] = [10, 10_000, 1_000_000];

fn decide(criterion: &mut Criterion) {
    for identities in SIZES {
        let policy = policy(identities);
        let monitored = monitored(&policy);
        let (snapshot, monitored) = (compile(&policy), compile(&monitored));
        let by_hand = EngineByHand::new(&policy);
        drop(policy);
        let all = attempts(identities, 20_000, true);
        let mut group = criterion.benchmark_group("decide");
        let kinds = [
            ("own address", Case::Own),
            ("identity", Case::Identity),
            ("domain", Case::Domain),
            ("denied", Case::Foreign),
            ("forged from", Case::ForgedFrom),
        ];
        for (name, case) in kinds {
            let some: Vec<&Attempt> = all.iter().filter(|attempt| attempt.case == case).collect();
            let mut turn = 0;
            let mut next = || {
                turn = (turn + 1) % some.len();
                some[turn]
            };
            group.bench_function(BenchmarkId::new(name, identities), |bencher| {
                bencher.iter(|| next().with_request(|request| black_box(snapshot.evaluate(request))));
            });
            group.bench_function(BenchmarkId::new(format!("{name}, monitored"), identities), |bencher| {
                bencher.iter(|| next().with_request(|request| black_box(monitored.evaluate(request))));
            });
            group.bench_function(BenchmarkId::new(format!("{name}, by hand"), identities), |bencher| {
                bencher.iter(|| black_box(by_hand.allows(next())));
            });
        }
        group.finish();
    }
}

fn compile(policy: &Policy) -> Snapshot {
    Snapshot::compile(policy, &Options::new(HashKey(*b"a key for a test"))).expect("the bench policy compiles")
}

fn monitored(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    policy.provider.hosted = Mode::Monitor;
    for tenant in &mut policy.tenants {
        tenant.controls.sender = Mode::Monitor;
        tenant.controls.header = Mode::Monitor;
    }
    policy
}

criterion_group!(benches, decide);
criterion_main!(benches);
