//! What measurements compare with: only in builds with feature `bench`, which no package has.

use std::hint::black_box;
use std::time::{Duration, Instant};

use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Result, Unknown};
use napi_derive::napi;
use sendas::record::RequestRecord;
use sendas::{Channel, Stage, Timestamp};

use crate::decision::Decision;
use crate::given::Given;
use crate::request::STAGE;
use crate::snapshot::Snapshot;

/// A request in its plainest types, as napi reads those.
#[napi(object, object_to_js = false)]
#[non_exhaustive]
pub struct PlainRequest {
    /// As in a request.
    pub now: i64,
    /// As in a request.
    pub channel: String,
    /// As in a request.
    pub account: Option<String>,
    /// As in a request.
    pub role: Option<String>,
    /// As in a request.
    pub client_ip: Option<String>,
    /// As in a request.
    pub credential: Option<PlainCredential>,
    /// As in a request.
    pub tls: Option<String>,
    /// As in a request.
    pub smtputf8: Option<bool>,
    /// As in a request.
    pub envelope_sender: Option<String>,
    /// As in a request.
    pub header: Option<Vec<Vec<String>>>,
    /// As in a request.
    pub stage: Option<String>,
}

/// A credential in its plainest types.
#[napi(object, object_to_js = false)]
#[non_exhaustive]
pub struct PlainCredential {
    /// As in a request.
    pub kind: String,
    /// As in a request.
    pub id: Option<String>,
    /// As in a request.
    pub scopes: Option<Vec<String>>,
}

/// Takes what `Snapshot.evaluate` takes and looks at none of it.
#[napi(skip_typescript)]
#[must_use]
pub fn empty_unread(request: Unknown<'_>) -> Decision {
    black_box(request);
    nothing()
}

/// Takes what `Snapshot.evaluate` takes in its plainest types, and does nothing with it.
#[napi(skip_typescript)]
#[must_use]
pub fn empty_read(request: PlainRequest) -> Decision {
    black_box(request);
    nothing()
}

/// Decides requests without JavaScript between them, and returns the nanoseconds that one takes.
#[napi(skip_typescript)]
pub fn core_nanoseconds(env: Env, snapshot: &Snapshot, requests: Unknown<'_>) -> Result<f64> {
    let requests = read_many(env, requests)?;
    let decide = |(request, stage): &(RequestRecord, Stage)| {
        request.with_request(|request| {
            let started = Instant::now();
            black_box(snapshot.snapshot.evaluate_stage(black_box(request), *stage));
            started.elapsed()
        })
    };
    let clock: Duration = requests.iter().map(|_| Instant::now().elapsed()).sum();
    let all: Duration = requests.iter().map(decide).sum();
    #[expect(clippy::cast_precision_loss, reason = "there are few requests")]
    Ok((all.saturating_sub(clock)).as_secs_f64() * 1e9 / requests.len() as f64)
}

/// Decides requests in one call of the core, and returns the nanoseconds that one takes.
#[napi(skip_typescript)]
pub fn core_nanoseconds_of_many(env: Env, snapshot: &Snapshot, requests: Unknown<'_>) -> Result<f64> {
    Ok(sendas_many::core_nanoseconds(&snapshot.snapshot, &read_many(env, requests)?))
}

/// Copies records of requests.
fn read_many(env: Env, requests: Unknown<'_>) -> Result<Vec<(RequestRecord, Stage)>> {
    let read = |request: Given<'_>, _| {
        let record: ClassInstance<'_, crate::record::RequestRecord> = request.instance("a RequestRecord")?;
        Ok(Some((record.record.clone(), STAGE)))
    };
    Given::new(env, "requests", requests).elements("an array of RequestRecords", read)
}

fn nothing() -> Decision {
    let request = RequestRecord::new(Channel::Smtp, Timestamp(0));
    Decision::new(sendas::Decision::without_snapshot(Stage::Message), request.into())
}
