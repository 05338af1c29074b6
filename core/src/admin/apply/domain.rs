//! Events of domains.

use alloc::vec::Vec;

use crate::address::DomainName;
use crate::policy::{Domain, DomainStatus};
use crate::time::Timestamp;

use super::super::index::{Effect, Index};
use super::super::{Challenge, Desk, DnsOutcome, Event, Machine, Proof, UnfitKind};
use super::settings::set;
use super::step;

impl Desk {
    pub(super) fn apply_domain(
        &mut self,
        event: &Event,
        at: Timestamp,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::DomainAdded { domain, label, challenge, expires } => {
                step(Machine::Domain, self.domain_state(domain), event.name())?;
                self.challenge(domain, label, challenge, *expires, index, effects)?;
                let mut entry = Domain::new(domain.clone());
                entry.since = Some(at);
                self.tenant.domains.push(entry);
                effects.push(Effect::DomainListed(domain.as_str().into()));
            }
            Event::ChallengeRenewed { domain, label, challenge, expires } => {
                self.known_domain(domain)?;
                self.challenge(domain, label, challenge, *expires, index, effects)?;
            }
            Event::CheckRequested { domain, .. } => {
                self.known_proof(domain)?;
            }
            Event::DomainChecked { domain, outcome } => {
                let proof = self.known_proof(domain)?;
                proof.checked = Some((at, *outcome));
                if *outcome == DnsOutcome::Verified {
                    proof.proved = Some(at);
                }
            }
            Event::DomainVerified { domain, .. } => {
                self.step_domain(domain, event.name(), DomainStatus::Verified, at)?;
            }
            Event::DomainSuspended { domain } => self.step_domain(domain, event.name(), DomainStatus::Suspended, at)?,
            Event::DomainUnvouched { domain } => self.step_domain(domain, event.name(), DomainStatus::Suspended, at)?,
            Event::DomainVouched { domain } => {
                step(Machine::Domain, self.domain_state(domain), event.name())?;
                if self.domain(domain).is_none() {
                    self.tenant.domains.push(Domain::new(domain.clone()));
                    effects.push(Effect::DomainListed(domain.as_str().into()));
                }
                let entry = self.known_domain(domain)?;
                entry.status = DomainStatus::Vouched;
                entry.since = Some(at);
            }
            Event::DomainApprovalSet { domain, approved } => self.known_domain(domain)?.approved = *approved,
            Event::DomainActivitySet { domain, active } => self.known_domain(domain)?.active = *active,
            Event::DomainSendersSet { domain, senders } => self.known_domain(domain)?.senders = senders.clone(),
            Event::DomainRulesSet { domain, rules } => {
                let entry = self.known_domain(domain)?;
                set(&mut entry.subdomains, rules.subdomains);
                set(&mut entry.separator, rules.separator);
                set(&mut entry.case, rules.case);
                set(&mut entry.covers_mailboxes, rules.covers_mailboxes);
            }
            Event::DomainRemoved { domain } => {
                step(Machine::Domain, self.domain_state(domain), event.name())?;
                self.tenant.domains.retain(|entry| entry.name != *domain);
                self.proofs.remove(domain);
                effects.push(Effect::DomainRemoved(domain.as_str().into()));
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }

    fn known_domain(&mut self, name: &DomainName) -> Result<&mut Domain, UnfitKind> {
        self.domain_mut(name).ok_or_else(|| UnfitKind::unknown("domain", name))
    }

    fn known_proof(&mut self, name: &DomainName) -> Result<&mut Proof, UnfitKind> {
        self.proofs.get_mut(name).ok_or_else(|| UnfitKind::unknown("challenge for the domain", name))
    }

    fn step_domain(
        &mut self,
        name: &DomainName,
        event: &'static str,
        status: DomainStatus,
        at: Timestamp,
    ) -> Result<(), UnfitKind> {
        step(Machine::Domain, self.domain_state(name), event)?;
        let entry = self.known_domain(name)?;
        entry.status = status;
        entry.since = Some(at);
        Ok(())
    }

    fn challenge(
        &mut self,
        domain: &DomainName,
        label: &str,
        challenge: &Challenge,
        expires: Option<Timestamp>,
        index: &Index,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        let digest = challenge.digest();
        // One given in this very record is not in the index yet.
        let in_record = |effect: &Effect| match effect {
            Effect::Challenged(other) | Effect::TokenIssued(other) => *other == digest,
            _ => false,
        };
        if index.is_used(&digest) || effects.iter().any(in_record) {
            return Err(UnfitKind::SecretUsed);
        }
        let proof = Proof { challenge: challenge.clone(), label: label.into(), expires, checked: None, proved: None };
        self.proofs.insert(domain.clone(), proof);
        effects.push(Effect::Challenged(digest));
        Ok(())
    }
}
