//! Commands of the provider's settings, and of tenants, roles and deny entries.

use alloc::vec::Vec;

use crate::address::Scope;
use crate::policy::{BUILT_IN_ROLES, Deny, Mode, Names, Permission, Proof};
use crate::time::Timestamp;

use super::super::{Command, Desk, Event, Holder, Refusal, Warning, scope_text};
use super::{Context, confirmed};

impl Context<'_> {
    pub(super) fn house(&self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let provider = &self.directory.house.provider;
        let event = match command {
            Command::SetHosted { mode } => Event::HostedSet { mode: *mode },
            Command::SetChallengeLabel { label } => {
                let inner = |octet: &u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_".contains(octet);
                let octets = label.as_bytes();
                let edges = [octets.first(), octets.last()].iter().all(|edge| edge.is_some_and(|&edge| edge != b'-'));
                if octets.len() > LABEL_OCTETS || !edges || !octets.iter().all(inner) {
                    return Err(Refusal::BadLabel { label: label.clone() });
                }
                Event::ChallengeLabelSet { label: label.clone() }
            }
            Command::SetRecheck { after } => Event::RecheckSet { after: *after },
            Command::AddProviderDeny { deny } => {
                refuse_second(&provider.denies, &deny.scope)?;
                Event::ProviderDenyAdded { deny: deny.clone() }
            }
            Command::RemoveProviderDeny { scope } => {
                refuse_unknown(&provider.denies, scope)?;
                Event::ProviderDenyRemoved { scope: scope.clone() }
            }
            _ => return Ok(Vec::new()),
        };
        Ok([event].into())
    }

    pub(super) fn settings(&mut self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        let tenant = &desk.tenant;
        let event = match command {
            Command::RemoveTenant { confirmed: is_confirmed, .. } => {
                if let Some(subuser) = self.directory.index.subusers_of(&tenant.id).next() {
                    return Err(Refusal::TenantHasSubusers { subuser: subuser.into() });
                }
                for account in &tenant.accounts {
                    self.refuse_listed_above(desk, &account.id)?;
                }
                confirmed(*is_confirmed)?;
                Event::TenantRemoved {}
            }
            Command::SetTenantSuspended { suspended, .. } => Event::TenantSuspensionSet { suspended: *suspended },
            Command::SetTerms { terms, .. } => Event::TermsSet { terms: terms.clone() },
            Command::ChangeSettings { settings, .. } => {
                self.step_up_if(settings.loosens(tenant, desk.panel_admin_only, desk.foreign_identities))?;
                Event::SettingsChanged { settings: settings.clone() }
            }
            Command::SwitchSenderAuth { mode, .. } => {
                self.step_up_if(*mode != tenant.controls.sender)?;
                let from = match mode {
                    Mode::Off | Mode::Monitor => None,
                    Mode::Enforce => Some(self.now),
                    Mode::EnforceFrom(from) => Some(*from.max(&self.now)),
                };
                if from.is_some_and(|from| !self.anything_authorized(desk, from)) {
                    self.warnings.push(Warning::NothingAuthorized);
                }
                Event::SenderAuthSwitched { mode: *mode }
            }
            Command::DefineRole { role, .. } => {
                refuse_built_in(&role.name)?;
                let old = tenant.roles.iter().find(|defined| defined.name == role.name);
                let new = |one: &&Permission| old.is_some_and(|old| !old.permissions.contains(one));
                self.step_up_if(role.permissions.iter().filter(new).any(|one| *one != Permission::AddIdentities))?;
                Event::RoleDefined { role: role.clone() }
            }
            Command::RemoveRole { name, .. } => {
                refuse_built_in(name)?;
                if !tenant.roles.iter().any(|role| role.name == *name) {
                    return Err(Refusal::UnknownRole { role: name.clone() });
                }
                let of_accounts = tenant.accounts.iter().flat_map(|account| &account.identities);
                let named = tenant.identities.iter().chain(of_accounts).any(|identity| match &identity.roles {
                    Names::Any => false,
                    Names::Only(names) => names.contains(name),
                });
                if named || tenant.accounts.iter().any(|account| account.roles.contains(name)) {
                    return Err(Refusal::RoleInUse { role: name.clone() });
                }
                Event::RoleRemoved { name: name.clone() }
            }
            Command::AddDeny { holder, deny } => {
                refuse_second(denies(desk, holder), &deny.scope)?;
                Event::DenyAdded { holder: holder.clone(), deny: deny.clone() }
            }
            Command::RemoveDeny { holder, scope } => {
                refuse_unknown(denies(desk, holder), scope)?;
                self.step_up()?;
                Event::DenyRemoved { holder: holder.clone(), scope: scope.clone() }
            }
            _ => return Ok(Vec::new()),
        };
        Ok([event].into())
    }

    /// Refuses where a list of an ancestor names the account.
    pub(super) fn refuse_listed_above(&self, desk: &Desk, account: &str) -> Result<(), Refusal> {
        let names = |names: &Names| match names {
            Names::Any => false,
            Names::Only(names) => names.iter().any(|name| name == account),
        };
        for above in self.directory.lineage(&desk.tenant).skip(1) {
            let tenant = &above.tenant;
            if tenant.domains.iter().any(|domain| names(&domain.senders))
                || tenant.identities.iter().any(|identity| names(&identity.senders))
            {
                return Err(Refusal::AccountListedAbove { tenant: tenant.id.clone() });
            }
        }
        Ok(())
    }

    /// Whether the tenant has anything that its `proof` accepts (docs/semantics.md 3.2).
    fn anything_authorized(&self, desk: &Desk, now: Timestamp) -> bool {
        let own = desk.tenant.accounts.iter().any(|account| self.directory.own_counts(desk, account));
        let (mut identity, mut domain) = (false, false);
        let of_accounts = desk.tenant.accounts.iter().flat_map(|account| &account.identities);
        identity |= of_accounts.into_iter().any(|one| self.directory.counts(desk, one, now));
        let (mut with_identities, mut with_domains) = (true, true);
        for (depth, above) in self.directory.lineage(&desk.tenant).enumerate() {
            if depth > 0 {
                with_identities &= above.tenant.inherited.identities;
                with_domains &= above.tenant.inherited.domains;
            }
            identity |=
                with_identities && above.tenant.identities.iter().any(|one| self.directory.counts(above, one, now));
            domain |= with_domains
                && above.tenant.domains.iter().any(|entry| {
                    let approved = entry.approved || !above.tenant.approval_required;
                    entry.is_in_force() && approved && entry.senders != Names::Only(Vec::new())
                });
        }
        own || match desk.tenant.sender.proof {
            Proof::Identity => identity,
            Proof::Domain => domain,
            Proof::Either => identity || domain,
            Proof::Both => identity && domain,
        }
    }
}

fn denies<'d>(desk: &'d Desk, holder: &Holder) -> &'d [Deny] {
    match holder {
        Holder::Tenant(_) => &desk.tenant.denies,
        Holder::Account(id) => desk.account(id).map(|account| &*account.denies).unwrap_or_default(),
    }
}

fn refuse_second(denies: &[Deny], scope: &Scope) -> Result<(), Refusal> {
    if denies.iter().any(|deny| deny.scope == *scope) {
        return Err(Refusal::DenyExists { scope: scope_text(scope) });
    }
    Ok(())
}

fn refuse_unknown(denies: &[Deny], scope: &Scope) -> Result<(), Refusal> {
    if denies.iter().any(|deny| deny.scope == *scope) {
        return Ok(());
    }
    Err(Refusal::UnknownDeny { scope: scope_text(scope) })
}

fn refuse_built_in(name: &str) -> Result<(), Refusal> {
    if BUILT_IN_ROLES.iter().any(|(built_in, _)| *built_in == name) {
        return Err(Refusal::RoleBuiltIn { role: name.into() });
    }
    Ok(())
}

/// RFC 1035 §2.3.4.
const LABEL_OCTETS: usize = 63;
