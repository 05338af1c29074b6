//! Credentials, and what a tenant asks of them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::request::{Channel, CredentialKind};
use crate::time::Timestamp;

use super::{Allowlist, ChannelSet};

/// A registered credential of one account. The secret itself is the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// Unique over all tenants, compared byte for byte, 1 to 128 octets.
    pub id: String,
    /// Its kind.
    pub kind: CredentialKind,
    /// The scopes it was issued for.
    pub scopes: Vec<String>,
    /// The first instant at which it is no longer valid.
    pub expires: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Client addresses it may be used from, a list per channel.
    pub allowlists: Vec<Allowlist>,
}

impl Credential {
    /// Creates a valid credential without scopes.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: CredentialKind) -> Self {
        Self { id: id.into(), kind, scopes: Vec::new(), expires: None, revoked: false, allowlists: Vec::new() }
    }
}

/// What a tenant asks of every credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialSettings {
    /// Kinds that are refused, where and from when.
    pub refuse: Vec<RefusedKind>,
    /// The scope that a credential must have, such as `mail.send`.
    pub require_scope: Option<String>,
    /// Whether the connection must be encrypted.
    pub require_tls: bool,
}

/// A kind of credential that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct RefusedKind {
    /// The kind.
    pub kind: CredentialKind,
    /// The channels on which it is refused.
    pub channels: ChannelSet,
    /// The first instant at which it is refused; `None` for always.
    pub from: Option<Timestamp>,
}

impl RefusedKind {
    /// Whether this entry refuses `kind` on `channel` at `now`.
    #[must_use]
    pub fn refuses(&self, kind: CredentialKind, channel: Channel, now: Timestamp) -> bool {
        self.kind == kind && self.channels.contains(channel) && self.from.is_none_or(|from| now >= from)
    }
}
