//! What must not stand in a policy, and how that is said.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::address::{Address, DomainName};
use crate::reason::Control;
use crate::request::Channel;

use super::BUILT_IN_ROLES;

/// One step from a policy to the value that a problem is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a path has two kinds of steps")]
pub enum PathStep {
    /// A key of a table, as in the policy text.
    Key(&'static str),
    /// A 0-based element of an array.
    Index(usize),
}

/// Something that must not stand in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyProblem {
    /// Where.
    pub path: Vec<PathStep>,
    /// What.
    pub kind: ProblemKind,
}

impl PolicyProblem {
    /// Returns where as text, such as `tenant[2].account[0].address`.
    #[must_use]
    pub fn path_text(&self) -> String {
        Path(&self.path).to_string()
    }
}

impl fmt::Display for PolicyProblem {
    /// Writes `path: what; what would be right`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}; {}", Path(&self.path), self.kind, self.kind.help())
    }
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// `address_assigned` stands without an own address.
    AddressAssignedWithoutAddress,
    /// The own address is another account's too, in widest form (docs/semantics.md 1.2).
    AddressClaimedTwice {
        /// The own address.
        address: Address,
        /// The account that claimed it first.
        account: String,
    },
    /// The account id stands for two accounts.
    DuplicateAccount {
        /// The id.
        id: String,
        /// The tenant of the first one.
        tenant: String,
    },
    /// Two allowlists of one holder are for the same channel.
    DuplicateAllowlist(Channel),
    /// The credential id stands for two credentials.
    DuplicateCredential {
        /// The id.
        id: String,
        /// The account of the first one.
        account: String,
    },
    /// The tenant has two entries for the domain.
    DuplicateDomain(DomainName),
    /// The holder has two identities for the address, in widest form.
    DuplicateIdentity {
        /// The address of the first one.
        first: Address,
    },
    /// The name stands twice in one list.
    DuplicateName(String),
    /// The tenant defines the role twice.
    DuplicateRole(String),
    /// The tenant id stands for two tenants.
    DuplicateTenant(String),
    /// An allowlist has no entry.
    EmptyAllowlist,
    /// A set of channels has none.
    EmptyChannels,
    /// An id has no octet.
    EmptyId,
    /// A name of a role, or a scope, has no octet.
    EmptyName,
    /// An exemption does not say why.
    EmptyNote,
    /// A control is exempted that knows no exemption.
    ExemptionOf(Control),
    /// An identity is grandfathered, but the tenant does not say until when.
    GrandfatheredWithoutEnd,
    /// An id has more than 128 octets.
    IdTooLong {
        /// How many it has.
        octets: usize,
    },
    /// An instant is before the year 0000 or after 9999, which RFC 3339 cannot write.
    InstantOutOfRange,
    /// The tenant is its own ancestor.
    ParentCycle,
    /// The tenant stands more than 8 levels deep.
    ParentTooDeep {
        /// At which level it stands, 1 for a tenant without a parent.
        level: usize,
    },
    /// The domain is a public suffix, under which strangers register.
    PublicSuffix(DomainName),
    /// A role has the name of a built-in one.
    RoleRedefined(String),
    /// An identity held by an account names senders.
    SendersOfAccountIdentity,
    /// No account with this id may use what stands here.
    UnknownAccount {
        /// The id.
        id: String,
        /// The tenant where an account of that id is, if there is one.
        elsewhere: Option<String>,
    },
    /// No tenant has the id that is named as parent.
    UnknownParent(String),
    /// The role is neither built in nor defined by the tenant.
    UnknownRole(String),
}

