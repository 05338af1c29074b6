//! Folds records into the state. Nothing is decided here, and nothing is half done.

mod account;
mod allowlist;
mod consent;
mod credential;
mod domain;
mod identity;
mod observed;
mod settings;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::Tenant;
use crate::time::Timestamp;

use super::directory::Given;
use super::index::{Effect, Index, Use};
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
        let sequence = self.next(record)?;
        match &record.tenant {
            None => self.house = self.house_after(record)?,
            Some(tenant) => self.fit_tenant(tenant, record)?,
        }
        self.sequence = sequence;
        let (command, by, tenant) = (record.command.clone(), record.by.clone(), record.tenant.clone());
        let given = Given { sequence, command, by, tenant };
        self.commands.insert(record.id.clone(), given);
        Ok(())
    }

    /// Returns the sequence number of the record, if it is the next one, of a new command, and has events.
    pub(super) fn next(&self, record: &Record) -> Result<u64, UnfitKind> {
        let next = self.sequence.saturating_add(1);
        if record.sequence != next {
            return Err(UnfitKind::Sequence { next });
        }
        if self.commands.contains_key(&record.id) {
            return Err(UnfitKind::CommandId(record.id.clone()));
        }
        if record.events.is_empty() { Err(UnfitKind::Empty) } else { Ok(next) }
    }

    fn fit_tenant(&mut self, id: &str, record: &Record) -> Result<(), UnfitKind> {
        let mut effects = Vec::new();
        match scale(record)? {
            Scale::Added => {
                let desk = self.desk_added(id, record, &mut effects)?;
                self.desks.insert(id.into(), Arc::new(desk));
            }
            Scale::Removed => {
                self.desk_removed(id, record, &mut effects)?;
                self.desks.remove(id);
            }
            Scale::Changed => match &*record.events {
                // One event is all or nothing by itself.
                [event] => {
                    let shared = self.desks.get_mut(id).ok_or_else(|| UnfitKind::unknown("tenant", id))?;
                    let version = version(shared.version, record)?;
                    let desk = Arc::make_mut(shared);
                    desk.apply(event, record.at, &self.index, &mut effects)?;
                    desk.version = version;
                }
                _ => {
                    let desk = self.desk_changed(id, record, &mut effects)?;
                    self.desks.insert(id.into(), Arc::new(desk));
                }
            },
        }
        self.index.carry_out(id, effects);
        Ok(())
    }

    /// Returns the provider's settings as they are after the record.
    pub(super) fn house_after(&self, record: &Record) -> Result<House, UnfitKind> {
        let mut house = self.house.clone();
        house.version = version(house.version, record)?;
        for event in &record.events {
            house.apply(event)?;
        }
        Ok(house)
    }

    /// Returns the tenant that the record adds.
    pub(super) fn desk_added(&self, id: &str, record: &Record, effects: &mut Vec<Effect>) -> Result<Desk, UnfitKind> {
        let mut desk = match record.events.first() {
            Some(Event::TenantAdded { parent }) => Desk::new(Tenant { parent: parent.clone(), ..Tenant::new(id) })?,
            Some(Event::TenantImported { tenant }) if tenant.id == id => {
                let mut desk = Desk::new((**tenant).clone())?;
                desk.allowlists_entitled = desk.has_allowlists();
                desk
            }
            event => return Err(UnfitKind::WrongScope(event.map_or("", Event::name))),
        };
        if self.desks.contains_key(id) {
            return Err(UnfitKind::exists("tenant", id));
        }
        desk.version = version(0, record)?;
        effects.extend(desk.entering());
        for effect in effects {
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
        Ok(desk)
    }

    /// Checks that the tenant can be removed.
    pub(super) fn desk_removed(&self, id: &str, record: &Record, effects: &mut Vec<Effect>) -> Result<(), UnfitKind> {
        let desk = self.desk(id).ok_or_else(|| UnfitKind::unknown("tenant", id))?;
        version(desk.version, record)?;
        effects.extend(desk.leaving());
        Ok(())
    }

    /// Returns the tenant as it is after the record.
    pub(super) fn desk_changed(&self, id: &str, record: &Record, effects: &mut Vec<Effect>) -> Result<Desk, UnfitKind> {
        let before = self.desk(id).ok_or_else(|| UnfitKind::unknown("tenant", id))?;
        let version = version(before.version, record)?;
        let mut desk = before.clone();
        for event in &record.events {
            desk.apply(event, record.at, &self.index, effects)?;
        }
        desk.version = version;
        Ok(desk)
    }
}

