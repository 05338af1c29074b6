//! The staged form: one client's session, transaction by transaction.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::decision::{Decision, Stage};
use crate::request::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Tls};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

/// What is known of one client after AUTH, and its transaction at hand.
///
/// A transaction (MAIL to the end of data) uses one snapshot and one `now`. Each MAIL FROM takes the snapshot
/// that the host has then, and decides the session again with it, so that a revocation reaches open connections.
///
/// ```
/// # use sendas::{Channel, EnvelopeSender, HashKey, Header, Options, Policy, Request, Snapshot, Timestamp, Verdict};
/// # let snapshot = Snapshot::compile(&Policy::default(), &Options::new(HashKey([1; 16])))?;
/// let now = Timestamp(1_796_083_200);
/// let mut request = Request::new(Channel::Smtp, now);
/// request.account = Some(b"alice");
/// let mut session = snapshot.session(&request);                                  // after AUTH
/// assert_eq!(session.decision().verdict(), Verdict::Deny);                       // nobody is known here
/// let decision = session.mail_from(&snapshot, EnvelopeSender::Path(b"<a@example.org>"), false, now);
/// assert_eq!(decision.verdict(), Verdict::Deny);
/// let decision = session.message(Header::Fields(&[(b"From", b"a@example.org")]));
/// assert_eq!(decision.verdict(), Verdict::Deny);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    client: Client,
    transaction: Transaction,
    decision: Decision,
}

/// The facts of the client, kept as they came.
#[derive(Clone, Debug)]
struct Client {
    channel: Channel,
    account: Option<Vec<u8>>,
    role: Option<Vec<u8>>,
    client_ip: OwnedIp,
    credential: Option<OwnedCredential>,
    tls: Option<Tls>,
}

#[derive(Clone, Debug)]
enum OwnedIp {
    Unknown,
    Address(IpAddr),
    Text(Vec<u8>),
}

#[derive(Clone, Debug)]
struct OwnedCredential {
    kind: CredentialKind,
    id: Option<Vec<u8>>,
    scopes: Option<Vec<Vec<u8>>>,
}

#[derive(Clone, Debug)]
struct Transaction {
    snapshot: Snapshot,
    now: Timestamp,
    smtputf8: bool,
    path: OwnedPath,
}

#[derive(Clone, Debug)]
enum OwnedPath {
    Unknown,
    Null,
    Path(Vec<u8>),
    Unquoted(Vec<u8>),
}

impl Snapshot {
    /// Opens a session with what is known of the client after AUTH; the envelope and the header of `client` are not looked at.
    #[must_use]
    pub fn session(&self, client: &Request<'_>) -> Session {
        let owned = Client {
            channel: client.channel,
            account: client.account.map(<[u8]>::to_vec),
            role: client.role.map(<[u8]>::to_vec),
            client_ip: match client.client_ip {
                ClientIp::Unknown => OwnedIp::Unknown,
                ClientIp::Address(address) => OwnedIp::Address(address),
                ClientIp::Text(text) => OwnedIp::Text(text.to_vec()),
            },
            credential: client.credential.map(|facts| OwnedCredential {
                kind: facts.kind,
                id: facts.id.map(<[u8]>::to_vec),
                scopes: facts.scopes.map(|scopes| scopes.iter().map(|scope| scope.to_vec()).collect()),
            }),
            tls: client.tls,
        };
        Session {
            client: owned,
            transaction: Transaction {
                snapshot: self.clone(),
                now: client.now,
                smtputf8: false,
                path: OwnedPath::Unknown,
            },
            decision: self.evaluate_stage(client, Stage::Session),
        }
    }
}

impl Session {
    /// The latest decision.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Begins a transaction at MAIL FROM, with the snapshot and the instant that hold until its end.
    pub fn mail_from(
        &mut self,
        snapshot: &Snapshot,
        sender: EnvelopeSender<'_>,
        smtputf8: bool,
        now: Timestamp,
    ) -> Decision {
        let path = match sender {
            EnvelopeSender::Unknown => OwnedPath::Unknown,
            EnvelopeSender::Null => OwnedPath::Null,
            EnvelopeSender::Path(bytes) => OwnedPath::Path(bytes.to_vec()),
            EnvelopeSender::Unquoted(bytes) => OwnedPath::Unquoted(bytes.to_vec()),
        };
        self.transaction = Transaction { snapshot: snapshot.clone(), now, smtputf8, path };
        self.decide(Header::NotGiven, Stage::Envelope)
    }

    /// Decides the transaction at the end of the header.
    pub fn message(&mut self, header: Header<'_>) -> Decision {
        self.decide(header, Stage::Message)
    }

    /// Calls `answer` with the request of the transaction, for rendering a reply to its latest decision.
    pub fn with_request<T>(&self, header: Header<'_>, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let (client, transaction) = (&self.client, &self.transaction);
        let scopes: Option<Vec<&[u8]>> = client
            .credential
            .as_ref()
            .and_then(|credential| credential.scopes.as_ref())
            .map(|scopes| scopes.iter().map(Vec::as_slice).collect());
        let request = Request {
            now: transaction.now,
            channel: client.channel,
            account: client.account.as_deref(),
            role: client.role.as_deref(),
            client_ip: match &client.client_ip {
                OwnedIp::Unknown => ClientIp::Unknown,
                OwnedIp::Address(address) => ClientIp::Address(*address),
                OwnedIp::Text(text) => ClientIp::Text(text),
            },
            credential: client.credential.as_ref().map(|credential| CredentialFacts {
                kind: credential.kind,
                id: credential.id.as_deref(),
                scopes: scopes.as_deref(),
            }),
            tls: client.tls,
            smtputf8: transaction.smtputf8,
            envelope_sender: match &transaction.path {
                OwnedPath::Unknown => EnvelopeSender::Unknown,
                OwnedPath::Null => EnvelopeSender::Null,
                OwnedPath::Path(bytes) => EnvelopeSender::Path(bytes),
                OwnedPath::Unquoted(bytes) => EnvelopeSender::Unquoted(bytes),
            },
            header,
        };
        answer(&request)
    }

    fn decide(&mut self, header: Header<'_>, stage: Stage) -> Decision {
        self.decision = self.with_request(header, |request| self.transaction.snapshot.evaluate_stage(request, stage));
        self.decision
    }
}
