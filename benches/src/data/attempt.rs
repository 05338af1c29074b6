//! One request as raw text.

use std::ops::Range;

use sendas::record::RequestRecord;
use sendas::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Timestamp, Tls};

use super::NOW;

/// One request as raw text, as a host has it at the end of the header.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Attempt {
    /// What it is an example of.
    pub case: Case,
    /// The instant.
    pub now: Timestamp,
    /// The channel.
    pub channel: Channel,
    /// The authenticated account.
    pub account: String,
    /// The role it acts in.
    pub role: Option<String>,
    /// The client's address.
    pub client: String,
    /// The kind of credential.
    pub credential: CredentialKind,
    /// The credential's id.
    pub credential_id: Option<String>,
    /// The scopes that the credential presented.
    pub scopes: Option<String>,
    /// Transport encryption.
    pub tls: Tls,
    /// The reverse-path with its brackets; `<>` is null.
    pub path: String,
    /// The header.
    pub header: Fields,
}

/// What a request is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Case {
    /// The name in tables.
    pub name: &'static str,
    /// Whether it shall be allowed.
    pub allowed: bool,
}

/// A header: its raw block, and where its fields stand in it.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    block: String,
    fields: Vec<(Range<usize>, Range<usize>)>,
}

impl Fields {
    /// The fields that a request can have at most.
    pub const MOST: usize = 8;

    /// Writes the fields as a header block.
    #[must_use]
    pub fn new(fields: &[(&str, &str)]) -> Self {
        let mut header = Self::default();
        for (name, body) in fields.iter().take(Self::MOST) {
            let start = header.block.len();
            let colon = start + name.len();
            header.block.push_str(name);
            header.block.push_str(": ");
            header.block.push_str(body);
            header.fields.push((start..colon, colon + 1..header.block.len()));
            header.block.push_str("\r\n");
        }
        header.block.push_str("\r\n");
        header
    }

    /// The raw block, with the empty line that ends it.
    #[must_use]
    pub fn block(&self) -> &str {
        &self.block
    }

    /// Each field's name, and its raw body with the line ending.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .filter_map(|(name, body)| Some((self.block.get(name.clone())?, self.block.get(body.start..body.end + 2)?)))
    }

    /// The header, with each field's name and raw body.
    fn header<'a>(&'a self, raw: &'a mut RawFields<'a>) -> Header<'a> {
        let block = self.block.as_bytes();
        for ((name, body), into) in self.fields.iter().zip(&mut *raw) {
            *into = (block.get(name.clone()).unwrap_or_default(), block.get(body.clone()).unwrap_or_default());
        }
        Header::Fields(raw.get(..self.fields.len()).unwrap_or_default())
    }
}

/// Each field's name and raw body.
type RawFields<'a> = [(&'a [u8], &'a [u8]); Fields::MOST];

const NO_FIELDS: RawFields<'_> = [(b"", b""); Fields::MOST];

/// What a request borrows that an attempt has in another form.
struct Raw<'a> {
    scopes: [&'a [u8]; 1],
    fields: RawFields<'a>,
}

impl Raw<'_> {
    const EMPTY: Self = Self { scopes: [b""], fields: NO_FIELDS };
}

impl Attempt {
    /// Creates a request over SMTP with an API key, encrypted, with nothing else known.
    pub(super) fn new(case: Case, account: String, path: String, header: Fields) -> Self {
        Self {
            case,
            now: NOW,
            channel: Channel::Smtp,
            account,
            role: None,
            client: String::new(),
            credential: CredentialKind::ApiKey,
            credential_id: None,
            scopes: None,
            tls: Tls::Starttls,
            path,
            header,
        }
    }

    /// Calls `use_it` with the request.
    pub fn with_request<T>(&self, use_it: impl FnOnce(&Request<'_>) -> T) -> T {
        let mut raw = Raw::EMPTY;
        use_it(&self.request(&mut raw))
    }

    /// Calls `use_it` with what the client of an open session says: the reverse-path and the header.
    pub fn with_mail<T>(&self, use_it: impl FnOnce(EnvelopeSender<'_>, Header<'_>) -> T) -> T {
        let mut fields = NO_FIELDS;
        use_it(self.sender(), self.header.header(&mut fields))
    }

    /// Calls `use_it` with the requests of several attempts.
    pub fn with_requests<T>(attempts: &[Self], use_it: impl FnOnce(&[Request<'_>]) -> T) -> T {
        let mut raw: Vec<_> = attempts.iter().map(|_| Raw::EMPTY).collect();
        let requests: Vec<_> = attempts.iter().zip(&mut raw).map(|(attempt, raw)| attempt.request(raw)).collect();
        use_it(&requests)
    }

    /// Reads all octets of the request; returns their sum.
    #[must_use]
    pub fn octets(&self) -> u8 {
        let texts = [Some(&self.account), Some(&self.client), Some(&self.path)].into_iter();
        let texts = texts.chain([self.role.as_ref(), self.credential_id.as_ref(), self.scopes.as_ref()]);
        let octets = texts.flatten().map(String::as_bytes).chain([self.header.block().as_bytes()]).flatten();
        octets.copied().fold(0, u8::wrapping_add)
    }

    fn request<'a>(&'a self, raw: &'a mut Raw<'a>) -> Request<'a> {
        let mut credential = CredentialFacts::new(self.credential);
        credential.id = self.credential_id.as_ref().map(String::as_bytes);
        if let Some(scope) = &self.scopes {
            raw.scopes = [scope.as_bytes()];
            credential.scopes = Some(&raw.scopes);
        }
        let mut request = Request::new(self.channel, self.now);
        request.account = Some(self.account.as_bytes());
        request.role = self.role.as_ref().map(String::as_bytes);
        request.client_ip = ClientIp::Text(self.client.as_bytes());
        request.credential = Some(credential);
        request.tls = Some(self.tls);
        request.envelope_sender = self.sender();
        request.header = self.header.header(&mut raw.fields);
        request
    }

    fn sender(&self) -> EnvelopeSender<'_> {
        match self.path.as_str() {
            "<>" => EnvelopeSender::Null,
            path => EnvelopeSender::Path(path.as_bytes()),
        }
    }

    /// The request as a line of recorded requests.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.with_request(|request| RequestRecord::from(request).to_json())
    }
}
