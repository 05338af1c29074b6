use std::collections::BTreeSet;

use sendas::policy::{Account, Consent, Domain, DomainStatus, Identity, NameCheck, Names, Policy, Tenant};
use sendas::{
    Address, Channel, Decision, DomainName, EnvelopeSender, HashKey, Header, Options, Request, Snapshot, Stage,
    Timestamp, Verdict,
};

use super::row::{Parts, Row};

/// Tells which way of asking lets a row through that must not be allowed; `None` if none does.
///
/// It is asked with the envelope sender as given and with one that the owner may use, with the other fields and
/// without; once with the default settings on a server that hosts the claimed domains too, once on one that does
/// not and looks at every name.
pub(super) fn allowed_attack(row: &Row) -> Option<String> {
    let owners = row.list("owner");
    let given = row.text("mail_from").map(str::as_bytes);
    let own = owners.first().map(|owner| if owner.starts_with('@') { format!("any{owner}") } else { (*owner).into() });
    let blocks = [row.lines(), row.lines_among_others()];
    for (server, snapshot) in [("hosted", hosting(row)), ("strange", alone(&owners))] {
        let Some(snapshot) = snapshot else { return Some(format!("no snapshot: {server}")) };
        if row.kind() == "reverse_path" {
            let decision = ask(&snapshot, &row.input, Header::NotGiven, Stage::Envelope);
            if decision.verdict() == Verdict::Allow {
                return Some(format!("allowed ({server})"));
            }
            continue;
        }
        for (sender, path) in [("given", given), ("own", own.as_deref().map(str::as_bytes))] {
            let Some(path) = path else { continue };
            for block in &blocks {
                if ask(&snapshot, path, Header::Block(block), Stage::Message).verdict() == Verdict::Allow {
                    return Some(format!("allowed ({server}, {sender} envelope sender)"));
                }
            }
        }
    }
    None
}

/// Decides about a header for an account that owns these addresses and may name several.
pub(super) fn for_owner_of(mailboxes: &[Parts], block: &[u8]) -> Option<Decision> {
    let mut owned: Vec<Address> = mailboxes.iter().filter_map(address).collect();
    owned.sort();
    owned.dedup();
    let sender = Address::parse("sender@owner.example").ok()?;
    let mut tenant = tenant("owner");
    tenant.header.multiple_from = true;
    let mut account = Account::new("owner");
    account.identities = owned.into_iter().chain([sender]).map(consented).collect();
    tenant.accounts.push(account);
    let snapshot = compile(vec![tenant])?;
    let block = [block, b"Sender: sender@owner.example\r\n"].concat();
    Some(ask(&snapshot, b"<sender@owner.example>", Header::Block(&block), Stage::Message))
}

fn address((local, domain): &Parts) -> Option<Address> {
    let quoted = local.replace('\\', "\\\\").replace('"', "\\\"");
    Address::parse(&format!("\"{quoted}\"@{domain}")).ok()
}

fn hosting(row: &Row) -> Option<Snapshot> {
    let owners = row.list("owner");
    let mut tenants = vec![owner(&owners)?];
    let own: BTreeSet<&str> =
        owners.iter().filter_map(|owner| owner.rsplit_once('@')).map(|(_, domain)| domain).collect();
    let claimed = row.expected_list("claimed");
    let claimed: BTreeSet<&str> =
        claimed.iter().filter_map(|address| address.rsplit_once('@')).map(|(_, domain)| domain).collect();
    let mut other = tenant("other");
    other.domains = claimed.difference(&own).filter_map(|name| verified(name)).collect();
    other.accounts.push(Account::new("other"));
    tenants.push(other);
    compile(tenants)
}

fn alone(owners: &[&str]) -> Option<Snapshot> {
    let mut owner = owner(owners)?;
    owner.header.names = NameCheck::Any;
    compile(vec![owner])
}

fn owner(owners: &[&str]) -> Option<Tenant> {
    let mut tenant = tenant("owner");
    let mut account = Account::new("owner");
    for owner in owners {
        match owner.strip_prefix('@') {
            Some(name) => tenant.domains.push(verified(name)?),
            None => account.identities.push(consented(Address::parse(owner).ok()?)),
        }
    }
    tenant.accounts.push(account);
    Some(tenant)
}

fn tenant(id: &str) -> Tenant {
    Tenant::new(id)
}

fn verified(name: &str) -> Option<Domain> {
    let mut domain = Domain::new(DomainName::parse(name).ok()?);
    domain.status = DomainStatus::Verified;
    domain.senders = Names::Any;
    Some(domain)
}

fn consented(address: Address) -> Identity {
    let mut identity = Identity::new(address);
    identity.consent = Some(Consent::Given);
    identity
}

fn compile(tenants: Vec<Tenant>) -> Option<Snapshot> {
    let mut policy = Policy::default();
    policy.tenants = tenants;
    Snapshot::compile(&policy, &Options::new(HashKey([7; 16]))).ok()
}

fn ask(snapshot: &Snapshot, path: &[u8], header: Header<'_>, stage: Stage) -> Decision {
    let mut request = Request::new(Channel::Smtp, Timestamp(1_790_000_000));
    request.account = Some(b"owner");
    request.smtputf8 = true;
    request.envelope_sender = EnvelopeSender::Path(path);
    request.header = header;
    snapshot.evaluate_stage(&request, stage)
}
