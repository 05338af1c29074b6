//! Account, credential, role and client; how strictly each control applies; the envelope sender.

use std::net::IpAddr;

use sendas::policy::{BUILT_IN_ROLES, Permission, Proof, Strength};
use sendas::{Channel, Control, Tls};

use super::address::{Address, Asked, Fault};
use super::records::{Allowlists, Credential};
use crate::data::Attempt;

/// How strictly each control applies.
pub(super) struct Strengths {
    pub(super) sender: bool,
    pub(super) header: Strength,
    /// Of reading the header: after a null path the `sender` control asks for it too.
    pub(super) reading: Strength,
    pub(super) hosted: Strength,
}

impl Asked<'_> {
    pub(super) fn strength(&self, control: Control, channel: Channel) -> Strength {
        let of_tenant = |number: &usize| {
            let tenant = self.records.tenants.get(*number)?;
            let mode = match control {
                Control::Sender if !tenant.channels.contains(channel) => return None,
                Control::Sender => tenant.controls.sender,
                Control::Header => tenant.controls.header,
                Control::Allowlist => tenant.controls.allowlist,
                Control::Credential => tenant.controls.credential,
                Control::Hosted => self.records.hosted,
            };
            Some(mode.at(self.now))
        };
        let strictest = self.tenant.line.iter().filter_map(of_tenant).max().unwrap_or(Strength::Off);
        let exempted = |&(of, until): &(Control, _)| of == control && self.now < until;
        if self.account.exemptions.iter().any(exempted) { strictest.min(Strength::Monitor) } else { strictest }
    }

    pub(super) fn admits(&self, attempt: &Attempt) -> bool {
        let enforces = |control| self.strength(control, attempt.channel) == Strength::Enforce;
        if self.account.suspended || self.tenant.suspended || !self.role_may_send() {
            return false;
        }
        let registered = attempt.credential_id.as_ref().and_then(|id| self.account.credentials.get(id));
        if let Some(id) = &attempt.credential_id {
            if registered.is_none() && self.records.credentials.contains_key(id) {
                return false;
            }
        }
        if registered.is_some_and(|one| one.revoked || one.expires.is_some_and(|end| self.now >= end)) {
            return false;
        }
        (!enforces(Control::Credential) || self.credential_is_good(attempt, registered))
            && (!enforces(Control::Allowlist) || self.client_is_listed(attempt, registered))
    }

    fn role_may_send(&self) -> bool {
        let may_send = |role: &str| {
            let built_in = BUILT_IN_ROLES.iter().find(|(name, _)| *name == role);
            built_in.map_or_else(
                || self.tenant.roles.get(role).copied().unwrap_or(false),
                |(_, permissions)| permissions.contains(&Permission::Send),
            )
        };
        match (self.role, self.account.roles.as_slice()) {
            (Some(role), []) => role == "sender",
            (Some(role), held) => held.iter().any(|one| one == role) && may_send(role),
            (None, []) => true,
            (None, held) => held.iter().any(|role| may_send(role)),
        }
    }

    fn credential_is_good(&self, attempt: &Attempt, registered: Option<&Credential>) -> bool {
        let tenant = self.tenant;
        let refused = |one: &sendas::policy::RefusedKind| {
            one.kind == attempt.credential
                && one.channels.contains(attempt.channel)
                && one.from.is_none_or(|from| self.now >= from)
        };
        let presented = |scope: &String| attempt.scopes.as_ref().map(|presented| presented == scope);
        let scope = |scope: &String| match registered {
            Some(registered) => registered.scopes.contains(scope) && presented(scope).unwrap_or(true),
            None => presented(scope).unwrap_or(false),
        };
        !(tenant.tls && attempt.tls == Tls::Plain
            || registered.is_none() && !self.account.credentials.is_empty()
            || registered.is_some_and(|registered| registered.kind != attempt.credential)
            || tenant.refused.iter().any(refused))
            && tenant.scope.as_ref().is_none_or(scope)
    }

    fn client_is_listed(&self, attempt: &Attempt, registered: Option<&Credential>) -> bool {
        let client = attempt.client.parse::<IpAddr>().ok().map(|client| client.to_canonical());
        let of_line = self.tenant.line.iter().filter_map(|&number| self.records.tenants.get(number));
        let all = of_line.map(|tenant| &tenant.allowlists).chain([&self.account.allowlists]);
        let mut lists = all.chain(registered.map(|one| &one.allowlists)).flat_map(|lists: &Allowlists| lists);
        lists.all(|(channel, ranges)| {
            *channel != attempt.channel
                || client.is_some_and(|client| ranges.iter().any(|range| range.contains(client)))
        })
    }

    /// Whether the tenant has nothing that could prove a sender.
    fn has_nothing(&self) -> bool {
        let tenants = |numbers: &'_ [usize]| -> Vec<_> {
            numbers.iter().filter_map(|&number| self.records.tenants.get(number)).collect()
        };
        let identity = || {
            self.tenant.has.of_accounts.at(self.now)
                || tenants(&self.tenant.identity_holders).iter().any(|tenant| tenant.has.shared.at(self.now))
        };
        let domain = || tenants(&self.tenant.domain_holders).iter().any(|tenant| tenant.has.domain);
        let has = self.tenant.has.own
            || match self.tenant.proof {
                Proof::Identity => identity(),
                Proof::Domain => domain(),
                Proof::Either => identity() || domain(),
                Proof::Both => identity() && domain(),
            };
        !has
    }

    /// The envelope sender, if it is good; `None` within for the null path.
    pub(super) fn sender<'a>(
        &self,
        attempt: &'a Attempt,
        strengths: &Strengths,
    ) -> Result<Option<Address<'a>>, Denied> {
        if strengths.sender && self.has_nothing() {
            return Err(Denied);
        }
        if attempt.path == "<>" {
            return if strengths.sender && self.tenant.refuse_null { Err(Denied) } else { Ok(None) };
        }
        let text = attempt.path.strip_prefix('<').and_then(|path| path.strip_suffix('>'));
        // Without SMTPUTF8 there is nothing beyond ASCII in it.
        let address = text.filter(|text| text.is_ascii()).ok_or(Fault::Syntax).and_then(Address::read);
        match address {
            Ok(address) if self.may_send_as(&address, strengths) => Ok(Some(address)),
            Err(_) if !strengths.sender && strengths.hosted != Strength::Enforce => Ok(None),
            _ => Err(Denied),
        }
    }

    pub(super) fn may_send_as(&self, address: &Address<'_>, strengths: &Strengths) -> bool {
        (!strengths.sender || self.permits(address)) && self.is_nobody_elses(address, strengths)
    }

    pub(super) fn is_nobody_elses(&self, address: &Address<'_>, strengths: &Strengths) -> bool {
        strengths.hosted != Strength::Enforce || !self.is_foreign(address)
    }
}

/// The answer is no.
pub(super) struct Denied;
