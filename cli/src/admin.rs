//! `sendas admin`: commands against a log of records, and what the log says.

use std::io::{self, Read as _};
use std::process::ExitCode;

use sendas::ReadError;
use sendas::admin::{Actor, Command, Order, Outcome};

use crate::arguments::{Admin, AdminCommand, Give, Import};
use crate::evaluate::{clock, print};
use crate::failure::Failure;
use crate::log::Log;
use crate::panel;
use crate::policy::PolicyText;

pub(crate) fn run(arguments: &Admin) -> Result<ExitCode, Failure> {
    match &arguments.command {
        AdminCommand::Give(arguments) => give(arguments),
        AdminCommand::Import(arguments) => import(arguments),
        AdminCommand::Show(arguments) => panel::show(arguments),
    }
}

fn give(arguments: &Give) -> Result<ExitCode, Failure> {
    let actor = Actor::from_json(&arguments.actor).map_err(|error| unreadable("actor", &error))?;
    let mut text = arguments.command.clone();
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
    let (answer, code) = match log.directory.decide(&actor, &command, &order) {
        Ok(outcome) => {
            if let Outcome::Changed { record, .. } = &outcome {
                log.write(record)?;
            }
            (outcome.to_json(), 0)
        }
        Err(refusal) => (refusal.to_json(), REFUSED),
    };
    print(format!("{answer}\n").as_bytes())?;
    Ok(ExitCode::from(code))
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

fn unreadable(what: &'static str, error: &ReadError) -> Failure {
    Failure::Argument { what, problems: error.to_string() }
}

/// The exit code for a command that is refused.
const REFUSED: u8 = 1;
