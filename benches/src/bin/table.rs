//! Prints the bench table: sendas beside the hand-written engine, on the same data in the same run.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sendas::{HashKey, Options, Snapshot, Verdict};
use sendas_benches::by_hand::EngineByHand;
use sendas_benches::data::{Attempt, attempts, policy};

/// Prints the bench table.
#[derive(Parser)]
struct Arguments {
    /// Fewer requests and rounds
    #[arg(long)]
    quick: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Given by `cargo bench`, and of no effect here
    #[arg(long, hide = true)]
    bench: bool,
}

/// One line of the table.
struct Line {
    identities: usize,
    accounts: &'static str,
    sendas: Times,
    by_hand: Times,
    bytes_per_identity: f64,
    compile_seconds: f64,
}

/// Nanoseconds a decision: the median and the 99th percentile over batches.
#[derive(Clone, Copy)]
struct Times {
    median: f64,
    p99: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (count, rounds) = if arguments.quick { (50_000, 3) } else { (200_000, 9) };
    let mut lines = Vec::new();
    for identities in [10, 1_000, 10_000, 100_000, 1_000_000] {
        let policy = policy(identities);
        let started = Instant::now();
        let Ok(snapshot) = Snapshot::compile(&policy, &Options::new(HashKey(*b"a key for a test"))) else {
            println!("the bench policy does not compile");
            return ExitCode::FAILURE;
        };
        let compile_seconds = started.elapsed().as_secs_f64();
        let by_hand = EngineByHand::new(&policy);
        let held: usize = policy.tenants.iter().map(|tenant| tenant.identities.len() + tenant.accounts.len() * 5).sum();
        drop(policy);
        for (accounts, zipf) in [("zipf", true), ("even", false)] {
            let attempts = attempts(identities, count, zipf);
            if let Some(attempt) = attempts.iter().find(|attempt| allows(&snapshot, attempt) != by_hand.allows(attempt))
            {
                println!("the engines disagree on {attempt:?}");
                return ExitCode::FAILURE;
            }
            let (sendas, by_hand) =
                measure(rounds, &attempts, |attempt| allows(&snapshot, attempt), |attempt| by_hand.allows(attempt));
            #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
            let bytes_per_identity = snapshot.size() as f64 / held as f64;
            lines.push(Line { identities: held, accounts, sendas, by_hand, bytes_per_identity, compile_seconds });
        }
    }
    if arguments.json {
        print_json(&lines);
    } else {
        print_table(&lines);
    }
    ExitCode::SUCCESS
}

fn allows(snapshot: &Snapshot, attempt: &Attempt) -> bool {
    attempt.with_request(|request| snapshot.evaluate(request).verdict() == Verdict::Allow)
}

/// Times both engines in turn, batch by batch, so that a slow moment of the machine hits both.
fn measure(
    rounds: usize,
    attempts: &[Attempt],
    mut a: impl FnMut(&Attempt) -> bool,
    mut b: impl FnMut(&Attempt) -> bool,
) -> (Times, Times) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for batch in attempts.chunks(500) {
            first.push(time(batch, &mut a));
            second.push(time(batch, &mut b));
        }
    }
    (times(first), times(second))
}

#[expect(clippy::cast_precision_loss, reason = "batches are small")]
fn time(batch: &[Attempt], engine: &mut impl FnMut(&Attempt) -> bool) -> f64 {
    let started = Instant::now();
    for attempt in batch {
        black_box(engine(black_box(attempt)));
    }
    started.elapsed().as_nanos() as f64 / batch.len() as f64
}

fn times(mut samples: Vec<f64>) -> Times {
    samples.sort_by(f64::total_cmp);
    let at = |part: usize| samples.get((samples.len() * part / 100).min(samples.len().saturating_sub(1)));
    Times { median: at(50).copied().unwrap_or(0.0), p99: at(99).copied().unwrap_or(0.0) }
}

fn print_table(lines: &[Line]) {
    println!("identities  accounts  sendas ns (p99)    by hand ns (p99)   ratio  bytes/identity  compile s");
    for line in lines {
        println!(
            "{:>10}  {:<8}  {:>7.0} ({:>7.0})  {:>8.0} ({:>7.0})  {:>5.2}  {:>14.0}  {:>9.3}",
            line.identities,
            line.accounts,
            line.sendas.median,
            line.sendas.p99,
            line.by_hand.median,
            line.by_hand.p99,
            line.sendas.median / line.by_hand.median,
            line.bytes_per_identity,
            line.compile_seconds,
        );
    }
}

fn print_json(lines: &[Line]) {
    let rows: Vec<serde_json::Value> = lines
        .iter()
        .flat_map(|line| {
            [("sendas", line.sendas), ("by_hand", line.by_hand)].map(|(engine, times)| {
                serde_json::json!({
                    "engine": engine,
                    "identities": line.identities,
                    "accounts": line.accounts,
                    "ns": times.median,
                    "p99_ns": times.p99,
                    "bytes_per_identity": (engine == "sendas").then_some(line.bytes_per_identity),
                    "compile_seconds": (engine == "sendas").then_some(line.compile_seconds),
                })
            })
        })
        .collect();
    println!("{}", serde_json::Value::Array(rows));
}
