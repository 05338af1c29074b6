//! Times several engines on the same requests, batch by batch in turn, so that a slow moment of the machine hits them all.

use std::hint::black_box;
use std::time::Instant;

use crate::data::{Attempt, Given};
use crate::engine::Engine;

/// Nanoseconds a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Times {
    /// The median over runs of fifty decisions, of their mean.
    pub median: f64,
    /// The 99th percentile of decisions timed one by one, without the cost of reading the clock.
    pub p99: f64,
    /// The 99.9th percentile, likewise.
    pub p999: f64,
}

/// Decides all attempts `rounds` times with each engine, in batches; a batch in four is timed decision by decision.
///
/// Before each run its requests are read, and their headers taken apart, as a host has done with what it asks about.
///
/// An engine that has taken `seconds` is asked for no more than it has done by then, but for eight batches at least.
#[must_use]
pub fn times(engines: &[&dyn Engine], attempts: &[Attempt], rounds: usize, seconds: f64) -> Vec<Times> {
    let clock = clock();
    let mut all: Vec<Samples> = engines.iter().map(|_| Samples::default()).collect();
    for round in 0..rounds {
        for (number, batch) in attempts.chunks(BATCH).enumerate() {
            for (engine, samples) in engines.iter().zip(&mut all) {
                if samples.nanoseconds > seconds * 1e9 && samples.batches >= 8 {
                    continue;
                }
                let started = Instant::now();
                for run in batch.chunks(RUN) {
                    black_box(run.iter().map(Attempt::octets).fold(0, u8::wrapping_add));
                    let run: Vec<_> = run.iter().map(Attempt::given).collect();
                    if number % 4 == round % 4 {
                        let time = |attempt| (nanoseconds(|| engine.allows(black_box(attempt))) - clock).max(0.0);
                        samples.singles.extend(run.iter().map(time));
                    } else {
                        samples.means.push(nanoseconds(|| decide(*engine, &run)) / count(run.len()));
                    }
                }
                samples.batches += 1;
                samples.nanoseconds += started.elapsed().as_secs_f64() * 1e9;
            }
        }
    }
    all.into_iter().map(Samples::times).collect()
}

/// What was timed of one engine.
#[derive(Default)]
struct Samples {
    means: Vec<f64>,
    singles: Vec<f64>,
    batches: usize,
    nanoseconds: f64,
}

impl Samples {
    fn times(mut self) -> Times {
        Times {
            median: quantile(&mut self.means, 500),
            p99: quantile(&mut self.singles, 990),
            p999: quantile(&mut self.singles, 999),
        }
    }
}

/// The value below which `part` of 1000 samples are; 0 where there are none.
#[must_use]
pub fn quantile(samples: &mut [f64], part: usize) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get((samples.len() * part / 1_000).min(samples.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Does things in two ways, `run` of them at a time, each run in one way and a round later in the other, so that neither has
/// done them just before; returns the medians of what each way takes for a run.
pub fn in_turn<T>(
    rounds: usize,
    things: &[T],
    run: usize,
    mut one: impl FnMut(&[T]) -> f64,
    mut other: impl FnMut(&[T]) -> f64,
) -> (f64, f64) {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        for (number, run) in things.chunks_exact(run).enumerate() {
            if (number + round) % 2 == 0 {
                ones.push(one(run));
            } else {
                others.push(other(run));
            }
        }
    }
    (quantile(&mut ones, 500), quantile(&mut others, 500))
}

/// The least of `rounds` measurements, which other work on the machine has lengthened least.
pub fn least(rounds: usize, measure: impl FnMut() -> f64) -> f64 {
    std::iter::repeat_with(measure).take(rounds).fold(f64::MAX, f64::min)
}

/// How long `work` takes.
pub fn nanoseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    black_box(work());
    count(usize::try_from(started.elapsed().as_nanos()).unwrap_or(usize::MAX))
}

/// What reading the clock costs.
fn clock() -> f64 {
    let mut samples: Vec<_> = (0..10_000).map(|_| nanoseconds(|| ())).collect();
    quantile(&mut samples, 500)
}

fn decide(engine: &dyn Engine, run: &[Given<'_>]) -> usize {
    run.iter().filter(|attempt| engine.allows(black_box(attempt))).count()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of decisions and nanoseconds are far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

/// The decisions of an engine until it is the next one's turn.
const BATCH: usize = 500;

/// The decisions that are timed as one: so few that the system seldom takes the processor away meanwhile.
const RUN: usize = 50;
