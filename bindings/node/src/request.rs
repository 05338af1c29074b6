//! Requests: what `members.js` has read of a JavaScript object, copied into a record.

use napi::ValueType;
use napi::bindgen_prelude::{Array, Result, Unknown};
use sendas::Stage;
use sendas::record::{CredentialRecord, EnvelopeRecord, HeaderRecord, RequestRecord};

use crate::given::Given;

/// The members of a request. A script has read them, so that reading these runs none.
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
    /// Takes the members that `members.js` lists: in their order, those of the credential behind it, and at last what has others
    /// than these, which is refused.
    pub(crate) fn listed(request: Given<'e>, names: &[&[&str]], values: [Unknown<'e>; MEMBERS]) -> Result<Self> {
        let [now, channel, account, role, client_ip, credential, kind, id, scopes, values @ ..] = values;
        let [tls, smtputf8, envelope_sender, header, stage, odd] = values;
        request.instead(odd).optional(|odd| refuse(odd, names))?;
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

    /// Takes the members of a list that `members.js` has made.
    fn of(list: Given<'e>, names: &[&[&str]]) -> Result<Self> {
        let array: Array<'_> = list.instance("an object")?;
        let values = (0..array.len()).map(|index| array.get(index)).collect::<Result<Option<Vec<_>>>>()?;
        let values = values.and_then(|values| values.try_into().ok()).ok_or_else(|| list.refuse("an object"))?;
        Self::listed(list, names, values)
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

impl Credential<'_> {
    fn read(self) -> Result<CredentialRecord> {
        let scopes = |given: Given<'_>| given.elements("an array of strings or Uint8Arrays", |scope, _| scope.octets());
        let mut record = CredentialRecord::new(self.kind.word()?);
        record.id = self.id.optional(Given::text)?;
        record.scopes = self.scopes.optional(scopes)?;
        Ok(record)
    }
}

/// Reads the list of a request that may say its stage.
pub(crate) fn read_staged(list: Given<'_>) -> Result<(RequestRecord, Stage)> {
    Members::of(list, REQUEST)?.staged()
}

/// Reads the list of a request.
pub(crate) fn read_request(list: Given<'_>) -> Result<RequestRecord> {
    Members::of(list, &[&CLIENT, &TRANSACTION])?.request()
}

/// Reads the list of what is known of a client after AUTH.
pub(crate) fn read_client(list: Given<'_>) -> Result<RequestRecord> {
    Members::of(list, &[&CLIENT])?.client()
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

/// Reads a header as `members.js` copies it: the whole block, or the names and bodies of its fields in turn.
pub(crate) fn read_header(header: Given<'_>) -> Result<HeaderRecord> {
    let read = |header: Given<'_>| match header.octets()? {
        Some(octets) => Ok(HeaderRecord::Block(octets)),
        None => Ok(HeaderRecord::Fields(read_fields(header)?)),
    };
    Ok(header.optional(read)?.unwrap_or(HeaderRecord::NotGiven))
}

/// Reads whether the client asked for SMTPUTF8; one that is not known to have asked has not.
pub(crate) fn read_smtputf8(request: Given<'_>) -> Result<bool> {
    Ok(request.member("smtputf8")?.optional(Given::flag)?.unwrap_or(false))
}

fn read_fields(header: Given<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let texts = header.elements(HEADER, |text, _| text.octets())?;
    let mut fields = Vec::with_capacity(texts.len() / 2);
    let mut texts = texts.into_iter();
    while let Some(name) = texts.next() {
        fields.push((name, texts.next().ok_or_else(|| header.refuse(HEADER))?));
    }
    Ok(fields)
}

/// Says why a value is no object with these members only, or its credential is none.
fn refuse(odd: Given<'_>, names: &[&[&str]]) -> Result<()> {
    odd.only(&names.concat())?;
    odd.member("credential")?.only(&["kind", "id", "scopes"])?;
    Err(odd.refuse("an object"))
}

/// The stage of a request that does not say it.
pub(crate) const STAGE: Stage = Stage::Message;

/// How many values stand for one request in [`Members::listed`].
pub(crate) const MEMBERS: usize = 15;

/// What a request may have.
pub(crate) const REQUEST: &[&[&str]] = &[&CLIENT, &TRANSACTION, &["stage"]];

/// What a request and a client have in common.
const CLIENT: [&str; 7] = ["now", "channel", "account", "role", "clientIp", "credential", "tls"];

/// What a request has beyond a client.
const TRANSACTION: [&str; 3] = ["smtputf8", "envelopeSender", "header"];

const HEADER: &str = "a string, a Uint8Array, or an array of pairs of name and body";
