//! Times several engines on the same requests, batch by batch in turn, so that a slow moment of the machine hits them all.

use std::hint::black_box;
use std::time::Instant;

use crate::data::Attempt;
use crate::engine::Engine;

/// Nanoseconds a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Times {
    /// The median over batches of the mean within a batch.
    pub median: f64,
    /// The 99th percentile of decisions timed one by one, without the cost of reading the clock.
    pub p99: f64,
    /// The 99.9th percentile, likewise.
    pub p999: f64,
}

/// Decides all attempts `rounds` times with each engine; a batch in four is timed decision by decision.
#[must_use]
pub fn times(engines: &[&dyn Engine], attempts: &[Attempt], rounds: usize) -> Vec<Times> {
    let clock = clock();
    let mut means = vec![Vec::new(); engines.len()];
    let mut singles = vec![Vec::new(); engines.len()];
    for round in 0..rounds {
        for (number, batch) in attempts.chunks(BATCH).enumerate() {
            for (engine, (means, singles)) in engines.iter().zip(means.iter_mut().zip(&mut singles)) {
                if number % 4 == round % 4 {
                    for attempt in batch {
                        singles.push((nanoseconds(|| engine.allows(black_box(attempt))) - clock).max(0.0));
                    }
                } else {
                    means.push(nanoseconds(|| decide(*engine, batch)) / count(batch.len()));
                }
            }
        }
    }
    means.into_iter().zip(singles).map(|(means, singles)| Times::new(means, singles)).collect()
}

/// The value below which `part` of 1000 samples are; 0 where there are none.
#[must_use]
pub fn quantile(samples: &mut [f64], part: usize) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get((samples.len() * part / 1_000).min(samples.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// How long `work` takes.
pub fn nanoseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    black_box(work());
    count(usize::try_from(started.elapsed().as_nanos()).unwrap_or(usize::MAX))
}

impl Times {
    fn new(mut means: Vec<f64>, mut singles: Vec<f64>) -> Self {
        Self { median: quantile(&mut means, 500), p99: quantile(&mut singles, 990), p999: quantile(&mut singles, 999) }
    }
}

/// What reading the clock costs.
fn clock() -> f64 {
    let mut samples: Vec<_> = (0..10_000).map(|_| nanoseconds(|| ())).collect();
    quantile(&mut samples, 500)
}

fn decide(engine: &dyn Engine, batch: &[Attempt]) -> usize {
    batch.iter().filter(|attempt| engine.allows(black_box(attempt))).count()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of decisions and nanoseconds are far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

const BATCH: usize = 500;
