//! Decides commands: pure, and nothing is changed.

mod account;
mod allowlist;
mod check;
mod consent;
mod credential;
mod domain;
mod guard;
mod identity;
mod observed;
mod settings;

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::time::Timestamp;

use super::command::Target;
use super::directory::Given;
use super::{Actor, Command, Desk, Digest, Directory, Event, Record, Refusal, Warning};

/// What comes with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// The command's id: the host's, unique for each command, and the same when a command is given again.
    pub id: String,
    /// The instant of the decision.
    pub now: Timestamp,
    /// The version of the tenant (or of the provider's settings) that the actor has seen; `None` for any.
    pub expected: Option<u64>,
}

impl Order {
    /// Creates an order that expects no particular version.
    #[must_use]
    pub fn new(id: impl Into<String>, now: Timestamp) -> Self {
        Self { id: id.into(), now, expected: None }
    }
}

/// What comes of a command that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Something changes.
    Changed {
        /// The record to be written and applied.
        record: Record,
        /// What to show to the actor.
        warnings: Vec<Warning>,
    },
    /// The state is as the command wants it already; there is nothing to record.
    Nothing,
    /// The command was carried out before.
    Repeated {
        /// The record that it led to, from which the obligations can be derived again.
        sequence: u64,
    },
}

impl Directory {
    /// Decides a command. Nothing is changed: the record in the answer is to be written, then [applied](Self::apply).
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why the command may not be, and what would be right.
    pub fn decide(&self, actor: &Actor, command: &Command, order: &Order) -> Result<Outcome, Refusal> {
        if let Some(given) = self.commands.get(&order.id) {
            // Whoever holds a token that was never issued learns nothing, not even that of an id.
            if let Actor::Bearer { token } = actor {
                self.index.tenant_of_token(&token.digest()).ok_or(Refusal::unknown_token())?;
            }
            let sequence = given.sequence;
            let same =
                given.command == command.name() && given.by == actor.by() && self.may_be_about(actor, command, given);
            return if same { Ok(Outcome::Repeated { sequence }) } else { Err(Refusal::CommandIdReused { sequence }) };
        }
        let admitted = self.admit(actor, command, order.now)?;
        let current = match (&admitted.tenant, admitted.desk) {
            (None, _) => self.house.version,
            (Some(_), desk) => desk.map_or(0, |desk| desk.version),
        };
        let conflict = order.expected.filter(|&expected| expected != current);
        let conflict = conflict.map(|expected| Refusal::VersionConflict { expected, actual: current });
        let mut context = Context { directory: self, actor, now: order.now, warnings: Vec::new() };
        let events = match (context.events(command, admitted.desk), conflict) {
            // Whether there is anything to answer is told first: the tenant may be another one, which is not shown to change.
            (Err(refusal), Some(_)) if matches!(command, Command::AnswerForOwnAddress { .. }) => return Err(refusal),
            (_, Some(conflict)) => return Err(conflict),
            (events, None) => events?,
        };
        if events.is_empty() {
            return Ok(Outcome::Nothing);
        }
        let record = Record {
            sequence: self.sequence.saturating_add(1),
            at: order.now,
            by: actor.by(),
            id: order.id.clone(),
            command: command.name().into(),
            tenant: admitted.tenant,
            version: current.saturating_add(1),
            events,
        };
        if !self.would_change(&record)? {
            return Ok(Outcome::Nothing);
        }
        Ok(Outcome::Changed { record, warnings: context.warnings })
    }
}

impl Directory {
    /// Whether the command can be about the tenant of an earlier one; what it was about may be gone.
    fn may_be_about(&self, actor: &Actor, command: &Command, given: &Given) -> bool {
        let tenant = match command.target() {
            Target::Account(id) => self.tenant_of(id),
            Target::Credential(id) => self.index.credentials.get(id).map(|(tenant, _)| &**tenant),
            Target::Provider => None,
            Target::Tenant(id) => Some(id),
            Target::Token => match actor {
                Actor::Bearer { token } => self.index.tenant_of_token(&token.digest()),
                _ => None,
            },
        };
        tenant.is_none() || tenant == given.tenant.as_deref()
    }
}

/// What the decisions on all commands have in common.
struct Context<'d> {
    directory: &'d Directory,
    actor: &'d Actor,
    now: Timestamp,
    warnings: Vec<Warning>,
}

