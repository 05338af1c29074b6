//! Many requests at once, and what was decided of them.

use std::rc::Rc;

use napi::bindgen_prelude::{External, Float64ArraySlice, Result, Uint32Array, Unknown};
use napi::{Env, Error};
use napi_derive::napi;
use sendas::record::RequestRecord;
use sendas_many::{Decided, Requests};

use crate::decision::Decision;
use crate::joined::{Reader, Unfit};
use crate::snapshot::{Snapshot, read_many, summary};

/// As many requests are best handed over at once.
#[napi(skip_typescript)]
#[must_use]
pub fn at_once() -> u32 {
    u32::try_from(Requests::AT_ONCE).unwrap_or(u32::MAX)
}

/// Decides requests that `index.js` has put together, `count` of them; null, and nothing is done, where one of them is to be
/// refused, which [`decide_others`] does.
///
/// Throws where they do not hold together: none of them is decided.
#[napi(skip_typescript)]
pub fn decide_joined(
    env: Env,
    snapshot: &Snapshot,
    count: u32,
    numbers: Float64ArraySlice<'_>,
    texts: Unknown<'_>,
) -> Result<Option<External<Decided>>> {
    match Reader::new(env, &numbers, texts)?.requests(count) {
        Ok(requests) => Ok(Some(decide(snapshot, requests))),
        Err(Unfit::Value) => Ok(None),
        Err(Unfit::Form) => Err(Error::from_reason("many requests were put together wrongly: report this to sendas")),
    }
}

/// Decides requests, however they are written.
#[napi(skip_typescript)]
pub fn decide_others(env: Env, snapshot: &Snapshot, others: Unknown<'_>) -> Result<External<Decided>> {
    let mut requests = Requests::new();
    for (record, stage) in read_many(env, others)? {
        let pushed = record.with_request(|request| requests.push(request, stage));
        pushed.map_err(|error| Error::from_reason(error.to_string()))?;
    }
    Ok(decide(snapshot, requests))
}

fn decide(snapshot: &Snapshot, requests: Requests) -> External<Decided> {
    let decided = Decided::new(&snapshot.snapshot, requests);
    let size = decided.size();
    External::new_with_size_hint(decided, size)
}

/// What most callers ask of each decision.
#[napi(skip_typescript)]
#[must_use]
pub fn summaries_of(decided: &External<Decided>) -> Uint32Array {
    decided.summaries().iter().copied().map(summary).collect::<Vec<_>>().into()
}

/// The decision with this number.
#[napi(skip_typescript)]
#[must_use]
pub fn decision_of(decided: &External<Decided>, number: u32) -> Option<Decision> {
    let number = usize::try_from(number).ok()?;
    let request = decided.with_request(number, |request, _| RequestRecord::from(request))?;
    Some(Decision::new(decided.decision(number)?, Rc::new(request)))
}
