//! What many requests take without a language around them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sendas::record::RequestRecord;
use sendas::{Snapshot, Stage};

use crate::requests::Requests;

/// Decides requests in calls of the core, and returns the nanoseconds that one of them takes.
///
/// Each call's are copied before it, as a host asks about what it has just read: where they stand in memory would decide the figure.
#[must_use]
pub fn core_nanoseconds(snapshot: &Snapshot, requests: &[(RequestRecord, Stage)]) -> f64 {
    let taken: Duration = requests
        .chunks(Requests::AT_ONCE)
        .map(|chunk| {
            let read = chunk.to_vec();
            RequestRecord::with_requests(read.iter().map(|(request, _)| request), |requests| {
                let stages = read.iter().map(|(_, stage)| *stage);
                let started = Instant::now();
                snapshot.evaluate_many(requests.iter().zip(stages), |decision| {
                    black_box(decision);
                });
                started.elapsed()
            })
        })
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "there are few requests")]
    let each = taken.as_secs_f64() * 1e9 / requests.len() as f64;
    each
}
