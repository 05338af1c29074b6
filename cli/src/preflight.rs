//! `sendas preflight`: what a change would begin to deny.

use std::fmt::Write as _;
use std::process::ExitCode;

use sendas::admin::{Actor, Command, Order};
use sendas::analysis::{self, Change, PreflightError, Table, Turn};
use sendas::{Reason, Subject};

use crate::admin::unreadable;
use crate::arguments::Preflight;
use crate::evaluate::{clock, print};
use crate::failure::Failure;
use crate::policy::{self, PolicyText};
use crate::{shown, state, table};

pub(crate) fn run(arguments: &Preflight) -> Result<ExitCode, Failure> {
    let directory = state::directory(&arguments.state)?;
    let (now, options) = (arguments.now.unwrap_or_else(clock), state::options()?);
    let actor = Actor::from_json(&arguments.actor).map_err(|error| unreadable("actor", &error))?;
    let command = arguments.change.command.as_ref().map(Command::from_json).transpose();
    let command = command.map_err(|error| unreadable("command", &error))?;
    let observations = state::observations(&arguments.observations)?;
    let foreseen = match (&command, &arguments.change.candidate) {
        (Some(command), _) => {
            // No command in a log has this id.
            match directory.preflight(&observations, &actor, command, &Order::new("", now), &options) {
                Ok(foreseen) => foreseen,
                Err(PreflightError::Compile(error)) => return Err(error.into()),
                Err(PreflightError::Refused(refusal)) => {
                    let answer = if arguments.json { refusal.to_json() } else { format!("refused: {refusal}") };
                    print(format!("{answer}\n").as_bytes())?;
                    return Ok(ExitCode::from(REFUSED));
                }
            }
        }
        (None, Some(file)) => {
            let candidate = policy::read(file, &PolicyText::open(file)?)?;
            directory.policy().preflight(&candidate, &observations, now, &options)?
        }
        (None, None) => directory.outlook(&observations, now, &options)?,
    };
    let answer = if arguments.json { foreseen.to_json() + "\n" } else { show(&foreseen) };
    print(answer.as_bytes())?;
    Ok(ExitCode::from(if foreseen.is_clear() { 0 } else { NOT_CLEAR }))
}

fn show(foreseen: &analysis::Preflight) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for warning in &foreseen.warnings {
        let _written = writeln!(text, "warning: {}\n", shown::line(&warning.text()));
    }
    for turn in Turn::ALL {
        let rows: Vec<_> = foreseen.changes.iter().filter(|change| change.turn == turn).map(row).collect();
        if !rows.is_empty() {
            let _written = writeln!(text, "{}: {} fact(s)", title(turn), rows.len());
            table::write(
                &mut text,
                ["account", "channel", "fact", "messages", "last seen", "from", "why", "not known"],
                &rows,
            );
            text.push('\n');
        }
    }
    let rows: Vec<_> = foreseen
        .figures
        .iter()
        .map(|figure| {
            let [denied, may_be_denied, permitted, may_be_permitted] = figure.turns.map(|count| count.to_string());
            let perhaps = |certain: String, perhaps: String| {
                if perhaps == "0" { certain } else { format!("{certain} (perhaps {perhaps} more)") }
            };
            let (denied, permitted) = (perhaps(denied, may_be_denied), perhaps(permitted, may_be_permitted));
            [figure.fact.to_owned(), figure.seen.to_string(), figure.unknown.to_string(), denied, permitted]
        })
        .collect();
    text.push_str("messages by fact:\n");
    table::write(&mut text, ["fact", "seen", "not told", "begins to be denied", "begins to be permitted"], &rows);
    let blind = &foreseen.blind;
    let _written = writeln!(
        text,
        "\naccounts in reach that were never seen: {}; requests without an account: {}",
        blind.unseen_accounts, blind.unattributed
    );
    for (table, dropped) in Table::ALL.iter().zip(blind.dropped) {
        if dropped > 0 {
            let _written = writeln!(text, "facts in no tally: {dropped} of the {}", table.name());
        }
    }
    text.push_str(if foreseen.is_clear() {
        "clear: nothing that was seen begins to be denied\n"
    } else {
        "not clear\n"
    });
    text
}

const fn title(turn: Turn) -> &'static str {
    match turn {
        Turn::Denied => "begins to be denied",
        Turn::MayBeDenied => "may begin to be denied",
        Turn::Permitted => "begins to be permitted",
        Turn::MayBePermitted => "may begin to be permitted",
    }
}

fn row(change: &Change) -> [String; 8] {
    [
        change.account.clone(),
        change.channel.name().to_owned(),
        change.fact.to_string(),
        change.seen.count.to_string(),
        change.seen.last.to_string(),
        change.from.to_string(),
        change.reasons.iter().copied().map(Reason::slug).collect::<Vec<_>>().join(" "),
        change.open.iter().copied().map(Subject::name).collect::<Vec<_>>().join(" "),
    ]
}

/// The exit code where something begins to be denied, or may, or is not known.
const NOT_CLEAR: u8 = 1;
/// The exit code for a command that would be refused.
const REFUSED: u8 = 3;
