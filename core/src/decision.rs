//! The answer to a request: a small value that can be copied, stored and compared.

use core::fmt;

use crate::address::Span;
use crate::reason::Reason;

/// How far a transaction has come; a later stage implies the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "SMTP submission has these three moments")]
#[repr(u8)]
pub enum Stage {
    /// After AUTH: account, role, credential and client address.
    Session,
    /// At MAIL FROM: the envelope sender too.
    Envelope,
    /// At the end of the header: everything.
    Message,
}

impl Stage {
    /// Every stage, in the order of a transaction.
    pub const ALL: [Self; 3] = [Self::Session, Self::Envelope, Self::Message];

    /// Returns the name, such as `envelope`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Envelope => "envelope",
            Self::Message => "message",
        }
    }
}

/// Whether the request may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "hosts must handle exactly these")]
#[repr(u8)]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not.
    Deny,
    /// It cannot be decided now; the client shall try again later.
    Defer,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::Defer];

    /// Returns the name, such as `allow`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Defer => "defer",
        }
    }
}

/// What the host shall do with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "hosts must handle exactly these")]
#[repr(u8)]
pub enum Action {
    /// Accept it.
    Accept,
    /// Reply with the decision's reply, at once.
    Reject,
    /// Reply 250 2.0.0, and drop the message at the end of data.
    Discard,
    /// Reply 250 2.0.0, and put the message into quarantine at the end of data.
    Hold,
    /// Reply with the decision's transient reply.
    Tempfail,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Accept, Self::Reject, Self::Discard, Self::Hold, Self::Tempfail];

    /// Returns the name, such as `reject`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Discard => "discard",
            Self::Hold => "hold",
            Self::Tempfail => "tempfail",
        }
    }
}

/// The part of a request that a finding or a grant speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a request has these parts")]
#[repr(u8)]
pub enum Subject {
    /// The account.
    Account,
    /// The role.
    Role,
    /// The credential.
    Credential,
    /// The client's network address.
    ClientIp,
    /// The transport encryption.
    Tls,
    /// The envelope sender.
    EnvelopeSender,
    /// The header as a whole.
    Header,
    /// A From field.
    From,
    /// A Sender field.
    Sender,
    /// A Resent field.
    Resent,
}

impl Subject {
    /// Every part, in the order in which findings are reported.
    pub const ALL: [Self; 10] = [
        Self::Account,
        Self::Role,
        Self::Credential,
        Self::ClientIp,
        Self::Tls,
        Self::EnvelopeSender,
        Self::Header,
        Self::From,
        Self::Sender,
        Self::Resent,
    ];

    /// Returns the name, such as `envelope_sender`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Role => "role",
            Self::Credential => "credential",
            Self::ClientIp => "client_ip",
            Self::Tls => "tls",
            Self::EnvelopeSender => "envelope_sender",
            Self::Header => "header",
            Self::From => "from",
            Self::Sender => "sender",
            Self::Resent => "resent",
        }
    }

    /// Returns the stage at which this part is known.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Account | Self::Role | Self::Credential | Self::ClientIp | Self::Tls => Stage::Session,
            Self::EnvelopeSender => Stage::Envelope,
            Self::Header | Self::From | Self::Sender | Self::Resent => Stage::Message,
        }
    }
}

/// Where in the request something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a plain position")]
pub struct Place {
    /// The part of the request.
    pub subject: Subject,
    /// The 0-based number of the header field, in the order given; 0 for other parts.
    pub field: u32,
    /// The octets, from the start of the field's body, of the header block, or of the envelope sender; empty for other parts.
    pub span: Span,
}

impl Place {
    /// Creates the place of a part that has no octets of its own.
    #[must_use]
    pub const fn of(subject: Subject) -> Self {
        Self { subject, field: 0, span: Span { start: 0, end: 0 } }
    }
}

/// One failing fact: why, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair")]
pub struct Finding {
    /// What is wrong.
    pub reason: Reason,
    /// Where it stands.
    pub place: Place,
}

/// What gave the account an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Basis {
    /// It is the account's own address, or a sub-address of it.
    OwnAddress,
    /// An identity of the account or its tenant.
    Identity,
    /// A domain of the tenant.
    Domain,
    /// An identity and a domain together, where the tenant needs both.
    IdentityAndDomain,
    /// The right to resend, for the From field of a resent message.
    Resend,
    /// Nothing: the control that would have asked is off, monitored or exempted.
    NotEnforced,
}

impl Basis {
    /// Every basis.
    pub const ALL: &'static [Self] =
        &[Self::OwnAddress, Self::Identity, Self::Domain, Self::IdentityAndDomain, Self::Resend, Self::NotEnforced];

    /// Returns the name, such as `own_address`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OwnAddress => "own_address",
            Self::Identity => "identity",
            Self::Domain => "domain",
            Self::IdentityAndDomain => "identity_and_domain",
            Self::Resend => "resend",
            Self::NotEnforced => "not_enforced",
        }
    }
}

/// An address that was found authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair")]
pub struct Grant {
    /// What gave it.
    pub basis: Basis,
    /// Where the addr-spec stands.
    pub place: Place,
}

/// Identifies the content of a snapshot, whatever machine compiled it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype without an invariant")]
pub struct SnapshotId(pub u128);

impl fmt::Display for SnapshotId {
    /// Writes 32 lower-case hexadecimal digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}
