//! Requests that stand for a tally: one for each way in which what the tally does not tell could turn the verdict.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::address::Address;
use crate::decision::{Stage, Subject};
use crate::reason::Reason;
use crate::record::{CredentialRecord, EnvelopeRecord, HeaderRecord, RequestRecord};
use crate::request::{CredentialKind, Tls};
use crate::time::Timestamp;

use super::super::observe::{ClientFact, CredentialFact, CredentialSeen, Fact, Field, Said, Scopes};
use super::profile::{MOST_VALUES, Profile};

/// What stands for one tally.
pub(super) struct Witnesses {
    pub(super) requests: Vec<RequestRecord>,
    pub(super) stage: Stage,
    /// Where findings must stand to be about the fact.
    pub(super) subjects: &'static [Subject],
    /// Which findings there are about the fact.
    pub(super) counts: fn(Reason) -> bool,
    /// Whether there are ways that no request stands for.
    pub(super) partial: bool,
    /// The parts of a request that make the difference between the requests.
    pub(super) open: BTreeSet<Subject>,
}

impl Witnesses {
    fn new(stage: Stage, subjects: &'static [Subject]) -> Self {
        Self { requests: Vec::new(), stage, subjects, counts: |_| true, partial: false, open: BTreeSet::new() }
    }
}

