//! What the identities of the account, its tenant and those above give it (docs/semantics.md 4.4).

use crate::address::octet;
use crate::observer::{Note, Observer};
use crate::snapshot::compare::Rule;
use crate::snapshot::hash::Hash;
use crate::snapshot::index::{Candidates, Home};
use crate::snapshot::layout::{Read, Word};
use crate::snapshot::page::{PageView, rule};
use crate::snapshot::root::reaches;
use crate::snapshot::rows::{IdentityRow, identity, tenant};

use super::{Fact, Gatherer};

/// The identities with consent that the account may use for the address: they open other accounts' own addresses.
///
/// Each is the address's local part up to some octet, so that its length tells which.
#[derive(Default)]
pub(super) struct Consented(u128);

impl Consented {
    fn add(&mut self, identity: &[u8]) {
        self.0 |= Self::bit(identity);
    }

    pub(super) fn opens(&self, own: &[u8], local: &[u8]) -> bool {
        self.0 & Self::bit(own) != 0 && local.get(..own.len()).is_some_and(|start| octet::same_but_for_case(start, own))
    }

    fn bit(identity: &[u8]) -> u128 {
        u32::try_from(identity.len()).ok().and_then(|length| 1_u128.checked_shl(length)).unwrap_or(0)
    }
}

/// A tenant whose identities count.
struct Holder<'p> {
    page: PageView<'p>,
    number: u32,
    /// How it compares local parts of the address's domain.
    rule: Rule,
}

impl<O: Observer> Gatherer<'_, '_, O> {
    /// Enters those of the account's tenant, and of those above.
    #[inline]
    pub(super) fn identities(&mut self) -> Read<()> {
        let asker = self.asker;
        self.identities_of(&Holder { page: asker.page, number: asker.link.page, rule: self.own_rule })?;
        if asker.inherits_identities() { self.identities_above() } else { Ok(()) }
    }

    #[inline(never)]
    fn identities_above(&mut self) -> Read<()> {
        for &number in self.asker.identity_holders().iter().skip(1) {
            let page = self.asker.root.page(number)?;
            self.identities_of(&Holder { page, number, rule: rule(page.closest(self.target)?) })?;
        }
        Ok(())
    }

    /// Enters those of one tenant, and those of the account if the tenant is its own.
    #[inline(always)]
    fn identities_of(&mut self, holder: &Holder<'_>) -> Read<()> {
        let index = holder.page.head().identity_index();
        if index.count == 0 {
            return Ok(());
        }
        self.facts.enter_if(holder.rule.exact_case, Fact::CaseTells);
        let local = self.target.local;
        let hash = self.target.hash_of(local, holder.rule.exact_case);
        let mut home = Home::of(holder.page.bytes(), index, hash)?;
        while let Some([word]) = home.next() {
            self.identity(holder, word, local)?;
        }
        if home.is_elsewhere() {
            self.identities_elsewhere(holder, hash, local)?;
        }
        if holder.rule.separators.is_empty() { Ok(()) } else { self.identities_of_base(holder) }
    }

    /// Enters those of what the address is a sub-address of.
    #[inline(never)]
    fn identities_of_base(&mut self, holder: &Holder<'_>) -> Read<()> {
        let Some(base) = holder.rule.sub_address_base(self.target.local) else { return Ok(()) };
        let (page, hash) = (holder.page, self.target.hash_of(base, holder.rule.exact_case));
        let mut home = Home::of(page.bytes(), page.head().identity_index(), hash)?;
        while let Some([word]) = home.next() {
            self.identity_apart(holder, word, base)?;
        }
        if home.is_elsewhere() { self.identities_elsewhere(holder, hash, base) } else { Ok(()) }
    }

