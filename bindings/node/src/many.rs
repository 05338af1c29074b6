//! Many requests at once, and what was decided of them.

use std::rc::Rc;

use napi::bindgen_prelude::{External, Float64ArraySlice, Result, Uint32Array, Uint32ArraySlice, Unknown};
use napi::{Env, Error};
use napi_derive::napi;
use sendas::record::RequestRecord;
use sendas_many::{Decided, Requests, Summary};

use crate::decision::Decision;
use crate::joined::{Joined, Reader, Unfit};
use crate::snapshot::{Snapshot, read_many, summary};

/// As many requests are best handed over at once.
#[napi(skip_typescript)]
#[must_use]
pub fn at_once() -> u32 {
    u32::try_from(Requests::AT_ONCE).unwrap_or(u32::MAX)
}

/// Decides requests that `index.js` has put together, `count` of them, and writes what most callers ask of each decision into
/// `summaries`. Returns how many were decided; null, and nothing is done, where one of them is to be refused, which
/// [`decide_others`] does.
///
/// Throws where they do not hold together: none of them is decided. Nothing is kept here: what a script keeps is freed by the
/// collector, what this package keeps only when the event loop comes round, and each piece of it costs a tenth of a decision.
#[napi(skip_typescript)]
pub fn decide_joined(
    env: Env,
    snapshot: &Snapshot,
    count: u32,
    numbers: Float64ArraySlice<'_>,
    texts: Unknown<'_>,
    mut summaries: Uint32ArraySlice<'_>,
) -> Result<Option<u32>> {
    let Some(requests) = read_joined(env, count, &numbers, texts)? else { return Ok(None) };
    // SAFETY: no script runs meanwhile, and what has been read of `numbers` is not looked at again.
    #[expect(unsafe_code, reason = "a script lends the array, and napi cannot know that it is not looked at meanwhile")]
    let mut room = unsafe { summaries.as_mut() }.iter_mut();
    let mut written = 0;
    requests.with_all(|all| {
        snapshot.snapshot.evaluate_many(all, |decision| {
            if let Some(place) = room.next() {
                *place = summary(Summary::from(decision));
                written += 1;
            }
        });
    });
    if written == count { Ok(Some(written)) } else { Err(wrongly()) }
}

/// The decision of one request that `index.js` has put together.
#[napi(skip_typescript)]
pub fn decision_of_joined(
    env: Env,
    snapshot: &Snapshot,
    numbers: Float64ArraySlice<'_>,
    texts: Unknown<'_>,
) -> Result<Decision> {
    let requests = read_joined(env, 1, &numbers, texts)?.ok_or_else(wrongly)?;
    requests.with_all(|all| {
        let (request, stage) = all.next().ok_or_else(wrongly)?;
        Ok(Decision::new(snapshot.snapshot.evaluate_stage(&request, stage), Rc::new(RequestRecord::from(&request))))
    })
}

fn read_joined(env: Env, count: u32, numbers: &[f64], texts: Unknown<'_>) -> Result<Option<Joined>> {
    match Reader::new(env, numbers, texts)?.requests(count) {
        Ok(requests) => Ok(Some(requests)),
        Err(Unfit::Value) => Ok(None),
        Err(Unfit::Form) => Err(wrongly()),
    }
}

fn wrongly() -> Error {
    Error::from_reason("many requests were put together wrongly: report this to sendas")
}

/// Decides requests, however they are written.
#[napi(skip_typescript)]
pub fn decide_others(env: Env, snapshot: &Snapshot, others: Unknown<'_>) -> Result<External<Decided>> {
    let mut requests = Requests::new();
    for (record, stage) in read_many(env, others)? {
        let pushed = record.with_request(|request| requests.push(request, stage));
        pushed.map_err(|error| Error::from_reason(error.to_string()))?;
    }
    let decided = Decided::new(&snapshot.snapshot, requests);
    let size = decided.size();
    Ok(External::new_with_size_hint(decided, size))
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
