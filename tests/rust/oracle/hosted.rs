//! The provider's protection of one hosted customer against another (section 5).

use sendas::policy::{Consent, DomainStatus, Tenant};

use super::{Asked, address, forms, lineage};
use crate::request::Value;

/// 5.1: whether the address is another tenant's.
pub(crate) fn of_another_tenant(asked: &Asked<'_>, value: &Value) -> bool {
    if address::is_exactly_counted_own(asked, value) || own_proof(asked, value) {
        return false;
    }
    if consented(asked, value, |_| false) {
        return false;
    }
    let by_base = consented(asked, value, |holder| {
        forms::entry_for(holder, &value.domain)
            .is_some_and(|entry| forms::reaches(asked.policy, &[holder], entry, &value.domain))
    });
    for other in &asked.policy.tenants {
        if other.id == asked.tenant.id {
            continue;
        }
        for account in &other.accounts {
            if let Some(own) = address::counted_own(asked, other, account) {
                if forms::widest_equal(&[other, asked.tenant], &own, value) && !address::consented(asked, &own, value) {
                    return true;
                }
            }
        }
        if !by_base && other.domains.iter().any(|entry| holds(entry.status) && forms::spans(entry, &value.domain)) {
            return true;
        }
    }
    false
}

/// 5.1: whether any tenant at all holds the domain.
pub(crate) fn held_by_anyone(asked: &Asked<'_>, domain: &str) -> bool {
    asked
        .policy
        .tenants
        .iter()
        .any(|tenant| tenant.domains.iter().any(|entry| holds(entry.status) && forms::spans(entry, domain)))
}

fn holds(status: DomainStatus) -> bool {
    match status {
        DomainStatus::Verified | DomainStatus::Vouched | DomainStatus::Suspended => true,
        DomainStatus::Pending => false,
    }
}

/// 5.1: an identity of exactly this address, usable by this account, has the owner's consent; or one of its base,
/// where `sub` says that the holder may give the domain a separator.
fn consented(asked: &Asked<'_>, value: &Value, sub: impl Fn(&Tenant) -> bool) -> bool {
    address::held(asked).iter().any(|held| {
        held.identity.consent == Some(Consent::Given)
            && address::listed(asked, held.identity)
            && address::role_fits(asked, held.identity)
            && match forms::compare(held.holder, &Value::of(&held.identity.address), value) {
                Some(forms::Match::Exact) => true,
                Some(forms::Match::Sub) => sub(held.holder),
                None => false,
            }
    })
}

/// 5.1: this tenant has its own proof of the domain, active or not.
fn own_proof(asked: &Asked<'_>, value: &Value) -> bool {
    let mine = lineage::domain_holders(asked.policy, asked.tenant);
    mine.iter().any(|holder| {
        holder
            .domains
            .iter()
            .any(|entry| forms::verified(entry) && forms::reaches(asked.policy, &mine, entry, &value.domain))
    })
}
