//! What a tally is of: one fact of a message, apart from its others.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::address::Address;
use crate::admin::Seen;
use crate::net::IpRange;
use crate::policy::named::named;
use crate::request::{Channel, CredentialKind, Tls};

/// The three tables of tallies (M10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "a message has addresses, a client and a credential")]
pub enum Table {
    /// Addresses in the envelope and the header.
    Senders,
    /// Network addresses that clients come from.
    Clients,
    /// Credentials with the role and the transport encryption.
    Credentials,
}

named! { Table, 3, "senders": Senders = "senders", Clients = "clients", Credentials = "credentials" }

/// Where an address stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the engine judges addresses in these places")]
pub enum Field {
    /// The envelope sender.
    EnvelopeSender,
    /// The From field.
    From,
    /// A display name, group name or comment of the From field.
    FromName,
    /// The Sender field.
    Sender,
    /// A display name or comment of the Sender field.
    SenderName,
    /// The topmost block of Resent fields.
    Resent,
}

named! {
    Field, 6, "envelope_sender":
    EnvelopeSender = "envelope_sender",
    From = "from",
    FromName = "from_name",
    Sender = "sender",
    SenderName = "sender_name",
    Resent = "resent",
}

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the engine tells these apart")]
pub enum Said {
    /// An address.
    Address(Address),
    /// The field is absent; of From only.
    Missing,
    /// The null reverse-path.
    Null,
    /// More than one mailbox, each of which is tallied too; of From and Resent only.
    Several,
    /// The source does not tell. For the header as a whole this stands at From.
    Unknown,
    /// Something that no address is read from: repeated, incomplete, ambiguous, not canonical, or over a limit.
    Unreadable,
}

impl Said {
    /// Returns the word for what is no address, such as `null`.
    #[must_use]
    pub const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Address(_) => None,
            Self::Missing => Some("missing"),
            Self::Null => Some("null"),
            Self::Several => Some("several"),
            Self::Unknown => Some("unknown"),
            Self::Unreadable => Some("unreadable"),
        }
    }

    /// Returns what is no address by its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Missing, Self::Null, Self::Several, Self::Unknown, Self::Unreadable]
            .into_iter()
            .find(|said| said.word() == Some(word))
    }
}

/// Where a client comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the engine tells these apart")]
pub enum ClientFact {
    /// A single IPv4 address, or the /64 of an IPv6 address.
    Network(IpRange),
    /// The source does not tell.
    Unknown,
    /// Text that is no address.
    Unreadable,
}

/// The role, the credential, and the transport encryption.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct CredentialFact {
    /// The role in which the account acts; `None` where none is given, and empty for one that no role can have.
    pub role: Option<String>,
    /// The credential; `None` where the source does not tell.
    pub credential: Option<CredentialSeen>,
    /// The transport encryption; `None` where the source does not tell.
    pub tls: Option<Tls>,
}

/// A credential as it was presented.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct CredentialSeen {
    /// Its kind.
    pub kind: CredentialKind,
    /// Its id; `None` where none was given, and empty for one that no credential can have.
    pub id: Option<String>,
    /// The scopes that it presented.
    pub scopes: Scopes,
}

/// The scopes that a credential presented.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "none of its own, some, or too many to keep")]
pub enum Scopes {
    /// None of its own.
    NotPresented,
    /// These, sorted, none twice.
    Presented(Vec<String>),
    /// More or longer ones than are kept, or such that are no text.
    Unknown,
}

/// One fact of a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "one for each table")]
pub enum Fact {
    /// What stands in a field.
    Sender {
        /// The field.
        field: Field,
        /// What stands in it.
        said: Said,
    },
    /// Where the client comes from.
    Client(ClientFact),
    /// What the account authenticated with.
    Credential(CredentialFact),
}

impl Fact {
    /// Returns the table that it is tallied in.
    #[must_use]
    pub const fn table(&self) -> Table {
        match self {
            Self::Sender { .. } => Table::Senders,
            Self::Client(_) => Table::Clients,
            Self::Credential(_) => Table::Credentials,
        }
    }

    /// Returns the name of its kind: that of its field, `client` or `credential`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Sender { field, .. } => field.name(),
            Self::Client(_) => "client",
            Self::Credential(_) => "credential",
        }
    }

    /// Tells whether the source did not tell it.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        match self {
            Self::Sender { said, .. } => matches!(said, Said::Unknown),
            Self::Client(client) => matches!(client, ClientFact::Unknown),
            Self::Credential(fact) => fact.credential.is_none(),
        }
    }

    /// Returns the field, where it is of one.
    #[must_use]
    pub const fn field(&self) -> Option<Field> {
        match self {
            Self::Sender { field, .. } => Some(*field),
            Self::Client(_) | Self::Credential(_) => None,
        }
    }

    /// Returns the address, where it is one.
    #[must_use]
    pub const fn address(&self) -> Option<&Address> {
        match self {
            Self::Sender { said: Said::Address(address), .. } => Some(address),
            Self::Sender { .. } | Self::Client(_) | Self::Credential(_) => None,
        }
    }
}

impl fmt::Display for Fact {
    /// Writes the kind and the value, such as `from news@acme.example` or `client 192.0.2.1`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind())?;
        match self {
            Self::Sender { said: Said::Address(address), .. } => write!(formatter, " {address}"),
            Self::Sender { said, .. } => write!(formatter, " {}", said.word().unwrap_or_default()),
            Self::Client(client) => write!(formatter, " {client}"),
            Self::Credential(fact) => write!(formatter, " {fact}"),
        }
    }
}

impl fmt::Display for ClientFact {
    /// Writes the address, the network, `unknown` or `unreadable`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(range) => write!(formatter, "{range}"),
            Self::Unknown => formatter.write_str("unknown"),
            Self::Unreadable => formatter.write_str("unreadable"),
        }
    }
}

impl fmt::Display for CredentialFact {
    /// Writes what is known, such as `api_key key-1 with mail.send, tls starttls, as Marketing`; what is not is `unknown`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.credential {
            None => formatter.write_str("unknown")?,
            Some(CredentialSeen { kind, id, scopes }) => {
                write!(formatter, "{}", kind.name())?;
                if let Some(id) = id {
                    write!(formatter, " {}", id.escape_debug())?;
                }
                match scopes {
                    Scopes::NotPresented => {}
                    Scopes::Presented(scopes) => write!(formatter, " with {}", scopes.join(" ").escape_debug())?,
                    Scopes::Unknown => formatter.write_str(" with unknown scopes")?,
                }
            }
        }
        write!(formatter, ", tls {}", self.tls.map_or("unknown", Tls::name))?;
        match &self.role {
            Some(role) => write!(formatter, ", as {}", role.escape_debug()),
            None => Ok(()),
        }
    }
}

/// How often one fact was seen of an account on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Tally {
    /// The account's id.
    pub account: String,
    /// The channel.
    pub channel: Channel,
    /// The fact.
    pub fact: Fact,
    /// In how many messages it was seen, and when.
    pub seen: Seen,
}
