//! Times how long a snapshot takes to build.

use std::error::Error;
use std::fs;
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
    println!(
        "{:<12} {:>7} {:>8} {:>10} {:>14} {:>20}",
        "", "threads", "s", "s of cores", "million ids/s", "million ids/s/core"
    );
    let shown = |name: &str, threads: usize, taken: Taken| {
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let millions = size.identities() as f64 / 1e6;
        let (cores, rate) = taken.of_cores.map_or(("-".to_owned(), "-".to_owned()), |seconds| {
            (format!("{seconds:.2}"), format!("{:.2}", millions / seconds))
        });
        let (seconds, a_second) = (taken.seconds, millions / taken.seconds);
        println!("{name:<12} {threads:>7} {seconds:>8.3} {cores:>10} {a_second:>14.2} {rate:>20}");
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

/// How long something took.
struct Taken {
    seconds: f64,
    /// The time that processors spent on it, all threads together, which other work on the machine changes little; to hundredths.
    of_cores: Option<f64>,
}

/// The shortest of several times; what was built is thrown away outside of them.
fn fastest<T, E>(rounds: usize, mut build: impl FnMut() -> Result<T, E>) -> Result<Taken, E> {
    let mut least = Taken { seconds: f64::INFINITY, of_cores: None };
    for _ in 0..rounds {
        let (started, before) = (Instant::now(), of_cores());
        let built = black_box(build()?);
        let (seconds, after) = (started.elapsed().as_secs_f64(), of_cores());
        drop(built);
        least.seconds = least.seconds.min(seconds);
        if let (Some(before), Some(after)) = (before, after) {
            least.of_cores = Some(least.of_cores.map_or(after - before, |least: f64| least.min(after - before)));
        }
    }
    Ok(least)
}

/// The seconds that processors have spent on this program, where Linux says so.
fn of_cores() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name in brackets, numbers 12 and 13 are hundredths of seconds in the program and in the kernel (proc(5)).
    let (_, behind) = stat.rsplit_once(')')?;
    let hundredths: Vec<u32> =
        behind.split_whitespace().skip(11).take(2).filter_map(|part| part.parse().ok()).collect();
    match hundredths[..] {
        [program, kernel] => Some(f64::from(program + kernel) / 100.0),
        _ => None,
    }
}

/// So many octets of a text are handed over at once.
const PIECE: usize = 256 * 1024;
