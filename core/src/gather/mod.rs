//! Everything the snapshot says about one address and one account, before anything is decided.

mod denied;
mod domains;
mod identities;
mod others;

use crate::locate::Asker;
use crate::observer::{Note, Observer};
use crate::policy::Proof;
use crate::snapshot::compare::Rule;
use crate::snapshot::layout::Read;
use crate::snapshot::page::rule;
use crate::snapshot::root::reaches;
use crate::snapshot::rows::{DomainRow, account};
use crate::snapshot::target::Target;

use self::identities::Consented;

/// What is known about one address for one account. Each member answers one question of docs/semantics.md 4 and 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each found or not")]
pub(crate) struct AddressFacts {
    /// It is the account's own address, which counts.
    pub(crate) own_exact: bool,
    /// It is a sub-address of the account's own address, which counts.
    pub(crate) own_sub: bool,
    /// It is the own address or a sub-address of it, which does not count.
    pub(crate) own_unproved: bool,
    /// A counting usable identity is exactly this address.
    pub(crate) identity_exact: bool,
    /// A counting usable identity is the base of this address.
    pub(crate) identity_sub: bool,
    /// A usable identity of exactly this address has the mailbox owner's consent.
    pub(crate) consent: bool,
    /// A usable identity of its base has it, by a separator that the identity's tenant has a proof to give.
    pub(crate) consent_sub: bool,
    /// An identity for it, or its base, ... and why it does not help:
    pub(crate) identity_refused: bool,
    pub(crate) identity_withdrawn: bool,
    pub(crate) identity_pending: bool,
    pub(crate) identity_unproved: bool,
    pub(crate) identity_not_listed: bool,
    pub(crate) role_not_permitted: bool,
    /// A usable domain in scope names the account, or any.
    pub(crate) domain: bool,
    /// A domain in scope ... and why it does not help:
    pub(crate) domain_pending: bool,
    pub(crate) domain_suspended: bool,
    pub(crate) domain_inactive: bool,
    pub(crate) domain_not_approved: bool,
    pub(crate) domain_not_listed: bool,
    /// An entry stands above the address, and none has it in scope.
    pub(crate) subdomain_not_covered: bool,
    /// The tenant, itself or by inheritance, has its own proof of the domain.
    pub(crate) own_proof: bool,
    /// A deny entry names it.
    pub(crate) denied: bool,
    /// It is another account's counted own address in widest form, and no consent or setting opens it.
    pub(crate) protected: bool,
    /// It is the counted own address of an account of another tenant in widest form, whose owner did not consent.
    pub(crate) own_of_another_tenant: bool,
    /// Its domain is held by another tenant.
    pub(crate) domain_of_another_tenant: bool,
    /// It is the counted own address of some account, or its domain is held by some tenant.
    pub(crate) hosted: bool,
}

/// How much is gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What this proof setting can still turn on: an exact grant leaves out what only explains or only opens others.
    Enough(Proof),
    /// Everything there is.
    Everything,
}

impl Depth {
    /// Whether the grants found so far make it needless to know which domains would grant the address too.
    fn needs_no_domain(self, facts: &AddressFacts) -> bool {
        match self {
            Self::Everything => false,
            Self::Enough(Proof::Identity | Proof::Either) => facts.own_exact || facts.identity_exact,
            Self::Enough(Proof::Domain | Proof::Both) => facts.own_exact,
        }
    }

    /// Whether they make it needless to know who else holds the address.
    fn needs_no_others(self, facts: &AddressFacts) -> bool {
        self != Self::Everything && (facts.own_exact || facts.identity_exact && facts.consent)
    }
}

/// Gathers the facts about an address.
pub(crate) fn gather<O: Observer>(
    asker: &Asker<'_>,
    target: &Target<'_>,
    depth: Depth,
    observer: &mut O,
) -> Read<AddressFacts> {
    let named = asker.page.entry_named(target)?;
    let closest = asker.page.closest_given(named, target)?;
    let mut gatherer = Gatherer {
        asker,
        target,
        named,
        closest,
        own_rule: rule(closest),
        consented: Consented::default(),
        facts: AddressFacts::default(),
        observer,
    };
    gatherer.own_address()?;
    if !(gatherer.facts.own_exact && depth != Depth::Everything) {
        gatherer.identities()?;
    }
    gatherer.domains(depth)?;
    if !depth.needs_no_others(&gatherer.facts) {
        gatherer.others()?;
    }
    gatherer.denied()?;
    Ok(gatherer.facts)
}

/// The facts about one address so far, and what they are gathered with.
struct Gatherer<'g, 's, O> {
    asker: &'g Asker<'s>,
    target: &'g Target<'g>,
    /// The own tenant's entry of exactly the address's domain.
    named: Option<DomainRow<'s>>,
    /// The own tenant's entry whose rules its local parts compare by.
    closest: Option<DomainRow<'s>>,
    own_rule: Rule,
    consented: Consented,
    facts: AddressFacts,
    observer: &'g mut O,
}

impl<O: Observer> Gatherer<'_, '_, O> {
    /// Whether the address is the account's own, and whether that counts (docs/semantics.md 4.3).
    fn own_address(&mut self) -> Read<()> {
        let (account, target) = (self.asker.account, self.target);
        let flags = account.flags();
        if flags & account::HAS_ADDRESS == 0 || account.domain()? != target.domain {
            return Ok(());
        }
        let (own, rule) = (account.local()?, self.own_rule);
        let exact = rule.same(target.local, own);
        let sub = !exact && rule.sub_address_base(target.local).is_some_and(|base| rule.same(base, own));
        if !exact && !sub {
            return Ok(());
        }
        let counted = flags & account::COUNTED != 0
            || flags & account::COUNTED_ABOVE != 0
                && reaches(self.asker.root, self.asker.page, self.asker.link.page, target)?;
        self.facts.own_exact = exact && counted;
        self.facts.own_sub = sub && counted;
        self.facts.own_unproved = !counted;
        self.observer.note(|| Note::OwnAddress { exact, counted });
        Ok(())
    }
}
