//! How long one command takes in a large directory, and how long a log takes to fold.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a bench stops where its data is bad; criterion's macro makes a public function"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sendas::admin::{Actor, Command, Directory, Order, Outcome};
use sendas::{Address, Timestamp};
use sendas_benches::log::log;

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    group.sample_size(10);
    for (tenants, accounts) in [(10, 10), (1_000, 100), (1, 10_000)] {
        let directory = Directory::from_log(log(tenants, accounts)).expect("the bench log folds");
        let provider = Actor::Provider { name: "bench".into() };
        let address = Address::parse("new@mail.example").expect("an address");
        let command = Command::SetAddress { account: "0-0".into(), address: Some(address) };
        let order = Order::new("one", Timestamp(1_796_083_200));
        let id = BenchmarkId::new("one command", format!("{tenants} tenants of {accounts} accounts"));
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                let outcome = directory.decide(&provider, black_box(&command), &order);
                assert!(matches!(outcome, Ok(Outcome::Changed { .. })), "{outcome:?}");
            });
        });
    }
    group.finish();
}

fn fold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    for (tenants, accounts) in [(500, 100), (1_000, 100), (1, 50_000), (1, 100_000)] {
        let log = log(tenants, accounts);
        let records = log.lines().count();
        let id = BenchmarkId::new("a log", format!("{records} records of {tenants} tenants"));
        group.bench_function(id, |bencher| {
            bencher.iter(|| black_box(Directory::from_log(black_box(&log))).expect("the bench log folds"));
        });
    }
    group.finish();
}

criterion_group!(benches, decide, fold);
criterion_main!(benches);
