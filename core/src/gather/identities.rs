//! What the identities of the account, its tenant and those above give it (docs/semantics.md 4.4).

use crate::observer::{Note, Observer};
use crate::snapshot::layout::Read;
use crate::snapshot::page::{PageView, rule};
use crate::snapshot::root::reaches;
use crate::snapshot::rows::{IdentityRow, account, identity, tenant};

use super::Gatherer;

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
        let (asker, target) = (self.asker, self.target);
        for &number in asker.identity_holders() {
            let (own, page) = (number == asker.link.page, asker.page_of(number)?);
            let rule = if own { self.own_rule } else { rule(page.closest(target)?) };
            let base = rule.sub_address_base(target.local);
            for (candidate, exact) in core::iter::once((target.local, true)).chain(base.map(|base| (base, false))) {
                let hash = target.hash_of(candidate, rule.exact_case);
                let mut visit = |row: IdentityRow<'_>| {
                    if rule.same(candidate, row.local()?) { self.identity((page, number), row, exact) } else { Ok(()) }
                };
                page.identities(target, hash, 0, &mut visit)?;
                if own && asker.account.flags() & account::HAS_IDENTITIES != 0 {
                    page.identities(target, hash, asker.link.record, &mut visit)?;
                }
            }
        }
        Ok(())
    }

    fn identity(&mut self, (page, number): (PageView<'_>, u32), row: IdentityRow<'_>, exact: bool) -> Read<()> {
        let asker = self.asker;
        let flags = row.flags();
        let has = |flag: u32| flags & flag != 0;
        if has(identity::REFUSED) || has(identity::WITHDRAWN) {
            self.facts.identity_refused |= has(identity::REFUSED);
            self.facts.identity_withdrawn |= has(identity::WITHDRAWN);
            self.observer.note(|| Note::Identity { row, exact, counts: false, usable: false });
            return Ok(());
        }
        let verified = has(identity::VERIFIED);
        let proved = verified
            && (has(identity::PROVED)
                || page.has(tenant::ADMIN_VOUCHES)
                || has(identity::PROVED_ABOVE) && reaches(asker.root, page, number, self.target)?);
        let grandfathered = has(identity::GRANDFATHERED) && asker.now.0 < page.head().grandfathered_until();
        let counts = has(identity::GIVEN) || proved || grandfathered;
        let (mut listed, mut permitted) = (has(identity::ANY_SENDER), has(identity::ANY_ROLE));
        if let Some(extra) = row.extra()? {
            listed = listed || page.lists_account(extra.senders(), asker.account, number == asker.link.page)?;
            permitted = permitted || asker.role_on(page, extra.roles())?;
        }
        let usable = listed && permitted;
        self.observer.note(|| Note::Identity { row, exact, counts, usable });
        if counts && usable {
            if exact {
                self.facts.identity_exact = true;
            } else {
                self.facts.identity_sub = true;
            }
            if has(identity::GIVEN) {
                self.facts.consent |= exact;
                self.facts.consent_sub |= !exact && self.separates(page, number)?;
                self.consented.add(row.local()?);
            }
        } else if counts {
            self.facts.identity_not_listed |= !listed;
            self.facts.role_not_permitted |= !permitted;
        } else if verified {
            self.facts.identity_unproved = true;
        } else {
            self.facts.identity_pending = true;
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
