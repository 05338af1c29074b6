//! Times how long a snapshot takes to build.

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Instant;

use clap::Args;
use sendas::{CompileError, Options, Snapshot, SnapshotLines};
use sendas_benches::data::Size;
use sendas_benches::engine::KEY;
use sendas_benches::workload::Workload;

use super::generate::write_tenants;

/// Builds snapshots from typed records and from JSON Lines, and prints identities a second.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The rules that the policy uses
    #[arg(long, value_enum, default_value = "plain")]
    workload: Workload,
    /// Identities of the policy
    #[arg(long, default_value_t = 1_000_000)]
    identities: usize,
    /// Identities of a tenant
    #[arg(long, default_value_t = Size::PER_TENANT)]
    per_tenant: usize,
    /// How often to build it; the fastest time counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let &Arguments { workload, rounds, .. } = arguments;
    let size = Size::with_tenants_of(arguments.per_tenant, arguments.identities);
    let options = Options::new(KEY);
    let cores = thread::available_parallelism()?;
    let policy = workload.policy(size);
    let expected = Snapshot::compile(&policy, &options)?;
    println!("{} identities, {} octets, {cores} cores", size.identities(), expected.size());
    let shown = |name: &str, threads: usize, seconds: f64| {
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let millions = size.identities() as f64 / seconds / 1e6;
        println!("{name:<24} {threads:>2} thread(s) {seconds:>8.3} s {millions:>8.2} million identities a second");
    };
    shown("check", 1, fastest(rounds, || Ok::<_, CompileError>(black_box(&policy).check()))?);
    shown("records", 1, fastest(rounds, || Snapshot::compile(black_box(&policy), &options))?);
    shown("records", cores.get(), fastest(rounds, || Snapshot::compile_on(cores, black_box(&policy), &options))?);
    drop(policy);
    let mut text = workload.provider().to_json_lines().into_bytes();
    write_tenants(workload, size, &mut text)?;
    let pieces = || black_box(&text).chunks(PIECE);
    shown("JSON Lines", 1, fastest(rounds, || SnapshotLines::compile_on(NonZeroUsize::MIN, pieces(), &options))?);
    shown("JSON Lines", cores.get(), fastest(rounds, || SnapshotLines::compile_on(cores, pieces(), &options))?);
    if SnapshotLines::compile_on(cores, pieces(), &options)?.id() != expected.id() {
        return Err("the snapshot of the text is another one".into());
    }
    Ok(())
}

/// The shortest of several times, in seconds; what was built is thrown away outside of them.
fn fastest<T, E>(rounds: usize, mut build: impl FnMut() -> Result<T, E>) -> Result<f64, E> {
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let started = Instant::now();
        let built = black_box(build()?);
        least = least.min(started.elapsed().as_secs_f64());
        drop(built);
    }
    Ok(least)
}

/// So many octets of a text are handed over at once.
const PIECE: usize = 256 * 1024;
