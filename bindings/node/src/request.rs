//! Requests: the members of a JavaScript object, copied once, and lent to core.

use napi::ValueType;
use napi::bindgen_prelude::Result;
use sendas::{
    Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Stage, Timestamp, Tls,
};

use crate::given::Given;

/// What a caller knows of one attempt to send.
pub(crate) struct Facts {
    now: Timestamp,
    channel: Channel,
    account: Option<Vec<u8>>,
    role: Option<Vec<u8>>,
    client_ip: Option<Vec<u8>>,
    credential: Option<Credential>,
    tls: Option<Tls>,
    smtputf8: bool,
    sender: Sender,
    header: Fields,
}

struct Credential {
    kind: CredentialKind,
    id: Option<Vec<u8>>,
    scopes: Option<Vec<Vec<u8>>>,
}

/// The envelope sender as it was given.
pub(crate) enum Sender {
    Unknown,
    Path(Vec<u8>),
    Unquoted(Vec<u8>),
}

/// The header as it was given.
pub(crate) enum Fields {
    NotGiven,
    Block(Vec<u8>),
    List(Vec<(Vec<u8>, Vec<u8>)>),
}

impl Facts {
    /// Reads a whole request, and its stage where it has one.
    pub(crate) fn read(request: Given<'_>) -> Result<(Self, Option<Stage>)> {
        request.only(&[&CLIENT[..], &["smtputf8", "envelopeSender", "header", "stage"]].concat())?;
        let stage = request.member("stage")?.optional(Given::word)?;
        let facts = Self {
            smtputf8: read_smtputf8(request)?,
            sender: Sender::read(request.member("envelopeSender")?)?,
            header: Fields::read(request.member("header")?)?,
            ..Self::read_members(request)?
        };
        Ok((facts, stage))
    }

    /// Reads what is known of a client after AUTH.
    pub(crate) fn read_client(client: Given<'_>) -> Result<Self> {
        client.only(&CLIENT)?;
        Self::read_members(client)
    }

    fn read_members(client: Given<'_>) -> Result<Self> {
        Ok(Self {
            now: client.member("now")?.instant()?,
            channel: client.member("channel")?.word()?,
            account: client.member("account")?.optional(Given::text)?,
            role: client.member("role")?.optional(Given::text)?,
            client_ip: client.member("clientIp")?.optional(Given::text)?,
            credential: client.member("credential")?.optional(Credential::read)?,
            tls: client.member("tls")?.optional(Given::word)?,
            smtputf8: false,
            sender: Sender::Unknown,
            header: Fields::NotGiven,
        })
    }

    /// Calls `answer` with the request.
    pub(crate) fn lend<T>(&self, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let scopes: Option<Vec<&[u8]>> = self
            .credential
            .as_ref()
            .and_then(|credential| credential.scopes.as_ref())
            .map(|scopes| scopes.iter().map(Vec::as_slice).collect());
        let mut request = Request::new(self.channel, self.now);
        request.account = self.account.as_deref();
        request.role = self.role.as_deref();
        request.client_ip = self.client_ip.as_deref().map_or(ClientIp::Unknown, ClientIp::Text);
        request.credential = self.credential.as_ref().map(|credential| {
            let mut facts = CredentialFacts::new(credential.kind);
            facts.id = credential.id.as_deref();
            facts.scopes = scopes.as_deref();
            facts
        });
        request.tls = self.tls;
        request.smtputf8 = self.smtputf8;
        request.envelope_sender = self.sender.lend();
        self.header.lend(|header| {
            let mut request = request;
            request.header = header;
            answer(&request)
        })
    }
}

impl Credential {
    fn read(credential: Given<'_>) -> Result<Self> {
        let scopes = |given: Given<'_>| given.elements("an array of strings or Uint8Arrays", Given::octets);
        credential.only(&["kind", "id", "scopes"])?;
        Ok(Self {
            kind: credential.member("kind")?.word()?,
            id: credential.member("id")?.optional(Given::text)?,
            scopes: credential.member("scopes")?.optional(scopes)?,
        })
    }
}

impl Sender {
    pub(crate) fn read(sender: Given<'_>) -> Result<Self> {
        Ok(sender.optional(Self::read_known)?.unwrap_or(Self::Unknown))
    }

    fn read_known(sender: Given<'_>) -> Result<Self> {
        if let Some(octets) = sender.octets()? {
            return Ok(Self::Path(octets));
        }
        if sender.is(ValueType::Object)?
            && let Some(octets) = sender.member("unquoted")?.octets()?
        {
            sender.only(&["unquoted"])?;
            return Ok(Self::Unquoted(octets));
        }
        Err(sender.refuse("a string, a Uint8Array, or an object whose `unquoted` is a string or a Uint8Array"))
    }

    pub(crate) fn lend(&self) -> EnvelopeSender<'_> {
        match self {
            Self::Unknown => EnvelopeSender::Unknown,
            Self::Path(octets) => EnvelopeSender::Path(octets),
            Self::Unquoted(octets) => EnvelopeSender::Unquoted(octets),
        }
    }
}

impl Fields {
    pub(crate) fn read(header: Given<'_>) -> Result<Self> {
        let read = |header: Given<'_>| match header.octets()? {
            Some(octets) => Ok(Self::Block(octets)),
            None => Ok(Self::List(header.elements(HEADER, read_field)?)),
        };
        Ok(header.optional(read)?.unwrap_or(Self::NotGiven))
    }

    /// Calls `answer` with the header.
    pub(crate) fn lend<T>(&self, answer: impl FnOnce(Header<'_>) -> T) -> T {
        match self {
            Self::NotGiven => answer(Header::NotGiven),
            Self::Block(octets) => answer(Header::Block(octets)),
            Self::List(fields) => {
                let fields: Vec<(&[u8], &[u8])> =
                    fields.iter().map(|(name, body)| (name.as_slice(), body.as_slice())).collect();
                answer(Header::Fields(&fields))
            }
        }
    }
}

/// Reads whether the client asked for SMTPUTF8; one that is not known to have asked has not.
pub(crate) fn read_smtputf8(request: Given<'_>) -> Result<bool> {
    Ok(request.member("smtputf8")?.optional(Given::flag)?.unwrap_or(false))
}

fn read_field(field: Given<'_>) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut texts = field.elements(HEADER, Given::octets)?.into_iter();
    Ok(match (texts.next(), texts.next(), texts.next()) {
        (Some(name), Some(body), None) => Some((name, body)),
        _ => None,
    })
}

/// What a request and a client have in common.
const CLIENT: [&str; 7] = ["now", "channel", "account", "role", "clientIp", "credential", "tls"];

const HEADER: &str = "a string, a Uint8Array, or an array of pairs of name and body";
