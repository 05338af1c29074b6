//! Folds records into the state. Nothing is decided here, and nothing is half done.

mod account;
mod allowlist;
mod domain;
mod identity;
mod settings;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::policy::Tenant;
use crate::time::Timestamp;

use super::directory::Given;
use super::index::{Effect, Index};
use super::transition::next;
use super::{Desk, Directory, Event, House, Machine, Record, Unfit, UnfitKind};

impl Directory {
    /// Applies one record: all of its events, or none.
    ///
    /// What holds between several objects (own addresses, parents, names) is not checked again: [`check`](Self::check) does
    /// that for a whole log, and `decide` for one command.
    ///
    /// # Errors
    ///
    /// [`Unfit`] says why the record does not fit; the state is then what it was.
    pub fn apply(&mut self, record: &Record) -> Result<(), Unfit> {
        self.fit(record).map_err(|kind| Unfit { sequence: record.sequence, kind })
    }

    fn fit(&mut self, record: &Record) -> Result<(), UnfitKind> {
        let next = self.sequence.saturating_add(1);
        if record.sequence != next {
            return Err(UnfitKind::Sequence { next });
        }
        if self.commands.contains_key(&record.id) {
            return Err(UnfitKind::CommandId(record.id.clone()));
        }
        if record.events.is_empty() {
            return Err(UnfitKind::Empty);
        }
        match &record.tenant {
            None => self.fit_house(record)?,
            Some(tenant) => self.fit_tenant(tenant, record)?,
        }
        self.sequence = next;
        let given = Given { sequence: next, command: record.command.clone(), by: record.by.clone() };
        self.commands.insert(record.id.clone(), given);
        Ok(())
    }

    fn fit_house(&mut self, record: &Record) -> Result<(), UnfitKind> {
        let mut house = self.house.clone();
        house.version = version(house.version, record)?;
        for event in &record.events {
            house.apply(event)?;
        }
        self.house = house;
        Ok(())
    }

    fn fit_tenant(&mut self, id: &str, record: &Record) -> Result<(), UnfitKind> {
        let first = record.events.first();
        let alone =
            matches!(first, Some(Event::TenantAdded { .. } | Event::TenantImported { .. } | Event::TenantRemoved {}));
        let others = record.events.iter().skip(usize::from(alone));
        if let Some(event) = others.clone().find(|event| {
            matches!(event, Event::TenantAdded { .. } | Event::TenantImported { .. } | Event::TenantRemoved {})
        }) {
            return Err(UnfitKind::NotAlone(event.name()));
        }
        if let Some(event) = first.filter(|_| alone && others.clone().next().is_some()) {
            return Err(UnfitKind::NotAlone(event.name()));
        }
        match first {
            Some(Event::TenantAdded { parent }) => {
                let tenant = Tenant { parent: parent.clone(), ..Tenant::new(id) };
                self.fit_new(Desk::new(tenant), record)
            }
            Some(Event::TenantImported { tenant }) if tenant.id == id => {
                let mut desk = Desk::new((**tenant).clone());
                desk.allowlists_entitled = desk.has_allowlists();
                self.fit_new(desk, record)
            }
            Some(event @ Event::TenantImported { .. }) => Err(UnfitKind::WrongScope(event.name())),
            Some(Event::TenantRemoved {}) => {
                let desk = self.desks.get(id).ok_or_else(|| UnfitKind::unknown("tenant", id))?;
                version(desk.version, record)?;
                let effects =
                    desk.accounts_with(Effect::AccountRemoved, |_, credential| Effect::CredentialRemoved(credential));
                self.desks.remove(id);
                self.index.carry_out(id, effects);
                Ok(())
            }
            _ => self.fit_changes(id, record),
        }
    }

    fn fit_new(&mut self, mut desk: Desk, record: &Record) -> Result<(), UnfitKind> {
        let id = desk.tenant.id.clone();
        if self.desks.contains_key(&id) {
            return Err(UnfitKind::exists("tenant", id));
        }
        desk.version = version(0, record)?;
        let effects = desk
            .accounts_with(Effect::AccountAdded, |account, credential| Effect::CredentialAdded { credential, account });
        for effect in &effects {
            match effect {
                Effect::AccountAdded(account) if self.index.accounts.contains_key(account) => {
                    return Err(UnfitKind::exists("account", account));
                }
                Effect::CredentialAdded { credential, .. } if self.index.credentials.contains_key(credential) => {
                    return Err(UnfitKind::exists("credential", credential));
                }
                _ => {}
            }
        }
        self.index.carry_out(&id, effects);
        self.desks.insert(id, Arc::new(desk));
        Ok(())
    }

    fn fit_changes(&mut self, id: &str, record: &Record) -> Result<(), UnfitKind> {
        let shared = self.desks.get_mut(id).ok_or_else(|| UnfitKind::unknown("tenant", id))?;
        let version = version(shared.version, record)?;
        let mut effects = Vec::new();
        match &*record.events {
            // One event is all or nothing by itself.
            [event] => {
                let desk = Arc::make_mut(shared);
                desk.apply(event, record.at, &self.index, &mut effects)?;
                desk.version = version;
            }
            events => {
                let mut desk = (**shared).clone();
                for event in events {
                    desk.apply(event, record.at, &self.index, &mut effects)?;
                }
                desk.version = version;
                *shared = Arc::new(desk);
            }
        }
        self.index.carry_out(id, effects);
        Ok(())
    }
}

