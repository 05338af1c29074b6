//! Administration: the whole life cycle of a policy as commands and events.
//!
//! [`Directory::decide`] answers a [`Command`] of an [`Actor`] with a [`Record`] of events, or with a [`Refusal`] that says what
//! would be right; it changes nothing. [`Directory::apply`] folds a record into the state. [`Record::obligations`] says what
//! the host has to send, look up or show. What each means is said in `docs/administration.md`.

mod actor;
mod apply;
mod command;
mod decide;
mod desk;
mod directory;
mod event;
mod import;
mod index;
mod obligation;
mod reach;
mod record;
mod refusal;
mod secret;
mod settings;
mod target;
mod tokens;
mod transition;
mod unfit;
mod warning;

pub use actor::{Actor, ActorKind, By, Guard, Right};
pub use command::{COMMANDS, Command, CommandRow};
pub use decide::{Order, Outcome};
pub use desk::{Desk, Proof};
pub use directory::{Directory, House};
pub use event::{EVENTS, Event};
pub use obligation::{Obligation, ObligationKind, VERIFY_ALL};
pub use record::Record;
pub use refusal::{REFUSALS, Refusal, RefusalRow, TokenFault};
pub use secret::{Challenge, Digest, SecretError, Token};
pub use settings::{Settings, Terms};
pub use target::{
    AllowlistScope, Answer, ClosedBy, DnsObservation, DnsOutcome, DomainRules, EntryForm, Holder, NewEntry, Pair, Seen,
    TxtAnswer, TxtNames,
};
pub use tokens::{Issued, Purpose, Tokens};
pub use transition::{Machine, TRANSITIONS, Transition};
pub use unfit::{Unfit, UnfitKind};
pub use warning::Warning;

#[cfg(feature = "json")]
pub(crate) use command::for_each_command;
#[cfg(feature = "json")]
pub(crate) use event::for_each_event;

use target::scope_text;

use crate::policy::named::named;
