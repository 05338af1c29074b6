//! Requests that own their octets: what is recorded.
//!
//! With feature `json`, a record is read from JSON and written as JSON, one on a line. The members are those of [`Request`] by
//! their names, with `envelope` for the envelope sender; one that is absent is a fact that is not known. Octets are a string
//! that stands for its UTF-8, or `{"hex": "…"}` where they are none.
//!
//! ```json
//! {"now":"2026-12-07T09:30:00Z","channel":"smtp","account":"alice@acme.example","client_ip":"192.0.2.10",
//!  "credential":{"kind":"api_key","id":"key-1","scopes":["mail.send"]},"tls":"starttls","smtputf8":false,
//!  "envelope":{"path":"<news@acme.example>"},"header":{"fields":[["From"," News <news@acme.example>"]]}}
//! ```
//!
//! `envelope` is `{"null": true}`, `{"path": octets}` or `{"unquoted": octets}`; `header` is `{"fields": […]}` or
//! `{"block": octets}`.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::request::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Tls};
use crate::time::Timestamp;

/// A request that owns its octets.
///
/// ```
/// use sendas::record::RequestRecord;
/// use sendas::{Channel, Request, Timestamp};
/// let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
/// request.account = Some(b"alice");
/// let record = RequestRecord::from(&request);
/// assert_eq!(record.with_request(|request| request.account.map(<[u8]>::len)), Some(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The instant of the decision.
    pub now: Timestamp,
    /// The way in which the message is handed over.
    pub channel: Channel,
    /// The authenticated account's id.
    pub account: Option<Vec<u8>>,
    /// The role in which the account acts.
    pub role: Option<Vec<u8>>,
    /// The client's network address as text.
    pub client_ip: Option<Vec<u8>>,
    /// What the account authenticated with.
    pub credential: Option<CredentialRecord>,
    /// Transport encryption of the client's connection.
    pub tls: Option<Tls>,
    /// Whether the client asked for SMTPUTF8.
    pub smtputf8: bool,
    /// The reverse-path of MAIL FROM.
    pub envelope: EnvelopeRecord,
    /// The message header.
    pub header: HeaderRecord,
}

/// A credential that owns its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialRecord {
    /// The kind of credential.
    pub kind: CredentialKind,
    /// The credential's id, never the secret.
    pub id: Option<Vec<u8>>,
    /// The scopes that the credential presented.
    pub scopes: Option<Vec<Vec<u8>>>,
}

/// An envelope sender that owns its octets; see [`EnvelopeSender`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as EnvelopeSender")]
pub enum EnvelopeRecord {
    /// Not known.
    Unknown,
    /// The null reverse-path.
    Null,
    /// The octets as in MAIL FROM.
    Path(Vec<u8>),
    /// The form that Postfix hands to policy services.
    Unquoted(Vec<u8>),
}

/// A header that owns its octets; see [`Header`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as Header")]
pub enum HeaderRecord {
    /// Not known (yet).
    NotGiven,
    /// Every field as name and raw body.
    Fields(Vec<(Vec<u8>, Vec<u8>)>),
    /// The raw header block.
    Block(Vec<u8>),
}

impl RequestRecord {
    /// Creates a record in which nothing but the channel and the instant is known.
    #[must_use]
    pub const fn new(channel: Channel, now: Timestamp) -> Self {
        Self {
            now,
            channel,
            account: None,
            role: None,
            client_ip: None,
            credential: None,
            tls: None,
            smtputf8: false,
            envelope: EnvelopeRecord::Unknown,
            header: HeaderRecord::NotGiven,
        }
    }

    /// Calls `answer` with the recorded request.
    pub fn with_request<T>(&self, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        answer(&self.request(&Lists::of(self)))
    }

    /// Calls `answer` with several recorded requests, in their order.
    ///
    /// ```
    /// use sendas::record::RequestRecord;
    /// use sendas::{Channel, Timestamp};
    /// let records = [0, 60].map(|now| RequestRecord::new(Channel::Smtp, Timestamp(now)));
    /// let last = RequestRecord::with_requests(&records, |requests| requests.last().map(|request| request.now));
    /// assert_eq!(last, Some(Timestamp(60)));
    /// ```
    pub fn with_requests<'r, T>(
        records: impl IntoIterator<Item = &'r Self>,
        answer: impl FnOnce(&[Request<'_>]) -> T,
    ) -> T {
        let lent: Vec<_> = records.into_iter().map(|record| (record, Lists::of(record))).collect();
        let requests: Vec<_> = lent.iter().map(|(record, lists)| record.request(lists)).collect();
        answer(&requests)
    }

    fn request<'a>(&'a self, lists: &'a Lists<'a>) -> Request<'a> {
        let mut request = Request::new(self.channel, self.now);
        request.account = self.account.as_deref();
        request.role = self.role.as_deref();
        request.client_ip = self.client_ip.as_deref().map_or(ClientIp::Unknown, ClientIp::Text);
        request.credential = self.credential.as_ref().map(|credential| CredentialFacts {
            kind: credential.kind,
            id: credential.id.as_deref(),
            scopes: lists.scopes.as_deref(),
        });
        request.tls = self.tls;
        request.smtputf8 = self.smtputf8;
        request.envelope_sender = self.envelope.sender();
        request.header = self.header.header(lists.fields.as_deref().unwrap_or_default());
        request
    }
}

