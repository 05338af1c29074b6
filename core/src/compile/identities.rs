//! The identities of a tenant and of its accounts.

use alloc::string::String;

use smallvec::SmallVec;

use crate::policy::{CaseRule, Consent, Identity, IdentityStatus, Names};
use crate::snapshot::hash::{Hash, Sum};
use crate::snapshot::layout::{Run, Word, small};
use crate::snapshot::row::Row;
use crate::snapshot::rows::{DomainRow, IdentityRow, holding, identity};

use super::lists::texts;
use super::order::{All, FEW as FEW_IDENTITIES, Held, put_in_order};
use super::page::{PageWriter, flag};

/// The keys of identities, each with its word and its holder.
pub(super) type HeldKeys = SmallVec<[(Hash, [u32; 2]); FEW_IDENTITIES]>;

impl<'t> PageWriter<'t, '_> {
    /// Writes the identities of the tenant and of its accounts, which are told by their words; a domain is written once, unless
    /// it is one of the tenant's, which stand at `domains`.
    pub(super) fn identities(&mut self, holders: &[Word], domains: &[Word]) -> (Run, HeldKeys) {
        let of_all = self.accounts.iter().map(|account| account.identities.len()).sum::<usize>();
        let mut all = All::with_capacity(self.tenant.identities.len() + of_all);
        self.tenant.identities.iter().for_each(|one| all.push(Held::new(0, one, identity_flags(one))));
        for (account, &holder) in self.accounts.iter().zip(holders) {
            account.identities.iter().for_each(|one| all.push(Held::new(holder, one, identity_flags(one))));
        }
        put_in_order(&mut all);
        for held in all.iter_mut().filter(|held| held.flags & TOLD != identity::ANY) {
            held.extra = self.identity_extra(held.identity);
            held.flags |= flag(held.extra != 0, identity::HAS_EXTRA);
        }
        let start = self.writer.here();
        let mut keys = HeldKeys::with_capacity(all.len());
        for at_domain in all.chunk_by(Held::is_beside) {
            let Some(first) = at_domain.first() else { continue };
            let domain = first.identity.address.domain();
            let sum = Sum::of(self.hasher, domain.as_bytes());
            let number = self.entries.number(domain);
            let [exact, above] = self.entries.in_force_of(number, domain);
            let exact_case = exact.or(above).is_some_and(|entry| entry.case == CaseRule::Exact);
            let of_domain = flag(exact.is_some(), identity::PROVED)
                | flag(above.is_some() && exact.is_none(), identity::PROVED_ABOVE)
                | small(domain.len()) << 24;
            let entry = number.and_then(|number| domains.get(number));
            let mut word = entry.map(|entry| entry + DomainRow::WORDS);
            for &Held { identity, holder, extra, flags, .. } in at_domain {
                let local = identity.address.local();
                let here = self.writer.here();
                keys.push((sum.hash_of(self.hasher, local.as_bytes(), exact_case), [here, holder]));
                let flags = flags | of_domain | flag(word.is_none(), identity::HAS_DOMAIN);
                self.hold(flags, holder == 0, domain);
                // A domain written behind it stands so far behind its start.
                let behind = IdentityRow::WORDS + u32::from(extra != 0) + small(local.len().div_ceil(4));
                let domain_word = word.unwrap_or(here + behind);
                let far = holder > 0xffff || domain_word > 0xffff;
                let domain_word = domain_word + u32::from(far && word.is_none());
                let packed = flags | flag(far, identity::FAR) | small(local.len()) << 16;
                self.writer.words([packed, holder & 0xffff | domain_word << 16]);
                if far {
                    self.writer.word(holder >> 16 | domain_word & !0xffff);
                }
                if extra != 0 {
                    self.writer.word(extra);
                }
                self.writer.octets(&[local.as_bytes()]);
                if word.is_none() {
                    word = Some(self.writer.octets(&[domain.as_bytes()]));
                }
            }
        }
        (Run { start, count: small(all.len()) }, keys)
    }

    /// Enters what an identity gives to the tenant.
    fn hold(&mut self, flags: u32, of_tenant: bool, domain: &'t str) {
        if flags & identity::AGAINST != 0 {
            return;
        }
        let verified = flags & identity::VERIFIED != 0;
        let counted = holding::IDENTITY | flag(of_tenant, holding::TENANT_IDENTITY);
        // Without a branch for each: which of them an identity has is not to be foreseen.
        let vouched = verified & (self.tenant.admin_vouches | (flags & identity::PROVED != 0));
        if vouched | (flags & identity::GIVEN != 0) {
            self.holdings |= counted;
            return;
        }
        if verified && flags & identity::PROVED_ABOVE != 0 {
            *self.above.entry(domain).or_default() |= counted;
        }
        if flags & identity::GRANDFATHERED != 0 {
            self.holdings |= holding::GRANDFATHERED | flag(of_tenant, holding::TENANT_GRANDFATHERED);
        }
    }

    /// Writes what an identity has beside its flags, and returns where it starts.
    fn identity_extra(&mut self, identity: &Identity) -> Word {
        let senders = self.senders(&identity.senders);
        let roles = match &identity.roles {
            Names::Any => Run::default(),
            Names::Only(list) => {
                self.names_heirs |= list.iter().any(|name| !self.knows_role(name));
                texts(&mut self.writer, list.iter().map(String::as_str))
            }
        };
        let start = self.writer.here();
        for run in [senders.own, senders.others, roles] {
            self.writer.run(run);
        }
        self.writer.seconds(identity.since.map_or(0, |since| since.0));
        start
    }
}

/// The flags of an identity that follow from itself.
fn identity_flags(identity: &Identity) -> u32 {
    flag(identity.status == IdentityStatus::Verified, identity::VERIFIED)
        | match identity.consent {
            None | Some(Consent::Pending) => 0,
            Some(Consent::Given) => identity::GIVEN,
            Some(Consent::Refused) => identity::REFUSED,
            Some(Consent::Withdrawn) => identity::WITHDRAWN,
        }
        | flag(identity.grandfathered, identity::GRANDFATHERED)
        | flag(matches!(identity.senders, Names::Any), identity::ANY_SENDER)
        | flag(matches!(identity.roles, Names::Any), identity::ANY_ROLE)
        | flag(identity.since.is_some(), identity::HAS_SINCE)
}

/// Flags that tell whether an identity has anything beside them: one that any account may use in any role, and has no date, has not.
const TOLD: u32 = identity::ANY | identity::HAS_SINCE;
