//! What is known about one address for one account.

use core::num::NonZeroU32;

use crate::address::{CanonicalView, octet};

/// One thing known about an address. Each answers one question of docs/semantics.md 4 and 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fact {
    /// It is the account's own address, which counts.
    OwnExact,
    /// It is a sub-address of the account's own address, which counts.
    OwnSub,
    /// It is the own address or a sub-address of it, which does not count.
    OwnUnproved,
    /// A counting usable identity is exactly this address.
    IdentityExact,
    /// A counting usable identity is the base of this address.
    IdentitySub,
    /// A usable identity of exactly this address has the mailbox owner's consent.
    Consent,
    /// A usable identity of its base has it, by a separator that the identity's tenant has a proof to give.
    ConsentSub,
    /// An identity for it, or its base, was refused.
    IdentityRefused,
    /// ... was withdrawn.
    IdentityWithdrawn,
    /// ... is not verified.
    IdentityPending,
    /// ... is verified, but nothing proves it.
    IdentityUnproved,
    /// ... does not list the account.
    IdentityNotListed,
    /// ... is not for the role.
    RoleNotPermitted,
    /// A usable domain in scope names the account, or any.
    Domain,
    /// A domain in scope is not verified.
    DomainPending,
    /// ... is suspended.
    DomainSuspended,
    /// ... is not active.
    DomainInactive,
    /// ... is not approved.
    DomainNotApproved,
    /// ... does not list the account.
    DomainNotListed,
    /// An entry stands above the address, and none has it in scope.
    SubdomainNotCovered,
    /// The tenant, itself or by inheritance, has its own proof of the domain.
    OwnProof,
    /// A deny entry names it.
    Denied,
    /// It is another account's counted own address in widest form, and no consent or setting opens it.
    Protected,
    /// It is the counted own address of an account of another tenant in widest form, whose owner did not consent.
    OwnOfAnotherTenant,
    /// Its domain is held by another tenant.
    DomainOfAnotherTenant,
    /// It is the counted own address of some account, or its domain is held by some tenant.
    Hosted,
    /// The tenant, or one whose identities count, tells local parts apart by their case.
    CaseTells,
}

/// A set of facts: what is known about one address for one account.
///
/// [`NO_FACT`] is always there: a number that is never 0 leaves room for none, so that facts and what they come to
/// are handed on in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressFacts(NonZeroU32);

/// The bit that is no fact.
const NO_FACT: u32 = 1 << 31;

impl Default for AddressFacts {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl AddressFacts {
    /// What gives exactly the address.
    pub(crate) const EXACT: Self = Self::of(&[Fact::OwnExact, Fact::IdentityExact]);

    /// Makes a set of some facts.
    pub(crate) const fn of(facts: &[Fact]) -> Self {
        let (mut set, mut rest) = (0, facts);
        while let [fact, behind @ ..] = rest {
            set |= 1 << *fact as u32;
            rest = behind;
        }
        Self::new(set)
    }

    #[inline]
    const fn new(set: u32) -> Self {
        match NonZeroU32::new(set | NO_FACT) {
            Some(set) => Self(set),
            None => Self(NonZeroU32::MAX),
        }
    }

    /// Whether a fact is known.
    #[inline]
    pub(crate) const fn has(self, fact: Fact) -> bool {
        self.0.get() & 1 << fact as u32 != 0
    }

    /// Whether one of some facts is known.
    #[inline]
    pub(crate) const fn has_any(self, facts: Self) -> bool {
        self.0.get() & facts.0.get() & !NO_FACT != 0
    }

    /// Whether what is known of one address is known of another: it is the same, or differs in the case of its local part
    /// alone, where that tells nothing.
    #[inline]
    pub(crate) fn hold_for(self, known: CanonicalView<'_>, other: CanonicalView<'_>) -> bool {
        let same = if self.has(Fact::CaseTells) { octet::same } else { octet::same_but_for_case };
        octet::same(known.domain, other.domain) && same(known.local, other.local)
    }

    /// Enters a fact.
    #[inline]
    pub(crate) const fn enter(&mut self, fact: Fact) {
        *self = Self::new(self.0.get() | 1 << fact as u32);
    }

    /// Enters a fact where a condition holds.
    #[inline]
    pub(crate) const fn enter_if(&mut self, condition: bool, fact: Fact) {
        *self = Self::new(self.0.get() | (condition as u32) << fact as u32);
    }
}
