//! What the identities of the account, its tenant and those above give it (docs/semantics.md 4.4).

use crate::address::octet;
use crate::observer::{Note, Observer};
use crate::snapshot::compare::Rule;
use crate::snapshot::index::Candidates;
use crate::snapshot::layout::Read;
use crate::snapshot::page::{PageView, rule};
use crate::snapshot::root::reaches;
use crate::snapshot::rows::{IdentityRow, account, identity, tenant};

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
        self.0 & Self::bit(own) != 0 && local.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own))
    }

    fn bit(identity: &[u8]) -> u128 {
        u32::try_from(identity.len()).ok().and_then(|length| 1_u128.checked_shl(length)).unwrap_or(0)
    }
}

impl<O: Observer> Gatherer<'_, '_, O> {
    pub(super) fn identities(&mut self) -> Read<()> {
        let asker = self.asker;
        self.identities_of((asker.page, asker.link.page), self.own_rule)?;
        for &number in asker.identity_holders().iter().skip(1) {
            let page = asker.root.page(number)?;
            self.identities_of((page, number), rule(page.closest(self.target)?))?;
        }
        Ok(())
    }

    /// Enters those of one tenant, and those of the account if the tenant is its own.
    #[inline]
    fn identities_of(&mut self, (page, number): (PageView<'_>, u32), rule: Rule) -> Read<()> {
        let (asker, target) = (self.asker, self.target);
        let index = page.head().identity_index();
        if index.count == 0 {
            return Ok(());
        }
        self.facts.enter_if(rule.exact_case, Fact::CaseTells);
        let of_account = number == asker.link.page && asker.account.flags() & account::HAS_IDENTITIES != 0;
        let last = if of_account { asker.link.record } else { 0 };
        let mut candidate = target.local;
        loop {
            let hash = target.hash_of(candidate, rule.exact_case);
            let mut holder = 0;
            loop {
                let mut found = Candidates::new(page.bytes(), index, hash.with(holder));
                while let Some([word]) = found.next()? {
                    let row: IdentityRow<'_> = page.record(word)?;
                    if row.holder() == holder
                        && octet::same(row.domain()?, target.domain)
                        && rule.same(candidate, row.local()?)
                    {
                        self.identity((page, number), row, candidate.len() == target.local.len())?;
                    }
                }
                if holder == last {
                    break;
                }
                holder = last;
            }
            match rule.sub_address_base(candidate) {
                Some(base) => candidate = base,
                None => return Ok(()),
            }
        }
    }

    #[inline]
    fn identity(&mut self, (page, number): (PageView<'_>, u32), row: IdentityRow<'_>, exact: bool) -> Read<()> {
        let asker = self.asker;
        let flags = row.flags();
        let has = |flag: u32| flags & flag != 0;
        if has(identity::REFUSED) || has(identity::WITHDRAWN) {
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
        let grandfathered = has(identity::GRANDFATHERED) && asker.clock.is_before(page.head().grandfathered_until());
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
    fn separates(&self, page: PageView<'_>, number: u32) -> Read<bool> {
        match page.closest(self.target)? {
            Some(row) if row.name()? == self.target.domain => Ok(true),
            Some(_) => reaches(self.asker.root, page, number, self.target),
            None => Ok(false),
        }
    }
}
