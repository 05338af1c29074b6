//! The provider's protection of one hosted customer against another (section 5).

use sendas::policy::{Consent, DomainStatus};

use super::{Asked, address, forms, lineage};
use crate::request::Value;

/// 5.1: whether the address is another tenant's.
pub(crate) fn of_another_tenant(asked: &Asked<'_>, value: &Value) -> bool {
    if address::is_exactly_counted_own(asked, value) || consented(asked, value) || own_proof(asked, value) {
        return false;
    }
    for other in &asked.policy.tenants {
        if other.id == asked.tenant.id {
            continue;
        }
        for account in &other.accounts {
            if let Some(own) = address::counted_own(asked, other, account) {
                if forms::widest_equal(&[other, asked.tenant], &own, value) {
                    return true;
                }
            }
        }
        if other.domains.iter().any(|entry| holds(entry.status) && forms::spans(entry, &value.domain)) {
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

/// 5.1: an identity usable by this account has the owner's consent.
fn consented(asked: &Asked<'_>, value: &Value) -> bool {
    address::held(asked).iter().any(|held| {
        held.identity.consent == Some(Consent::Given)
            && address::listed(asked, held.identity)
            && address::role_fits(asked, held.identity)
            && forms::compare(held.holder, &Value::of(&held.identity.address), value).is_some()
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
