//! Times how long a snapshot takes to build.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use clap::Args;
use sendas::{Options, Snapshot};
use sendas_benches::data::Size;
use sendas_benches::engine::KEY;
use sendas_benches::workload::Workload;

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
    let size = Size::with_tenants_of(arguments.per_tenant, arguments.identities);
    let policy = arguments.workload.policy(size);
    let options = Options::new(KEY);
    let octets = Snapshot::compile(&policy, &options)?.size();
    println!("{} identities, {octets} octets", size.identities());
    let shown = |name: &str, seconds: f64| {
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let identities = size.identities() as f64;
        println!("{name:<12} {seconds:>8.3} s {:>8.2} million identities a second", identities / seconds / 1e6);
    };
    shown("check", fastest(arguments.rounds, || black_box(policy.check()).len()));
    shown(
        "compile",
        fastest(arguments.rounds, || Snapshot::compile(black_box(&policy), &options).map_or(0, |one| one.size())),
    );
    Ok(())
}

/// The shortest of several times, in seconds.
fn fastest(rounds: usize, mut build: impl FnMut() -> usize) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let started = Instant::now();
        black_box(build());
        least = least.min(started.elapsed().as_secs_f64());
    }
    least
}
