//! Many requests in one call beside one call for each.

use std::hint::black_box;

use sendas::{Request, Snapshot, Stage, Verdict};

use crate::data::{Attempt, Given};
use crate::measure::{in_turn, nanoseconds};

/// Nanoseconds a decision.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Bulk {
    /// Of a call for each request.
    pub single: f64,
    /// Of one call for many.
    pub many: f64,
}

/// Decides attempts in both ways, run by run in turn: medians over the runs. Both decide the same requests, and neither has
/// decided them just before.
#[must_use]
pub fn beside_single(snapshot: &Snapshot, attempts: &[Attempt]) -> Bulk {
    let given: Vec<_> = attempts.iter().map(Attempt::given).collect();
    let requests: Vec<_> = given.iter().map(Given::request).collect();
    let (single, many) = in_turn(
        ROUNDS,
        &requests,
        RUN,
        |run| nanoseconds(|| single(snapshot, run)),
        |run| nanoseconds(|| many(snapshot, run)),
    );
    #[expect(clippy::cast_precision_loss, reason = "a run is short")]
    let each = |taken: f64| taken / RUN as f64;
    Bulk { single: each(single), many: each(many) }
}

fn single(snapshot: &Snapshot, requests: &[Request<'_>]) -> usize {
    let allows = |request: &&Request<'_>| snapshot.evaluate(black_box(request)).verdict() == Verdict::Allow;
    requests.iter().filter(allows).count()
}

fn many(snapshot: &Snapshot, requests: &[Request<'_>]) -> usize {
    let mut allowed = 0;
    let requests = requests.iter().map(|request| (black_box(request), Stage::Message));
    snapshot.evaluate_many(requests, |decision| allowed += usize::from(decision.verdict() == Verdict::Allow));
    allowed
}

/// The decisions that are timed as one.
const RUN: usize = 64;
const ROUNDS: usize = 8;
