//! Requests: the members of a JavaScript object, copied once into a record.

use napi::ValueType;
use napi::bindgen_prelude::{Array, Result, Unknown};
use sendas::Stage;
use sendas::record::{CredentialRecord, EnvelopeRecord, HeaderRecord, RequestRecord};

use crate::given::Given;

/// The members of a request, before any of them is read.
///
/// A script reads members of an object many times faster than this package can ask for them, so `members.js` does that for the
/// calls that are made most.
pub(crate) struct Members<'e> {
    now: Given<'e>,
    channel: Given<'e>,
    account: Given<'e>,
    role: Given<'e>,
    client_ip: Given<'e>,
    credential: Option<Credential<'e>>,
    tls: Given<'e>,
    smtputf8: Given<'e>,
    envelope_sender: Given<'e>,
    header: Given<'e>,
    stage: Given<'e>,
}

/// The members of a credential.
#[derive(Clone, Copy)]
struct Credential<'e> {
    kind: Given<'e>,
    id: Given<'e>,
    scopes: Given<'e>,
}

impl<'e> Members<'e> {
    /// Takes the members that `members.js` lists: in their order, and those of the credential behind it.
    pub(crate) fn listed(request: Given<'e>, values: [Unknown<'e>; MEMBERS]) -> Result<Self> {
        let [now, channel, account, role, client_ip, credential, kind, id, scopes, values @ ..] = values;
        let [tls, smtputf8, envelope_sender, header, stage] = values;
        let credential = request.other("credential", credential).optional(|_| {
            Ok(Credential {
                kind: request.other("kind", kind),
                id: request.other("id", id),
                scopes: request.other("scopes", scopes),
            })
        })?;
        Ok(Self {
            now: request.other("now", now),
            channel: request.other("channel", channel),
            account: request.other("account", account),
            role: request.other("role", role),
            client_ip: request.other("clientIp", client_ip),
            credential,
            tls: request.other("tls", tls),
            smtputf8: request.other("smtputf8", smtputf8),
            envelope_sender: request.other("envelopeSender", envelope_sender),
            header: request.other("header", header),
            stage: request.other("stage", stage),
        })
    }

    /// Takes the members that `members.js` lists in an array.
    pub(crate) fn in_array(request: Given<'e>, members: &Array<'e>) -> Result<Self> {
        let values = (0..members.len()).map(|index| members.get(index)).collect::<Result<Option<Vec<_>>>>()?;
        let values = values.and_then(|values| values.try_into().ok()).ok_or_else(|| request.refuse("an object"))?;
        Self::listed(request, values)
    }

    /// Takes the members of an object, which may have no others than these.
    fn of(request: Given<'e>, names: &[&str]) -> Result<Self> {
        request.only(names)?;
        Ok(Self {
            now: request.member("now")?,
            channel: request.member("channel")?,
            account: request.member("account")?,
            role: request.member("role")?,
            client_ip: request.member("clientIp")?,
            credential: request.member("credential")?.optional(Credential::of)?,
            tls: request.member("tls")?,
            smtputf8: request.member("smtputf8")?,
            envelope_sender: request.member("envelopeSender")?,
            header: request.member("header")?,
            stage: request.member("stage")?,
        })
    }

    /// Reads a request that may say its stage.
    pub(crate) fn staged(&self) -> Result<(RequestRecord, Stage)> {
        Ok((self.request()?, self.stage.optional(Given::word)?.unwrap_or(STAGE)))
    }

    fn request(&self) -> Result<RequestRecord> {
        let mut record = self.client()?;
        record.smtputf8 = self.smtputf8.optional(Given::flag)?.unwrap_or(false);
        record.envelope = read_sender(self.envelope_sender)?;
        record.header = read_header(self.header)?;
        Ok(record)
    }

    fn client(&self) -> Result<RequestRecord> {
        let mut record = RequestRecord::new(self.channel.word()?, self.now.instant()?);
        record.account = self.account.optional(Given::text)?;
        record.role = self.role.optional(Given::text)?;
        record.client_ip = self.client_ip.optional(Given::text)?;
        record.credential = self.credential.map(Credential::read).transpose()?;
        record.tls = self.tls.optional(Given::word)?;
        Ok(record)
    }
}

