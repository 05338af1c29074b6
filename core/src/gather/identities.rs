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

/// The identities with consent that the account may use for what the address is a sub-address of: they open other accounts'
/// own addresses, as one for exactly the address does.
///
/// Each is the address's local part up to some octet, so that its length tells which.
#[derive(Default)]
pub(super) struct Consented(u128);

impl Consented {
    const fn add(&mut self, length: usize) {
        self.0 |= Self::bit(length);
    }

    pub(super) const fn has(&self, length: usize) -> bool {
        self.0 & Self::bit(length) != 0
    }

    const fn bit(length: usize) -> u128 {
        if length < 128 { 1 << length } else { 0 }
    }
}

impl<O: Observer, const UNDISPUTED: bool> Gatherer<'_, '_, O, UNDISPUTED> {
    /// Enters those of the account's tenant, and of those above.
    #[inline(always)]
    pub(super) fn identities(&mut self) -> Read<()> {
        let asker = self.asker;
        self.identities_of((&asker.page, asker.link.page), self.own_rule())?;
        if !UNDISPUTED && asker.inherits_identities() { self.identities_above() } else { Ok(()) }
    }

    #[inline(never)]
    fn identities_above(&mut self) -> Read<()> {
        for &number in self.asker.identity_holders().iter().skip(1) {
            let page = self.asker.root.page(number)?;
            self.identities_of((&page, number), rule(page.closest(self.target)?))?;
        }
        Ok(())
    }

