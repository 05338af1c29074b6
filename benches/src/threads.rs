//! Two threads beside one.

use std::hint::black_box;
use std::thread;

use crate::data::{Attempt, Given};
use crate::engine::Engine;
use crate::measure::{least, nanoseconds};

/// How many times the decisions of one thread two threads make in the same time, each on attempts of its own.
#[must_use]
pub fn two_beside_one(engine: &(impl Engine + Sync), attempts: &[Attempt]) -> f64 {
    let attempts: Vec<_> = attempts.iter().map(Attempt::given).collect();
    let (first, second) = attempts.split_at(attempts.len() / 2);
    let decide = |attempts: &[Given<'_>]| attempts.iter().filter(|attempt| engine.allows(black_box(attempt))).count();
    let alone = |attempts| least(ROUNDS, || nanoseconds(|| decide(attempts)));
    let together = least(ROUNDS, || {
        nanoseconds(|| {
            thread::scope(|scope| {
                let other = scope.spawn(|| decide(second));
                decide(first) + other.join().unwrap_or(0)
            })
        })
    });
    (alone(first) + alone(second)) / together
}

const ROUNDS: usize = 9;
