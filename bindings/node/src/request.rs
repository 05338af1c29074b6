//! Requests: the members of a JavaScript object, copied once into a record.

use napi::ValueType;
use napi::bindgen_prelude::Result;
use sendas::Stage;
use sendas::record::{CredentialRecord, EnvelopeRecord, HeaderRecord, RequestRecord};

use crate::given::Given;

/// Reads a request that may say its stage.
pub(crate) fn read_staged(request: Given<'_>) -> Result<(RequestRecord, Stage)> {
    let stage = request.member("stage")?.optional(Given::word)?.unwrap_or(Stage::Message);
    request.only(&[&CLIENT[..], &TRANSACTION, &["stage"]].concat())?;
    Ok((read_members(request)?, stage))
}

/// Reads a request.
pub(crate) fn read_request(request: Given<'_>) -> Result<RequestRecord> {
    request.only(&[&CLIENT[..], &TRANSACTION].concat())?;
    read_members(request)
}

/// Reads what is known of a client after AUTH.
pub(crate) fn read_client(client: Given<'_>) -> Result<RequestRecord> {
    client.only(&CLIENT)?;
    read_client_members(client)
}

fn read_members(request: Given<'_>) -> Result<RequestRecord> {
    let mut record = read_client_members(request)?;
    record.smtputf8 = read_smtputf8(request)?;
    record.envelope = read_sender(request.member("envelopeSender")?)?;
    record.header = read_header(request.member("header")?)?;
    Ok(record)
}

fn read_client_members(client: Given<'_>) -> Result<RequestRecord> {
    let mut record = RequestRecord::new(client.member("channel")?.word()?, client.member("now")?.instant()?);
    record.account = client.member("account")?.optional(Given::text)?;
    record.role = client.member("role")?.optional(Given::text)?;
    record.client_ip = client.member("clientIp")?.optional(Given::text)?;
    record.credential = client.member("credential")?.optional(read_credential)?;
    record.tls = client.member("tls")?.optional(Given::word)?;
    Ok(record)
}

fn read_credential(credential: Given<'_>) -> Result<CredentialRecord> {
    let scopes = |given: Given<'_>| given.elements("an array of strings or Uint8Arrays", Given::octets);
    credential.only(&["kind", "id", "scopes"])?;
    let mut record = CredentialRecord::new(credential.member("kind")?.word()?);
    record.id = credential.member("id")?.optional(Given::text)?;
    record.scopes = credential.member("scopes")?.optional(scopes)?;
    Ok(record)
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
        None => Ok(HeaderRecord::Fields(header.elements(HEADER, read_field)?)),
    };
    Ok(header.optional(read)?.unwrap_or(HeaderRecord::NotGiven))
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

/// What a request has beyond a client.
const TRANSACTION: [&str; 3] = ["smtputf8", "envelopeSender", "header"];

const HEADER: &str = "a string, a Uint8Array, or an array of pairs of name and body";
