//! Requests as they are recorded.

use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, Result, Unknown};
use napi_derive::napi;
use sendas::record::{EnvelopeRecord, HeaderRecord};

use crate::given::Given;
use crate::policy::{Refusal, not_read};
use crate::request::read_request;

/// A request that keeps octets of its own, to be written as JSON and read back: the same in every language.
#[napi]
pub struct RequestRecord {
    pub(crate) record: sendas::record::RequestRecord,
}

#[napi]
impl RequestRecord {
    /// Copies a request, whose stage is none of its facts.
    #[napi(constructor, ts_args_type = "request: Omit<Request, 'stage'>")]
    pub fn new(env: Env, request: Unknown<'_>) -> Result<Self> {
        Ok(Self { record: read_request(Given::new(env, "request", request))? })
    }

    /// Reads a record from JSON, such as a line of a file of records.
    ///
    /// Throws a `RecordError` that names every problem of the text.
    #[napi(configurable = true, ts_args_type = "text: Text", ts_return_type = "RequestRecord")]
    pub fn from_json(env: Env, text: Unknown<'_>) -> Result<Either<Self, Refusal>> {
        let octets = Given::new(env, "text", text).text()?;
        Ok(match sendas::record::RequestRecord::from_json(octets) {
            Ok(record) => Either::A(Self { record }),
            Err(error) => Either::B(not_read(&error, error.diagnostics())),
        })
    }

    /// Returns the record as JSON that `fromJson` reads back as an equal record, on one line without its end.
    ///
    /// `toJSON`, which `JSON.stringify` asks for, returns what this writes as plain data.
    #[napi]
    #[must_use]
    pub fn to_json(&self) -> String {
        self.record.to_json()
    }

    /// Returns the request, for `Snapshot.evaluate`; what is not known is left out, and octets are Buffers.
    #[napi]
    #[must_use]
    pub fn request(&self) -> RecordedRequest {
        let record = &self.record;
        let octets = |octets: &Vec<u8>| Buffer::from(octets.as_slice());
        RecordedRequest {
            now: record.now.0,
            channel: record.channel.name(),
            account: record.account.as_ref().map(octets),
            role: record.role.as_ref().map(octets),
            client_ip: record.client_ip.as_ref().map(octets),
            credential: record.credential.as_ref().map(|credential| RecordedCredential {
                kind: credential.kind.name(),
                id: credential.id.as_ref().map(octets),
                scopes: credential.scopes.as_ref().map(|scopes| scopes.iter().map(octets).collect()),
            }),
            tls: record.tls.map(sendas::Tls::name),
            smtputf8: record.smtputf8,
            envelope_sender: match &record.envelope {
                EnvelopeRecord::Unknown => None,
                EnvelopeRecord::Null => Some(Either::A(Buffer::from(&b"<>"[..]))),
                EnvelopeRecord::Path(path) => Some(Either::A(octets(path))),
                EnvelopeRecord::Unquoted(sender) => Some(Either::B(RecordedUnquoted { unquoted: octets(sender) })),
            },
            header: match &record.header {
                HeaderRecord::NotGiven => None,
                HeaderRecord::Block(block) => Some(Either::A(octets(block))),
                HeaderRecord::Fields(fields) => {
                    Some(Either::B(fields.iter().map(|(name, body)| vec![octets(name), octets(body)]).collect()))
                }
            },
        }
    }
}

/// A request as it was recorded; what is not known is left out.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The instant of the decision, in whole seconds since the epoch.
    pub now: i64,
    /// The way in which the message is handed over.
    #[napi(ts_type = "Channel")]
    pub channel: &'static str,
    /// The authenticated account's id.
    pub account: Option<Buffer>,
    /// The role in which the account acts.
    pub role: Option<Buffer>,
    /// The client's network address as text.
    pub client_ip: Option<Buffer>,
    /// What the account authenticated with.
    pub credential: Option<RecordedCredential>,
    /// Transport encryption of the client's connection.
    #[napi(ts_type = "Tls")]
    pub tls: Option<&'static str>,
    /// Whether the client asked for SMTPUTF8.
    pub smtputf8: bool,
    /// The reverse-path of MAIL FROM; the null one is the octets of `NULL`.
    #[napi(ts_type = "Buffer | { unquoted: Buffer }")]
    pub envelope_sender: Option<Either<Buffer, RecordedUnquoted>>,
    /// The message header: the raw block, or every field as name and raw body.
    #[napi(ts_type = "Buffer | Array<[name: Buffer, body: Buffer]>")]
    pub header: Option<Either<Buffer, Vec<Vec<Buffer>>>>,
}

/// A credential as it was recorded.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct RecordedCredential {
    /// The kind of credential.
    #[napi(ts_type = "CredentialKind")]
    pub kind: &'static str,
    /// The credential's id, never the secret.
    pub id: Option<Buffer>,
    /// The scopes that the credential presented.
    pub scopes: Option<Vec<Buffer>>,
}

/// An envelope sender as it was recorded, in the internal form of Postfix.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct RecordedUnquoted {
    /// The octets that were handed over.
    pub unquoted: Buffer,
}