impl Context<'_> {
    fn events(&mut self, command: &Command, desk: Option<&Desk>) -> Result<Vec<Event>, Refusal> {
        match (command, desk) {
            (Command::AddTenant { tenant, .. }, Some(_)) => Err(Refusal::TenantExists { tenant: tenant.clone() }),
            (Command::AddTenant { parent, .. }, None) => Ok([Event::TenantAdded { parent: parent.clone() }].into()),
            (_, None) => self.house(command),
            (_, Some(desk)) => self.of_tenant(command, desk),
        }
    }

    fn of_tenant(&mut self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::SetHosted { .. }
            | Command::SetChallengeLabel { .. }
            | Command::SetRecheck { .. }
            | Command::AddProviderDeny { .. }
            | Command::RemoveProviderDeny { .. } => self.house(command),
            Command::AddTenant { .. }
            | Command::RemoveTenant { .. }
            | Command::SetTenantSuspended { .. }
            | Command::SetTerms { .. }
            | Command::ChangeSettings { .. }
            | Command::SwitchSenderAuth { .. }
            | Command::DefineRole { .. }
            | Command::RemoveRole { .. }
            | Command::AddDeny { .. }
            | Command::RemoveDeny { .. } => self.settings(command, desk),
            Command::AddAccount { .. }
            | Command::RemoveAccount { .. }
            | Command::SetAddress { .. }
            | Command::SetRoles { .. }
            | Command::SetAccountSuspended { .. }
            | Command::SetResend { .. }
            | Command::GiveExemption { .. }
            | Command::EndExemption { .. } => self.account(command, desk),
            Command::IssueCredential { .. }
            | Command::SetCredentialScopes { .. }
            | Command::SetCredentialExpiry { .. }
            | Command::RevokeCredential { .. } => self.credential(command, desk),
            Command::AddIdentities { .. }
            | Command::RequestVerification { .. }
            | Command::VerifyIdentities { .. }
            | Command::VerifyAll {}
            | Command::UnverifyIdentities { .. }
            | Command::RemoveIdentities { .. }
            | Command::LimitIdentity { .. } => self.identity(command, desk),
            Command::RequestConsent { .. }
            | Command::AnswerQuestion { .. }
            | Command::AnswerForOwnAddress { .. }
            | Command::WithdrawConsent { .. } => self.consent(command, desk),
            Command::Preregister { .. } | Command::Alert { .. } => self.observed(command, desk),
            Command::AddDomain { .. }
            | Command::RenewChallenge { .. }
            | Command::CheckDomain { .. }
            | Command::ObserveDns { .. }
            | Command::VouchDomain { .. }
            | Command::UnvouchDomain { .. }
            | Command::SetDomainApproved { .. }
            | Command::SetDomainActive { .. }
            | Command::SetDomainSenders { .. }
            | Command::SetDomainRules { .. }
            | Command::RemoveDomain { .. } => self.domain(command, desk),
            Command::AddAllowlistEntries { .. }
            | Command::EditRemark { .. }
            | Command::DeleteAllowlistEntry { .. }
            | Command::DisableAllowlist { .. } => self.allowlist(command, desk),
        }
    }

    /// Asks for a fresh proof of who acts, where a member acts.
    fn step_up(&self) -> Result<(), Refusal> {
        match self.actor {
            Actor::Member { reauthenticated: false, .. } => Err(Refusal::StepUpRequired {}),
            _ => Ok(()),
        }
    }

    fn step_up_if(&self, loosens: bool) -> Result<(), Refusal> {
        if loosens { self.step_up() } else { Ok(()) }
    }

    fn is_provider(&self) -> bool {
        matches!(self.actor, Actor::Provider { .. })
    }

    /// The digest of the token that a bearer holds.
    fn bearer(&self) -> Option<Digest> {
        match self.actor {
            Actor::Bearer { token } => Some(token.digest()),
            _ => None,
        }
    }

    /// The network address that a member comes from.
    fn own_ip(&self) -> Option<IpAddr> {
        match self.actor {
            Actor::Member { client_ip, .. } => client_ip.map(|ip| ip.to_canonical()),
            _ => None,
        }
    }

    fn in_future(&self, instant: Timestamp) -> Result<(), Refusal> {
        if self.now < instant { Ok(()) } else { Err(Refusal::AlreadyExpired { instant }) }
    }

    fn in_future_if_any(&self, instant: Option<Timestamp>) -> Result<(), Refusal> {
        instant.map_or(Ok(()), |instant| self.in_future(instant))
    }
}

fn confirmed(confirmed: bool) -> Result<(), Refusal> {
    if confirmed { Ok(()) } else { Err(Refusal::ConfirmationRequired {}) }
}
