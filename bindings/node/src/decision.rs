//! The answer to a request, with what the client is told.

use std::rc::Rc;

use napi::Env;
use napi::bindgen_prelude::{Buffer, Result, Unknown};
use napi_derive::napi;
use sendas::record::{HeaderRecord, RequestRecord};
use sendas::{Channel, Profile, Span, Stage, Timestamp, Verdict};

use crate::given::Given;

/// The answer to a request. It keeps a copy of the request, to render what the client is told.
#[napi]
#[derive(Clone)]
pub struct Decision {
    decision: sendas::Decision,
    request: Rc<RequestRecord>,
}

impl Decision {
    /// Answers `request`, which is the one that was decided.
    pub(crate) const fn new(decision: sendas::Decision, request: Rc<RequestRecord>) -> Self {
        Self { decision, request }
    }

    /// The header of the request.
    pub(crate) fn header(&self) -> &HeaderRecord {
        &self.request.header
    }
}

#[napi]
impl Decision {
    /// Returns the decision of a host that has no snapshot: defer, with `snapshot_unavailable`.
    #[napi(factory, ts_args_type = "stage: Stage")]
    pub fn without_snapshot(env: Env, stage: Unknown<'_>) -> Result<Self> {
        let stage: Stage = Given::new(env, "stage", stage).word()?;
        let request = RequestRecord::new(Channel::Smtp, Timestamp(0));
        Ok(Self::new(sendas::Decision::without_snapshot(stage), Rc::new(request)))
    }

    /// The stage at which the request was decided.
    #[napi(getter, ts_return_type = "Stage")]
    #[must_use]
    pub fn stage(&self) -> &'static str {
        self.decision.stage().name()
    }

    /// Whether the request may go on.
    #[napi(getter, ts_return_type = "Verdict")]
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        self.decision.verdict().name()
    }

    /// What the host shall do with the message.
    ///
    /// Do what `action` says, never what the reply says. `discard`, `hold`: answer 250, let the transaction go on, and
    /// at the end of data drop the message or put it in quarantine.
    #[napi(getter, ts_return_type = "Action")]
    #[must_use]
    pub fn action(&self) -> &'static str {
        self.decision.action().name()
    }

    /// Whether the verdict is allow.
    #[napi(getter)]
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.decision.verdict() == Verdict::Allow
    }

    /// Whether an allow at the envelope stage rests on the header that is still to come, as after a null reverse-path.
    #[napi(getter)]
    #[must_use]
    pub fn provisional(&self) -> bool {
        self.decision.provisional()
    }

    /// The enforced reasons, in reporting order; the first gives the reply. Empty if and only if the verdict is allow.
    #[napi(getter)]
    #[must_use]
    pub fn reasons(&self) -> Vec<Finding> {
        findings(self.decision.reasons())
    }

    /// What would be enforced if its control were not monitored or exempted, in reporting order.
    #[napi(getter)]
    #[must_use]
    pub fn would_deny(&self) -> Vec<Finding> {
        findings(self.decision.would_deny())
    }

    /// How many further reasons and would-deny reasons were found than are listed.
    #[napi(getter)]
    #[must_use]
    pub fn omitted(&self) -> u32 {
        self.decision.omitted()
    }

    /// The addresses that were found authorised, in the order of the request, and what gave them; at most 8.
    #[napi(getter)]
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let grant =
            |&sendas::Grant { basis, place }: &sendas::Grant| Grant { basis: basis.name(), place: place.into() };
        self.decision.grants().iter().map(grant).collect()
    }

    /// How many further addresses were found authorised than are listed.
    #[napi(getter)]
    #[must_use]
    pub fn omitted_grants(&self) -> u32 {
        self.decision.omitted_grants()
    }

    /// Which snapshot decided: 32 lower-case hexadecimal digits.
    #[napi(getter)]
    #[must_use]
    pub fn snapshot_id(&self) -> String {
        self.decision.snapshot_id().to_string()
    }

    /// Returns the SMTP reply for the stage of this decision, by default that of RFC 6409.
    ///
    /// An allowed request, and a denied one that is discarded or held, get a positive reply.
    #[napi(ts_args_type = "profile?: Profile")]
    pub fn reply(&self, env: Env, profile: Unknown<'_>) -> Result<Reply> {
        let profile = read_profile(env, profile)?;
        Ok(Reply { reply: self.request.with_request(|request| self.decision.reply(request, profile)) })
    }

    /// Returns the problem details for an HTTP interface (RFC 9457), or null where the client is told of success.
    ///
    /// Null is no permission: a message that is discarded or held gives null too. `action` says what to do.
    #[napi(ts_return_type = "Problem | null")]
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        let sendas::Problem { status, title, detail, .. } =
            self.request.with_request(|request| self.decision.problem(request))?;
        Some(Problem { status, title, detail })
    }

    /// Returns the JMAP SetError (RFC 8621 §7.5), or null where the client is told of success.
    ///
    /// Null is no permission: a message that is discarded or held gives null too. `action` says what to do.
    #[napi(ts_return_type = "SetError | null")]
    #[must_use]
    pub fn set_error(&self) -> Option<SetError> {
        let sendas::SetError { kind, description, .. } =
            self.request.with_request(|request| self.decision.set_error(request))?;
        Some(SetError { kind, description })
    }

    /// Returns the octets of the request that stand at a place of this decision, or null where the place is of no octets.
    #[napi(ts_args_type = "place: Place", ts_return_type = "Buffer | null")]
    pub fn octets(&self, env: Env, place: Unknown<'_>) -> Result<Option<Buffer>> {
        let place = Given::new(env, "place", place);
        place.only(&["subject", "field", "start", "end"])?;
        let span = Span { start: place.member("start")?.count()?, end: place.member("end")?.count()? };
        let place =
            sendas::Place { subject: place.member("subject")?.word()?, field: place.member("field")?.count()?, span };
        Ok(self.request.with_request(|request| place.octets(request).map(Buffer::from)))
    }

    /// Returns the decision with its reply as JSON, on one line without its end: the same in every language.
    ///
    /// `toJSON`, which `JSON.stringify` asks for, returns what this writes as plain data.
    #[napi(ts_args_type = "profile?: Profile")]
    pub fn to_json(&self, env: Env, profile: Unknown<'_>) -> Result<String> {
        let profile = read_profile(env, profile)?;
        Ok(self.request.with_request(|request| self.decision.to_json(request, profile)))
    }
}

