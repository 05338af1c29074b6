//! Prints the bench table: sendas beside each peer, on the same data in the same run.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::error::Error;
use std::time::Instant;

use clap::Parser;
use sendas_benches::data::{Accounts, Attempt, Size, plain};
use sendas_benches::engine::{Engine, KINDS};
use sendas_benches::measure::{Times, times};
use sendas_benches::memory::held;

/// Prints the bench table.
#[derive(Parser)]
struct Arguments {
    /// Fewer requests, rounds and sizes
    #[arg(long)]
    quick: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// One line of the table.
struct Line {
    engine: &'static str,
    identities: usize,
    accounts: &'static str,
    times: Times,
    bytes_per_identity: Option<f64>,
    build_seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (count, rounds) = if arguments.quick { (20_000, 4) } else { (200_000, 8) };
    let sizes: &[usize] = if arguments.quick { &[1_000, 100_000] } else { &[10, 1_000, 10_000, 100_000, 1_000_000] };
    let mut lines = Vec::new();
    for &identities in sizes {
        measure(Size::new(identities), count, rounds, &mut lines)?;
    }
    if arguments.json {
        print_json(&lines);
    } else {
        print_table(&lines);
    }
    Ok(())
}

/// Builds every engine, holds them to agree on every request, and times them.
fn measure(size: Size, count: usize, rounds: usize, lines: &mut Vec<Line>) -> Result<(), Box<dyn Error>> {
    let policy = plain::policy(size);
    let mut engines: Vec<(_, Box<dyn Engine>, Option<f64>, f64)> = Vec::new();
    for kind in KINDS.iter().filter(|kind| size.identities() <= kind.most) {
        let started = Instant::now();
        let (built, octets) = held(|| (kind.build)(&policy));
        let engine = built?;
        let octets = octets.map(|octets| octets + engine.octets_elsewhere());
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let bytes_per_identity = octets.map(|octets| octets as f64 / size.identities() as f64);
        engines.push((kind.name, engine, bytes_per_identity, started.elapsed().as_secs_f64()));
    }
    drop(policy);
    for accounts in Accounts::ALL {
        let attempts: Vec<Attempt> = plain::attempts(size, accounts, 7).take(count).collect();
        for (name, engine, ..) in &engines {
            if let Some(attempt) = attempts.iter().find(|attempt| engine.allows(attempt) != attempt.case.allowed) {
                return Err(format!("{name} decides otherwise: {attempt:?}").into());
            }
        }
        let all: Vec<&dyn Engine> = engines.iter().map(|(_, engine, ..)| &**engine).collect();
        let times = times(&all, &attempts, rounds);
        for (&(engine, _, bytes_per_identity, build_seconds), times) in engines.iter().zip(times) {
            let (identities, accounts) = (size.identities(), accounts.name());
            lines.push(Line { engine, identities, accounts, times, bytes_per_identity, build_seconds });
        }
    }
    Ok(())
}

fn print_table(lines: &[Line]) {
    println!("identities  accounts  engine              ns      p99    p99.9  of by_hand  bytes/identity   build s");
    for line in lines {
        let same = |other: &&Line| (other.identities, other.accounts) == (line.identities, line.accounts);
        let by_hand = lines.iter().filter(same).find(|other| other.engine == "by_hand");
        println!(
            "{:>10}  {:<8}  {:<15} {:>6.0}  {:>7.0}  {:>7.0}  {:>9.2}x  {:>14.0}  {:>8.3}",
            line.identities,
            line.accounts,
            line.engine,
            line.times.median,
            line.times.p99,
            line.times.p999,
            by_hand.map_or(1.0, |by_hand| line.times.median / by_hand.times.median),
            line.bytes_per_identity.unwrap_or(f64::NAN),
            line.build_seconds,
        );
    }
}

fn print_json(lines: &[Line]) {
    let rows: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "engine": line.engine,
                "identities": line.identities,
                "accounts": line.accounts,
                "ns": line.times.median,
                "p99_ns": line.times.p99,
                "p999_ns": line.times.p999,
                "bytes_per_identity": line.bytes_per_identity,
                "build_seconds": line.build_seconds,
            })
        })
        .collect();
    println!("{}", serde_json::Value::Array(rows));
}