    /// Enters those that stand in further groups and, where many hold the address, under their holder too.
    #[inline(never)]
    fn identities_elsewhere(&mut self, holder: &Holder<'_>, hash: Hash, local: &[u8]) -> Read<()> {
        let (bytes, index) = (holder.page.bytes(), holder.page.head().identity_index());
        let mut behind = Candidates::behind(bytes, index, hash)?;
        while let Some([word]) = behind.next()? {
            self.identity_apart(holder, word, local)?;
        }
        if !behind.is_crowded() {
            return Ok(());
        }
        let under = |hash| Candidates::<1>::start(bytes, index, hash);
        for held_by in [0, self.asker.link.record] {
            let mut apart = under(hash.with(held_by))?;
            while let Some([word]) = apart.next()? {
                // What stands together was entered, and may be found here by chance.
                let (mut together, mut is_new) =
                    (under(hash)?, holder.page.record::<IdentityRow<'_>>(word)?.holder()? == held_by);
                while let Some([entered]) = together.next()? {
                    is_new &= entered != word;
                }
                if is_new {
                    self.identity_apart(holder, word, local)?;
                }
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn identity_apart(&mut self, holder: &Holder<'_>, word: Word, local: &[u8]) -> Read<()> {
        self.identity(holder, word, local)
    }

    /// Enters the identity at a word, if the tenant or its account holds it and it has this local part.
    #[inline(always)]
    fn identity(&mut self, holder: &Holder<'_>, word: Word, local: &[u8]) -> Read<()> {
        let (asker, &Holder { page, number, rule }) = (self.asker, holder);
        let row: IdentityRow<'_> = page.record(word)?;
        let held_by = row.holder()?;
        let is_held = held_by == 0 || held_by == asker.link.record && number == asker.link.page;
        if !is_held || !octet::same(row.domain()?, self.target.domain) || !rule.same(local, row.local()?) {
            return Ok(());
        }
        self.entered(holder, row, local.len() == self.target.local.len())
    }

    /// Enters an identity that is for the address: exactly, or for what it is a sub-address of.
    #[inline(always)]
    fn entered(&mut self, holder: &Holder<'_>, row: IdentityRow<'_>, exact: bool) -> Read<()> {
        let (asker, &Holder { page, number, .. }) = (self.asker, holder);
        let flags = row.flags();
        let has = |flag: u32| flags & flag != 0;
        if has(identity::AGAINST) {
            self.facts.enter_if(has(identity::REFUSED), Fact::IdentityRefused);
            self.facts.enter_if(has(identity::WITHDRAWN), Fact::IdentityWithdrawn);
            self.observer.note(|| Note::Identity { row, exact, counts: false, usable: false });
            return Ok(());
        }
        let verified = has(identity::VERIFIED);
        let proved = verified
            && (has(identity::PROVED)
                || page.has(tenant::ADMIN_VOUCHES)
                || has(identity::PROVED_ABOVE) && reaches(asker.root, page, number, self.target)?);
        let grandfathered = has(identity::GRANDFATHERED) && asker.clock.is_before(page.head().grandfathered_until()?);
        let counts = has(identity::GIVEN) || proved || grandfathered;
        let (mut listed, mut permitted) = (has(identity::ANY_SENDER), has(identity::ANY_ROLE));
        if let Some(extra) = row.extra()? {
            listed = listed || page.lists_account(extra.senders(), asker.account, number == asker.link.page)?;
            permitted = permitted || asker.role_on(page, extra.roles())?;
        }
        let usable = listed && permitted;
        self.observer.note(|| Note::Identity { row, exact, counts, usable });
        if counts && usable {
            self.facts.enter(if exact { Fact::IdentityExact } else { Fact::IdentitySub });
            if has(identity::GIVEN) {
                if exact {
                    self.facts.enter(Fact::Consent);
                } else if self.separates(page, number)? {
                    self.facts.enter(Fact::ConsentSub);
                }
                self.consented.add(row.local()?);
            }
        } else if counts {
            self.facts.enter_if(!listed, Fact::IdentityNotListed);
            self.facts.enter_if(!permitted, Fact::RoleNotPermitted);
        } else {
            self.facts.enter(if verified { Fact::IdentityUnproved } else { Fact::IdentityPending });
        }
        Ok(())
    }

    /// Whether an entry that gives the tenant's local parts their separator reaches the address.
    #[inline(never)]
    fn separates(&self, page: PageView<'_>, number: u32) -> Read<bool> {
        match page.closest(self.target)? {
            Some(row) if row.name()? == self.target.domain => Ok(true),
            Some(_) => reaches(self.asker.root, page, number, self.target),
            None => Ok(false),
        }
    }
}