impl<'e> Credential<'e> {
    fn of(credential: Given<'e>) -> Result<Self> {
        credential.only(&["kind", "id", "scopes"])?;
        Ok(Self {
            kind: credential.member("kind")?,
            id: credential.member("id")?,
            scopes: credential.member("scopes")?,
        })
    }

    fn read(self) -> Result<CredentialRecord> {
        let scopes = |given: Given<'_>| given.elements("an array of strings or Uint8Arrays", |scope, _| scope.octets());
        let mut record = CredentialRecord::new(self.kind.word()?);
        record.id = self.id.optional(Given::text)?;
        record.scopes = self.scopes.optional(scopes)?;
        Ok(record)
    }
}

/// Reads an object that is a request and may say its stage.
pub(crate) fn read_staged(request: Given<'_>) -> Result<(RequestRecord, Stage)> {
    Members::of(request, &[&CLIENT[..], &TRANSACTION, &["stage"]].concat())?.staged()
}

/// Reads an object that is a request.
pub(crate) fn read_request(request: Given<'_>) -> Result<RequestRecord> {
    Members::of(request, &[&CLIENT[..], &TRANSACTION].concat())?.request()
}

/// Reads an object that is what is known of a client after AUTH.
pub(crate) fn read_client(client: Given<'_>) -> Result<RequestRecord> {
    Members::of(client, &CLIENT)?.client()
}

pub(crate) fn read_sender(sender: Given<'_>) -> Result<EnvelopeRecord> {
    Ok(sender.optional(read_known_sender)?.unwrap_or(EnvelopeRecord::Unknown))
}

fn read_known_sender(sender: Given<'_>) -> Result<EnvelopeRecord> {
    if let Some(octets) = sender.octets()? {
        return Ok(EnvelopeRecord::Path(octets));
    }
    if sender.is(ValueType::Object)?
        && let Some(octets) = sender.member("unquoted")?.octets()?
    {
        sender.only(&["unquoted"])?;
        return Ok(EnvelopeRecord::Unquoted(octets));
    }
    Err(sender.refuse("a string, a Uint8Array, or an object whose `unquoted` is a string or a Uint8Array"))
}

pub(crate) fn read_header(header: Given<'_>) -> Result<HeaderRecord> {
    let read = |header: Given<'_>| match header.octets()? {
        Some(octets) => Ok(HeaderRecord::Block(octets)),
        None => Ok(HeaderRecord::Fields(header.elements(HEADER, |field, _| read_field(field))?)),
    };
    Ok(header.optional(read)?.unwrap_or(HeaderRecord::NotGiven))
}

/// Reads whether the client asked for SMTPUTF8; one that is not known to have asked has not.
pub(crate) fn read_smtputf8(request: Given<'_>) -> Result<bool> {
    Ok(request.member("smtputf8")?.optional(Given::flag)?.unwrap_or(false))
}

fn read_field(field: Given<'_>) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut texts = field.elements(HEADER, |text, _| text.octets())?.into_iter();
    Ok(match (texts.next(), texts.next(), texts.next()) {
        (Some(name), Some(body), None) => Some((name, body)),
        _ => None,
    })
}

/// The stage of a request that does not say it.
pub(crate) const STAGE: Stage = Stage::Message;

/// How many values stand for one request in [`Members::listed`].
pub(crate) const MEMBERS: usize = 14;

/// What a request and a client have in common.
const CLIENT: [&str; 7] = ["now", "channel", "account", "role", "clientIp", "credential", "tls"];

/// What a request has beyond a client.
const TRANSACTION: [&str; 3] = ["smtputf8", "envelopeSender", "header"];

const HEADER: &str = "a string, a Uint8Array, or an array of pairs of name and body";