/// The lists that a request borrows, which a record has in another form.
struct Lists<'a> {
    scopes: Option<Vec<&'a [u8]>>,
    fields: Option<Vec<Field<'a>>>,
}

/// The name and the body of a header field.
type Field<'a> = (&'a [u8], &'a [u8]);

impl<'a> Lists<'a> {
    fn of(record: &'a RequestRecord) -> Self {
        let scopes = record.credential.as_ref().and_then(|credential| credential.scopes.as_ref());
        Self { scopes: scopes.map(|scopes| scopes.iter().map(Vec::as_slice).collect()), fields: record.header.fields() }
    }
}

impl From<&Request<'_>> for RequestRecord {
    /// Copies the octets of a request; the client's address becomes its text.
    fn from(request: &Request<'_>) -> Self {
        Self {
            now: request.now,
            channel: request.channel,
            account: request.account.map(<[u8]>::to_vec),
            role: request.role.map(<[u8]>::to_vec),
            client_ip: match request.client_ip {
                ClientIp::Unknown => None,
                ClientIp::Address(address) => Some(address.to_string().into_bytes()),
                ClientIp::Text(text) => Some(text.to_vec()),
            },
            credential: request.credential.map(|facts| CredentialRecord {
                kind: facts.kind,
                id: facts.id.map(<[u8]>::to_vec),
                scopes: facts.scopes.map(|scopes| scopes.iter().map(|scope| scope.to_vec()).collect()),
            }),
            tls: request.tls,
            smtputf8: request.smtputf8,
            envelope: request.envelope_sender.into(),
            header: request.header.into(),
        }
    }
}

impl EnvelopeRecord {
    /// Returns the envelope sender that is recorded.
    #[must_use]
    pub fn sender(&self) -> EnvelopeSender<'_> {
        match self {
            Self::Unknown => EnvelopeSender::Unknown,
            Self::Null => EnvelopeSender::Null,
            Self::Path(octets) => EnvelopeSender::Path(octets),
            Self::Unquoted(octets) => EnvelopeSender::Unquoted(octets),
        }
    }
}

impl From<EnvelopeSender<'_>> for EnvelopeRecord {
    fn from(sender: EnvelopeSender<'_>) -> Self {
        match sender {
            EnvelopeSender::Unknown => Self::Unknown,
            EnvelopeSender::Null => Self::Null,
            EnvelopeSender::Path(octets) => Self::Path(octets.to_vec()),
            EnvelopeSender::Unquoted(octets) => Self::Unquoted(octets.to_vec()),
        }
    }
}

impl HeaderRecord {
    /// Calls `answer` with the recorded header.
    pub fn with_header<T>(&self, answer: impl FnOnce(Header<'_>) -> T) -> T {
        answer(self.header(&self.fields().unwrap_or_default()))
    }

    /// The fields as a request borrows them, where it is fields that are recorded.
    fn fields(&self) -> Option<Vec<Field<'_>>> {
        match self {
            Self::NotGiven | Self::Block(_) => None,
            Self::Fields(fields) => {
                Some(fields.iter().map(|(name, body)| (name.as_slice(), body.as_slice())).collect())
            }
        }
    }

    fn header<'a>(&'a self, fields: &'a [Field<'a>]) -> Header<'a> {
        match self {
            Self::NotGiven => Header::NotGiven,
            Self::Block(block) => Header::Block(block),
            Self::Fields(_) => Header::Fields(fields),
        }
    }
}

impl From<Header<'_>> for HeaderRecord {
    fn from(header: Header<'_>) -> Self {
        match header {
            Header::NotGiven => Self::NotGiven,
            Header::Block(block) => Self::Block(block.to_vec()),
            Header::Fields(fields) => {
                Self::Fields(fields.iter().map(|(name, body)| (name.to_vec(), body.to_vec())).collect())
            }
        }
    }
}

impl CredentialRecord {
    /// Creates the record of a credential of which only the kind is known.
    #[must_use]
    pub const fn new(kind: CredentialKind) -> Self {
        Self { kind, id: None, scopes: None }
    }
}
