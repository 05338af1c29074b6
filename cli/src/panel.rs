//! `sendas admin show`: what a log says, for a person or for a program.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use sendas::address::Scope;
use sendas::admin::{Desk, DnsOutcome, Proof, TxtNames};
use sendas::policy::{Account, Allowlist, Consent, Deny, Identity, Mode, Names};
use serde_json::{Value, json};

use crate::arguments::Show;
use crate::evaluate::print;
use crate::failure::Failure;
use crate::log::Log;
use crate::shown;

/// Shows what the log says; where it is broken, what it says before that, and then why no more.
pub(crate) fn show(arguments: &Show) -> Result<ExitCode, Failure> {
    let (log, broken) = Log::read(&arguments.log)?;
    let chosen = |desk: &&Desk| arguments.tenant.as_ref().is_none_or(|id| *id == desk.tenant.id);
    let desks = log.directory.desks().filter(chosen);
    if arguments.policy {
        print(log.directory.policy().to_json().as_bytes())?;
    } else if arguments.json {
        print(format!("{}\n", program(&log, desks)).as_bytes())?;
    } else {
        let mut text = format!("{} record(s)\n", log.directory.sequence());
        for desk in desks {
            // Writing to a string cannot fail.
            let _written = tenant(&mut text, desk);
        }
        print(text.as_bytes())?;
    }
    broken.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Shows what the panels of the source documents show: senders, domains with their TXT text, allowlists with remarks.
fn tenant(text: &mut String, desk: &Desk) -> fmt::Result {
    let tenant = &desk.tenant;
    write!(text, "\ntenant {}, version {}", line(&tenant.id), desk.version)?;
    if let Some(parent) = &tenant.parent {
        write!(text, ", subuser of {}", line(parent))?;
    }
    writeln!(text, "{}", if tenant.suspended { ", suspended" } else { "" })?;
    writeln!(text, "  sender authentication: {}, proof {}", mode(tenant.controls.sender), tenant.sender.proof.name())?;
    for one in &tenant.identities {
        writeln!(text, "  sender {}: {}", one.address, state(one))?;
    }
    for domain in &tenant.domains {
        let flags = [
            (!domain.active, ", inactive"),
            (domain.approved, ", approved"),
            (domain.subdomains, ", with sub-domains"),
        ];
        let flags: String = flags.iter().filter(|(stands, _)| *stands).map(|(_, word)| *word).collect();
        let senders = names(&domain.senders, "any account", "nobody");
        writeln!(text, "  domain {}: {}{flags}; senders: {senders}", domain.name, domain.status.name())?;
        if let Some(found) = desk.proofs.get(&domain.name) {
            proof(text, &TxtNames::new(&found.label, &domain.name).expected, found)?;
        }
    }
    lists(text, "  ", "tenant", &tenant.allowlists)?;
    denies(text, "  ", &tenant.denies)?;
    tenant.accounts.iter().try_for_each(|one| account(text, one))
}

fn proof(text: &mut String, name: &str, proof: &Proof) -> fmt::Result {
    writeln!(text, "    TXT {name} = {}", proof.challenge.txt_value())?;
    if let Some(expires) = proof.expires {
        writeln!(text, "    to be found before {expires}")?;
    }
    if let Some((at, outcome)) = proof.checked {
        let found = match outcome {
            DnsOutcome::Verified => "found",
            DnsOutcome::Absent => "no TXT record",
            DnsOutcome::WrongValue => "TXT records with another text",
            DnsOutcome::AtApex => "found at the domain itself, where it does not count",
            DnsOutcome::AtDoubledName => "found below the domain twice over, where it does not count",
            DnsOutcome::LookupFailed => "the look-up failed",
        };
        writeln!(text, "    looked up at {at}: {found}")?;
    }
    Ok(())
}

fn account(text: &mut String, account: &Account) -> fmt::Result {
    let roles = if account.roles.is_empty() { "sender".to_owned() } else { account.roles.join(", ") };
    write!(text, "  account {}: {}", line(&account.id), line(&roles))?;
    if let Some(address) = &account.address {
        write!(text, "; own address {address}{}", if account.address_assigned { ", assigned" } else { "" })?;
    }
    writeln!(text, "{}", if account.suspended { "; suspended" } else { "" })?;
    for one in &account.identities {
        writeln!(text, "    sender {}: {}", one.address, state(one))?;
    }
    for one in &account.exemptions {
        writeln!(text, "    exempt from {} until {}: {}", one.control.name(), one.until, line(&one.note))?;
    }
    lists(text, "    ", "account", &account.allowlists)?;
    denies(text, "    ", &account.denies)?;
    for credential in &account.credentials {
        write!(text, "    credential {}: {}", line(&credential.id), credential.kind.name())?;
        if !credential.scopes.is_empty() {
            write!(text, ", scopes {}", line(&credential.scopes.join(" ")))?;
        }
        if let Some(expires) = credential.expires {
            write!(text, ", expires {expires}")?;
        }
        writeln!(text, "{}", if credential.revoked { ", revoked" } else { "" })?;
        lists(text, "      ", "credential", &credential.allowlists)?;
    }
    Ok(())
}

fn lists(text: &mut String, indent: &str, of: &str, allowlists: &[Allowlist]) -> fmt::Result {
    for allowlist in allowlists {
        writeln!(text, "{indent}allowlist of the {of}, {}:", allowlist.channel.name())?;
        for entry in &allowlist.entries {
            let remark = if entry.remark.is_empty() { String::new() } else { format!("  {}", line(&entry.remark)) };
            writeln!(text, "{indent}  {}{remark}", entry.range)?;
        }
    }
    Ok(())
}

fn denies(text: &mut String, indent: &str, denies: &[Deny]) -> fmt::Result {
    for deny in denies {
        let note = if deny.note.is_empty() { String::new() } else { format!("  {}", line(&deny.note)) };
        match &deny.scope {
            Scope::Address(address) => writeln!(text, "{indent}never as {address}{note}")?,
            Scope::Domain(domain) => writeln!(text, "{indent}never at {domain}{note}")?,
            Scope::Subdomains(domain) => writeln!(text, "{indent}never at or below {domain}{note}")?,
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
    let mut text = format!("{}{consent}", identity.status.name());
    if identity.grandfathered {
        text.push_str(", seen in use");
    }
    for (what, list) in [("accounts", &identity.senders), ("roles", &identity.roles)] {
        if *list != Names::Any {
            text.push_str(&format!("; {what}: {}", names(list, "any", "none")));
        }
    }
    text
}

fn names(names: &Names, any: &str, none: &str) -> String {
    match names {
        Names::Any => any.to_owned(),
        Names::Only(names) if names.is_empty() => none.to_owned(),
        Names::Only(names) => line(&names.join(", ")),
    }
}

fn mode(mode: Mode) -> String {
    match mode {
        Mode::Off => "off".to_owned(),
        Mode::Monitor => "monitored".to_owned(),
        Mode::Enforce => "enforced".to_owned(),
        Mode::EnforceFrom(from) => format!("monitored, enforced from {from} on"),
    }
}

/// Text of strangers on one line.
fn line(text: &str) -> String {
    shown::line(text)
}

/// The same for programs: the policy as it is written everywhere, and beside it what is pending.
fn program<'d>(log: &Log, desks: impl Iterator<Item = &'d Desk>) -> Value {
    let house = log.directory.house();
    let policy: Value = log.directory.policy().to_json().parse().unwrap_or_default();
    let tenants: Vec<Value> = desks.map(|desk| desk.to_json().parse().unwrap_or_default()).collect();
    json!({
        "records": log.directory.sequence(),
        "version": house.version,
        "challenge_label": house.challenge_label,
        "recheck_after": house.recheck_after,
        "provider": policy.get("provider"),
        "tenants": tenants,
    })
}