    /// Enters those of one tenant, which compares local parts by this rule, and those of the account if the tenant is its own.
    #[inline(always)]
    fn identities_of(&mut self, (page, number): (&PageView<'_>, u32), rule: Rule) -> Read<()> {
        let target = self.target;
        let hash = if rule.exact_case { target.hash_of(target.local, true) } else { target.folded_hash() };
        let (index, local) = (page.head().identity_index(), target.local);
        if index.count == 0 {
            return Ok(());
        }
        self.facts.enter_if(rule.exact_case, Fact::CaseTells);
        let home = Home::of(page.bytes(), index, hash)?;
        if let Some([word]) = home.first() {
            self.identity((page, number), rule, word, local)?;
        }
        if home.has_more() {
            self.further_identities((page, number), rule, hash, local)?;
        }
        if rule.separators.is_empty() { Ok(()) } else { self.identities_of_base((page, number), rule) }
    }

    /// Enters those of what the address is a sub-address of.
    #[inline(never)]
    fn identities_of_base(&mut self, (page, number): (&PageView<'_>, u32), rule: Rule) -> Read<()> {
        let Some(base) = rule.sub_address_base(self.target.local) else { return Ok(()) };
        let hash = self.target.hash_of(base, rule.exact_case);
        let home = Home::of(page.bytes(), page.head().identity_index(), hash)?;
        if let Some([word]) = home.first() {
            self.identity_apart((page, number), rule, word, base)?;
        }
        if home.has_more() { self.further_identities((page, number), rule, hash, base) } else { Ok(()) }
    }

    /// Enters those that stand behind the first one, in further groups and, where many hold the address, under their holder.
    #[inline(never)]
    fn further_identities(
        &mut self,
        (page, number): (&PageView<'_>, u32),
        rule: Rule,
        hash: Hash,
        local: &[u8],
    ) -> Read<()> {
        let (bytes, index) = (page.bytes(), page.head().identity_index());
        let mut further = Candidates::behind_first(bytes, index, hash)?;
        while let Some([word]) = further.next()? {
            self.identity_apart((page, number), rule, word, local)?;
        }
        if !further.is_crowded() {
            return Ok(());
        }
        let under = |hash| Candidates::<1>::start(bytes, index, hash);
        for held_by in [0, self.asker.link.record] {
            let mut apart = under(hash.with(held_by))?;
            while let Some([word]) = apart.next()? {
                // What stands together was entered, and may be found here by chance.
                let (mut together, mut is_new) =
                    (under(hash)?, page.record::<IdentityRow<'_>>(word)?.holder()? == held_by);
                while let Some([entered]) = together.next()? {
                    is_new &= entered != word;
                }
                if is_new {
                    self.identity_apart((page, number), rule, word, local)?;
                }
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn identity_apart(&mut self, of: (&PageView<'_>, u32), rule: Rule, word: Word, local: &[u8]) -> Read<()> {
        self.identity(of, rule, word, local)
    }

    /// Enters the identity at a word, if the tenant or its account holds it and it has this local part.
    #[inline(always)]
    fn identity(&mut self, (page, number): (&PageView<'_>, u32), rule: Rule, word: Word, local: &[u8]) -> Read<()> {
        let (asker, target) = (self.asker, self.target);
        let row: IdentityRow<'_> = page.record(word)?;
        let held_by = row.holder()?;
        // Who holds it and how long it is are told at once: nearly all that are found are held by one of the two.
        let is_held = (held_by == 0) | (held_by == asker.link.record) & (number == asker.link.page);
        let (of_local, of_domain) = row.lengths();
        let is_as_long = (of_local == local.len()) & (of_domain == target.domain.len());
        if !(is_held & is_as_long) || !octet::same(row.domain()?, target.domain) || !rule.same(local, row.local()?) {
            return Ok(());
        }
        self.enter_identity((page, number), row, local.len() == target.local.len())
    }

    /// Enters an identity that is for the address: exactly, or for what it is a sub-address of.
    #[inline(always)]
    fn enter_identity(&mut self, (page, number): (&PageView<'_>, u32), row: IdentityRow<'_>, exact: bool) -> Read<()> {
        let asker = self.asker;
        let flags = row.flags();
        let has = |flag: u32| flags & flag != 0;
        if has(identity::AGAINST) {
            self.facts.enter_if(has(identity::REFUSED), Fact::IdentityRefused);
            self.facts.enter_if(has(identity::WITHDRAWN), Fact::IdentityWithdrawn);
            self.observer.note(|| Note::Identity { row, exact, counts: false, usable: false });
            return Ok(());
        }
        // Then the entry that proves it is the tenant's own proof of the domain, and need not be found for that.
        self.facts.enter_if(has(identity::PROVED) && number == asker.link.page, Fact::OwnProof);
        let (given, verified) = (has(identity::GIVEN), has(identity::VERIFIED));
        let counts = given | verified & has(identity::PROVED) || self.counts_otherwise((page, number), flags)?;
        let (mut listed, mut permitted) = (true, true);
        if flags & identity::ANY != identity::ANY {
            (listed, permitted) = (has(identity::ANY_SENDER), has(identity::ANY_ROLE));
            if let Some(extra) = row.extra()? {
                listed = listed || page.lists_account(extra.senders(), asker.account, number == asker.link.page)?;
                permitted = permitted || asker.role_on(*page, extra.roles())?;
            }
        }
        let usable = listed && permitted;
        self.observer.note(|| Note::Identity { row, exact, counts, usable });
        if counts && usable {
            self.facts.enter(if exact { Fact::IdentityExact } else { Fact::IdentitySub });
            self.facts.enter_if(given & exact, Fact::Consent);
            if !exact && given {
                self.facts.enter_if(self.separates(page, number)?, Fact::ConsentSub);
                self.consented.add(row.lengths().0);
            }
        } else if counts {
            self.facts.enter_if(!listed, Fact::IdentityNotListed);
            self.facts.enter_if(!permitted, Fact::RoleNotPermitted);
        } else {
            self.facts.enter(if verified { Fact::IdentityUnproved } else { Fact::IdentityPending });
        }
        Ok(())
    }

    /// Whether an identity counts that has neither consent nor a proof at its domain: by its tenant's word, by an entry above or
    /// for a time.
    #[inline(never)]
    fn counts_otherwise(&self, (page, number): (&PageView<'_>, u32), flags: u32) -> Read<bool> {
        let has = |flag: u32| flags & flag != 0;
        let asker = self.asker;
        let proved = has(identity::VERIFIED)
            && (page.has(tenant::ADMIN_VOUCHES)
                || has(identity::PROVED_ABOVE) && reaches(asker.root, *page, number, self.target)?);
        Ok(proved || has(identity::GRANDFATHERED) && asker.clock.is_before(page.head().grandfathered_until()?))
    }

    /// Whether an entry that gives the tenant's local parts their separator reaches the address.
    #[inline(never)]
    fn separates(&self, page: &PageView<'_>, number: u32) -> Read<bool> {
        match page.closest(self.target)? {
            Some(row) if row.name()? == self.target.domain => Ok(true),
            Some(_) => reaches(self.asker.root, *page, number, self.target),
            None => Ok(false),
        }
    }
}
