//! What the domains that the account's tenant has, itself or by inheritance, give it (docs/semantics.md 4.5, 4.6).

use crate::observer::{Note, Observer};
use crate::snapshot::layout::Read;
use crate::snapshot::page::PageView;
use crate::snapshot::rows::{DomainRow, domain, tenant};

use super::{Fact, Gatherer};

/// Where entries stand that an address could be in the scope of.
struct Scope {
    reached: bool,
    above: bool,
}

impl<O: Observer, const UNDISPUTED: bool> Gatherer<'_, '_, O, UNDISPUTED> {
    /// Enters the tenant's entry of exactly the address's domain, if it has one, and all others that matter; it may be
    /// `needless` to know what they grant.
    #[inline]
    pub(super) fn domains(&mut self, named: Option<DomainRow<'_>>, needless: bool) -> Read<()> {
        if let Some(row) = named {
            self.domain((&self.asker.page, true), row, needless)?;
        }
        let mut scope = Scope { reached: named.is_some(), above: false };
        if !UNDISPUTED {
            scope = self.domains_further(needless, scope)?;
        }
        // Entries above that do not include their sub-domains only explain a denial.
        if !scope.reached && !needless {
            scope.above |= self.has_domains_not_reaching()?;
        }
        self.facts.enter_if(scope.above && !scope.reached, Fact::SubdomainNotCovered);
        Ok(())
    }

    /// Enters the entries above the address, and those that the tenant inherits.
    fn domains_further(&mut self, needless: bool, mut scope: Scope) -> Read<Scope> {
        let (page, number) = (&self.asker.page, self.asker.link.page);
        if page.has_subdomains() {
            self.domains_above((page, number), needless, &mut scope)?;
        }
        if self.asker.inherits_domains() {
            self.domains_inherited(needless, &mut scope)?;
        }
        Ok(scope)
    }

    #[inline(never)]
    fn domains_inherited(&mut self, needless: bool, scope: &mut Scope) -> Read<()> {
        for &number in self.asker.domain_holders().iter().skip(1) {
            let page = self.asker.root.page(number)?;
            if let Some(row) = page.entry_named(self.target)? {
                scope.reached = true;
                self.domain_apart((&page, false), row, needless)?;
            }
            if page.has_subdomains() {
                self.domains_above((&page, number), needless, scope)?;
            }
        }
        Ok(())
    }

    /// Enters the entries of one tenant above the address that include their sub-domains.
    #[inline(never)]
    fn domains_above(&mut self, (page, number): (&PageView<'_>, u32), needless: bool, scope: &mut Scope) -> Read<()> {
        let (asker, target) = (self.asker, self.target);
        page.domains_above(target, |row| {
            if row.flags() & domain::SUBDOMAINS == 0 {
                return Ok(());
            }
            if asker.root.stops(target, row.name()?, asker.domain_holders())? {
                self.stopped(page, row, scope)
            } else {
                scope.reached = true;
                self.domain_apart((page, number == asker.link.page), row, needless)
            }
        })
    }

    /// Takes note of the entries above the address that do not include their sub-domains, and tells whether there are any.
    #[inline(never)]
    fn has_domains_not_reaching(&mut self) -> Read<bool> {
        let mut above = false;
        for &number in self.asker.domain_holders() {
            self.asker.page_of(number)?.domains_above(self.target, |row| {
                if row.flags() & domain::SUBDOMAINS == 0 {
                    above = true;
                    self.observer.note(|| Note::DomainAbove { row });
                }
                Ok(())
            })?;
        }
        Ok(above)
    }

    /// Enters an entry above the address whose right stops before it.
    fn stopped(&mut self, page: &PageView<'_>, row: DomainRow<'_>, scope: &mut Scope) -> Read<()> {
        if row.flags() & domain::ACTIVE == 0 {
            self.facts.enter(Fact::DomainInactive);
            scope.reached = true;
        }
        scope.above = true;
        let approval = page.has(tenant::APPROVAL_REQUIRED);
        self.observer.note(|| Note::Domain { row, listed: false, approval, stopped: true });
        Ok(())
    }

    #[inline(never)]
    fn domain_apart(&mut self, of: (&PageView<'_>, bool), row: DomainRow<'_>, needless: bool) -> Read<()> {
        self.domain(of, row, needless)
    }

    /// Enters an entry that has the address in its scope.
    #[inline(always)]
    fn domain(&mut self, (page, own): (&PageView<'_>, bool), row: DomainRow<'_>, needless: bool) -> Read<()> {
        let (flags, facts) = (row.flags(), &mut self.facts);
        facts.enter_if(flags & domain::ACTIVE == 0, Fact::DomainInactive);
        facts.enter_if(flags & domain::VERIFIED != 0, Fact::OwnProof);
        if needless {
            return Ok(());
        }
        let approval = page.has(tenant::APPROVAL_REQUIRED);
        let listed = flags & domain::ANY_SENDER != 0 || page.lists_account(row.senders()?, self.asker.account, own)?;
        self.observer.note(|| Note::Domain { row, listed, approval, stopped: false });
        let suspended = flags & domain::SUSPENDED != 0;
        let pending = !suspended && flags & domain::VERIFIED == 0;
        let not_approved = approval && flags & domain::APPROVED == 0;
        facts.enter_if(suspended, Fact::DomainSuspended);
        facts.enter_if(pending, Fact::DomainPending);
        facts.enter_if(not_approved, Fact::DomainNotApproved);
        if flags & domain::ACTIVE != 0 && !suspended && !pending && !not_approved {
            facts.enter(if listed { Fact::Domain } else { Fact::DomainNotListed });
        }
        Ok(())
    }
}
