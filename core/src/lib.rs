//! Decides whether an authenticated account may send with this envelope sender and this header From.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod address;
pub mod admin;
pub mod analysis;
mod compile;
mod decision;
mod distinct;
mod evaluate;
mod explain;
mod gather;
mod judge;
mod ledger;
mod locate;
pub mod net;
mod observer;
mod options;
pub mod policy;
mod reason;
pub mod record;
mod reply;
mod request;
mod session;
mod snapshot;
#[cfg(feature = "std")]
mod system_time;
#[cfg(feature = "std")]
mod threads;
mod time;
#[cfg(feature = "json")]
mod wire;

pub use address::{Address, DomainName, Span};
pub use decision::{
    Action, Basis, Decision, Finding, Grant, MAX_FINDINGS, MAX_GRANTS, Place, SnapshotId, Stage, Subject, Verdict,
};
pub use explain::{ExplainedReason, Explanation, NearMiss, Step, View};
pub use options::{HashKey, Limits, Options};
pub use policy::Policy;
pub use reason::{Control, Reason};
pub use reply::{Problem, Profile, Reply, SetError};
pub use request::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Tls};
pub use session::Session;
pub use snapshot::{
    CompileError, Damaged, DeltaError, OpenError, Sealed, Snapshot, SnapshotBuilder, TenantCompiler, TenantPage,
};
pub use time::{InstantError, Timestamp};
#[cfg(feature = "json")]
pub use wire::{
    Diagnostic, LinesError, PolicyError, PolicyLines, ReadError, RecordError, SnapshotLines, event_log, policy_schema,
    postfix as postfix_log,
};

#[cfg(all(doctest, feature = "toml"))]
#[doc = include_str!("../../README.md")]
struct Readme;
