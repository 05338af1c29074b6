//! Events of settings, roles and deny entries.

use alloc::vec::Vec;

use crate::address::Scope;
use crate::policy::Deny;

use super::super::index::Effect;
use super::super::{Desk, Event, Holder, Settings, Terms, UnfitKind, scope_text};

impl Desk {
    pub(super) fn apply_settings(&mut self, event: &Event, effects: &mut Vec<Effect>) -> Result<(), UnfitKind> {
        match event {
            Event::TenantSuspensionSet { suspended } => self.tenant.suspended = *suspended,
            Event::TermsSet { terms } => self.set_terms(terms),
            Event::SettingsChanged { settings } => self.change_settings(settings),
            Event::SenderAuthSwitched { mode } => self.tenant.controls.sender = *mode,
            Event::RoleDefined { role } => {
                match self.tenant.roles.iter_mut().find(|defined| defined.name == role.name) {
                    Some(defined) => defined.clone_from(role),
                    None => {
                        self.tenant.roles.push(role.clone());
                        effects.push(Effect::RoleDefined(role.name.clone()));
                    }
                }
            }
            Event::RoleRemoved { name } => {
                let at = self.tenant.roles.iter().position(|role| role.name == *name);
                self.tenant.roles.remove(at.ok_or_else(|| UnfitKind::unknown("role", name))?);
                effects.push(Effect::RoleRemoved(name.clone()));
            }
            Event::DenyAdded { holder, deny } => add_deny(self.denies(holder)?, deny)?,
            Event::DenyRemoved { holder, scope } => remove_deny(self.denies(holder)?, scope)?,
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    fn set_terms(&mut self, terms: &Terms) {
        let tenant = &mut self.tenant;
        set(&mut tenant.inherited, terms.inherited);
        set(&mut tenant.admin_vouches, terms.admin_vouches);
        set(&mut tenant.approval_required, terms.approval_required);
        set(&mut tenant.sender.grandfathered_until, terms.grandfathered_until.map(Some));
        set(&mut self.allowlists_entitled, terms.allowlists_entitled);
        set(&mut self.allowlist_entries, terms.allowlist_entries);
    }

    fn change_settings(&mut self, settings: &Settings) {
        let tenant = &mut self.tenant;
        set(&mut tenant.controls.header, settings.header);
        set(&mut tenant.controls.allowlist, settings.allowlist);
        set(&mut tenant.controls.credential, settings.credential);
        set(&mut tenant.sender.proof, settings.proof);
        set(&mut tenant.sender.refuse_null, settings.refuse_null);
        set(&mut tenant.sender.channels, settings.channels);
        set(&mut tenant.sender.on_deny, settings.on_deny);
        set(&mut tenant.header.alignment, settings.alignment);
        set(&mut tenant.header.multiple_from, settings.multiple_from);
        set(&mut tenant.header.ignore_sender, settings.ignore_sender);
        set(&mut tenant.header.names, settings.names);
        set(&mut tenant.credential.refuse, settings.refuse.clone());
        set(&mut tenant.credential.require_scope, settings.require_scope.clone());
        set(&mut tenant.credential.require_tls, settings.require_tls);
        set(&mut self.panel_admin_only, settings.panel_admin_only);
        set(&mut self.foreign_identities, settings.foreign_identities);
    }

    fn denies(&mut self, holder: &Holder) -> Result<&mut Vec<Deny>, UnfitKind> {
        match holder {
            Holder::Tenant(id) if *id == self.tenant.id => Ok(&mut self.tenant.denies),
            Holder::Tenant(id) => Err(UnfitKind::unknown("tenant", id)),
            Holder::Account(id) => match self.account_mut(id) {
                Some(account) => Ok(&mut account.denies),
                None => Err(UnfitKind::unknown("account", id)),
            },
        }
    }
}

pub(super) fn add_deny(denies: &mut Vec<Deny>, deny: &Deny) -> Result<(), UnfitKind> {
    if denies.iter().any(|old| old.scope == deny.scope) {
        return Err(UnfitKind::exists("deny entry", scope_text(&deny.scope)));
    }
    denies.push(deny.clone());
    Ok(())
}

pub(super) fn remove_deny(denies: &mut Vec<Deny>, scope: &Scope) -> Result<(), UnfitKind> {
    let at = denies.iter().position(|deny| deny.scope == *scope);
    denies.remove(at.ok_or_else(|| UnfitKind::unknown("deny entry", scope_text(scope)))?);
    Ok(())
}

pub(super) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