/// Returns the version that the record leads to.
fn version(current: u64, record: &Record) -> Result<u64, UnfitKind> {
    let next = current.saturating_add(1);
    if record.version == next { Ok(next) } else { Err(UnfitKind::Version { next }) }
}

/// Returns the state that the event leads to by the table of transitions.
fn step(machine: Machine, from: &'static str, event: &'static str) -> Result<&'static str, UnfitKind> {
    next(machine, from, event).ok_or(UnfitKind::Transition { machine, from, event })
}

impl House {
    fn apply(&mut self, event: &Event) -> Result<(), UnfitKind> {
        match event {
            Event::ProviderImported { provider } => self.provider = provider.clone(),
            Event::HostedSet { mode } => self.provider.hosted = *mode,
            Event::ChallengeLabelSet { label } => self.challenge_label.clone_from(label),
            Event::RecheckSet { after } => self.recheck_after = *after,
            Event::ProviderDenyAdded { deny } => settings::add_deny(&mut self.provider.denies, deny)?,
            Event::ProviderDenyRemoved { scope } => settings::remove_deny(&mut self.provider.denies, scope)?,
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }
}

impl Desk {
    /// Applies one event: all of it, or nothing.
    fn apply(
        &mut self,
        event: &Event,
        at: Timestamp,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::ProviderImported { .. }
            | Event::HostedSet { .. }
            | Event::ChallengeLabelSet { .. }
            | Event::RecheckSet { .. }
            | Event::ProviderDenyAdded { .. }
            | Event::ProviderDenyRemoved { .. } => Err(UnfitKind::WrongScope(event.name())),
            Event::TenantImported { .. } | Event::TenantAdded { .. } | Event::TenantRemoved {} => {
                Err(UnfitKind::NotAlone(event.name()))
            }
            Event::TenantSuspensionSet { .. }
            | Event::TermsSet { .. }
            | Event::SettingsChanged { .. }
            | Event::SenderAuthSwitched { .. }
            | Event::RoleDefined { .. }
            | Event::RoleRemoved { .. }
            | Event::DenyAdded { .. }
            | Event::DenyRemoved { .. } => self.apply_settings(event),
            Event::AccountAdded { .. }
            | Event::AccountRemoved { .. }
            | Event::AddressSet { .. }
            | Event::RolesSet { .. }
            | Event::AccountSuspensionSet { .. }
            | Event::ResendSet { .. }
            | Event::ExemptionGiven { .. }
            | Event::ExemptionEnded { .. }
            | Event::CredentialIssued { .. }
            | Event::CredentialScopesSet { .. }
            | Event::CredentialExpirySet { .. }
            | Event::CredentialRevoked { .. } => self.apply_account(event, index, effects),
            Event::IdentitiesAdded { .. }
            | Event::VerificationOffered { .. }
            | Event::IdentitiesVerified { .. }
            | Event::TokenSpent { .. }
            | Event::IdentitiesUnverified { .. }
            | Event::IdentitiesRemoved { .. }
            | Event::IdentityLimited { .. }
            | Event::ConsentRequested { .. }
            | Event::ConsentAnswered { .. }
            | Event::IdentityPreregistered { .. }
            | Event::PairAlerted { .. } => self.apply_identity(event, at, index, effects),
            Event::DomainAdded { .. }
            | Event::ChallengeRenewed { .. }
            | Event::CheckRequested { .. }
            | Event::DomainChecked { .. }
            | Event::DomainVerified { .. }
            | Event::DomainSuspended { .. }
            | Event::DomainVouched { .. }
            | Event::DomainUnvouched { .. }
            | Event::DomainApprovalSet { .. }
            | Event::DomainActivitySet { .. }
            | Event::DomainSendersSet { .. }
            | Event::DomainRulesSet { .. }
            | Event::DomainRemoved { .. } => self.apply_domain(event, at, index, effects),
            Event::AllowlistEntriesAdded { .. }
            | Event::RemarkEdited { .. }
            | Event::AllowlistEntryDeleted { .. }
            | Event::AllowlistClosed { .. } => self.apply_allowlist(event),
        }
    }

    fn has_allowlists(&self) -> bool {
        let of_credentials = |account: &crate::policy::Account| {
            account.credentials.iter().any(|credential| !credential.allowlists.is_empty())
        };
        !self.tenant.allowlists.is_empty()
            || self.tenant.accounts.iter().any(|account| !account.allowlists.is_empty() || of_credentials(account))
    }

    /// Makes an effect of each account and of each credential.
    fn accounts_with(
        &self,
        account_effect: fn(String) -> Effect,
        credential_effect: fn(String, String) -> Effect,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for account in &self.tenant.accounts {
            effects.push(account_effect(account.id.clone()));
            let credentials = account.credentials.iter();
            effects.extend(credentials.map(|one| credential_effect(account.id.clone(), one.id.clone())));
        }
        effects
    }
}
