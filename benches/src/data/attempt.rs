//! One request as raw text.

use std::ops::{Deref, Range};

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
    /// Writes the fields as a header block.
    #[must_use]
    pub fn new(fields: &[(&str, &str)]) -> Self {
        let mut header = Self::default();
        for (name, body) in fields {
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

    /// The attempt as a host has it once it has taken the header apart.
    #[must_use]
    pub fn given(&self) -> Given<'_> {
        Given {
            attempt: self,
            fields: self.header.lines().filter_map(apart).collect(),
            scopes: self.scopes.as_ref().map(|scope| [scope.as_bytes()]),
        }
    }

    /// Reads all octets of the request; returns their sum.
    #[must_use]
    pub fn octets(&self) -> u8 {
        let texts = [Some(&self.account), Some(&self.client), Some(&self.path)].into_iter();
        let texts = texts.chain([self.role.as_ref(), self.credential_id.as_ref(), self.scopes.as_ref()]);
        let octets = texts.flatten().map(String::as_bytes).chain([self.header.block().as_bytes()]).flatten();
        octets.copied().fold(0, u8::wrapping_add)
    }

    /// The request as a line of recorded requests.
    #[must_use]
    pub fn to_json(&self) -> String {
        RequestRecord::from(&self.given().request()).to_json()
    }
}

/// The name and the raw body of a field, without the line ending.
fn apart<'a>((name, line): (&'a str, &'a str)) -> Option<(&'a [u8], &'a [u8])> {
    Some((name.as_bytes(), line.strip_suffix("\r\n")?.as_bytes()))
}

/// An attempt as a host has it at the end of the header: besides the texts, the name and the raw body of each field.
///
/// It is made before anything is timed. Writing a [`Request`] down is part of a decision.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    attempt: &'a Attempt,
    fields: Vec<(&'a [u8], &'a [u8])>,
    scopes: Option<[&'a [u8]; 1]>,
}

impl Deref for Given<'_> {
    type Target = Attempt;

    fn deref(&self) -> &Attempt {
        self.attempt
    }
}

impl Given<'_> {
    /// The request.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        let mut credential = CredentialFacts::new(self.credential);
        credential.id = self.credential_id.as_ref().map(String::as_bytes);
        credential.scopes = self.scopes.as_ref().map(|scopes| &scopes[..]);
        let mut request = Request::new(self.channel, self.now);
        request.account = Some(self.account.as_bytes());
        request.role = self.role.as_ref().map(String::as_bytes);
        request.client_ip = ClientIp::Text(self.client.as_bytes());
        request.credential = Some(credential);
        request.tls = Some(self.tls);
        request.envelope_sender = self.sender();
        request.header = self.fields();
        request
    }

    /// The envelope sender.
    #[must_use]
    pub fn sender(&self) -> EnvelopeSender<'_> {
        match self.path.as_str() {
            "<>" => EnvelopeSender::Null,
            path => EnvelopeSender::Path(path.as_bytes()),
        }
    }

    /// The header.
    #[must_use]
    pub fn fields(&self) -> Header<'_> {
        Header::Fields(&self.fields)
    }
}
