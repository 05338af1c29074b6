//! The rules of docs/semantics.md 4 and 5: from the facts about an address to what speaks for and against it.
//!
//! Nothing here looks anything up, and nothing depends on an order: grants are united, a failing fact wins over any grant.

use crate::decision::Basis;
use crate::gather::{AddressFacts, Fact};
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

/// What speaks against an address whatever grants it, save that an own address needs no identity.
const FAILING: AddressFacts =
    AddressFacts::of(&[Fact::IdentityRefused, Fact::IdentityWithdrawn, Fact::DomainInactive, Fact::Denied]);
/// What makes an address another tenant's.
const THEIRS: AddressFacts = AddressFacts::of(&[Fact::OwnOfAnotherTenant, Fact::DomainOfAnotherTenant]);
/// What makes it one's own for all that.
const OURS: AddressFacts = AddressFacts::of(&[Fact::OwnExact, Fact::OwnProof]);
/// What makes it the account's own address.
const OWN: AddressFacts = AddressFacts::of(&[Fact::OwnExact, Fact::OwnSub]);
/// What makes it one of the identities that the account may use.
const IDENTITY: AddressFacts = AddressFacts::of(&[Fact::IdentityExact, Fact::IdentitySub]);
/// Whose owner let it be used.
const CONSENT: AddressFacts = AddressFacts::of(&[Fact::Consent, Fact::ConsentSub]);

/// Judges whether the address is authorised (docs/semantics.md 4).
#[inline]
pub(crate) fn authorise(facts: AddressFacts, proof: Proof) -> Judgement {
    let basis = grant(facts, proof, facts.has(Fact::Protected));
    if basis.is_some() && !facts.has_any(FAILING) {
        return Judgement { basis, reasons: ReasonSet::default() };
    }
    refuse(facts, proof, basis)
}

/// Names what speaks against an address, whether something gives it or not.
#[inline(never)]
fn refuse(facts: AddressFacts, proof: Proof, basis: Option<Basis>) -> Judgement {
    let refusals = ReasonSet::default()
        .when(facts.has(Fact::IdentityRefused), Reason::IdentityRefused)
        .when(facts.has(Fact::IdentityWithdrawn), Reason::IdentityWithdrawn);
    let failing = ReasonSet::default()
        .when(facts.has(Fact::DomainInactive), Reason::DomainInactive)
        .when(facts.has(Fact::Denied), Reason::AddressDenied);
    if let Some(basis) = basis {
        let reasons = if basis == Basis::OwnAddress { failing } else { failing.union(refusals) };
        return Judgement { basis: Some(basis), reasons };
    }
    let reasons = failing.union(refusals).union(causes(facts, proof));
    let reasons = reasons.when(reasons.is_empty(), Reason::AddressNotOwned);
    Judgement { basis: None, reasons }
}

/// Whether the address is another tenant's (docs/semantics.md 5.1).
#[inline]
pub(crate) const fn of_another_tenant(facts: AddressFacts) -> bool {
    if !facts.has_any(THEIRS) || facts.has_any(OURS) {
        return false;
    }
    facts.has(Fact::OwnOfAnotherTenant) || !facts.has_any(CONSENT)
}

/// What grants the address, given whether it is protected from rights that are not exact.
#[inline]
fn grant(facts: AddressFacts, proof: Proof, protected: bool) -> Option<Basis> {
    if protected && !facts.has_any(AddressFacts::EXACT) {
        return None;
    }
    if facts.has_any(OWN) {
        return Some(Basis::OwnAddress);
    }
    let (identity, domain) = (facts.has_any(IDENTITY), facts.has(Fact::Domain));
    match proof {
        Proof::Identity | Proof::Either if identity => Some(Basis::Identity),
        Proof::Domain | Proof::Either if domain => Some(Basis::Domain),
        Proof::Both if identity && domain => Some(Basis::IdentityAndDomain),
        Proof::Identity | Proof::Domain | Proof::Either | Proof::Both => None,
    }
}

/// Why no grant satisfies `proof` (docs/semantics.md 4.10).
fn causes(facts: AddressFacts, proof: Proof) -> ReasonSet {
    let reaches = facts.has_any(AddressFacts::EXACT) || !facts.has(Fact::Protected);
    let both = proof == Proof::Both;
    let has_identity = facts.has(Fact::IdentityExact) || facts.has(Fact::IdentitySub) && reaches;
    let asks_identity = proof != Proof::Domain && !(both && has_identity);
    let asks_domain = proof != Proof::Identity && !(both && facts.has(Fact::Domain) && reaches);
    let protected = facts.has(Fact::Protected) && grant(facts, proof, false).is_some();
    let mut set = ReasonSet::default()
        .when(facts.has(Fact::OwnUnproved), Reason::OwnAddressUnproved)
        .when(protected, Reason::AddressProtected);
    if asks_identity {
        set = set
            .when(facts.has(Fact::IdentityPending), Reason::IdentityPending)
            .when(facts.has(Fact::IdentityUnproved), Reason::IdentityUnproved)
            .when(facts.has(Fact::IdentityNotListed), Reason::AccountNotListed)
            .when(facts.has(Fact::RoleNotPermitted), Reason::RoleNotPermitted);
    }
    if asks_domain {
        set = set
            .when(facts.has(Fact::DomainPending), Reason::DomainPending)
            .when(facts.has(Fact::DomainSuspended), Reason::DomainSuspended)
            .when(facts.has(Fact::DomainNotApproved), Reason::DomainNotApproved)
            .when(facts.has(Fact::DomainNotListed), Reason::AccountNotListed)
            .when(facts.has(Fact::SubdomainNotCovered), Reason::SubdomainNotCovered);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_fact_wins_over_a_grant() {
        let judgement = authorise(AddressFacts::of(&[Fact::OwnExact, Fact::Denied]), Proof::Either);
        assert_eq!(judgement.basis, Some(Basis::OwnAddress));
        assert!(judgement.reasons.iter().any(|reason| reason == Reason::AddressDenied));
        assert!(!judgement.passes());
    }

    #[test]
    fn an_own_address_needs_no_identity() {
        let refused = AddressFacts::of(&[Fact::OwnExact, Fact::IdentityRefused]);
        assert!(authorise(refused, Proof::Both).passes());
    }

    #[test]
    fn nothing_known_is_not_owned() {
        let judgement = authorise(AddressFacts::default(), Proof::Both);
        assert!(judgement.reasons.iter().eq([Reason::AddressNotOwned]));
    }

    #[test]
    fn a_domain_right_does_not_cover_a_protected_address() {
        let facts = AddressFacts::of(&[Fact::Domain, Fact::Protected]);
        assert!(authorise(facts, Proof::Domain).reasons.iter().eq([Reason::AddressProtected]));
        let exact = AddressFacts::of(&[Fact::Domain, Fact::Protected, Fact::IdentityExact]);
        assert_eq!(authorise(exact, Proof::Domain).basis, Some(Basis::Domain));
    }
}
