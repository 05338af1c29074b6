//! Writes a policy, or requests, as JSON Lines.

use std::error::Error;
use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use sendas_benches::data::{Accounts, Size};
use sendas_benches::workload::Workload;

/// Writes a policy or requests as JSON Lines: always the same for the same options.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to write
    #[arg(value_enum)]
    what: What,
    /// The rules that are asked
    #[arg(long, value_enum, default_value = "plain")]
    workload: Workload,
    /// Identities of the policy
    #[arg(long, default_value_t = 1_000)]
    identities: usize,
    /// Identities of a tenant
    #[arg(long, default_value_t = Size::PER_TENANT)]
    per_tenant: usize,
    /// Requests
    #[arg(long, default_value_t = 1_000)]
    requests: usize,
    /// The seed of the requests
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Every tenant equally often instead of by Zipf's law
    #[arg(long)]
    uniform: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// The policy
    Policy,
    /// Requests, in the form of recorded ones
    Requests,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let size = Size::with_tenants_of(arguments.per_tenant, arguments.identities);
    let mut output = BufWriter::new(io::stdout().lock());
    match arguments.what {
        What::Policy => {
            output.write_all(arguments.workload.provider().to_json_lines().as_bytes())?;
            write_tenants(arguments.workload, size, &mut output)?;
        }
        What::Requests => {
            let accounts = if arguments.uniform { Accounts::Uniform } else { Accounts::Zipf };
            for attempt in arguments.workload.attempts(size, accounts, arguments.seed).take(arguments.requests) {
                writeln!(output, "{}", attempt.to_json())?;
            }
        }
    }
    output.flush()?;
    Ok(())
}

/// Writes the tenants of a policy, a line each.
pub(super) fn write_tenants(workload: Workload, size: Size, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut one = workload.provider();
    for tenant in workload.tenants(size) {
        one.tenants = vec![tenant];
        let text = one.to_json_lines();
        let (_, line) = text.split_once('\n').ok_or("a policy without its first line")?;
        output.write_all(line.as_bytes())?;
    }
    Ok(())
}
