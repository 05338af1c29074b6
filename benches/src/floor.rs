//! What the memory itself costs.

use std::hint::black_box;

use fastrand::Rng;

use crate::measure::{nanoseconds, quantile};

/// Nanoseconds of a load that misses the second-level cache: each of a chain of loads names the next, all over 256 MiB.
#[must_use]
pub fn load() -> f64 {
    let mut next: Vec<Line> = (0..LINES).map(|line| Line { next: line, _rest: [0; 15] }).collect();
    // Sattolo's algorithm: one cycle through all lines.
    let mut rng = Rng::with_seed(11);
    for line in (1..next.len()).rev() {
        let other = rng.usize(..line);
        let (low, high) = next.split_at_mut(line);
        if let (Some(low), Some(high)) = (low.get_mut(other), high.first_mut()) {
            std::mem::swap(&mut low.next, &mut high.next);
        }
    }
    let chase = |from: u32| (0..LOADS).fold(from, |line, _| next.get(line as usize).map_or(0, |line| line.next));
    let mut at = 0;
    let mut samples: Vec<_> = (0..RUNS).map(|_| nanoseconds(|| at = chase(at)) / f64::from(LOADS)).collect();
    black_box(at);
    quantile(&mut samples, 500)
}

/// A cache line.
#[repr(align(64))]
struct Line {
    next: u32,
    _rest: [u32; 15],
}

const LINES: u32 = (256 << 20) / 64;
const RUNS: u32 = 2_000;
const LOADS: u32 = 1_000;
