//! Seeded policies of any size, and requests against them.
//!
//! The same arguments give the same policy and the same requests on every machine. A policy is made a tenant at a time, so that it
//! can be written, or given to an engine, without standing in memory as a whole.

mod attempt;
pub mod full;
pub mod plain;
mod size;
mod text;

pub use attempt::{Attempt, Case, Fields, Given};
pub use size::{Accounts, Size};

use sendas::{Address, DomainName, Timestamp};

/// The instant of every request: 2026-12-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp(1_796_083_200);

#[expect(clippy::expect_used, reason = "the addresses made here are addresses")]
fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

#[expect(clippy::expect_used, reason = "the domains made here are domains")]
fn domain(text: &str) -> DomainName {
    DomainName::parse(text).expect("a domain")
}
