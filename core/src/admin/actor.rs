//! Who asks for a change.

use alloc::string::String;
use core::net::IpAddr;

use super::Token;

/// Who gives a command, as far as the host has established it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the five kinds are the model")]
pub enum Actor {
    /// An account, for itself.
    Account {
        /// Its id.
        account: String,
    },
    /// Who holds a token that was mailed, and nothing else.
    Bearer {
        /// The token.
        token: Token,
    },
    /// The host itself, which reports what it found in the DNS or in its logs.
    Host,
    /// An account that acts for its tenant, in its roles.
    Member {
        /// The account's id; its tenant is the one that the member acts for.
        account: String,
        /// The role in which it acts; `None` for all roles that it holds.
        role: Option<String>,
        /// Whether it has just given its password, or proved itself as strongly, for this command (step-up).
        reauthenticated: bool,
        /// The network address it comes from, where the host knows it.
        client_ip: Option<IpAddr>,
    },
    /// Who runs the service.
    Provider {
        /// Which person or program of the provider, for the record.
        name: String,
    },
}

impl Actor {
    /// Returns which of the five kinds this is.
    #[must_use]
    pub const fn kind(&self) -> ActorKind {
        match self {
            Self::Account { .. } => ActorKind::Account,
            Self::Bearer { .. } => ActorKind::Bearer,
            Self::Host => ActorKind::Host,
            Self::Member { .. } => ActorKind::Member,
            Self::Provider { .. } => ActorKind::Provider,
        }
    }

    /// Returns what a record keeps of the actor: no token, no address.
    #[must_use]
    pub fn by(&self) -> By {
        match self {
            Self::Account { account } => By::Account { account: account.clone() },
            Self::Bearer { .. } => By::Bearer,
            Self::Host => By::Host,
            Self::Member { account, role, .. } => By::Member { account: account.clone(), role: role.clone() },
            Self::Provider { name } => By::Provider { name: name.clone() },
        }
    }
}

/// A kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the five kinds are the model")]
pub enum ActorKind {
    /// The provider.
    Provider,
    /// An account that acts for its tenant.
    Member,
    /// An account, for itself.
    Account,
    /// Who holds a token.
    Bearer,
    /// The host itself.
    Host,
}

impl ActorKind {
    /// Every kind, in the order of the table of commands.
    pub const ALL: [Self; 5] = [Self::Provider, Self::Member, Self::Account, Self::Bearer, Self::Host];

    /// Returns the name used in texts, such as `provider`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Member => "member",
            Self::Account => "account",
            Self::Bearer => "bearer",
            Self::Host => "host",
        }
    }
}

/// What a record keeps of who gave the command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as Actor")]
pub enum By {
    /// An account, for itself.
    Account {
        /// Its id.
        account: String,
    },
    /// Who held a token; the event says which pair or batch it was for.
    Bearer,
    /// The host itself.
    Host,
    /// An account that acted for its tenant.
    Member {
        /// Its id.
        account: String,
        /// The role in which it acted, where it named one.
        role: Option<String>,
    },
    /// Who runs the service.
    Provider {
        /// Which person or program of the provider.
        name: String,
    },
}

/// What an actor must be allowed for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guard {
    /// Whether the provider may.
    pub provider: bool,
    /// What a member needs; `None` where no member may.
    pub member: Option<Right>,
    /// Whether an account may, for itself.
    pub account: bool,
    /// Whether the holder of a token may.
    pub bearer: bool,
    /// Whether the host may.
    pub host: bool,
}

impl Guard {
    /// Nobody.
    pub(super) const NOBODY: Self = Self { provider: false, member: None, account: false, bearer: false, host: false };

    pub(super) const fn provider(self) -> Self {
        Self { provider: true, ..self }
    }

    pub(super) const fn member(self, right: Right) -> Self {
        Self { member: Some(right), ..self }
    }

    pub(super) const fn account(self) -> Self {
        Self { account: true, ..self }
    }

    pub(super) const fn bearer(self) -> Self {
        Self { bearer: true, ..self }
    }

    pub(super) const fn host(self) -> Self {
        Self { host: true, ..self }
    }

    /// Whether an actor of this kind may give the command at all; a member needs its right besides.
    #[must_use]
    pub const fn admits(self, kind: ActorKind) -> bool {
        match kind {
            ActorKind::Provider => self.provider,
            ActorKind::Member => self.member.is_some(),
            ActorKind::Account => self.account,
            ActorKind::Bearer => self.bearer,
            ActorKind::Host => self.host,
        }
    }
}

/// What a member needs for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three permissions of N2, and the role of whoever may do the rest")]
pub enum Right {
    /// A role with the permission `add_identities`.
    AddIdentities,
    /// The built-in role `Admin`.
    Admin,
    /// A role with the permission `switch_sender_auth`.
    SwitchSenderAuth,
    /// A role with the permission `verify_identities`.
    VerifyIdentities,
}

impl Right {
    /// Returns the permission, or `Admin` for the role.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddIdentities => "add_identities",
            Self::Admin => "Admin",
            Self::SwitchSenderAuth => "switch_sender_auth",
            Self::VerifyIdentities => "verify_identities",
        }
    }
}
