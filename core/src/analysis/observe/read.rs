//! From a request to the facts that are tallied.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::address::header::{FieldSummary, mailboxes, read_field};
use crate::address::name::{addresses, names};
use crate::address::path::{ReversePath, read_path, read_unquoted};
use crate::address::{Address, Canonical};
use crate::admin::Seen;
use crate::evaluate::fields::{FieldAt, Originators, Repeated, ResentBlock, visit};
use crate::net::{IpRange, parse_ip};
use crate::options::Limits;
use crate::policy::MAX_ID_OCTETS;
use crate::request::{ClientIp, CredentialFacts, EnvelopeSender, Header, Request};

use super::{ClientFact, CredentialFact, CredentialSeen, Fact, Field, Observations, Said, Scopes};

impl Observations {
    /// Counts every fact of one request: of its envelope sender and header fields, its client, and its credential.
    ///
    /// What the request lacks is counted as unknown. `limits` bound what is read of the header, as in a decision.
    pub fn observe(&mut self, request: &Request<'_>, limits: &Limits) {
        let account = request.account.and_then(id).filter(|account| !account.is_empty());
        self.add_request(account.is_some());
        let Some(account) = account else { return };
        let account: Arc<str> = Arc::from(account);
        let seen = Seen { count: 1, first: request.now, last: request.now };
        for fact in facts(request, limits) {
            self.add(&account, request.channel, fact, seen);
        }
    }
}

/// The facts of one message, each once.
fn facts(request: &Request<'_>, limits: &Limits) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    let said = envelope(request);
    facts.insert(Fact::Sender { field: Field::EnvelopeSender, said });
    HeaderFacts { facts: &mut facts, limits }.header(&request.header);
    facts.insert(Fact::Client(client(request.client_ip)));
    facts.insert(Fact::Credential(CredentialFact {
        role: request.role.map(|role| id(role).unwrap_or_default().into()),
        credential: request.credential.as_ref().map(credential),
        tls: request.tls,
    }));
    facts
}

fn envelope(request: &Request<'_>) -> Said {
    let (bytes, read) = match request.envelope_sender {
        EnvelopeSender::Unknown => return Said::Unknown,
        EnvelopeSender::Null => return Said::Null,
        EnvelopeSender::Path(bytes) => (bytes, read_path(bytes, request.smtputf8)),
        EnvelopeSender::Unquoted(bytes) => (bytes, read_unquoted(bytes, request.smtputf8).map(ReversePath::Mailbox)),
    };
    match read {
        Ok(ReversePath::Null) => Said::Null,
        Ok(ReversePath::Mailbox(spec)) => said(spec.canonical(bytes).ok().as_ref()),
        Err(_) => Said::Unreadable,
    }
}

fn client(client: ClientIp<'_>) -> ClientFact {
    let address = match client {
        ClientIp::Unknown => return ClientFact::Unknown,
        ClientIp::Address(address) => address.to_canonical(),
        ClientIp::Text(text) => match parse_ip(text) {
            Some(address) => address,
            None => return ClientFact::Unreadable,
        },
    };
    let (first, last) = match address {
        IpAddr::V4(_) => (address, address),
        IpAddr::V6(v6) => {
            let network = v6.to_bits() >> 64 << 64;
            (IpAddr::V6(network.into()), IpAddr::V6((network | u128::from(u64::MAX)).into()))
        }
    };
    IpRange::new(first, last).map_or(ClientFact::Unreadable, ClientFact::Network)
}

fn credential(facts: &CredentialFacts<'_>) -> CredentialSeen {
    CredentialSeen {
        kind: facts.kind,
        id: facts.id.map(|given| id(given).unwrap_or_default().into()),
        scopes: facts.scopes.map_or(Scopes::NotPresented, scopes),
    }
}

fn scopes(presented: &[&[u8]]) -> Scopes {
    if presented.len() > MOST_SCOPES {
        return Scopes::Unknown;
    }
    match presented.iter().map(|scope| id(scope).map(String::from)).collect::<Option<BTreeSet<String>>>() {
        Some(scopes) => Scopes::Presented(scopes.into_iter().collect()),
        None => Scopes::Unknown,
    }
}

/// An id that is text and not too long for one.
fn id(octets: &[u8]) -> Option<&str> {
    core::str::from_utf8(octets).ok().filter(|text| text.len() <= MAX_ID_OCTETS)
}

/// What the header says.
struct HeaderFacts<'f, 'l> {
    facts: &'f mut BTreeSet<Fact>,
    limits: &'l Limits,
}

