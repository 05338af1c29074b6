//! Deny entries.

use alloc::string::String;

use crate::address::Scope;

/// Senders that are never allowed; wins over every grant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Deny {
    /// Which addresses.
    pub scope: Scope,
    /// Why.
    pub note: String,
}
