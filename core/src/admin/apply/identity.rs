//! Events of identities: an Admin's word, the mailbox owner's, and what traffic shows.

use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::{Consent, Identity, IdentityStatus};
use crate::time::Timestamp;

use super::super::index::{Effect, Index};
use super::super::{Answer, Desk, Digest, Event, Holder, Issued, Machine, Pair, Purpose, UnfitKind};
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
                    self.tenant.identities.push(identity);
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
            Event::TokenSpent { token } => self.issued(token)?.spent = true,
            Event::IdentitiesRemoved { holder, addresses } => self.remove_identities(holder, addresses)?,
            Event::IdentityLimited { address, senders, roles } => {
                let identity = self.known_identity(&self.holder(), address)?;
                identity.senders = senders.clone();
                identity.roles = roles.clone();
            }
            Event::ConsentRequested { pair, token, expires } => {
                step(Machine::Consent, self.consent_state(pair), event.name())?;
                if self.identities(&pair.holder).is_none() {
                    return Err(UnfitKind::unknown("holder", pair.holder.id()));
                }
                self.issue(*token, *expires, Purpose::Question(pair.clone()), index, effects)?;
                let identity = self.identity_or_new(&pair.holder, &pair.address)?;
                identity.consent = Some(Consent::Pending);
                identity.since = Some(at);
            }
            Event::ConsentAnswered { pair, answer } => {
                let (name, consent) = match answer {
                    Answer::Given => ("consent_answered given", Consent::Given),
                    Answer::Refused => ("consent_answered refused", Consent::Refused),
                    Answer::Withdrawn => ("consent_answered withdrawn", Consent::Withdrawn),
                };
                step(Machine::Consent, self.consent_state(pair), name)?;
                let identity = self.known_identity(&pair.holder, &pair.address)?;
                identity.consent = Some(consent);
                identity.since = Some(at);
                self.spend_questions(pair);
            }
            Event::IdentityPreregistered { account, address, seen } => {
                let identity = self.identity_or_new(&Holder::Account(account.clone()), address)?;
                identity.grandfathered = true;
                identity.since = Some(at);
                self.seen.insert((account.clone(), address.clone()), *seen);
            }
            Event::PairAlerted { account, address } => {
                if self.account(account).is_none() {
                    return Err(UnfitKind::unknown("account", account));
                }
                if !self.alerted.insert((account.clone(), address.clone())) {
                    return Err(UnfitKind::exists("alert", address));
                }
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    /// Checks that the event can happen to every one of these identities of the tenant, and that none stands twice.
    fn step_all(&self, addresses: &[Address], event: &'static str) -> Result<(), UnfitKind> {
        for (index, address) in addresses.iter().enumerate() {
            if addresses.iter().take(index).any(|earlier| earlier == address) {
                return Err(UnfitKind::exists("identity", address));
            }
            step(Machine::Identity, self.identity_state(address), event)?;
        }
        if addresses.is_empty() { Err(UnfitKind::Empty) } else { Ok(()) }
    }

    fn set_status(&mut self, addresses: &[Address], status: IdentityStatus, at: Timestamp) {
        for identity in self.tenant.identities.iter_mut().filter(|identity| addresses.contains(&identity.address)) {
            identity.status = status;
            identity.since = Some(at);
        }
    }

    fn remove_identities(&mut self, holder: &Holder, addresses: &[Address]) -> Result<(), UnfitKind> {
        if let Some(address) = addresses.iter().find(|address| self.identity(holder, address).is_none()) {
            return Err(UnfitKind::unknown("identity", address));
        }
        if let Some(identities) = self.identities_mut(holder) {
            identities.retain(|identity| !addresses.contains(&identity.address));
        }
        for issued in &mut self.tokens {
            match &mut issued.purpose {
                // An address that is added again is another Save, which this mail did not show.
                Purpose::Batch { addresses: batch, .. } if matches!(holder, Holder::Tenant(_)) => {
                    batch.retain(|address| !addresses.contains(address));
                }
                Purpose::Question(pair) if pair.holder == *holder && addresses.contains(&pair.address) => {
                    issued.spent = true;
                }
                Purpose::Batch { .. } | Purpose::Question(_) => {}
            }
        }
        Ok(())
    }

    fn known_identity(&mut self, holder: &Holder, address: &Address) -> Result<&mut Identity, UnfitKind> {
        self.identity_mut(holder, address).ok_or_else(|| UnfitKind::unknown("identity", address))
    }

    fn identity_or_new(&mut self, holder: &Holder, address: &Address) -> Result<&mut Identity, UnfitKind> {
        let identities = self.identities_mut(holder).ok_or_else(|| UnfitKind::unknown("holder", holder.id()))?;
        let at = identities.iter().position(|identity| identity.address == *address).unwrap_or_else(|| {
            identities.push(Identity::new(address.clone()));
            identities.len() - 1
        });
        identities.get_mut(at).ok_or_else(|| UnfitKind::unknown("identity", address))
    }

    fn issue(
        &mut self,
        token: Digest,
        expires: Timestamp,
        purpose: Purpose,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        if index.tenant_of_token(&token).is_some() || self.tokens.iter().any(|issued| issued.token == token) {
            return Err(UnfitKind::SecretUsed);
        }
        // A question that is asked again leaves one token that answers it.
        if let Purpose::Question(pair) = &purpose {
            self.spend_questions(pair);
        }
        self.tokens.push(Issued { token, expires, spent: false, purpose });
        effects.push(Effect::TokenIssued(token));
        Ok(())
    }

    fn issued(&mut self, token: &Digest) -> Result<&mut Issued, UnfitKind> {
        let issued = self.tokens.iter_mut().find(|issued| issued.token == *token);
        issued.ok_or_else(|| UnfitKind::unknown("token", token))
    }

    fn spend_questions(&mut self, pair: &Pair) {
        for issued in &mut self.tokens {
            issued.spent |= matches!(&issued.purpose, Purpose::Question(other) if other == pair);
        }
    }
}
