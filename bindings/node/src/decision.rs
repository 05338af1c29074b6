//! The answer to a request, with what the client is told.

use napi::Env;
use napi::bindgen_prelude::{Result, Unknown};
use napi_derive::napi;
use sendas::{Channel, Profile, Request, Stage, Timestamp, Verdict};

use crate::given::Given;

/// The answer to a request. It is a value: it keeps nothing of the request but the texts for the client.
#[napi]
#[derive(Clone)]
pub struct Decision {
    decision: sendas::Decision,
    reply: sendas::Reply,
    postfix_reply: sendas::Reply,
    problem: Option<sendas::Problem>,
    set_error: Option<sendas::SetError>,
}

impl Decision {
    /// Renders what the client is told; `request` is the one that was decided.
    pub(crate) fn new(decision: sendas::Decision, request: &Request<'_>) -> Self {
        Self {
            decision,
            reply: decision.reply(request, Profile::Rfc6409),
            postfix_reply: decision.reply(request, Profile::Postfix),
            problem: decision.problem(request),
            set_error: decision.set_error(request),
        }
    }
}

#[napi]
impl Decision {
    /// Returns the decision of a host that has no snapshot: defer, with `snapshot_unavailable`.
    #[napi(factory, ts_args_type = "stage: Stage")]
    pub fn without_snapshot(env: Env, stage: Unknown<'_>) -> Result<Self> {
        let stage: Stage = Given::new(env, "stage", stage).word()?;
        let request = Request::new(Channel::Smtp, Timestamp(0));
        Ok(Self::new(sendas::Decision::without_snapshot(stage), &request))
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

    /// The addresses that were found authorised, in the order of the request, and what gave them.
    #[napi(getter)]
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let grant = |&sendas::Grant { basis, place }: &sendas::Grant| {
            let Place { subject, field, start, end } = place.into();
            Grant { basis: basis.name(), subject, field, start, end }
        };
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
        let profile: Profile = Given::new(env, "profile", profile).optional(Given::word)?.unwrap_or_default();
        let reply = match profile {
            Profile::Rfc6409 => &self.reply,
            Profile::Postfix => &self.postfix_reply,
        };
        Ok(Reply { reply: reply.clone() })
    }

    /// Returns the problem details for an HTTP interface (RFC 9457), or null where the client is told of success.
    ///
    /// Null is no permission: a message that is discarded or held gives null too. `action` says what to do.
    #[napi(ts_return_type = "Problem | null")]
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        let sendas::Problem { status, title, detail, .. } = self.problem.clone()?;
        Some(Problem { status, title, detail })
    }

    /// Returns the JMAP SetError (RFC 8621 §7.5), or null where the client is told of success.
    ///
    /// Null is no permission: a message that is discarded or held gives null too. `action` says what to do.
    #[napi(ts_return_type = "SetError | null")]
    #[must_use]
    pub fn set_error(&self) -> Option<SetError> {
        let sendas::SetError { kind, description, .. } = self.set_error.clone()?;
        Some(SetError { kind, description })
    }

    /// Returns the decision as plain data, for `JSON.stringify`.
    #[napi(js_name = "toJSON")]
    #[must_use]
    pub fn to_json(&self) -> DecisionData {
        DecisionData {
            stage: self.stage(),
            verdict: self.verdict(),
            action: self.action(),
            provisional: self.provisional(),
            reasons: self.reasons(),
            would_deny: self.would_deny(),
            omitted: self.omitted(),
            grants: self.grants(),
            omitted_grants: self.omitted_grants(),
            snapshot_id: self.snapshot_id(),
        }
    }
}

/// A decision as plain data.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct DecisionData {
    /// The stage at which the request was decided.
    #[napi(ts_type = "Stage")]
    pub stage: &'static str,
    /// Whether the request may go on.
    #[napi(ts_type = "Verdict")]
    pub verdict: &'static str,
    /// What the host shall do with the message.
    #[napi(ts_type = "Action")]
    pub action: &'static str,
    /// Whether an allow at the envelope stage rests on the header that is still to come.
    pub provisional: bool,
    /// The enforced reasons, in reporting order.
    pub reasons: Vec<Finding>,
    /// What would be enforced if its control were not monitored or exempted.
    pub would_deny: Vec<Finding>,
    /// How many further reasons and would-deny reasons were found than are listed.
    pub omitted: u32,
    /// The addresses that were found authorised, and what gave them.
    pub grants: Vec<Grant>,
    /// How many further addresses were found authorised than are listed.
    pub omitted_grants: u32,
    /// Which snapshot decided: 32 lower-case hexadecimal digits.
    pub snapshot_id: String,
}

/// One failing fact: why, and where.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    #[napi(ts_type = "Reason")]
    pub reason: &'static str,
    /// The part of the request.
    #[napi(ts_type = "Subject")]
    pub subject: &'static str,
    /// The 0-based number of the header field, in the order given; 0 for other parts.
    pub field: u32,
    /// The first octet, counted as in `Place`.
    pub start: u32,
    /// The octet after the last, counted as in `Place`.
    pub end: u32,
}

/// An address that was found authorised.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Grant {
    /// What gave it.
    #[napi(ts_type = "Basis")]
    pub basis: &'static str,
    /// The part of the request.
    #[napi(ts_type = "Subject")]
    pub subject: &'static str,
    /// The 0-based number of the header field, in the order given; 0 for other parts.
    pub field: u32,
    /// The first octet, counted as in `Place`.
    pub start: u32,
    /// The octet after the last, counted as in `Place`.
    pub end: u32,
}

/// Where in the request something stands.
///
/// `start` and `end` count octets, not UTF-16 code units, from the start of the envelope sender, of the field's
/// body, or of the header block; a string is counted as its UTF-8. `Buffer.from(text).subarray(start, end)`
/// is the octets in question. Both are 0 for other parts of a request.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Place {
    /// The part of the request.
    #[napi(ts_type = "Subject")]
    pub subject: &'static str,
    /// The 0-based number of the header field, in the order given; 0 for other parts.
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
    let finding = |&sendas::Finding { reason, place }: &sendas::Finding| {
        let Place { subject, field, start, end } = place.into();
        Finding { reason: reason.slug(), subject, field, start, end }
    };
    findings.iter().map(finding).collect()
}
