//! `sendas admin`: commands against a log of records, and what the log says.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::process::ExitCode;

use sendas::ReadError;
use sendas::admin::{Actor, Command, Desk, Order, Outcome};
use sendas::policy::{Consent, Identity, Names};

use crate::arguments::{Admin, AdminCommand, Give, Import, Show};
use crate::evaluate::{clock, print};
use crate::failure::Failure;
use crate::log::Log;
use crate::policy::PolicyText;

pub(crate) fn run(arguments: &Admin) -> Result<ExitCode, Failure> {
    match &arguments.command {
        AdminCommand::Give(arguments) => give(arguments),
        AdminCommand::Import(arguments) => import(arguments),
        AdminCommand::Show(arguments) => show(arguments),
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

fn show(arguments: &Show) -> Result<ExitCode, Failure> {
    let log = Log::read(&arguments.log)?;
    if arguments.policy {
        print(log.directory.policy().to_json().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{} record(s)\n", log.directory.sequence());
    let chosen = |desk: &&Desk| arguments.tenant.as_ref().is_none_or(|id| *id == desk.tenant.id);
    for desk in log.directory.desks().filter(chosen) {
        // Writing to a string cannot fail.
        let _written = tenant(&mut text, desk);
    }
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Shows what the panels of the source documents show: senders, domains with their TXT text, allowlists with remarks.
fn tenant(text: &mut String, desk: &Desk) -> std::fmt::Result {
    let tenant = &desk.tenant;
    writeln!(text, "\ntenant {}, version {}", tenant.id.escape_debug(), desk.version)?;
    for one in &tenant.identities {
        writeln!(text, "  sender {}: {}", one.address, state(one))?;
    }
    for domain in &tenant.domains {
        let senders = match &domain.senders {
            Names::Any => "any account".to_owned(),
            Names::Only(names) if names.is_empty() => "nobody".to_owned(),
            Names::Only(names) => names.join(", "),
        };
        let flags = [(!domain.active, ", inactive"), (domain.approved, ", approved")];
        let flags: String = flags.iter().filter(|(stands, _)| *stands).map(|(_, word)| *word).collect();
        writeln!(
            text,
            "  domain {}: {}{flags}; senders: {}",
            domain.name,
            domain.status.name(),
            senders.escape_debug()
        )?;
        if let Some(proof) = desk.proofs.get(&domain.name) {
            writeln!(text, "    TXT {}.{} = {}", proof.label, domain.name, proof.challenge.txt_value())?;
        }
    }
    lists(text, "tenant", &tenant.allowlists)?;
    for account in &tenant.accounts {
        let roles = if account.roles.is_empty() { "sender".to_owned() } else { account.roles.join(", ") };
        writeln!(text, "  account {}: {}", account.id.escape_debug(), roles.escape_debug())?;
        for one in &account.identities {
            writeln!(text, "    sender {}: {}", one.address, state(one))?;
        }
        lists(text, "account", &account.allowlists)?;
        for credential in &account.credentials {
            let revoked = if credential.revoked { ", revoked" } else { "" };
            writeln!(text, "    credential {}: {}{revoked}", credential.id.escape_debug(), credential.kind.name())?;
            lists(text, "credential", &credential.allowlists)?;
        }
    }
    Ok(())
}

fn lists(text: &mut String, of: &str, allowlists: &[sendas::policy::Allowlist]) -> std::fmt::Result {
    for allowlist in allowlists {
        writeln!(text, "  allowlist of the {of}, {}:", allowlist.channel.name())?;
        for entry in &allowlist.entries {
            writeln!(text, "    {} {}", entry.range, entry.remark.escape_debug())?;
        }
    }
    Ok(())
}

fn state(identity: &Identity) -> String {
    let consent = match identity.consent {
        None => "",
        Some(Consent::Pending) => ", owner asked",
        Some(Consent::Given) => ", owner agrees",
        Some(Consent::Refused) => ", owner refuses",
        Some(Consent::Withdrawn) => ", owner has withdrawn",
    };
    let seen = if identity.grandfathered { ", seen in use" } else { "" };
    format!("{}{consent}{seen}", identity.status.name())
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