/// One failing fact: why, and where.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    #[napi(ts_type = "Reason")]
    pub reason: &'static str,
    /// Where it stands.
    pub place: Place,
}

/// An address that was found authorised.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Grant {
    /// What gave it.
    #[napi(ts_type = "Basis")]
    pub basis: &'static str,
    /// Where the address stands.
    pub place: Place,
}

/// Where in the request something stands.
///
/// `start` and `end` count octets, not UTF-16 code units, from the start of the envelope sender, of the field's body, or
/// of the header block where one was given; a string is counted as its UTF-8. `Decision.octets` returns the octets in
/// question. Both are 0 for other parts of a request.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Place {
    /// The part of the request.
    #[napi(ts_type = "Subject")]
    pub subject: &'static str,
    /// The 0-based number of the header field, among the fields given or those of the block; 0 for other parts.
    pub field: u32,
    /// The first octet.
    pub start: u32,
    /// The octet after the last.
    pub end: u32,
}

impl From<sendas::Place> for Place {
    fn from(place: sendas::Place) -> Self {
        Self { subject: place.subject.name(), field: place.field, start: place.span.start, end: place.span.end }
    }
}

/// An SMTP reply of one line (RFC 5321 §4.2, RFC 3463), printable and safe to send as it is.
#[napi]
pub struct Reply {
    reply: sendas::Reply,
}

#[napi]
impl Reply {
    /// The reply code, such as 550.
    #[napi(getter)]
    #[must_use]
    pub fn code(&self) -> u32 {
        self.reply.code.into()
    }

    /// The enhanced status code, such as `5.7.1`.
    #[napi(getter)]
    #[must_use]
    pub fn enhanced(&self) -> String {
        self.reply.enhanced_text()
    }

    /// The text.
    #[napi(getter)]
    #[must_use]
    pub fn text(&self) -> String {
        self.reply.text.clone()
    }

    /// Returns the whole line without its CRLF, such as `550 5.7.1 ...`.
    #[napi(js_name = "toString")]
    #[must_use]
    pub fn line(&self) -> String {
        self.reply.to_string()
    }

    /// Returns the reply as plain data, for `JSON.stringify`.
    #[napi(js_name = "toJSON")]
    #[must_use]
    pub fn to_json(&self) -> ReplyData {
        ReplyData { code: self.code(), enhanced: self.enhanced(), text: self.text() }
    }
}

/// A reply as plain data.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct ReplyData {
    /// The reply code, such as 550.
    pub code: u32,
    /// The enhanced status code, such as `5.7.1`.
    pub enhanced: String,
    /// The text.
    pub text: String,
}

/// Problem details for an HTTP interface (RFC 9457), of type `about:blank`.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status code, such as 403.
    pub status: u16,
    /// The status code's phrase (RFC 9110 §15).
    pub title: &'static str,
    /// The text of the reply.
    pub detail: String,
}

/// A JMAP SetError (RFC 8620 §5.3, RFC 8621 §7.5).
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct SetError {
    /// The type, such as `forbiddenFrom`.
    #[napi(js_name = "type")]
    pub kind: &'static str,
    /// The text of the reply.
    pub description: String,
}

fn findings(findings: &[sendas::Finding]) -> Vec<Finding> {
    let finding =
        |&sendas::Finding { reason, place }: &sendas::Finding| Finding { reason: reason.slug(), place: place.into() };
    findings.iter().map(finding).collect()
}

fn read_profile(env: Env, profile: Unknown<'_>) -> Result<Profile> {
    Ok(Given::new(env, "profile", profile).optional(Given::word)?.unwrap_or_default())
}
