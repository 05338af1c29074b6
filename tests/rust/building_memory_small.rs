//! Building a small snapshot, whose pages come in short runs, holds little beside the result, too.
#![cfg(target_os = "linux")]

#[path = "building_memory/peak.rs"]
mod peak;

/// Measured: 1.34 to 1.4 times the result, and 1.4 to 1.5 times at 6 MiB.
#[test]
fn the_peak_of_short_runs_is_little_more_than_the_result() {
    let (peak, size) = peak::peak_and_size(40_000);
    assert!(size < 30 << 20, "{size} octets are more than short runs");
    assert!(peak < size / 20 * 29, "{peak} octets at the peak, {size} in the end");
}