impl ProblemKind {
    /// Says what would be right.
    #[must_use]
    pub fn help(&self) -> String {
        let text = match self {
            Self::AddressAssignedWithoutAddress => "write the own address, or remove `address_assigned`",
            Self::AddressClaimedTwice { .. } => "one account may have it; give the other one an identity with consent",
            Self::DuplicateAccount { .. } | Self::DuplicateCredential { .. } => "ids are unique over all tenants",
            Self::DuplicateAllowlist(_) => "write the entries into one list",
            Self::DuplicateDomain(_) | Self::DuplicateIdentity { .. } | Self::DuplicateName(_) => "keep one of the two",
            Self::DuplicateRole(_) => "give one of them another name",
            Self::DuplicateTenant(_) => "give one of them another id",
            Self::EmptyAllowlist => "write an entry, or remove the list to allow every client",
            Self::EmptyChannels => "name at least one channel, or leave the key out for all of them",
            Self::EmptyId | Self::IdTooLong { .. } => "an id has 1 to 128 octets",
            Self::EmptyName => "write at least one character",
            Self::EmptyNote => "say why the exemption was given",
            Self::ExemptionOf(_) => "exempt from `sender`, `header`, `allowlist` or `credential`",
            Self::GrandfatheredWithoutEnd => "write `sender.grandfathered_until` in the tenant",
            Self::InstantOutOfRange => "write an instant between the years 0000 and 9999",
            Self::ParentCycle => "remove `parent` from the topmost of these tenants",
            Self::ParentTooDeep { .. } => "subusers may stand at most 8 levels deep",
            Self::PublicSuffix(_) => "name the domain that is registered below it",
            Self::RoleRedefined(_) => "give it another name",
            Self::SendersOfAccountIdentity => "remove `senders`: only the account that holds the identity may use it",
            Self::UnknownAccount { elsewhere: Some(tenant), .. } => {
                return format!("it is an account of the tenant `{}`", tenant.escape_debug());
            }
            Self::UnknownAccount { elsewhere: None, .. } => "name an account of the tenant, by its id",
            Self::UnknownParent(_) => "name a tenant of this policy, by its id",
            Self::UnknownRole(name) => {
                return match BUILT_IN_ROLES.iter().find(|(role, _)| role.eq_ignore_ascii_case(name)) {
                    Some((role, _)) => format!("did you mean `{role}`?"),
                    None => String::from(
                        "name a role of the tenant, or `Admin`, `Analytics`, `Marketing`, `Technical Team`, `sender`",
                    ),
                };
            }
        };
        String::from(text)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressAssignedWithoutAddress => formatter.write_str("`address_assigned` without an own address"),
            Self::AddressClaimedTwice { address, account } => {
                let account = account.escape_debug();
                write!(formatter, "the own address `{address}` is that of the account `{account}` too")
            }
            Self::DuplicateAccount { id, tenant } => {
                let (id, tenant) = (id.escape_debug(), tenant.escape_debug());
                write!(formatter, "the account id `{id}` stands twice, first in the tenant `{tenant}`")
            }
            Self::DuplicateAllowlist(channel) => {
                write!(formatter, "a second allowlist for the channel `{}`", channel.name())
            }
            Self::DuplicateCredential { id, account } => {
                let (id, account) = (id.escape_debug(), account.escape_debug());
                write!(formatter, "the credential id `{id}` stands twice, first at the account `{account}`")
            }
            Self::DuplicateDomain(name) => write!(formatter, "a second entry for the domain `{name}`"),
            Self::DuplicateIdentity { first } => {
                write!(formatter, "a second identity for `{first}`, compared without case and sub-address")
            }
            Self::DuplicateName(name) => write!(formatter, "`{}` stands twice in this list", name.escape_debug()),
            Self::DuplicateRole(name) => write!(formatter, "the role `{}` is defined twice", name.escape_debug()),
            Self::DuplicateTenant(id) => write!(formatter, "the tenant id `{}` stands twice", id.escape_debug()),
            Self::EmptyAllowlist => formatter.write_str("an allowlist without entries"),
            Self::EmptyChannels => formatter.write_str("no channel"),
            Self::EmptyId => formatter.write_str("an empty id"),
            Self::EmptyName => formatter.write_str("an empty name"),
            Self::EmptyNote => formatter.write_str("an exemption without a note"),
            Self::ExemptionOf(control) => {
                write!(formatter, "the control `{}` knows no exemption", control.name())
            }
            Self::GrandfatheredWithoutEnd => {
                formatter.write_str("a grandfathered identity, but the tenant does not say until when")
            }
            Self::IdTooLong { octets } => write!(formatter, "an id of {octets} octets"),
            Self::InstantOutOfRange => formatter.write_str("an instant that no date-time of RFC 3339 can name"),
            Self::ParentCycle => formatter.write_str("the tenant is its own ancestor"),
            Self::ParentTooDeep { level } => write!(formatter, "the tenant stands at level {level}"),
            Self::PublicSuffix(name) => {
                write!(formatter, "`{name}` is a public suffix, under which strangers register domains")
            }
            Self::RoleRedefined(name) => write!(formatter, "the role `{}` is built in", name.escape_debug()),
            Self::SendersOfAccountIdentity => formatter.write_str("`senders` at an identity that an account holds"),
            Self::UnknownAccount { id, .. } => {
                write!(formatter, "no account `{}` may use this: there is none in the tenant", id.escape_debug())
            }
            Self::UnknownParent(id) => write!(formatter, "there is no tenant `{}`", id.escape_debug()),
            Self::UnknownRole(name) => write!(formatter, "there is no role `{}`", name.escape_debug()),
        }
    }
}

/// Shows a path as in `tenant[2].account[0]`.
struct Path<'a>(&'a [PathStep]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(key) if index == 0 => formatter.write_str(key)?,
                PathStep::Key(key) => write!(formatter, ".{key}")?,
                PathStep::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}
