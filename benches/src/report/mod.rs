//! What was measured, as a table, as JSON and as curves.

mod machine;
mod plot;
mod table;

pub use machine::machine;
pub use plot::curves;
pub use table::{markdown, text};

use serde_json::{Value, json};

use crate::bulk::Bulk;
use crate::data::Accounts;
use crate::measure::Times;
use crate::outside::Sealed;
use crate::workload::Workload;

/// Everything that one run measured.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Report {
    /// Each engine at each size.
    pub rows: Vec<Row>,
    /// What only the library is measured for, at each size.
    pub more: Vec<More>,
    /// What a sealed snapshot costs, at each size.
    pub sealed: Vec<SealedAt>,
    /// Nanoseconds of one load that misses the second-level cache.
    pub load: f64,
}

/// An engine at one size.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Row {
    /// The rules that were asked.
    pub workload: Workload,
    /// The name.
    pub engine: &'static str,
    /// The identities of the policy.
    pub identities: usize,
    /// Whose turn it was.
    pub accounts: Accounts,
    /// What was measured, or why nothing was.
    pub measured: Result<Measured, String>,
}

/// What was measured of an engine.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Measured {
    /// How long a decision takes.
    pub times: Times,
    /// Instructions of an allowed decision and of any, where valgrind is there.
    pub instructions: Option<Instructions>,
    /// Octets for each identity, everything included.
    pub bytes_per_identity: Option<f64>,
    /// How long building took, from the policy as objects.
    pub build_seconds: f64,
}

/// Instructions a decision.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Instructions {
    /// Of one that allows.
    pub allowed: f64,
    /// Of any.
    pub any: f64,
}

/// What only the library is measured for, with the plain workload.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct More {
    /// The identities of the policy.
    pub identities: usize,
    /// Whose turn it was.
    pub accounts: Accounts,
    /// What a decision takes where no other engine has its turn between them.
    pub alone: Times,
    /// Decisions of two threads for one of a single thread in the same time.
    pub two_threads: f64,
    /// The time of a session with ten messages, as a part of that of ten decisions.
    pub staged: f64,
    /// Many requests in one call.
    pub bulk: Bulk,
}

/// What a sealed snapshot costs, with the plain workload.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct SealedAt {
    /// The identities of the policy.
    pub identities: usize,
    /// What it costs the processes that use it.
    pub sealed: Sealed,
}

impl Report {
    /// Everything as one array: a row for each workload, engine, size and choice of accounts.
    #[must_use]
    pub fn to_json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let more = self.more.iter().find(|more| row.engine == "sendas" && more.stands_beside(row));
            let at = self.sealed.iter().find(|at| more.is_some() && at.identities == row.identities);
            let sealed = at.map(|at| at.sealed);
            let mut object = json!({
                "workload": row.workload.name(),
                "engine": row.engine,
                "identities": row.identities,
                "accounts": row.accounts.name(),
            });
            let members = match &row.measured {
                Err(why) => json!({ "not_measured": why }),
                Ok(measured) => json!({
                    "ns": measured.times.median,
                    "p99_ns": measured.times.p99,
                    "p999_ns": measured.times.p999,
                    "instructions": measured.instructions.map(|instructions| instructions.any),
                    "instructions_allowed": measured.instructions.map(|instructions| instructions.allowed),
                    "bytes_per_identity": measured.bytes_per_identity,
                    "build_seconds": measured.build_seconds,
                    "alone_ns": more.map(|more| more.alone.median),
                    "alone_p999_ns": more.map(|more| more.alone.p999),
                    "two_threads": more.map(|more| more.two_threads),
                    "single_ns": more.map(|more| more.bulk.single),
                    "many_ns": more.map(|more| more.bulk.many),
                    "staged": more.map(|more| more.staged),
                    "sealed_octets": sealed.map(|sealed| sealed.octets),
                    "open_ms": sealed.map(|sealed| sealed.open),
                    "verify_ms": sealed.map(|sealed| sealed.verify),
                    "two_processes_octets": sealed.and_then(|sealed| sealed.held),
                    "load_ns": self.load,
                }),
            };
            if let (Value::Object(object), Value::Object(mut members)) = (&mut object, members) {
                object.append(&mut members);
            }
            object
        });
        Value::Array(rows.collect()).to_string()
    }

    /// The rows of a workload.
    fn of(&self, workload: Workload) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.workload == workload)
    }

    /// The hand-written engine's time beside a row.
    fn by_hand(&self, row: &Row) -> Option<f64> {
        let of = |row: &Row| (row.workload, row.identities, row.accounts);
        let same = |other: &&Row| of(other) == of(row);
        let by_hand = self.rows.iter().filter(same).find(|other| other.engine == "by_hand")?;
        by_hand.measured.as_ref().ok().map(|measured| measured.times.median)
    }
}

impl More {
    fn stands_beside(&self, row: &Row) -> bool {
        (Workload::Plain, self.identities, self.accounts) == (row.workload, row.identities, row.accounts)
    }
}
