//! Commands of domains.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::DomainName;
use crate::policy::{CaseRule, Domain, DomainStatus, Names};

use super::super::{Challenge, Command, Desk, DnsObservation, DnsOutcome, DomainRules, Event, Proof, Refusal, Warning};
use super::{Context, confirmed};

impl Context<'_> {
    pub(super) fn domain(&mut self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::AddDomain { domain, challenge, expires, .. } => {
                let state = desk.domain_state(domain);
                if state != "none" {
                    return Err(Refusal::DomainListed { domain: domain.clone(), state });
                }
                self.in_future_if_any(*expires)?;
                let (domain, label, challenge) = self.challenge(domain, challenge)?;
                Event::DomainAdded { domain, label, challenge, expires: *expires }
            }
            Command::RenewChallenge { domain, challenge, expires, .. } => {
                let entry = known(desk, domain)?;
                match entry.status {
                    DomainStatus::Pending | DomainStatus::Suspended => {}
                    DomainStatus::Verified | DomainStatus::Vouched => return Err(in_state(entry)),
                }
                let valid = |proof: &Proof| proof.expires.is_none_or(|expires| self.now < expires);
                if desk.proofs.get(domain).is_some_and(valid) {
                    return Err(Refusal::ChallengeValid { domain: domain.clone() });
                }
                self.in_future_if_any(*expires)?;
                let (domain, label, challenge) = self.challenge(domain, challenge)?;
                Event::ChallengeRenewed { domain, label, challenge, expires: *expires }
            }
            Command::CheckDomain { domain, .. } => {
                let proof = proof(desk, domain)?;
                Event::CheckRequested { domain: domain.clone(), label: proof.label.clone() }
            }
            Command::ObserveDns { domain, observation, .. } => return self.observe(desk, domain, observation),
            Command::VouchDomain { domain, .. } => {
                if desk.domain_state(domain) == "vouched" {
                    return Ok(Vec::new());
                }
                self.warn_without_senders(desk, domain);
                Event::DomainVouched { domain: domain.clone() }
            }
            Command::UnvouchDomain { domain, .. } => {
                let entry = known(desk, domain)?;
                if entry.status != DomainStatus::Vouched {
                    return Err(in_state(entry));
                }
                Event::DomainUnvouched { domain: domain.clone() }
            }
            Command::SetDomainApproved { domain, approved, .. } => {
                known(desk, domain)?;
                Event::DomainApprovalSet { domain: domain.clone(), approved: *approved }
            }
            Command::SetDomainActive { domain, active, .. } => {
                let entry = known(desk, domain)?;
                self.step_up_if(*active && !entry.active)?;
                Event::DomainActivitySet { domain: domain.clone(), active: *active }
            }
            Command::SetDomainSenders { domain, senders, .. } => {
                known(desk, domain)?;
                Event::DomainSendersSet { domain: domain.clone(), senders: senders.clone() }
            }
            Command::SetDomainRules { domain, rules, .. } => {
                self.step_up_if(rules.loosens(known(desk, domain)?))?;
                Event::DomainRulesSet { domain: domain.clone(), rules: *rules }
            }
            Command::RemoveDomain { domain, confirmed: is_confirmed, .. } => {
                let entry = known(desk, domain)?;
                confirmed(*is_confirmed)?;
                // An inactive entry denies; without it, a consent would count again. Without its separator or its rule of
                // case, addresses are other ones to a refusal, a deny entry or a protection.
                self.step_up_if(!entry.active || entry.separator.is_some() || entry.case != CaseRule::default())?;
                Event::DomainRemoved { domain: domain.clone() }
            }
            _ => return Ok(Vec::new()),
        };
        Ok([event].into())
    }

    fn observe(
        &mut self,
        desk: &Desk,
        domain: &DomainName,
        observation: &DnsObservation,
    ) -> Result<Vec<Event>, Refusal> {
        let entry = known(desk, domain)?;
        let proof = proof(desk, domain)?;
        let outcome = observation.outcome(&proof.challenge.txt_value());
        let mut events: Vec<Event> = [Event::DomainChecked { domain: domain.clone(), outcome }].into();
        match (entry.status, outcome) {
            (DomainStatus::Pending | DomainStatus::Suspended, DnsOutcome::Verified) => {
                let expired = proof.expires.is_some_and(|expires| expires <= self.now);
                if expired && entry.status == DomainStatus::Pending {
                    return Err(Refusal::ChallengeExpired { domain: domain.clone() });
                }
                self.warn_without_senders(desk, domain);
                events.push(Event::DomainVerified { domain: domain.clone(), also: self.also_proved(desk, domain) });
            }
            (
                DomainStatus::Verified,
                DnsOutcome::Absent | DnsOutcome::WrongValue | DnsOutcome::AtApex | DnsOutcome::AtDoubledName,
            ) => events.push(Event::DomainSuspended { domain: domain.clone() }),
            // A look-up that failed says nothing, and the provider's word needs no record.
            (DomainStatus::Verified, DnsOutcome::Verified | DnsOutcome::LookupFailed)
            | (DomainStatus::Pending | DomainStatus::Suspended | DomainStatus::Vouched, _) => {}
        }
        Ok(events)
    }

    /// Returns the other tenants whose own record proved the domain.
    fn also_proved(&self, desk: &Desk, domain: &DomainName) -> Vec<String> {
        let tenants = self.directory.index.tenants_of_domain(domain.as_str()).filter(|id| *id != desk.tenant.id);
        let proved = |other: &&Desk| other.domain_state(domain) == "verified" && other.proofs.contains_key(domain);
        let others = tenants.filter_map(|id| self.directory.desk(id)).filter(proved);
        others.map(|other| other.tenant.id.clone()).collect()
    }

    fn challenge(
        &self,
        domain: &DomainName,
        challenge: &Challenge,
    ) -> Result<(DomainName, String, Challenge), Refusal> {
        if self.directory.index.is_challenge_used(challenge) {
            return Err(Refusal::SecretUsed {});
        }
        Ok((domain.clone(), self.directory.house.challenge_label.clone(), challenge.clone()))
    }

    fn warn_without_senders(&mut self, desk: &Desk, domain: &DomainName) {
        if desk.domain(domain).is_none_or(|entry| entry.senders == Names::Only(Vec::new())) {
            self.warnings.push(Warning::DomainWithoutSenders(domain.clone()));
        }
    }
}

impl DomainRules {
    /// Tells whether the change may permit mail that was denied: by a wider right, or by a narrower refusal or protection.
    fn loosens(&self, entry: &Domain) -> bool {
        let wider = match self.subdomains {
            Some(new) => new != entry.subdomains && new == entry.active,
            None => false,
        };
        wider
            || self.separator.is_some_and(|new| new != entry.separator)
            || self.case.is_some_and(|new| new != entry.case)
            || self.covers_mailboxes == Some(true) && !entry.covers_mailboxes
    }
}

fn known<'d>(desk: &'d Desk, domain: &DomainName) -> Result<&'d Domain, Refusal> {
    desk.domain(domain).ok_or_else(|| Refusal::UnknownDomain { domain: domain.clone() })
}

fn proof<'d>(desk: &'d Desk, domain: &DomainName) -> Result<&'d Proof, Refusal> {
    known(desk, domain)?;
    desk.proofs.get(domain).ok_or_else(|| Refusal::NoChallenge { domain: domain.clone() })
}

fn in_state(entry: &Domain) -> Refusal {
    Refusal::DomainState { domain: entry.name.clone(), state: entry.status.name() }
}
