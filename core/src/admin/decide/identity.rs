//! Commands of identities: an Admin's word.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::Consent;
use crate::time::Timestamp;

use super::super::{Command, Desk, Event, Issued, Purpose, Refusal, Token, Warning};
use super::Context;

impl Context<'_> {
    pub(super) fn identity(&mut self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::AddIdentities { addresses, senders, roles, admin, token, expires, .. } => {
                let new = distinct(addresses)?;
                let new: Vec<Address> =
                    new.into_iter().filter(|address| desk.identity_state(address) == "none").collect();
                if new.is_empty() {
                    return Ok(Vec::new());
                }
                for address in &new {
                    self.foreign(desk, address)?;
                }
                let offer = self.offer(desk, &new, admin, token, *expires)?;
                let added = Event::IdentitiesAdded { addresses: new, senders: senders.clone(), roles: roles.clone() };
                Ok([added, offer].into())
            }
            Command::RequestVerification { addresses, admin, token, expires, .. } => {
                let pending = self.in_state(desk, addresses, "pending")?;
                if pending.is_empty() {
                    return Ok(Vec::new());
                }
                Ok([self.offer(desk, &pending, admin, token, *expires)?].into())
            }
            Command::VerifyIdentities { addresses, .. } => {
                let addresses = self.in_state(desk, addresses, "pending")?;
                Ok(one_unless(addresses.is_empty(), Event::IdentitiesVerified { addresses }))
            }
            Command::VerifyAll {} => Ok(self.verify_all(desk)),
            Command::UnverifyIdentities { addresses, .. } => {
                let addresses = self.in_state(desk, addresses, "verified")?;
                Ok(one_unless(addresses.is_empty(), Event::IdentitiesUnverified { addresses }))
            }
            Command::RemoveIdentities { holder, addresses } => {
                let addresses = distinct(addresses)?;
                for address in &addresses {
                    let identity = desk.identity(holder, address);
                    let identity = identity.ok_or_else(|| Refusal::UnknownIdentity { address: address.clone() })?;
                    let refused = matches!(identity.consent, Some(Consent::Refused | Consent::Withdrawn));
                    if refused && !self.is_provider() {
                        return Err(Refusal::OwnerRefused { address: address.clone() });
                    }
                }
                Ok([Event::IdentitiesRemoved { holder: holder.clone(), addresses }].into())
            }
            Command::LimitIdentity { address, senders, roles, .. } => {
                if desk.identity_state(address) == "none" {
                    return Err(Refusal::UnknownIdentity { address: address.clone() });
                }
                let (address, senders, roles) = (address.clone(), senders.clone(), roles.clone());
                Ok([Event::IdentityLimited { address, senders, roles }].into())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Verifies what is still pending of the batch that the bearer's token was mailed for.
    fn verify_all(&self, desk: &Desk) -> Vec<Event> {
        let Some(token) = self.bearer() else { return Vec::new() };
        let Some(Issued { purpose: Purpose::Batch { addresses, .. }, .. }) = desk.tokens.get(&token) else {
            return Vec::new();
        };
        let pending = addresses.iter().filter(|address| desk.identity_state(address) == "pending");
        let addresses: Vec<Address> = pending.cloned().collect();
        let mut events = one_unless(addresses.is_empty(), Event::IdentitiesVerified { addresses });
        events.push(Event::TokenSpent { token });
        events
    }

    fn offer(
        &self,
        desk: &Desk,
        addresses: &[Address],
        admin: &str,
        token: &Token,
        expires: Timestamp,
    ) -> Result<Event, Refusal> {
        self.in_future(expires)?;
        if !self.directory.may_verify(desk, admin) {
            return Err(Refusal::AdminMayNotVerify { admin: admin.into() });
        }
        let (addresses, admin, token) = (addresses.to_vec(), admin.into(), token.digest());
        Ok(Event::VerificationOffered { addresses, admin, token, expires })
    }

    /// Refuses an address at a domain that the tenant has not verified, or warns of it.
    pub(super) fn foreign(&mut self, desk: &Desk, address: &Address) -> Result<(), Refusal> {
        if self.directory.proves(desk, address.domain()) {
            return Ok(());
        }
        if !desk.foreign_identities && !self.is_provider() {
            return Err(Refusal::ForeignIdentity { address: address.clone() });
        }
        self.warnings.push(Warning::ForeignIdentity(address.clone()));
        Ok(())
    }

    /// Returns those of the addresses, each of which must be an identity of the tenant, that are in this state.
    fn in_state(&self, desk: &Desk, addresses: &[Address], state: &str) -> Result<Vec<Address>, Refusal> {
        let addresses = distinct(addresses)?;
        match addresses.iter().find(|address| desk.identity_state(address) == "none") {
            Some(unknown) => Err(Refusal::UnknownIdentity { address: unknown.clone() }),
            None => Ok(addresses.into_iter().filter(|address| desk.identity_state(address) == state).collect()),
        }
    }
}

/// Returns the addresses in their order, each once.
fn distinct(addresses: &[Address]) -> Result<Vec<Address>, Refusal> {
    let mut seen = BTreeSet::new();
    let distinct: Vec<Address> = addresses.iter().filter(|address| seen.insert(*address)).cloned().collect();
    if distinct.is_empty() { Err(Refusal::EmptyBatch {}) } else { Ok(distinct) }
}

fn one_unless(nothing: bool, event: Event) -> Vec<Event> {
    if nothing { Vec::new() } else { [event].into() }
}
