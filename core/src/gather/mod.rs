//! Everything the snapshot says about one address and one account, before anything is decided.

mod denied;
mod domains;
mod facts;
mod identities;
mod others;

use crate::address::octet;
use crate::locate::Asker;
use crate::observer::{Note, Observer};
use crate::policy::Proof;
use crate::snapshot::compare::Rule;
use crate::snapshot::layout::Read;
use crate::snapshot::page::rule;
use crate::snapshot::root::reaches;
use crate::snapshot::rows::{DomainRow, account, tenant};
use crate::snapshot::target::Target;

use self::identities::Consented;

pub(crate) use self::facts::{AddressFacts, Fact};

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
    #[inline]
    fn needs_no_domain(self, facts: AddressFacts) -> bool {
        let enough = match self {
            Self::Everything => const { AddressFacts::of(&[]) },
            Self::Enough(Proof::Identity | Proof::Either) => AddressFacts::EXACT,
            Self::Enough(Proof::Domain | Proof::Both) => const { AddressFacts::of(&[Fact::OwnExact]) },
        };
        facts.has_any(enough)
    }

    /// Whether they make it needless to know who else holds the address.
    #[inline]
    fn needs_no_others(self, facts: AddressFacts) -> bool {
        // Nothing protects others from an exact grant but that the address is another tenant's, and from that either excuses.
        let excused = facts.has_any(const { AddressFacts::of(&[Fact::Consent, Fact::OwnProof]) });
        self != Self::Everything && (facts.has(Fact::OwnExact) || facts.has(Fact::IdentityExact) && excused)
    }
}

/// Gathers the facts about an address.
pub(crate) fn gather<O: Observer>(
    asker: &Asker<'_>,
    target: &Target<'_>,
    depth: Depth,
    observer: &mut O,
) -> Read<AddressFacts> {
    if asker.page.has(tenant::UNDISPUTED) {
        Gatherer::<O, true>::new(asker, target, depth, observer).gather()
    } else {
        gather_disputed(asker, target, depth, observer)
    }
}

#[inline(never)]
fn gather_disputed<O: Observer>(
    asker: &Asker<'_>,
    target: &Target<'_>,
    depth: Depth,
    observer: &mut O,
) -> Read<AddressFacts> {
    Gatherer::<O, false>::new(asker, target, depth, observer).gather()
}

/// The facts about one address so far, and what they are gathered with.
///
/// `UNDISPUTED` is what [`tenant::UNDISPUTED`] says of the own tenant: no entry of it tells how local parts compare, reaches
/// further than its name, or speaks against an address that something gives, and no tenant is above. What would ask for
/// that is left out when compiling.
struct Gatherer<'g, 's, O, const UNDISPUTED: bool> {
    asker: &'g Asker<'s>,
    target: &'g Target<'g>,
    depth: Depth,
    /// The flags of the own tenant's entry whose rules its local parts compare by, if there is one.
    closest: u32,
    own_rule: Rule,
    consented: Consented,
    facts: AddressFacts,
    observer: &'g mut O,
}

impl<'g, 's, O: Observer, const UNDISPUTED: bool> Gatherer<'g, 's, O, UNDISPUTED> {
    #[inline(always)]
    fn new(asker: &'g Asker<'s>, target: &'g Target<'g>, depth: Depth, observer: &'g mut O) -> Self {
        Self {
            asker,
            target,
            depth,
            closest: 0,
            own_rule: Rule::default(),
            consented: Consented::default(),
            facts: AddressFacts::default(),
            observer,
        }
    }

    #[inline(always)]
    fn gather(mut self) -> Read<AddressFacts> {
        // Where nothing is disputed the entries do not tell how local parts compare, and often they need not be found at all.
        let mut named = None;
        if !UNDISPUTED {
            named = self.find_entries()?;
            self.facts.enter_if(self.own_rule.exact_case, Fact::CaseTells);
        }
        self.own_address()?;
        if !(self.facts.has(Fact::OwnExact) && self.depth != Depth::Everything) {
            self.identities()?;
        }
        let (no_domain, no_others) = (self.depth.needs_no_domain(self.facts), self.depth.needs_no_others(self.facts));
        // Where it is settled, nothing that is still to come can matter, save a deny entry.
        if !(UNDISPUTED && no_domain && no_others) {
            if UNDISPUTED {
                named = self.find_entries()?;
            }
            self.domains(named, no_domain)?;
            if !no_others {
                self.others(named)?;
            }
        }
        self.denied()?;
        Ok(self.facts)
    }

    /// How the own tenant's local parts compare.
    #[inline]
    fn own_rule(&self) -> Rule {
        if UNDISPUTED { Rule::default() } else { self.own_rule }
    }

    /// Finds the own tenant's entries for the address, and returns that of exactly its domain.
    #[inline(always)]
    fn find_entries(&mut self) -> Read<Option<DomainRow<'s>>> {
        let page = &self.asker.page;
        let named = page.entry_named(self.target)?;
        match named {
            Some(row) if row.is_in_force() => self.take_rule(row),
            _ if !UNDISPUTED && page.has_subdomains() => self.find_entry_above()?,
            _ => {}
        }
        Ok(named)
    }

    #[inline(never)]
    fn find_entry_above(&mut self) -> Read<()> {
        if let Some(row) = self.asker.page.closest_above(self.target)? {
            self.take_rule(row);
        }
        Ok(())
    }

    #[inline(always)]
    fn take_rule(&mut self, closest: DomainRow<'_>) {
        self.closest = closest.flags();
        if !UNDISPUTED {
            self.own_rule = rule(Some(closest));
        }
    }

    /// Whether the address is the account's own, and whether that counts (docs/semantics.md 4.3).
    #[inline]
    fn own_address(&mut self) -> Read<()> {
        let (account, target) = (self.asker.account, self.target);
        let flags = account.flags();
        if !account.has_address() || !octet::same(account.domain()?, target.domain) {
            return Ok(());
        }
        let (own, rule) = (account.local()?, self.own_rule());
        let exact = rule.same(target.local, own);
        let sub = !exact && rule.sub_address_base(target.local).is_some_and(|base| rule.same(base, own));
        if !exact && !sub {
            return Ok(());
        }
        let counted = flags & account::COUNTED != 0
            || flags & account::COUNTED_ABOVE != 0
                && reaches(self.asker.root, self.asker.page, self.asker.link.page, target)?;
        self.facts.enter(match (counted, exact) {
            (true, true) => Fact::OwnExact,
            (true, false) => Fact::OwnSub,
            (false, _) => Fact::OwnUnproved,
        });
        self.observer.note(|| Note::OwnAddress { exact, counted });
        Ok(())
    }
}
