//! How long compiling takes, for all tenants and for one.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a bench stops where its data is bad; criterion's macro makes a public function"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sendas::{Options, Snapshot};
use sendas_benches::data::{Size, plain};
use sendas_benches::engine::KEY;

fn compile(criterion: &mut Criterion) {
    let options = Options::new(KEY);
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(10);
    for identities in [10, 10_000, 100_000] {
        let size = Size::new(identities);
        let policy = plain::policy(size);
        group.bench_function(BenchmarkId::new("all tenants", identities), |bencher| {
            bencher.iter(|| black_box(Snapshot::compile(black_box(&policy), &options)));
        });
        let snapshot = Snapshot::compile(&policy, &options).expect("the bench policy compiles");
        let changed = plain::tenant(size, 0);
        group.bench_function(BenchmarkId::new("one tenant replaced", identities), |bencher| {
            bencher.iter(|| black_box(snapshot.replace_tenant(black_box(&changed))));
        });
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
