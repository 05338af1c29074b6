//! Decides whether an authenticated account may send with this envelope sender and this header From.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod address;
mod decision;
pub mod net;
mod options;
pub mod policy;
mod reason;
mod request;
mod time;

pub use address::{Address, DomainName, Span};
pub use decision::{Action, Basis, Finding, Grant, Place, SnapshotId, Stage, Subject, Verdict};
pub use options::{HashKey, Limits, Options};
pub use policy::Policy;
pub use reason::{Control, Reason};
pub use request::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Tls};
pub use time::Timestamp;
