//! `sendas check`: everything that is wrong with a policy.

use std::process::ExitCode;

use sendas::{Policy, PolicyError, Snapshot};
use serde_json::{Value, json};

use crate::arguments::Check;
use crate::evaluate::print;
use crate::failure::{BAD_INPUT, Failure};
use crate::policy::PolicyText;
use crate::{render, sealed};

pub(crate) fn run(arguments: &Check) -> Result<ExitCode, Failure> {
    if let Some(snapshot) = sealed::open(&arguments.file)? {
        return sound(arguments, &snapshot);
    }
    let text = PolicyText::open(&arguments.file)?;
    let read = text.read();
    print(&match &read {
        _ if arguments.json => format!("{}\n", report(&read)).into_bytes(),
        Ok(policy) => format!("{}: no problems found in {}\n", arguments.file.display(), size(policy)).into_bytes(),
        Err(error) => {
            let mut shown = render::problems(&arguments.file, &text.octets, error)?;
            let problems = error.diagnostics().len();
            shown.extend(format!("{}: {problems} problem(s) found\n", arguments.file.display()).bytes());
            shown
        }
    })?;
    Ok(ExitCode::from(if read.is_ok() { 0 } else { BAD_INPUT }))
}

/// Checks every octet of a sealed snapshot; its policy was checked before it was sealed.
fn sound(arguments: &Check, snapshot: &Snapshot) -> Result<ExitCode, Failure> {
    snapshot.verify().map_err(|damaged| Failure::sealed(&arguments.file, damaged))?;
    print(&if arguments.json {
        format!("{}\n", json!({ "problems": [] })).into_bytes()
    } else {
        let (file, tenants) = (arguments.file.display(), snapshot.tenant_count());
        format!("{file}: a sound sealed snapshot of {tenants} tenant(s), {}\n", snapshot.id()).into_bytes()
    })?;
    Ok(ExitCode::SUCCESS)
}

fn size(policy: &Policy) -> String {
    let accounts: usize = policy.tenants.iter().map(|tenant| tenant.accounts.len()).sum();
    format!("{} tenant(s) with {accounts} account(s)", policy.tenants.len())
}

fn report(read: &Result<Policy, PolicyError>) -> Value {
    let problems = read.as_ref().err().map(PolicyError::diagnostics).unwrap_or_default();
    let problems = problems.iter().map(|problem| {
        json!({
            "line": problem.line, "column": problem.column, "start": problem.span.start, "end": problem.span.end,
            "path": problem.path, "message": problem.message, "help": problem.help,
        })
    });
    json!({ "problems": problems.collect::<Vec<_>>() })
}