impl Profile<'_> {
    /// Returns what stands for a fact; `changed` are the tenants that differ.
    pub(super) fn witnesses(&self, fact: &Fact, changed: &BTreeSet<&str>) -> Witnesses {
        match fact {
            Fact::Sender { field: Field::EnvelopeSender, said } => self.envelope(said, changed),
            Fact::Sender { field, said } => self.header(*field, said, changed),
            Fact::Client(client) => self.client(*client),
            Fact::Credential(credential) => self.credential(credential),
        }
    }

    fn base(&self) -> RequestRecord {
        let mut request = RequestRecord::new(self.channel, Timestamp(0));
        request.account = Some(self.account.as_bytes().to_vec());
        request
    }

    /// Writes each request once for each role.
    fn in_each_role(&self, witnesses: &mut Witnesses, requests: Vec<RequestRecord>) {
        let roles = self.roles();
        if roles.len() > 1 {
            witnesses.open.insert(Subject::Role);
        }
        for request in requests {
            witnesses.requests.extend(roles.iter().map(|role| {
                let role = role.as_ref().map(|role| role.as_bytes().to_vec());
                RequestRecord { role, ..request.clone() }
            }));
        }
    }

    fn envelope(&self, said: &Said, changed: &BTreeSet<&str>) -> Witnesses {
        let mut witnesses = Witnesses::new(Stage::Envelope, &[Subject::Account, Subject::EnvelopeSender]);
        let said = match said {
            Said::Unknown => {
                let addresses = self.addresses(changed);
                witnesses.partial = addresses.open;
                witnesses.open.insert(Subject::EnvelopeSender);
                let addresses = addresses.values.into_iter().map(Said::Address);
                addresses.chain([Said::Null, Said::Unreadable, Said::Unknown]).collect()
            }
            known => Vec::from([known.clone()]),
        };
        let requests = said.iter().map(|said| self.with_envelope(self.base(), said)).collect();
        self.in_each_role(&mut witnesses, requests);
        witnesses
    }

    fn with_envelope(&self, mut request: RequestRecord, said: &Said) -> RequestRecord {
        request.envelope = match said {
            Said::Address(address) => {
                let path = format!("<{address}>");
                request.smtputf8 = !path.is_ascii();
                EnvelopeRecord::Path(path.into_bytes())
            }
            Said::Null => EnvelopeRecord::Null,
            Said::Unknown => EnvelopeRecord::Unknown,
            Said::Missing | Said::Several | Said::Unreadable => EnvelopeRecord::Path(b"<".to_vec()),
        };
        request
    }

    fn header(&self, field: Field, said: &Said, changed: &BTreeSet<&str>) -> Witnesses {
        let (subjects, counts) = about(field, said);
        let mut witnesses = Witnesses { counts, ..Witnesses::new(Stage::Message, subjects) };
        let mut headers = Vec::new();
        match said {
            Said::Unknown => {
                let addresses = self.addresses(changed);
                witnesses.partial = addresses.open || self.resends();
                witnesses.open.extend([Subject::Header, Subject::From]);
                headers.extend(
                    [Said::Missing, Said::Several, Said::Unreadable].iter().flat_map(|said| fields(Field::From, said)),
                );
                for address in addresses.values.into_iter().map(Said::Address) {
                    for field in [Field::From, Field::FromName, Field::Sender] {
                        headers.extend(fields(field, &address));
                    }
                }
            }
            said => headers.extend(fields(field, said)),
        }
        if field == Field::From && self.resends() && matches!(said, Said::Address(_)) {
            witnesses.open.insert(Subject::Resent);
            let resent = resent(&mailbox(NOBODY));
            headers.extend(headers.clone().into_iter().map(|header| [header, resent.clone()].concat()));
        }
        // The addresses of a field that is repeated or incomplete are judged all the same, by `hosted`, and are not tallied.
        witnesses.partial |=
            *said == Said::Unreadable && matches!(field, Field::From | Field::Sender) || field == Field::Resent;
        if headers.len() > 1 {
            witnesses.open.insert(Subject::Header);
        }
        let envelopes = self.envelopes_beside(&mut witnesses, matches!(field, Field::From | Field::Resent));
        let mut requests = Vec::new();
        for header in headers {
            for envelope in &envelopes {
                let beside = envelope.clone().unwrap_or_else(|| aligned(field, &header));
                let request = self.with_envelope(self.base(), &beside);
                requests.push(RequestRecord { header: HeaderRecord::Fields(header.clone()), ..request });
            }
        }
        self.in_each_role(&mut witnesses, requests);
        witnesses
    }

    /// The envelope senders that a header may come with; `None` for the address that stands in the header.
    fn envelopes_beside(&self, witnesses: &mut Witnesses, aligns: bool) -> Vec<Option<Said>> {
        let seen = self.envelopes();
        let is_null = |said: &Said| *said == Said::Null;
        let mut envelopes = Vec::new();
        let asked = aligns && (self.before.aligns(self.account) || self.after.aligns(self.account));
        if asked {
            let others: Vec<&Said> = seen.values.iter().filter(|said| !is_null(said)).collect();
            witnesses.partial |= others.len() > MOST_VALUES;
            envelopes.extend(others.into_iter().take(MOST_VALUES).map(|said| Some(said.clone())));
            if seen.open {
                envelopes.extend([None, Address::parse(NOBODY).ok().map(Said::Address)]);
            }
        } else if seen.open || !seen.values.iter().all(is_null) {
            envelopes.push(None);
        }
        if seen.open || seen.values.iter().any(is_null) {
            envelopes.push(Some(Said::Null));
        }
        if envelopes.len() > 1 {
            witnesses.open.insert(Subject::EnvelopeSender);
        }
        envelopes
    }

    fn client(&self, client: ClientFact) -> Witnesses {
        let mut witnesses = Witnesses::new(Stage::Session, &[Subject::Account, Subject::ClientIp]);
        let clients: Vec<Option<Vec<u8>>> = match client {
            ClientFact::Unreadable => [Some(b"?".to_vec())].into(),
            ClientFact::Network(network) => {
                let clients = self.clients(network);
                witnesses.partial = clients.open;
                clients.values.iter().map(|address| Some(address.to_string().into_bytes())).collect()
            }
            ClientFact::Unknown => {
                let listed = self.any_clients().values;
                let listed = listed.iter().map(|address| Some(address.to_string().into_bytes()));
                listed.chain([None]).collect()
            }
        };
        if clients.len() > 1 {
            witnesses.open.insert(Subject::ClientIp);
        }
        let credentials = self.credentials_with_lists(&mut witnesses);
        for client_ip in clients {
            witnesses.requests.extend(credentials.iter().map(|credential| {
                let (client_ip, credential) = (client_ip.clone(), credential.clone());
                RequestRecord { client_ip, credential, ..self.base() }
            }));
        }
        witnesses
    }

    /// The credentials that a client may come with, as far as allowlists of their own tell them apart.
    fn credentials_with_lists(&self, witnesses: &mut Witnesses) -> Vec<Option<CredentialRecord>> {
        let presented = self.presented();
        let with_list = |id: &str| {
            let binds = |credential: &crate::policy::Credential| {
                credential.id == id && credential.allowlists.iter().any(|list| list.channel == self.channel)
            };
            self.registered().any(binds)
        };
        let mut ids: BTreeSet<(String, CredentialKind)> = BTreeSet::new();
        if presented.open {
            ids.extend(self.registered().filter(|one| with_list(&one.id)).map(|one| (one.id.clone(), one.kind)));
        }
        let mut plain = presented.open;
        for seen in &presented.values {
            match &seen.id {
                Some(id) if with_list(id) => _ = ids.insert((id.clone(), seen.kind)),
                _ => plain = true,
            }
        }
        witnesses.partial |= ids.len() > MOST_VALUES;
        let with_id = ids
            .into_iter()
            .take(MOST_VALUES)
            .map(|(id, kind)| Some(CredentialRecord { id: Some(id.into_bytes()), ..CredentialRecord::new(kind) }));
        let credentials: Vec<_> = with_id.chain(plain.then_some(None)).collect();
        if credentials.len() > 1 {
            witnesses.open.insert(Subject::Credential);
        }
        credentials
    }

    fn credential(&self, fact: &CredentialFact) -> Witnesses {
        let subjects = &[Subject::Account, Subject::Role, Subject::Credential, Subject::Tls];
        let mut witnesses = Witnesses::new(Stage::Session, subjects);
        let credentials: Vec<Option<CredentialRecord>> = match &fact.credential {
            Some(seen) => self.as_presented(seen).into_iter().map(Some).collect(),
            None => {
                witnesses.open.insert(Subject::Credential);
                self.any_credential(&mut witnesses)
            }
        };
        if credentials.len() > 1 {
            witnesses.open.insert(Subject::Credential);
        }
        let tls = match fact.tls {
            Some(tls) => Vec::from([Some(tls)]),
            None => {
                witnesses.open.insert(Subject::Tls);
                [Some(Tls::Plain), Some(Tls::Starttls)].into()
            }
        };
        for credential in credentials {
            witnesses.requests.extend(tls.iter().map(|&tls| {
                let (role, credential) = (fact.role.as_ref().map(|role| role.as_bytes().to_vec()), credential.clone());
                RequestRecord { role, credential, tls, ..self.base() }
            }));
        }
        witnesses
    }

    /// A credential as it was presented, with each set of scopes that it may have presented.
    fn as_presented(&self, seen: &CredentialSeen) -> Vec<CredentialRecord> {
        let octets = |text: &String| text.as_bytes().to_vec();
        let scopes: Vec<Option<Vec<Vec<u8>>>> = match &seen.scopes {
            Scopes::NotPresented => [None].into(),
            Scopes::Presented(scopes) => [Some(scopes.iter().map(octets).collect())].into(),
            Scopes::Unknown => self.any_scopes(),
        };
        let id = seen.id.as_ref().map(octets);
        scopes.into_iter().map(|scopes| CredentialRecord { kind: seen.kind, id: id.clone(), scopes }).collect()
    }

    /// No scopes presented, none, and those that are required.
    fn any_scopes(&self) -> Vec<Option<Vec<Vec<u8>>>> {
        let required = [self.before, self.after].into_iter().filter_map(|side| {
            let (tenant, _) = side.account(self.account)?;
            Some(Some([tenant.credential.require_scope.as_ref()?.as_bytes().to_vec()].into()))
        });
        [None, Some(Vec::new())].into_iter().chain(required).collect()
    }

    fn any_credential(&self, witnesses: &mut Witnesses) -> Vec<Option<CredentialRecord>> {
        let mut credentials: Vec<Option<CredentialRecord>> = [None].into();
        let unregistered = CredentialKind::ALL.into_iter().map(|kind| (kind, None));
        let registered: BTreeSet<(CredentialKind, Option<String>)> =
            self.registered().map(|one| (one.kind, Some(one.id.clone()))).collect();
        witnesses.partial = registered.len() > MOST_VALUES;
        for (kind, id) in unregistered.chain(registered.into_iter().take(MOST_VALUES)) {
            let seen = CredentialSeen { kind, id, scopes: Scopes::Unknown };
            credentials.extend(self.as_presented(&seen).into_iter().map(Some));
        }
        credentials
    }
}

