//! Requests whose texts stand in one run of octets, and how one is put there.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use sendas::{Channel, ClientIp, CredentialKind, EnvelopeSender, Header, Request, Stage, Timestamp, Tls};

/// Requests, each with the stage at which it is to be decided.
///
/// Their texts are copied one behind the other: reading them from there is quicker than where they came from, and nothing that
/// happens to the originals changes them. All else is kept small, since memory that is new costs more than what is done with it.
#[derive(Default)]
pub struct Requests {
    /// Of each request the texts in the order of [`Row::texts`], the fields of its header, and its scopes.
    pub(crate) octets: Vec<u8>,
    pub(crate) rows: Vec<Row>,
    /// The lengths of the names and bodies of all fields.
    pub(crate) fields: Vec<[u32; 2]>,
    /// The lengths of all scopes.
    pub(crate) scopes: Vec<u32>,
}

/// A request, by the lengths of its texts.
pub(crate) struct Row {
    pub(crate) now: Timestamp,
    /// Where its texts begin.
    pub(crate) start: usize,
    /// Of account, role, client address, credential's id, envelope sender, and header block: [`UNKNOWN`] where there is none.
    pub(crate) texts: [u32; TEXTS],
    /// The number of its fields, and of its scopes, or [`UNKNOWN`].
    pub(crate) fields: u32,
    pub(crate) scopes: u32,
    pub(crate) channel: Channel,
    pub(crate) credential: Option<CredentialKind>,
    pub(crate) tls: Option<Tls>,
    /// The client address, unless it is a text.
    pub(crate) address: Option<IpAddr>,
    pub(crate) sender: Sender,
    pub(crate) smtputf8: bool,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy)]
pub(crate) enum Sender {
    Null,
    Path,
    Unquoted,
}

/// A text of a request has 4 GiB or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text of a request must have less than 4 GiB where many are decided in one call")
    }
}

impl Error for TooLong {}

/// Says which of many requests an error is about; what is wrong with it comes behind this.
#[must_use]
pub fn which(number: impl fmt::Display) -> String {
    format!("request {number}, counted from 0: ")
}

impl Requests {
    /// So many are best decided together: what they need stays near.
    pub const AT_ONCE: usize = 64;

    /// Creates an empty list with room for [`AT_ONCE`](Self::AT_ONCE) requests of the usual size.
    #[must_use]
    pub fn new() -> Self {
        Self {
            octets: Vec::with_capacity(Self::AT_ONCE * USUAL_OCTETS),
            rows: Vec::with_capacity(Self::AT_ONCE),
            fields: Vec::with_capacity(Self::AT_ONCE),
            scopes: Vec::new(),
        }
    }

    /// Appends a copy of a request.
    ///
    /// # Errors
    ///
    /// A text has 4 GiB or more; the request is not appended.
    pub fn push(&mut self, request: &Request<'_>, stage: Stage) -> Result<(), TooLong> {
        let (start, fields, scopes) = (self.octets.len(), self.fields.len(), self.scopes.len());
        let pushed = self.copy(request, stage);
        if pushed.is_err() {
            self.octets.truncate(start);
            self.fields.truncate(fields);
            self.scopes.truncate(scopes);
        }
        pushed
    }

    fn copy(&mut self, request: &Request<'_>, stage: Stage) -> Result<(), TooLong> {
        let start = self.octets.len();
        let (address, ip) = match request.client_ip {
            ClientIp::Unknown => (None, None),
            ClientIp::Address(address) => (Some(address), None),
            ClientIp::Text(text) => (None, Some(text)),
        };
        let (sender, path) = match request.envelope_sender {
            EnvelopeSender::Unknown => (Sender::Path, None),
            EnvelopeSender::Null => (Sender::Null, None),
            EnvelopeSender::Path(path) => (Sender::Path, Some(path)),
            EnvelopeSender::Unquoted(sender) => (Sender::Unquoted, Some(sender)),
        };
        let (block, fields) = match request.header {
            Header::NotGiven => (None, None),
            Header::Block(block) => (Some(block), None),
            Header::Fields(fields) => (None, Some(fields)),
        };
        let credential = request.credential;
        let (id, scopes) = credential.map_or((None, None), |facts| (facts.id, facts.scopes));
        let mut lengths = [UNKNOWN; TEXTS];
        for (length, text) in lengths.iter_mut().zip([request.account, request.role, ip, id, path, block]) {
            if let Some(text) = text {
                *length = self.text(text)?;
            }
        }
        for (name, body) in fields.unwrap_or_default() {
            let field = [self.text(name)?, self.text(body)?];
            self.fields.push(field);
        }
        for scope in scopes.unwrap_or_default() {
            let scope = self.text(scope)?;
            self.scopes.push(scope);
        }
        self.rows.push(Row {
            now: request.now,
            start,
            texts: lengths,
            fields: fields.map_or(Ok(UNKNOWN), |fields| length(fields.len()))?,
            scopes: scopes.map_or(Ok(UNKNOWN), |scopes| length(scopes.len()))?,
            channel: request.channel,
            credential: credential.map(|facts| facts.kind),
            tls: request.tls,
            address,
            sender,
            smtputf8: request.smtputf8,
            stage,
        });
        Ok(())
    }

    /// Gives back the room that no request has taken.
    pub(crate) fn settle(&mut self) {
        let Self { octets, rows, fields, scopes } = self;
        octets.shrink_to_fit();
        rows.shrink_to_fit();
        fields.shrink_to_fit();
        scopes.shrink_to_fit();
    }

    /// The octets of memory that they take, beside what is the same for every list.
    pub(crate) fn size(&self) -> usize {
        let Self { octets, rows, fields, scopes } = self;
        octets.capacity() + size_of_val(&rows[..]) + size_of_val(&fields[..]) + size_of_val(&scopes[..])
    }

    /// The number of requests.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn text(&mut self, text: &[u8]) -> Result<u32, TooLong> {
        let length = length(text.len())?;
        self.octets.extend_from_slice(text);
        Ok(length)
    }
}

fn length(length: usize) -> Result<u32, TooLong> {
    u32::try_from(length).ok().filter(|length| *length != UNKNOWN).ok_or(TooLong)
}

/// In place of the length of what is not known.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// The texts that a request has at most once.
pub(crate) const TEXTS: usize = 6;

/// The octets of a request with one field.
const USUAL_OCTETS: usize = 160;
