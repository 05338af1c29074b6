//! Why a record does not fit.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::policy::PolicyProblem;

use super::Machine;

/// A record that does not fit the state it comes to. Nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfit {
    /// The sequence number that the record says.
    pub sequence: u64,
    /// What does not fit.
    pub kind: UnfitKind,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnfitKind {
    /// A command id that a record has already.
    CommandId(String),
    /// A record without events.
    Empty,
    /// Something is added that is there already.
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// An event that stands alone in its record stands beside others.
    NotAlone(&'static str),
    /// The events are right each for itself, but the policy that they make has problems.
    Problems(Vec<PolicyProblem>),
    /// The record is not the next one.
    Sequence {
        /// The sequence number that would be next.
        next: u64,
    },
    /// A token or challenge that was used before.
    SecretUsed,
    /// The table of transitions has no such row.
    Transition {
        /// The object.
        machine: Machine,
        /// The state that it is in.
        from: &'static str,
        /// The event.
        event: &'static str,
    },
    /// Something is changed that is not there.
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// The record was made for another version.
    Version {
        /// The version that would be next.
        next: u64,
    },
    /// An event of a tenant in a record of the provider, or the other way round.
    WrongScope(&'static str),
}

impl Unfit {
    pub(super) fn problems(sequence: u64, problems: Vec<PolicyProblem>) -> Self {
        Self { sequence, kind: UnfitKind::Problems(problems) }
    }
}

impl UnfitKind {
    pub(super) fn unknown(what: &'static str, name: impl fmt::Display) -> Self {
        Self::Unknown { what, name: name.to_string() }
    }

    pub(super) fn exists(what: &'static str, name: impl fmt::Display) -> Self {
        Self::Exists { what, name: name.to_string() }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "record {}: {}", self.sequence, self.kind)
    }
}

impl fmt::Display for UnfitKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandId(id) => {
                write!(formatter, "the command id `{}` stands in an earlier record", id.escape_debug())
            }
            Self::Empty => formatter.write_str("it has no events"),
            Self::Exists { what, name } => write!(formatter, "the {what} `{}` is there already", name.escape_debug()),
            Self::NotAlone(event) => write!(formatter, "`{event}` stands beside other events"),
            Self::Problems(problems) => {
                let lines: Vec<String> = problems.iter().map(|problem| format!("{problem}")).collect();
                write!(formatter, "the policy has problems: {}", lines.join("; "))
            }
            Self::Sequence { next } => write!(formatter, "the next record is {next}"),
            Self::SecretUsed => formatter.write_str("its token or challenge was used before"),
            Self::Transition { machine, from, event } => {
                write!(formatter, "`{event}` cannot happen to the {} in the state `{from}`", machine.name())
            }
            Self::Unknown { what, name } => write!(formatter, "there is no {what} `{}`", name.escape_debug()),
            Self::Version { next } => write!(formatter, "the next version of what it changes is {next}"),
            Self::WrongScope(event) => write!(formatter, "`{event}` is not about what the record is about"),
        }
    }
}

impl core::error::Error for Unfit {}
