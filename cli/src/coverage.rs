//! `sendas coverage`: which accounts were seen, and how many of their messages are authorised.

use std::fmt::Write as _;
use std::process::ExitCode;

use sendas::analysis::{Shares, Standing, Table, TenantCoverage};

use crate::arguments::Coverage;
use crate::evaluate::{clock, print};
use crate::failure::Failure;
use crate::{shown, state, table};

pub(crate) fn run(arguments: &Coverage) -> Result<ExitCode, Failure> {
    let directory = state::directory(&arguments.state)?;
    let observations = state::observations(&arguments.observations)?;
    let coverage = directory.coverage(&observations, arguments.now.unwrap_or_else(clock), &state::options()?)?;
    let answer = if arguments.json { coverage.to_json() + "\n" } else { show(&coverage) };
    print(answer.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn show(coverage: &sendas::analysis::Coverage) -> String {
    let mut text = String::new();
    let mut rows: Vec<_> =
        coverage.tenants.iter().flat_map(|tenant| rows(&tenant.tenant, tenant, tenant.accounts_seen())).collect();
    rows.extend(self::rows("all tenants", &coverage.total(), coverage.accounts_seen()));
    let head = [
        "tenant",
        "accounts seen",
        "messages by",
        "authorised",
        "pre-registered",
        "not authorised",
        "null",
        "no address",
        "unknown",
    ];
    table::write(&mut text, head, &rows);
    // Writing to a string cannot fail.
    for tenant in coverage.tenants.iter().filter(|tenant| !tenant.never_seen.is_empty()) {
        let names = shown::line(&tenant.never_seen.join(", "));
        let _written = writeln!(text, "never seen of {}: {names}", shown::line(&tenant.tenant));
    }
    if !coverage.unknown_accounts.is_empty() {
        let _written = writeln!(text, "seen, and no account: {}", shown::line(&coverage.unknown_accounts.join(", ")));
    }
    let _written = writeln!(text, "requests without an account: {}", coverage.unattributed);
    for (table, dropped) in Table::ALL.iter().zip(coverage.dropped) {
        if dropped > 0 {
            let _written = writeln!(text, "facts in no tally: {dropped} of the {}", table.name());
        }
    }
    text
}

fn rows(name: &str, tenant: &TenantCoverage, seen: u64) -> [[String; 9]; 2] {
    let row = |field: &str, shares: &Shares| {
        let share = |count: u64| match shares.all() {
            0 => "0".to_owned(),
            // 128 bits hold any count times 1000.
            all => {
                let thousandths = u128::from(count) * 1000 / u128::from(all);
                format!("{count} ({}.{}%)", thousandths / 10, thousandths % 10)
            }
        };
        [
            name.to_owned(),
            format!("{seen} of {}", tenant.accounts),
            field.to_owned(),
            share(shares.of(Standing::Authorised)),
            share(shares.of(Standing::Preregistered)),
            share(shares.of(Standing::Unauthorised)),
            share(shares.null),
            share(shares.unreadable),
            share(shares.unknown),
        ]
    };
    [row("envelope sender", &tenant.envelope_sender), row("From", &tenant.from)]
}
