//! The rules of docs/semantics.md 4 and 5: from the facts about an address to what speaks for and against it.
//!
//! Nothing here looks anything up, and nothing depends on an order: grants are united, a failing fact wins over any grant.

use crate::decision::Basis;
use crate::gather::AddressFacts;
use crate::policy::Proof;
use crate::reason::Reason;

/// A set of reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReasonSet(u64);

impl ReasonSet {
    /// Adds a reason where a condition holds.
    pub(crate) const fn when(self, condition: bool, reason: Reason) -> Self {
        if condition { Self(self.0 | 1 << reason as u8) } else { self }
    }

    /// Whether the set holds nothing.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Joins two sets.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the reasons, in the order of the table.
    pub(crate) fn iter(self) -> impl Iterator<Item = Reason> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let reason = Reason::ALL.get(left.trailing_zeros() as usize)?;
            left &= left.wrapping_sub(1);
            Some(*reason)
        })
    }
}

/// What speaks for and against an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// What gives the account the address, whatever speaks against it.
    pub(crate) basis: Option<Basis>,
    /// What speaks against it; empty only with a basis.
    pub(crate) reasons: ReasonSet,
}

impl Judgement {
    /// Whether the address is authorised.
    pub(crate) const fn passes(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Judges whether the address is authorised (docs/semantics.md 4).
pub(crate) fn authorise(facts: &AddressFacts, proof: Proof) -> Judgement {
    let basis = grant(facts, proof, facts.protected);
    let refusals = ReasonSet::default()
        .when(facts.identity_refused, Reason::IdentityRefused)
        .when(facts.identity_withdrawn, Reason::IdentityWithdrawn);
    let failing = ReasonSet::default()
        .when(facts.domain_inactive, Reason::DomainInactive)
        .when(facts.denied, Reason::AddressDenied);
    if let Some(basis) = basis {
        let reasons = if basis == Basis::OwnAddress { failing } else { failing.union(refusals) };
        return Judgement { basis: Some(basis), reasons };
    }
    let reasons = failing.union(refusals).union(causes(facts, proof));
    let reasons = reasons.when(reasons.is_empty(), Reason::AddressNotOwned);
    Judgement { basis: None, reasons }
}

/// Whether the address is another tenant's (docs/semantics.md 5.1).
pub(crate) const fn of_another_tenant(facts: &AddressFacts) -> bool {
    let domain = facts.domain_of_another_tenant && !facts.consent && !facts.consent_sub;
    (facts.own_of_another_tenant || domain) && !facts.own_exact && !facts.own_proof
}

/// What grants the address, given whether it is protected from rights that are not exact.
fn grant(facts: &AddressFacts, proof: Proof, protected: bool) -> Option<Basis> {
    let exact = facts.own_exact || facts.identity_exact;
    let reaches = exact || !protected;
    let own = facts.own_exact || facts.own_sub && reaches;
    let identity = facts.identity_exact || facts.identity_sub && reaches;
    let domain = facts.domain && reaches;
    if own {
        return Some(Basis::OwnAddress);
    }
    match proof {
        Proof::Identity | Proof::Either if identity => Some(Basis::Identity),
        Proof::Domain | Proof::Either if domain => Some(Basis::Domain),
        Proof::Both if identity && domain => Some(Basis::IdentityAndDomain),
        Proof::Identity | Proof::Domain | Proof::Either | Proof::Both => None,
    }
}

/// Why no grant satisfies `proof` (docs/semantics.md 4.10).
fn causes(facts: &AddressFacts, proof: Proof) -> ReasonSet {
    let exact = facts.own_exact || facts.identity_exact;
    let reaches = exact || !facts.protected;
    let both = proof == Proof::Both;
    let asks_identity = proof != Proof::Domain && !(both && (facts.identity_exact || facts.identity_sub && reaches));
    let asks_domain = proof != Proof::Identity && !(both && facts.domain && reaches);
    let protected = facts.protected && grant(facts, proof, false).is_some();
    let mut set = ReasonSet::default()
        .when(facts.own_unproved, Reason::OwnAddressUnproved)
        .when(protected, Reason::AddressProtected);
    if asks_identity {
        set = set
            .when(facts.identity_pending, Reason::IdentityPending)
            .when(facts.identity_unproved, Reason::IdentityUnproved)
            .when(facts.identity_not_listed, Reason::AccountNotListed)
            .when(facts.role_not_permitted, Reason::RoleNotPermitted);
    }
    if asks_domain {
        set = set
            .when(facts.domain_pending, Reason::DomainPending)
            .when(facts.domain_suspended, Reason::DomainSuspended)
            .when(facts.domain_not_approved, Reason::DomainNotApproved)
            .when(facts.domain_not_listed, Reason::AccountNotListed)
            .when(facts.subdomain_not_covered, Reason::SubdomainNotCovered);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_fact_wins_over_a_grant() {
        let facts = AddressFacts { own_exact: true, denied: true, ..AddressFacts::default() };
        let judgement = authorise(&facts, Proof::Either);
        assert_eq!(judgement.basis, Some(Basis::OwnAddress));
        assert!(judgement.reasons.iter().any(|reason| reason == Reason::AddressDenied));
        assert!(!judgement.passes());
    }

    #[test]
    fn nothing_known_is_not_owned() {
        let judgement = authorise(&AddressFacts::default(), Proof::Both);
        assert!(judgement.reasons.iter().eq([Reason::AddressNotOwned]));
    }

    #[test]
    fn a_domain_right_does_not_cover_a_protected_address() {
        let facts = AddressFacts { domain: true, protected: true, ..AddressFacts::default() };
        assert!(authorise(&facts, Proof::Domain).reasons.iter().eq([Reason::AddressProtected]));
        let exact = AddressFacts { identity_exact: true, ..facts };
        assert_eq!(authorise(&exact, Proof::Domain).basis, Some(Basis::Domain));
    }
}