/// What becomes of a tenant by a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Added,
    Changed,
    Removed,
}

/// Tells what becomes of the tenant. What adds or removes one stands alone.
pub(super) fn scale(record: &Record) -> Result<Scale, UnfitKind> {
    let of = |event: &Event| match event {
        Event::TenantAdded { .. } | Event::TenantImported { .. } => Scale::Added,
        Event::TenantRemoved {} => Scale::Removed,
        _ => Scale::Changed,
    };
    let whole = record.events.iter().find(|event| of(event) != Scale::Changed);
    match whole {
        None => Ok(Scale::Changed),
        Some(event) if record.events.len() == 1 => Ok(of(event)),
        Some(event) => Err(UnfitKind::NotAlone(event.name())),
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
            | Event::DenyRemoved { .. } => self.apply_settings(event, effects),
            Event::AccountAdded { .. }
            | Event::AccountRemoved { .. }
            | Event::AddressSet { .. }
            | Event::RolesSet { .. }
            | Event::AccountSuspensionSet { .. }
            | Event::ResendSet { .. }
            | Event::ExemptionGiven { .. }
            | Event::ExemptionEnded { .. } => self.apply_account(event, index, effects),
            Event::CredentialIssued { .. }
            | Event::CredentialScopesSet { .. }
            | Event::CredentialExpirySet { .. }
            | Event::CredentialRevoked { .. } => self.apply_credential(event, index, effects),
            Event::IdentitiesAdded { .. }
            | Event::VerificationOffered { .. }
            | Event::IdentitiesVerified { .. }
            | Event::TokenSpent { .. }
            | Event::IdentitiesUnverified { .. }
            | Event::IdentitiesRemoved { .. }
            | Event::IdentityLimited { .. } => self.apply_identity(event, at, index, effects),
            Event::ConsentRequested { .. } | Event::ConsentAnswered { .. } => {
                self.apply_consent(event, at, index, effects)
            }
            Event::IdentityPreregistered { .. } | Event::PairAlerted { .. } => self.apply_observed(event, at, effects),
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

    /// What the index says of the tenant from now on.
    fn entering(&self) -> Vec<Effect> {
        let tenant = &self.tenant;
        let mut effects: Vec<Effect> = tenant.accounts.iter().flat_map(account::entering).collect();
        effects.extend(tenant.parent.clone().map(|parent| Effect::SubuserAdded { parent }));
        effects.extend(tenant.domains.iter().map(|domain| Effect::DomainListed(domain.name.as_str().into())));
        effects.extend(tenant.roles.iter().map(|role| Effect::RoleDefined(role.name.clone())));
        effects.extend(self.uses().map(|(address, by)| Effect::Used(address, by)));
        effects
    }

    /// What the index says of the tenant no longer.
    fn leaving(&self) -> Vec<Effect> {
        let tenant = &self.tenant;
        let mut effects: Vec<Effect> = tenant.accounts.iter().flat_map(account::leaving).collect();
        effects.extend(tenant.parent.clone().map(|parent| Effect::SubuserRemoved { parent }));
        effects.extend(tenant.domains.iter().map(|domain| Effect::DomainRemoved(domain.name.as_str().into())));
        effects.extend(tenant.roles.iter().map(|role| Effect::RoleRemoved(role.name.clone())));
        effects.extend(self.uses().map(|(address, by)| Effect::Unused(address, by)));
        effects
    }

    fn uses(&self) -> impl Iterator<Item = (Address, Use)> {
        let holder = self.holder();
        self.tenant.identities.iter().map(move |identity| identity::used(&holder, &identity.address))
    }
}
