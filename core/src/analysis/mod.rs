//! What traffic says about a policy, and a policy about traffic: for switching a control on without losing mail.
//!
//! [`Observations`] reduce requests, from any log, to [tallies](Tally) of what accounts do. From these come the pairs to
//! [pre-register](crate::admin::Directory::choose), how much of the traffic is [covered](crate::admin::Directory::coverage),
//! and what a command [would begin to deny](crate::admin::Directory::preflight). What each means is said in
//! `docs/administration.md`, sections 12 to 14.

mod choose;
mod coverage;
mod observe;
mod preflight;

pub use choose::Choice;
pub use coverage::{Coverage, Shares, Standing, TenantCoverage};
pub use observe::{ClientFact, CredentialFact, CredentialSeen, Fact, Field, Observations, Said, Scopes, Table, Tally};
pub use preflight::{Blind, Change, Figure, Preflight, PreflightError, Turn};

#[cfg(feature = "json")]
pub(crate) use observe::Tallied;
