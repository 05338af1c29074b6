//! What other accounts and tenants have to do with the address (docs/semantics.md 4.9, 5.1).

use crate::address::octet;
use crate::observer::{Note, Observer};
use crate::snapshot::compare::Separators;
use crate::snapshot::layout::Read;
use crate::snapshot::page::rule;
use crate::snapshot::root::Link;
use crate::snapshot::rows::{AccountRow, domain, tenant};

use super::{Fact, Gatherer};

impl<O: Observer> Gatherer<'_, '_, O> {
    pub(super) fn others(&mut self) -> Read<()> {
        let (asker, target) = (self.asker, self.target);
        let mut separators = Separators::default();
        asker.root.domains_over(target, |page, row| {
            separators = separators.union(rule(Some(row)).separators);
            self.facts.enter(Fact::Hosted);
            if page != asker.link.page {
                self.facts.enter(Fact::DomainOfAnotherTenant);
                self.observer.note(|| Note::DomainHeld { row });
            }
            Ok(())
        })?;
        let covers = self.covers_mailboxes()?;
        let own = self.own_rule.separators;
        asker.root.own_addresses(target, own, separators, |link, base| self.mailbox(link, base, covers))
    }

    /// Enters another account's own address that was found by the first octets of this one, if they are one in widest form.
    fn mailbox(&mut self, link: Link, base: &[u8], covers: bool) -> Read<()> {
        let (asker, target) = (self.asker, self.target);
        let page = asker.root.page(link.page)?;
        let other: AccountRow<'_> = page.record(link.record)?;
        if !octet::same(other.domain()?, target.domain) {
            return Ok(());
        }
        let own = other.local()?;
        let same_tenant = link.page == asker.link.page;
        let theirs = if same_tenant { self.own_rule } else { rule(page.closest(target)?) };
        let separators = theirs.separators.union(self.own_rule.separators);
        // One that is found under several keys is entered once.
        let widest = separators.base(target.local);
        if widest.len() != base.len() || !octet::same_but_for_case(widest, separators.base(own)) {
            return Ok(());
        }
        self.facts.enter(Fact::Hosted);
        if link == asker.link {
            return Ok(());
        }
        let consent = self.consented.opens(own, target.local);
        let theirs = !same_tenant && !consent && !self.facts.has(Fact::Consent);
        self.facts.enter_if(theirs, Fact::OwnOfAnotherTenant);
        let opened = consent || same_tenant && covers;
        self.facts.enter_if(!opened, Fact::Protected);
        self.observer.note(|| Note::Protected { account: other, same_tenant, opened });
        Ok(())
    }

    /// Whether the tenant's closest entry is usable and opens the tenant's own mailboxes (docs/semantics.md 4.9).
    fn covers_mailboxes(&self) -> Read<bool> {
        let Some(row) = self.closest else { return Ok(false) };
        let flags = row.flags();
        let approved = flags & domain::APPROVED != 0 || !self.asker.page.has(tenant::APPROVAL_REQUIRED);
        Ok(flags & domain::IN_FORCE == domain::IN_FORCE && approved && flags & domain::COVERS_MAILBOXES != 0)
    }
}
