//! How long a full decision takes from raw bytes, by what grants or denies it.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a bench stops where its data is bad; criterion's macro makes a public function"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sendas::policy::Mode;
use sendas_benches::data::{Accounts, Attempt, Size, plain};
use sendas_benches::engine::{ByHand, Engine, Sendas};

const SIZES: [usize; 3] = [10, 10_000, 1_000_000];

fn decide(criterion: &mut Criterion) {
    for identities in SIZES {
        let size = Size::new(identities);
        let mut policy = plain::policy(size);
        let enforced = Sendas::new(&policy).expect("the bench policy compiles");
        let by_hand = ByHand::new(&policy);
        policy.provider.hosted = Mode::Monitor;
        for tenant in &mut policy.tenants {
            (tenant.controls.sender, tenant.controls.header) = (Mode::Monitor, Mode::Monitor);
        }
        let monitored = Sendas::new(&policy).expect("the bench policy compiles");
        drop(policy);
        let attempts: Vec<_> = plain::attempts(size, Accounts::Zipf, 7).take(20_000).collect();
        let engines: [(&str, &dyn Engine); 3] =
            [("sendas", &enforced), ("sendas, monitored", &monitored), ("by hand", &by_hand)];
        for (case, _) in plain::CASES {
            let mut group = criterion.benchmark_group(format!("decide/{identities}/{}", case.name));
            let some: Vec<_> = attempts.iter().filter(|attempt| attempt.case == case).map(Attempt::given).collect();
            let mut turn = 0;
            let mut next = || {
                turn = (turn + 1) % some.len();
                &some[turn]
            };
            for (name, engine) in engines {
                group.bench_function(name, |bencher| bencher.iter(|| engine.allows(black_box(next()))));
            }
            group.finish();
        }
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
