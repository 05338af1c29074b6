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
    /// Where the octets of the envelope sender stand.
    sender_text: Text,
    /// The texts of the client, and behind them those of envelope senders.
    octets: Vec<u8>,
    /// Where the texts of the client end.
    client_end: usize,
}

/// Where a text stands among the octets.
pub(super) type Text = Range<usize>;

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

/// Room that the texts of most clients and of their few envelope senders fit in.
const ROOM: usize = 256;

impl Facts {
    /// Copies what is known of a client after AUTH.
    pub(super) fn of(client: &Request<'_>) -> Self {
        let mut octets = Vec::with_capacity(ROOM);
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
        let (smtputf8, sender, sender_text) = (false, Sender::Unknown, client_end..client_end);
        Self {
            now,
            channel,
            account,
            role,
            client_ip,
            credential,
            tls,
            smtputf8,
            sender,
            sender_text,
            octets,
            client_end,
        }
    }

    /// Takes the envelope sender of another transaction, whose octets are copied behind the last text that is to be `kept`, or
    /// behind those of the client where none is.
    pub(super) fn begin(
        &mut self,
        sender: EnvelopeSender<'_>,
        kept: Option<&Text>,
        (smtputf8, now): (bool, Timestamp),
    ) {
        let (kind, octets) = Sender::of(sender);
        let start = kept.map_or(self.client_end, |kept| kept.end);
        self.octets.truncate(start);
        self.octets.extend_from_slice(octets);
        (self.sender, self.sender_text, self.smtputf8, self.now) = (kind, start..self.octets.len(), smtputf8, now);
    }

    /// Takes the envelope sender of another transaction, whose octets stand here already, at `text`.
    pub(super) fn begin_again(&mut self, sender: EnvelopeSender<'_>, text: Text, (smtputf8, now): (bool, Timestamp)) {
        (self.sender, self.sender_text, self.smtputf8, self.now) = (Sender::of(sender).0, text, smtputf8, now);
    }

    /// Where the octets of the envelope sender of the transaction stand.
    pub(super) const fn sender_text(&self) -> &Text {
        &self.sender_text
    }

    /// The envelope sender of the transaction.
    pub(super) fn sender(&self) -> EnvelopeSender<'_> {
        let octets = || self.text(&self.sender_text);
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

    /// The octets of a text.
    pub(super) fn text(&self, text: &Text) -> &[u8] {
        self.octets.get(text.clone()).unwrap_or_default()
    }
}

impl Sender {
    /// How an envelope sender is handed over, and its octets.
    fn of(sender: EnvelopeSender<'_>) -> (Self, &[u8]) {
        match sender {
            EnvelopeSender::Unknown => (Self::Unknown, &[]),
            EnvelopeSender::Null => (Self::Null, &[]),
            EnvelopeSender::Path(octets) => (Self::Path, octets),
            EnvelopeSender::Unquoted(octets) => (Self::Unquoted, octets),
        }
    }
}
