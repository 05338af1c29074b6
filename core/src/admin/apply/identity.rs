//! Events of identities: an Admin's word.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::{Identity, IdentityStatus};
use crate::time::Timestamp;

use super::super::index::{Effect, Index, Use};
use super::super::{Desk, Digest, Event, Holder, Issued, Machine, Pair, Purpose, UnfitKind};
use super::step;

impl Desk {
    pub(super) fn apply_identity(
        &mut self,
        event: &Event,
        at: Timestamp,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::IdentitiesAdded { addresses, senders, roles } => {
                self.step_all(addresses, event.name())?;
                for address in addresses {
                    let mut identity = Identity::new(address.clone());
                    identity.since = Some(at);
                    identity.senders = senders.clone();
                    identity.roles = roles.clone();
                    self.add_identity(identity);
                    effects.push(used_by(&self.holder(), address));
                }
            }
            Event::VerificationOffered { addresses, admin, token, expires } => {
                if let Some(address) = addresses.iter().find(|address| self.identity_state(address) == "none") {
                    return Err(UnfitKind::unknown("identity", address));
                }
                if self.account(admin).is_none() {
                    return Err(UnfitKind::unknown("account", admin));
                }
                let purpose = Purpose::Batch { admin: admin.clone(), addresses: addresses.iter().cloned().collect() };
                self.issue(*token, *expires, purpose, index, effects)?;
            }
            Event::IdentitiesVerified { addresses } => {
                self.step_all(addresses, event.name())?;
                self.set_status(addresses, IdentityStatus::Verified, at);
            }
            Event::IdentitiesUnverified { addresses } => {
                self.step_all(addresses, event.name())?;
                self.set_status(addresses, IdentityStatus::Pending, at);
            }
            Event::TokenSpent { token } => {
                if !self.tokens.spend(token) {
                    return Err(UnfitKind::unknown("token", token));
                }
            }
            Event::IdentitiesRemoved { holder, addresses } => self.remove_identities(holder, addresses, effects)?,
            Event::IdentityLimited { address, senders, roles } => {
                let identity = self.known_identity(&self.holder(), address)?;
                identity.senders = senders.clone();
                identity.roles = roles.clone();
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    /// Checks that the event can happen to every one of these identities of the tenant, and that none stands twice.
    fn step_all(&self, addresses: &[Address], event: &'static str) -> Result<(), UnfitKind> {
        all_distinct(addresses)?;
        for address in addresses {
            step(Machine::Identity, self.identity_state(address), event)?;
        }
        Ok(())
    }

    fn set_status(&mut self, addresses: &[Address], status: IdentityStatus, at: Timestamp) {
        let holder = self.holder();
        for address in addresses {
            if let Some(identity) = self.identity_mut(&holder, address) {
                identity.status = status;
                identity.since = Some(at);
            }
        }
    }

    fn remove_identities(
        &mut self,
        holder: &Holder,
        addresses: &[Address],
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        all_distinct(addresses)?;
        if let Some(address) = addresses.iter().find(|address| self.identity(holder, address).is_none()) {
            return Err(UnfitKind::unknown("identity", address));
        }
        for address in addresses {
            match holder {
                Holder::Tenant(_) => {
                    self.remove_identity(address);
                    self.tokens.remove_from_batches(address);
                }
                Holder::Account(id) => {
                    if let Some(account) = self.account_mut(id) {
                        account.identities.retain(|identity| identity.address != *address);
                    }
                }
            }
            self.tokens.spend_question(&Pair { holder: holder.clone(), address: address.clone() });
            let (address, by) = used(holder, address);
            effects.push(Effect::Unused(address, by));
        }
        Ok(())
    }

    /// The identity of this holder, which must be there.
    pub(super) fn known_identity(&mut self, holder: &Holder, address: &Address) -> Result<&mut Identity, UnfitKind> {
        self.identity_mut(holder, address).ok_or_else(|| UnfitKind::unknown("identity", address))
    }

    /// The identity of this holder, which is added where there is none.
    pub(super) fn identity_or_new(
        &mut self,
        holder: &Holder,
        address: &Address,
        effects: &mut Vec<Effect>,
    ) -> Result<&mut Identity, UnfitKind> {
        if self.identity(holder, address).is_none() {
            let new = Identity::new(address.clone());
            match holder {
                Holder::Tenant(id) if *id == self.tenant.id => self.add_identity(new),
                Holder::Tenant(id) => return Err(UnfitKind::unknown("holder", id)),
                Holder::Account(id) => match self.account_mut(id) {
                    Some(account) => account.identities.push(new),
                    None => return Err(UnfitKind::unknown("holder", id)),
                },
            }
            effects.push(used_by(holder, address));
        }
        self.known_identity(holder, address)
    }

    /// Keeps the digest of a token that was not given out before.
    pub(super) fn issue(
        &mut self,
        token: Digest,
        expires: Timestamp,
        purpose: Purpose,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        if index.is_used(&token) || self.tokens.get(&token).is_some() {
            return Err(UnfitKind::SecretUsed);
        }
        self.tokens.push(Issued { token, expires, spent: false, purpose });
        effects.push(Effect::TokenIssued(token));
        Ok(())
    }
}

/// An address with the use that its holder makes of it.
pub(super) fn used(holder: &Holder, address: &Address) -> (Address, Use) {
    (address.clone(), Use::Identity(Pair { holder: holder.clone(), address: address.clone() }))
}

fn used_by(holder: &Holder, address: &Address) -> Effect {
    let (address, by) = used(holder, address);
    Effect::Used(address, by)
}

/// Refuses a list that is empty, or in which an address stands twice.
fn all_distinct(addresses: &[Address]) -> Result<(), UnfitKind> {
    let mut seen = BTreeSet::new();
    match addresses.iter().find(|address| !seen.insert(*address)) {
        Some(address) => Err(UnfitKind::exists("identity", address)),
        None if addresses.is_empty() => Err(UnfitKind::Empty),
        None => Ok(()),
    }
}