/// Where findings about a field of the header stand, and which of them are about this.
fn about(field: Field, said: &Said) -> (&'static [Subject], fn(Reason) -> bool) {
    let whole = &[Subject::Account, Subject::Header, Subject::From, Subject::Sender, Subject::Resent];
    match (field, said) {
        (_, Said::Unknown) => (whole, |_| true),
        (Field::FromName | Field::SenderName, _) => (whole, |reason| is_always(reason) || is_of_names(reason)),
        (Field::From | Field::Resent, Said::Several) => (whole, |reason| is_always(reason) || is_of_several(reason)),
        (Field::From, Said::Address(_)) => (&[Subject::Account, Subject::From], |_| true),
        (Field::EnvelopeSender | Field::From, _) => (&[Subject::Account, Subject::Header, Subject::From], |_| true),
        (Field::Sender, _) => (&[Subject::Account, Subject::Sender], |_| true),
        (Field::Resent, _) => (&[Subject::Account, Subject::Resent], |_| true),
    }
}

const fn is_always(reason: Reason) -> bool {
    matches!(reason, Reason::UnknownAccount | Reason::TenantSuspended | Reason::AccountSuspended)
}

const fn is_of_names(reason: Reason) -> bool {
    matches!(reason, Reason::DisplayNameAddress | Reason::DisplayNameUndecodable | Reason::LimitExceeded)
}

