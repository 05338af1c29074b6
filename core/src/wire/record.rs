//! Requests as they are recorded: owned, and as JSON, one a line.
//!
//! The members are those of [`Request`] by their names; one that is absent is a fact that is not known.
//! Octets are a string that stands for its UTF-8, or `{"hex": "…"}` where they are none.
//!
//! ```json
//! {"now":"2026-12-07T09:30:00Z","channel":"smtp","account":"alice@acme.example","client_ip":"192.0.2.10",
//!  "credential":{"kind":"api_key","id":"key-1","scopes":["mail.send"]},"tls":"starttls","smtputf8":false,
//!  "envelope":{"path":"<news@acme.example>"},"header":{"fields":[["From"," News <news@acme.example>"]]}}
//! ```
//!
//! `envelope` is `{"null": true}`, `{"path": octets}` or `{"unquoted": octets}`; `header` is `{"fields": […]}` or
//! `{"block": octets}`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::request::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Tls};
use crate::time::Timestamp;

use super::diagnostic::{Diagnostic, place};
use super::output::Output;
use super::read::decode;
use super::{json, request};

/// A request that owns its octets.
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

    /// Reads a record from JSON (RFC 8259), such as a line of a file of records.
    ///
    /// ```
    /// use sendas::record::RequestRecord;
    /// let record = RequestRecord::from_json(r#"{"now":"2026-12-07T09:30:00Z","channel":"smtp","account":"alice"}"#)?;
    /// assert_eq!(record.with_request(|request| request.account.map(<[u8]>::len)), Some(5));
    ///
    /// let error = RequestRecord::from_json(r#"{"now":"2026-12-07T09:30:00Z","chanel":"smtp"}"#).unwrap_err();
    /// assert_eq!(error.diagnostics()[0].help.as_deref(), Some("it is required"));
    /// assert_eq!(error.diagnostics()[1].help.as_deref(), Some("did you mean `channel`?"));
    /// # Ok::<(), sendas::record::RecordError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: octets that are no UTF-8, JSON syntax, unknown or missing members, unreadable values.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        let octets = text.as_ref();
        let read = || {
            let (text, start) = decode(octets)?;
            request::read(&json::read(text, start)?)
        };
        read().map_err(|reports| RecordError { diagnostics: place(reports, octets, 1, 0) })
    }

    /// Writes the record as JSON that [`from_json`](Self::from_json) reads back as an equal record, on one line without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| request::write(output, self))
    }

    /// Calls `answer` with the recorded request.
    pub fn with_request<T>(&self, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let mut request = Request::new(self.channel, self.now);
        request.account = self.account.as_deref();
        request.role = self.role.as_deref();
        request.client_ip = self.client_ip.as_deref().map_or(ClientIp::Unknown, ClientIp::Text);
        let scopes = self.credential.as_ref().and_then(|credential| credential.scopes.as_ref());
        let scopes: Option<Vec<&[u8]>> = scopes.map(|scopes| scopes.iter().map(Vec::as_slice).collect());
        request.credential = self.credential.as_ref().map(|credential| CredentialFacts {
            kind: credential.kind,
            id: credential.id.as_deref(),
            scopes: scopes.as_deref(),
        });
        request.tls = self.tls;
        request.smtputf8 = self.smtputf8;
        request.envelope_sender = match &self.envelope {
            EnvelopeRecord::Unknown => EnvelopeSender::Unknown,
            EnvelopeRecord::Null => EnvelopeSender::Null,
            EnvelopeRecord::Path(octets) => EnvelopeSender::Path(octets),
            EnvelopeRecord::Unquoted(octets) => EnvelopeSender::Unquoted(octets),
        };
        let fields: Vec<(&[u8], &[u8])> = match &self.header {
            HeaderRecord::Fields(fields) => {
                fields.iter().map(|(name, body)| (name.as_slice(), body.as_slice())).collect()
            }
            HeaderRecord::NotGiven | HeaderRecord::Block(_) => Vec::new(),
        };
        request.header = match &self.header {
            HeaderRecord::NotGiven => Header::NotGiven,
            HeaderRecord::Fields(_) => Header::Fields(&fields),
            HeaderRecord::Block(block) => Header::Block(block),
        };
        answer(&request)
    }
}

impl CredentialRecord {
    /// Creates the record of a credential of which only the kind is known.
    #[must_use]
    pub const fn new(kind: CredentialKind) -> Self {
        Self { kind, id: None, scopes: None }
    }
}

/// Everything that is wrong with a record, in the order of the text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    diagnostics: Vec<Diagnostic>,
}

impl RecordError {
    /// Returns the problems in the order of the text; each line is counted from the start of the record.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl fmt::Display for RecordError {
    /// Writes one line for each problem.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{diagnostic}")?;
        }
        Ok(())
    }
}

impl core::error::Error for RecordError {}
