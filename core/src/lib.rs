//! Decides whether an authenticated account may send with this envelope sender and this header From.
//!
//! Text becomes a [`Policy`], the policy becomes a [`Snapshot`], a snapshot answers a [`Request`] with a [`Decision`], and a decision
//! knows its [`Reply`]. Nothing here reads a clock, a file, a socket or a random source: the instant and the hash key are arguments.
//!
//! ```
//! use sendas::policy::{Account, Policy, Tenant};
//! use sendas::{Address, Channel, EnvelopeSender, HashKey, Header, Options, Profile, Request, Snapshot, Timestamp, Verdict};
//!
//! let mut alice = Account::new("alice");
//! (alice.address, alice.address_assigned) = (Some(Address::parse("alice@acme.example")?), true);
//! let mut tenant = Tenant::new("acme");
//! tenant.accounts.push(alice);
//! let mut policy = Policy::default(); // or `Policy::from_toml`, with feature `toml`
//! policy.tenants.push(tenant);
//!
//! let key = HashKey(*b"sixteen random!!"); // in a server: 16 octets of its random source
//! let snapshot = Snapshot::compile(&policy, &Options::new(key))?;
//!
//! let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
//! request.account = Some(b"alice");
//! request.envelope_sender = EnvelopeSender::Path(b"<alice@acme.example>");
//! request.header = Header::Block(b"From: Bob <bob@acme.example>\r\n\r\n");
//! let decision = snapshot.evaluate(&request);
//! assert_eq!(decision.verdict(), Verdict::Deny);
//! assert_eq!(decision.reply(&request, Profile::Rfc6409).code, 550);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | for | begin with |
//! | --- | --- |
//! | one call at the end of the header | [`Snapshot::evaluate`] |
//! | a server that asks after AUTH, at MAIL FROM and at the end of the header | [`Session`] |
//! | many recorded requests | [`Snapshot::evaluate_many`], [`record`] |
//! | why, and what would have been right | [`Snapshot::explain`] |
//! | a policy that many processes share, or that changes a tenant at a time | [`Snapshot::seal`], [`Snapshot::open`], [`Snapshot::replace_tenant`] |
//! | a policy too large to hold as text or objects | [`Snapshot::builder`], `SnapshotLines` |
//! | people who change the policy | [`admin`] |
//! | switching a control on without losing mail | [`analysis`] |
//!
//! A host does what [`Decision::action`] says, and treats what it does not know as a denial. Whatever a client sends is decided;
//! an `Err` is for those who run the system.
//!
//! # Features
//!
//! All are on by default, and none changes an answer. Without any, the crate needs `alloc` alone.
//!
//! | feature | adds |
//! | --- | --- |
//! | `std` | conversions from the standard library's types, checksums by what the processor has, compiling on several threads |
//! | `json` | policies, requests, decisions, explanations, commands and records as JSON, and mail logs |
//! | `toml` | policies as TOML; it brings `json` |
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
#[cfg(test)]
mod samples;
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
