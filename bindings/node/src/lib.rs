//! The Node binding: converts JavaScript values in, calls core, converts its answers out.
//!
//! No default, message or normalisation of a policy or a request lives here; what is said here is only
//! which JavaScript type was expected. What callers see is described in `index.d.ts`, which is generated
//! from this package and `header.d.ts`.

mod administration;
mod analysis;
mod arrow;
#[cfg(feature = "bench")]
mod bench;
mod decision;
mod explain;
mod given;
mod joined;
mod lines;
mod many;
mod policy;
mod record;
mod request;
mod session;
mod snapshot;
mod text;
mod words;

pub use administration::{Directory, obligations};
pub use analysis::{Observations, PostfixLog, TableCounts};
#[cfg(feature = "bench")]
pub use bench::{PlainCredential, PlainRequest, core_nanoseconds, core_nanoseconds_of_many, empty_read, empty_unread};
pub use decision::{Decision, Finding, Grant, Place, Problem, Reply, ReplyData, SetError};
pub use explain::{ExplainedReason, Explanation, NearMiss, Step};
pub use many::{at_once, decide_joined, decide_others, decision_of, decision_of_joined, summaries_of};
pub use policy::{Diagnostic, Policy, policy_schema};
pub use record::{RecordedCredential, RecordedRequest, RecordedUnquoted, RequestRecord};
pub use session::Session;
pub use snapshot::Snapshot;
pub use words::{ReasonRow, reasons, words};