const fn is_of_several(reason: Reason) -> bool {
    matches!(reason, Reason::FromMultiple | Reason::SenderMissing)
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// The headers in which this stands in a field.
fn fields(field: Field, said: &Said) -> Vec<Fields> {
    let from = |body: String| one("From", body);
    let nobody = || one("From", mailbox(NOBODY));
    let address = match said {
        Said::Address(address) => address.to_string(),
        Said::Missing | Said::Null | Said::Several | Said::Unknown | Said::Unreadable => NOBODY.into(),
    };
    let several = format!("{},{}", mailbox(NOBODY), mailbox(SOMEBODY));
    match (field, said) {
        (Field::EnvelopeSender, _) | (_, Said::Null | Said::Unknown) => Vec::new(),
        (Field::From, Said::Address(_)) => [from(mailbox(&address))].into(),
        (_, Said::Missing) => [Vec::new()].into(),
        (Field::From, Said::Several) => {
            [from(several.clone()), [from(several), one("Sender", mailbox(NOBODY))].concat()].into()
        }
        (Field::From, Said::Unreadable) => [from("<".into()), [nobody(), nobody()].concat(), from(too_deep())].into(),
        (Field::FromName, Said::Address(_)) => [from(named(&address))].into(),
        (Field::FromName, _) => unreadable_names().map(from).into(),
        (Field::Sender, Said::Address(_)) => [[nobody(), one("Sender", mailbox(&address))].concat()].into(),
        (Field::Sender, _) => {
            let sender = |body: String| [nobody(), one("Sender", body)].concat();
            [sender("<".into()), sender(several), sender(too_deep())].into()
        }
        (Field::SenderName, Said::Address(_)) => [[nobody(), one("Sender", named(&address))].concat()].into(),
        (Field::SenderName, _) => unreadable_names().map(|body| [nobody(), one("Sender", body)].concat()).into(),
        (Field::Resent, Said::Address(_)) => [[nobody(), resent(&mailbox(&address))].concat()].into(),
        (Field::Resent, Said::Several) => {
            [[nobody(), resent(&several), one("Resent-Sender", mailbox(NOBODY))].concat()].into()
        }
        (Field::Resent, Said::Unreadable) => [
            [nobody(), one("Resent-To", mailbox(NOBODY))].concat(),
            [nobody(), one("Resent-From", "<".into())].concat(),
        ]
        .into(),
    }
}

fn one(name: &str, body: String) -> Fields {
    [(name.as_bytes().to_vec(), body.into_bytes())].into()
}

fn mailbox(address: &str) -> String {
    format!(" <{address}>")
}

/// A display name that shows the address, of an address that is another one.
fn named(address: &str) -> String {
    let other = if address.eq_ignore_ascii_case(NOBODY) { SOMEBODY } else { NOBODY };
    format!(" \"{address}\" <{other}>")
}

fn resent(from: &str) -> Fields {
    [one("Resent-Date", " Tue, 1 Dec 2026 00:00:00 +0000".into()), one("Resent-From", from.into())].concat()
}

fn unreadable_names() -> [String; 2] {
    let shown: String = (0..=MOST_VALUES).map(|number| format!("{number}{SOMEBODY} ")).collect();
    [format!(" =?unknown-charset?Q?a?= <{NOBODY}>"), format!(" \"{shown}\" <{NOBODY}>")]
}

/// A comment within comments, deeper than the limits permit unless they were raised far.
fn too_deep() -> String {
    let depth = 1024;
    format!(" {}{} <{NOBODY}>", "(".repeat(depth), ")".repeat(depth))
}

/// The address that alignment is asked of, as an envelope sender.
fn aligned(field: Field, header: &Fields) -> Said {
    let at = if field == Field::Resent { header.last() } else { header.first() };
    let body = at.and_then(|(_, body)| core::str::from_utf8(body).ok());
    let address = body.and_then(|body| body.trim().strip_prefix('<')?.strip_suffix('>'));
    let address = address.and_then(|address| Address::parse(address).ok()).or_else(|| Address::parse(NOBODY).ok());
    address.map_or(Said::Unknown, Said::Address)
}

/// Addresses that nobody hosts (RFC 2606 §2).
const NOBODY: &str = "nobody@observed.invalid";
const SOMEBODY: &str = "somebody@observed.invalid";
