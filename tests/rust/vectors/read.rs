//! Reads a request of a vector into owned octets, and lends it to the engine.

use std::net::IpAddr;

use sendas::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Timestamp, Tls};
use serde_json::Value;

/// A request that owns its octets.
pub(crate) struct Owned {
    now: Timestamp,
    channel: Channel,
    account: Option<Vec<u8>>,
    role: Option<Vec<u8>>,
    client_ip: Option<Vec<u8>>,
    credential: Option<Credential>,
    tls: Option<Tls>,
    smtputf8: bool,
    envelope: Option<Envelope>,
    header: Option<HeaderText>,
}

struct Credential {
    kind: CredentialKind,
    id: Option<Vec<u8>>,
    scopes: Option<Vec<Vec<u8>>>,
}

enum Envelope {
    Null,
    Path(Vec<u8>),
    Unquoted(Vec<u8>),
}

enum HeaderText {
    Fields(Vec<(Vec<u8>, Vec<u8>)>),
    Block(Vec<u8>),
}

impl Owned {
    /// Reads the `request` member of a vector that the schema permits.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        Some(Self {
            now: Timestamp::parse(value["now"].as_str()?)?,
            channel: Channel::from_name(value["channel"].as_str()?)?,
            account: optional(&value["account"], octets)?,
            role: optional(&value["role"], octets)?,
            client_ip: optional(&value["client_ip"], octets)?,
            credential: optional(&value["credential"], credential)?,
            tls: optional(&value["tls"], |tls| Tls::from_name(tls.as_str()?))?,
            smtputf8: optional(&value["smtputf8"], Value::as_bool)?.unwrap_or(false),
            envelope: optional(&value["envelope"], envelope)?,
            header: optional(&value["header"], header)?,
        })
    }

    /// The client's address as a value, where its text is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        std::str::from_utf8(self.client_ip.as_deref()?).ok()?.parse().ok()
    }

    /// Lends the request, with the client's address as `client` or else as its text.
    pub(crate) fn lend<T>(&self, client: Option<IpAddr>, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let mut request = Request::new(self.channel, self.now);
        request.account = self.account.as_deref();
        request.role = self.role.as_deref();
        request.client_ip = match (client, &self.client_ip) {
            (Some(address), _) => ClientIp::Address(address),
            (None, Some(text)) => ClientIp::Text(text),
            (None, None) => ClientIp::Unknown,
        };
        let scopes = self.credential.as_ref().and_then(|credential| credential.scopes.as_ref());
        let scopes: Option<Vec<&[u8]>> = scopes.map(|scopes| scopes.iter().map(Vec::as_slice).collect());
        request.credential = self.credential.as_ref().map(|credential| {
            let mut facts = CredentialFacts::new(credential.kind);
            facts.id = credential.id.as_deref();
            facts.scopes = scopes.as_deref();
            facts
        });
        request.tls = self.tls;
        request.smtputf8 = self.smtputf8;
        request.envelope_sender = match &self.envelope {
            None => EnvelopeSender::Unknown,
            Some(Envelope::Null) => EnvelopeSender::Null,
            Some(Envelope::Path(path)) => EnvelopeSender::Path(path),
            Some(Envelope::Unquoted(address)) => EnvelopeSender::Unquoted(address),
        };
        let fields: Vec<(&[u8], &[u8])> = match &self.header {
            Some(HeaderText::Fields(fields)) => fields.iter().map(|(name, body)| (&name[..], &body[..])).collect(),
            Some(HeaderText::Block(_)) | None => Vec::new(),
        };
        request.header = match &self.header {
            None => Header::NotGiven,
            Some(HeaderText::Fields(_)) => Header::Fields(&fields),
            Some(HeaderText::Block(block)) => Header::Block(block),
        };
        answer(&request)
    }
}

/// Reads a member that may be absent; `None` if it is there and cannot be read.
fn optional<T>(value: &Value, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

fn credential(value: &Value) -> Option<Credential> {
    Some(Credential {
        kind: CredentialKind::from_name(value["kind"].as_str()?)?,
        id: optional(&value["id"], octets)?,
        scopes: optional(&value["scopes"], |scopes| scopes.as_array()?.iter().map(octets).collect())?,
    })
}

fn envelope(value: &Value) -> Option<Envelope> {
    if value["null"] == true {
        Some(Envelope::Null)
    } else if let Some(path) = value.get("path") {
        octets(path).map(Envelope::Path)
    } else {
        octets(value.get("unquoted")?).map(Envelope::Unquoted)
    }
}

fn header(value: &Value) -> Option<HeaderText> {
    if let Some(block) = value.get("block") {
        return octets(block).map(HeaderText::Block);
    }
    let fields = value["fields"].as_array()?.iter();
    let fields = fields.map(|field| Some((octets(field.get(0)?)?, octets(field.get(1)?)?)));
    fields.collect::<Option<_>>().map(HeaderText::Fields)
}

/// Reads a text: a string, `hex`, or `parts`.
fn octets(value: &Value) -> Option<Vec<u8>> {
    if let Some(text) = value.as_str() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(hex) = value["hex"].as_str() {
        let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
        let pairs = digits.chunks(2).map(|pair| match *pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        });
        return pairs.collect();
    }
    let mut joined = Vec::new();
    for part in value["parts"].as_array()? {
        match part.as_str() {
            Some(text) => joined.extend_from_slice(text.as_bytes()),
            None => {
                let times = usize::try_from(part["times"].as_u64()?).ok()?;
                joined.extend(part["repeat"].as_str()?.repeat(times).into_bytes());
            }
        }
    }
    Some(joined)
}
