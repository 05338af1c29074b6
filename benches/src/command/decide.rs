//! Decides requests in one function of its own, for profilers: callgrind, perf and the like.

use std::error::Error;
use std::hint::black_box;

use clap::Args;
use sendas_benches::data::{Accounts, Attempt, Given, Size};
use sendas_benches::engine::{Engine, Kind};
use sendas_benches::workload::Workload;

/// Builds an engine, decides all requests once, and then again in the function `measured`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The rules that are asked
    #[arg(long, value_enum, default_value = "plain")]
    workload: Workload,
    /// The engine
    #[arg(long, default_value = "sendas", value_parser = Kind::named)]
    engine: &'static Kind,
    /// Identities of the policy
    #[arg(long, default_value_t = 1_000)]
    identities: usize,
    /// Identities of a tenant
    #[arg(long, default_value_t = Size::PER_TENANT)]
    per_tenant: usize,
    /// Requests to decide
    #[arg(long, default_value_t = 2_000)]
    requests: usize,
    /// How often to decide them
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Only requests that are allowed, or only those of the case with this name
    #[arg(long)]
    only: Option<String>,
    /// Every tenant equally often instead of by Zipf's law
    #[arg(long)]
    uniform: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let size = Size::with_tenants_of(arguments.per_tenant, arguments.identities);
    let accounts = if arguments.uniform { Accounts::Uniform } else { Accounts::Zipf };
    let wanted = |attempt: &Attempt| match arguments.only.as_deref() {
        None => true,
        Some("allowed") => attempt.case.allowed,
        Some(name) => attempt.case.name == name,
    };
    let attempts: Vec<_> =
        arguments.workload.attempts(size, accounts, 7).filter(wanted).take(arguments.requests).collect();
    let kind = arguments.workload.kind(arguments.engine)?;
    let engine = (kind.build)(&arguments.workload.policy(size))?;
    let attempts: Vec<_> = attempts.iter().map(Attempt::given).collect();
    let allowed = attempts.iter().filter(|attempt| engine.allows(attempt)).count();
    for _ in 0..arguments.rounds {
        black_box(measured(&*engine, &attempts));
    }
    println!("{} decisions, {allowed} of {} allowed", attempts.len() * arguments.rounds, attempts.len());
    Ok(())
}

/// What a profiler shall look at.
#[inline(never)]
fn measured(engine: &dyn Engine, attempts: &[Given<'_>]) -> usize {
    attempts.iter().filter(|attempt| engine.allows(black_box(attempt))).count()
}