impl HeaderFacts<'_, '_> {
    fn header(&mut self, header: &Header<'_>) {
        if matches!(header, Header::NotGiven) {
            return self.say(Field::From, Said::Unknown);
        }
        let mut found = Originators::default();
        let visited = visit(header, self.limits, |name, field, is_one| found.add(name, field, is_one));
        if visited.is_err() {
            // Nothing is certain of a header that readers take apart differently.
            return self.say(Field::From, Said::Unreadable);
        }
        if found.ambiguous.is_some() {
            self.say(Field::From, Said::Unreadable);
        }
        match found.from.first {
            None => self.say(Field::From, Said::Missing),
            Some(_) => self.field(Field::From, &found.from, true),
        }
        if found.sender.first.is_some() {
            self.field(Field::Sender, &found.sender, false);
        }
        if found.resent.is_some() {
            self.resent(&ResentBlock::topmost(header, self.limits));
        }
    }

    /// A field that should stand once, with the names in it.
    fn field(&mut self, field: Field, repeated: &Repeated<'_>, several: bool) {
        let summary = repeated.single().map(|at| (at, read_field(at.body, self.limits)));
        let Some((at, Ok(summary))) = summary else { return self.say(field, Said::Unreadable) };
        self.mailboxes(field, &at, &summary);
        match (summary.mailboxes, several, summary.groups) {
            (1, true, _) | (1, false, 0) => {}
            (_, true, _) => self.say(field, Said::Several),
            (_, false, _) => self.say(field, Said::Unreadable),
        }
        self.names(if field == Field::From { Field::FromName } else { Field::SenderName }, &at, &summary);
    }

    fn resent(&mut self, block: &ResentBlock<'_>) {
        let read = |repeated: &Repeated<'_>| -> Option<(FieldSummary, Vec<u8>)> {
            let at = repeated.single()?;
            Some((read_field(at.body, self.limits).ok()?, at.body.to_vec()))
        };
        let (from, sender) = (read(&block.from), read(&block.sender));
        let complete = block.date.single().is_some()
            && match (&from, &sender, block.sender.first) {
                (Some((from, _)), _, None) => from.mailboxes == 1,
                (Some(_), Some((sender, _)), Some(_)) => sender.mailboxes == 1 && sender.groups == 0,
                (_, _, _) => false,
            };
        if !complete {
            return self.say(Field::Resent, Said::Unreadable);
        }
        if from.as_ref().is_some_and(|(from, _)| from.mailboxes > 1) {
            self.say(Field::Resent, Said::Several);
        }
        for (summary, body) in [from, sender].into_iter().flatten() {
            self.mailboxes(Field::Resent, &FieldAt { number: 0, base: 0, body: &body }, &summary);
        }
    }

    fn mailboxes(&mut self, field: Field, at: &FieldAt<'_>, summary: &FieldSummary) {
        if summary.mailboxes == 1 {
            return self.say(field, said(summary.first.addr_spec.canonical(at.body).ok().as_ref()));
        }
        for mailbox in mailboxes(at.body, self.limits) {
            self.say(field, said(mailbox.addr_spec.canonical(at.body).ok().as_ref()));
        }
    }

    /// The addresses in the names of a field that was read, its own mailboxes aside.
    fn names(&mut self, field: Field, at: &FieldAt<'_>, summary: &FieldSummary) {
        if summary.plain {
            return;
        }
        let own: Vec<Canonical> =
            mailboxes(at.body, self.limits).filter_map(|mailbox| mailbox.addr_spec.canonical(at.body).ok()).collect();
        let mut shown = 0_usize;
        for name in names(at.body) {
            let decoded = addresses(at.body, &name, &mut |address| {
                let is_own = own
                    .iter()
                    .any(|own| own.domain() == address.domain() && own.local().eq_ignore_ascii_case(address.local()));
                if !is_own {
                    shown += 1;
                    // More deny whatever they are, and need not be told apart.
                    let found = if shown > MOST_SHOWN { Said::Unreadable } else { said(Some(address)) };
                    self.facts.insert(Fact::Sender { field, said: found });
                }
            });
            if decoded.is_err() {
                self.say(field, Said::Unreadable);
            }
        }
    }

    fn say(&mut self, field: Field, said: Said) {
        self.facts.insert(Fact::Sender { field, said });
    }
}

fn said(address: Option<&Canonical>) -> Said {
    address.and_then(Address::from_canonical).map_or(Said::Unreadable, Said::Address)
}

/// More scopes than any credential has use for.
const MOST_SCOPES: usize = 16;
/// As many addresses as the names of a field may show (docs/semantics.md 6.7).
const MOST_SHOWN: usize = 64;
