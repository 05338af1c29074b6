//! Many requests at once, and what was decided of them.

#![expect(clippy::too_many_arguments, reason = "numbers cross by themselves in less time than in an object")]

use std::rc::Rc;

use napi::bindgen_prelude::{External, Int32ArraySlice, Result, Uint32Array, Uint32ArraySlice, Unknown};
use napi::{Env, Error, JsString, JsValue as _};
use napi_derive::napi;
use sendas::record::RequestRecord;
use sendas_many::{Decided, Requests, Summary, which};

use crate::decision::Decision;
use crate::given::Given;
use crate::joined::{self, Texts, Unfit};
use crate::snapshot::{Snapshot, read_listed, summary};

/// As many requests are best handed over at once.
#[napi(skip_typescript)]
#[must_use]
pub fn at_once() -> u32 {
    u32::try_from(Requests::AT_ONCE).unwrap_or(u32::MAX)
}

/// Decides requests that `many.js` has put together, `count` of them, and writes what most callers ask of each decision into
/// `summaries`. Returns the numbers, up to `end`, as a string of an octet each, for [`decision_of_joined`].
///
/// Throws where one of them is to be refused, counted from `start` on, and where they do not hold together: none of them is decided.
/// Nothing is kept here: what a script keeps is freed by the collector, what this package keeps only when the event loop comes round,
/// and each piece of it costs a tenth of a decision.
#[napi(skip_typescript)]
pub fn decide_joined<'e>(
    env: &'e Env,
    snapshot: &Snapshot,
    start: u32,
    count: u32,
    numbers: Int32ArraySlice<'_>,
    end: u32,
    texts: Unknown<'_>,
    mut summaries: Uint32ArraySlice<'_>,
) -> Result<JsString<'e>> {
    let numbers = numbers.get(..index(end)).ok_or_else(wrongly)?;
    let requests = match joined::requests(index(count), numbers, Texts::read(*env, texts)?) {
        Ok(requests) => requests,
        Err(Unfit::Instant) => {
            let (number, now) = joined::refused(numbers).ok_or_else(wrongly)?;
            let now = Given::new(*env, "now", env.create_double(now)?.to_unknown());
            let number = start.saturating_add(u32::try_from(number).unwrap_or(u32::MAX));
            return Err(now.of_request(number).instant().err().unwrap_or_else(wrongly));
        }
        Err(Unfit::Form) => return Err(wrongly()),
    };
    let octets: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    // SAFETY: no script runs meanwhile, and no other array that it lends is looked at after this.
    #[expect(unsafe_code, reason = "a script lends the array, and napi cannot know that it is not looked at meanwhile")]
    let mut room = unsafe { summaries.as_mut() }.iter_mut();
    let mut written = 0;
    requests.decide(&snapshot.snapshot, |decision| {
        if let Some(place) = room.next() {
            *place = summary(Summary::from(decision));
            written += 1;
        }
    });
    if written == count { env.create_string_latin1(octets) } else { Err(wrongly()) }
}

/// The decision of one request that `many.js` has put together with others.
#[napi(skip_typescript)]
pub fn decision_of_joined(
    env: Env,
    snapshot: &Snapshot,
    number: u32,
    numbers: JsString<'_>,
    texts: Unknown<'_>,
) -> Result<Decision> {
    let octets = numbers.into_latin1()?;
    let numbers: Vec<_> = octets.as_slice().chunks_exact(4).map(read_number).collect();
    let requests = joined::request(index(number), &numbers, Texts::read(env, texts)?).map_err(|_| wrongly())?;
    let decided = requests.with_request(0, |request, stage| {
        Decision::new(snapshot.snapshot.evaluate_stage(request, stage), Rc::new(RequestRecord::from(request)))
    });
    decided.ok_or_else(wrongly)
}

fn read_number(octets: &[u8]) -> i32 {
    octets.try_into().map_or(0, i32::from_le_bytes)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn wrongly() -> Error {
    Error::from_reason("many requests were put together wrongly: report this to sendas")
}

/// Decides requests, however they are written, by the lists of their members that `members.js` makes. Errors say which one they are
/// about, counted from `start` on.
#[napi(skip_typescript)]
pub fn decide_others(env: Env, snapshot: &Snapshot, start: u32, others: Unknown<'_>) -> Result<External<Decided>> {
    let mut requests = Requests::new();
    for (record, stage) in read_listed(env, start, others)? {
        let pushed = record.with_request(|request| requests.push(request, stage));
        let number = start + u32::try_from(requests.len()).unwrap_or(u32::MAX);
        pushed.map_err(|error| Error::from_reason(format!("{}{error}", which(number))))?;
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
