//! `sendas admin`: commands against a log of records, and what the log says.

use std::io::{self, Read as _};
use std::process::ExitCode;

use sendas::Timestamp;
use sendas::admin::{Actor, Command, Order, Outcome, Refusal};

use crate::arguments::{Admin, AdminCommand, Give, Import};
use crate::evaluate::{clock, print};
use crate::failure::Failure;
use crate::log::Log;
use crate::panel;
use crate::policy::PolicyText;
use crate::preregister;

pub(crate) fn run(arguments: &Admin) -> Result<ExitCode, Failure> {
    match &arguments.command {
        AdminCommand::Give(arguments) => give(arguments),
        AdminCommand::Import(arguments) => import(arguments),
        AdminCommand::Preregister(arguments) => preregister::run(arguments),
        AdminCommand::Show(arguments) => panel::show(arguments),
    }
}

fn give(arguments: &Give) -> Result<ExitCode, Failure> {
    let actor = Actor::from_json(&arguments.actor).map_err(|error| unreadable("actor", &error))?;
    // Without a command the arguments ask for one a line.
    let Some(command) = &arguments.command else { return give_lines(arguments, &actor) };
    let mut text = command.clone();
    if text == "-" {
        text.clear();
        io::stdin().read_to_string(&mut text)?;
    }
    let command = Command::from_json(&text).map_err(|error| unreadable("command", &error))?;
    let id = match &arguments.id {
        Some(id) => id.clone(),
        None => random_id()?,
    };
    let mut order = Order::new(id, arguments.now.unwrap_or_else(clock));
    order.expected = arguments.expect;
    let mut log = Log::append(&arguments.log)?;
    let carried_out = carry_out(&mut log, &actor, &command, &order)?;
    Ok(ExitCode::from(if carried_out { 0 } else { REFUSED }))
}

/// Gives a command a line, after all of them were read.
fn give_lines(arguments: &Give, actor: &Actor) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let read = |(number, line): (usize, &str)| {
        Command::from_json(line).map_err(|error| unreadable("command", &format_args!("line {}, {error}", number + 1)))
    };
    let commands: Vec<Command> = text.lines().enumerate().map(read).collect::<Result<_, _>>()?;
    let mut log = Log::append(&arguments.log)?;
    give_all(&mut log, actor, &commands, arguments.now.unwrap_or_else(clock))
}

/// Gives commands one after another, whatever comes of each.
pub(crate) fn give_all(
    log: &mut Log,
    actor: &Actor,
    commands: &[Command],
    now: Timestamp,
) -> Result<ExitCode, Failure> {
    let mut all = true;
    for command in commands {
        all &= carry_out(log, actor, command, &Order::new(random_id()?, now))?;
    }
    Ok(ExitCode::from(if all { 0 } else { REFUSED }))
}

/// Decides a command, writes what it changes, prints the answer, and tells whether it was carried out.
fn carry_out(log: &mut Log, actor: &Actor, command: &Command, order: &Order) -> Result<bool, Failure> {
    let decided = log.directory.decide(actor, command, order);
    if let Ok(Outcome::Changed { record, .. }) = &decided {
        log.write(record)?;
    }
    let answer = decided.as_ref().map_or_else(Refusal::to_json, Outcome::to_json);
    print(format!("{answer}\n").as_bytes())?;
    Ok(decided.is_ok())
}

fn import(arguments: &Import) -> Result<ExitCode, Failure> {
    let policy = crate::policy::read(&arguments.policy, &PolicyText::open(&arguments.policy)?)?;
    let mut log = Log::append(&arguments.log)?;
    let records = log.directory.import(&policy, &arguments.name, arguments.now.unwrap_or_else(clock));
    match records {
        Ok(records) => {
            for record in &records {
                log.write(record)?;
            }
            print(format!("{}: {} record(s) written\n", arguments.log.display(), records.len()).as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            print(format!("{}\n", refusal.to_json()).as_bytes())?;
            Ok(ExitCode::from(REFUSED))
        }
    }
}

fn random_id() -> Result<String, Failure> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets)?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

pub(crate) fn unreadable(what: &'static str, error: &dyn std::fmt::Display) -> Failure {
    Failure::Argument { what, problems: error.to_string() }
}

/// The exit code for a command that is refused.
const REFUSED: u8 = 1;
