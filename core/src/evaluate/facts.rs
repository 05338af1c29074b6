//! What a session keeps of its client, and of its transaction at hand.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::Range;

use crate::request::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Tls};
use crate::time::Timestamp;

/// The facts of a client and of its transaction, without the header. They own their octets, all in one place.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(super) now: Timestamp,
    channel: Channel,
    account: Option<Text>,
    role: Option<Text>,
    client_ip: KnownIp,
    credential: Option<Credential>,
    tls: Option<Tls>,
    smtputf8: bool,
    sender: Sender,
    /// The texts of the client, and behind them the envelope sender.
    octets: Vec<u8>,
    /// Where the octets of the envelope sender begin.
    client_end: usize,
}

/// Where a text stands among the octets.
type Text = Range<usize>;

#[derive(Clone, Debug)]
enum KnownIp {
    Unknown,
    Address(IpAddr),
    Text(Text),
}

#[derive(Clone, Debug)]
struct Credential {
    kind: CredentialKind,
    id: Option<Text>,
    scopes: Option<Vec<Text>>,
}

/// How the envelope sender is handed over.
#[derive(Clone, Copy, Debug)]
enum Sender {
    Unknown,
    Null,
    Path,
    Unquoted,
}

/// Room for the envelope sender that most of them fit in.
const SENDER_ROOM: usize = 64;

impl Facts {
    /// Copies what is known of a client after AUTH.
    pub(super) fn of(client: &Request<'_>) -> Self {
        let mut octets = Vec::with_capacity(length(client) + SENDER_ROOM);
        let mut keep = |text: &[u8]| {
            let start = octets.len();
            octets.extend_from_slice(text);
            start..octets.len()
        };
        let account = client.account.map(&mut keep);
        let role = client.role.map(&mut keep);
        let client_ip = match client.client_ip {
            ClientIp::Unknown => KnownIp::Unknown,
            ClientIp::Address(address) => KnownIp::Address(address),
            ClientIp::Text(text) => KnownIp::Text(keep(text)),
        };
        let credential = client.credential.map(|facts| Credential {
            kind: facts.kind,
            id: facts.id.map(&mut keep),
            scopes: facts.scopes.map(|scopes| scopes.iter().map(|scope| keep(scope)).collect()),
        });
        let (now, channel, tls, client_end) = (client.now, client.channel, client.tls, octets.len());
        let (smtputf8, sender) = (false, Sender::Unknown);
        Self { now, channel, account, role, client_ip, credential, tls, smtputf8, sender, octets, client_end }
    }

    /// Takes the envelope sender of another transaction in the place of the one before.
    pub(super) fn begin(&mut self, sender: EnvelopeSender<'_>, smtputf8: bool, now: Timestamp) {
        (self.smtputf8, self.now) = (smtputf8, now);
        let (kind, octets): (_, &[u8]) = match sender {
            EnvelopeSender::Unknown => (Sender::Unknown, &[]),
            EnvelopeSender::Null => (Sender::Null, &[]),
            EnvelopeSender::Path(octets) => (Sender::Path, octets),
            EnvelopeSender::Unquoted(octets) => (Sender::Unquoted, octets),
        };
        self.sender = kind;
        self.octets.truncate(self.client_end);
        self.octets.extend_from_slice(octets);
    }

    /// The envelope sender of the transaction.
    pub(super) fn sender(&self) -> EnvelopeSender<'_> {
        let octets = || self.octets.get(self.client_end..).unwrap_or_default();
        match self.sender {
            Sender::Unknown => EnvelopeSender::Unknown,
            Sender::Null => EnvelopeSender::Null,
            Sender::Path => EnvelopeSender::Path(octets()),
            Sender::Unquoted => EnvelopeSender::Unquoted(octets()),
        }
    }

    /// The request that these facts and a header are once the client is judged: of the client it has only what tells of addresses,
    /// its role and its channel.
    pub(super) fn transaction<'a>(&'a self, header: Header<'a>) -> Request<'a> {
        let mut request = Request::new(self.channel, self.now);
        request.role = self.role.as_ref().map(|role| self.text(role));
        (request.smtputf8, request.envelope_sender, request.header) = (self.smtputf8, self.sender(), header);
        request
    }

    /// Calls `answer` with the request that these facts and a header are.
    pub(crate) fn with_header<T>(&self, header: Header<'_>, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let text = |text: &Text| self.text(text);
        let scopes = self.credential.as_ref().and_then(|credential| credential.scopes.as_ref());
        let scopes: Option<Vec<&[u8]>> = scopes.map(|scopes| scopes.iter().map(text).collect());
        answer(&Request {
            now: self.now,
            channel: self.channel,
            account: self.account.as_ref().map(text),
            role: self.role.as_ref().map(text),
            client_ip: match &self.client_ip {
                KnownIp::Unknown => ClientIp::Unknown,
                KnownIp::Address(address) => ClientIp::Address(*address),
                KnownIp::Text(ip) => ClientIp::Text(text(ip)),
            },
            credential: self.credential.as_ref().map(|credential| CredentialFacts {
                kind: credential.kind,
                id: credential.id.as_ref().map(text),
                scopes: scopes.as_deref(),
            }),
            tls: self.tls,
            smtputf8: self.smtputf8,
            envelope_sender: self.sender(),
            header,
        })
    }

    fn text(&self, text: &Text) -> &[u8] {
        self.octets.get(text.clone()).unwrap_or_default()
    }
}

/// How many octets the texts of a client have.
fn length(client: &Request<'_>) -> usize {
    let ip = if let ClientIp::Text(text) = client.client_ip { text } else { &[] };
    let credential = client.credential.as_ref();
    let id = credential.and_then(|facts| facts.id);
    let scopes = credential.and_then(|facts| facts.scopes).unwrap_or_default();
    [client.account, client.role, Some(ip), id]
        .into_iter()
        .flatten()
        .chain(scopes.iter().copied())
        .map(<[u8]>::len)
        .sum()
}
