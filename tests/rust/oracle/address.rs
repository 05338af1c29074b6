//! Whether one address is this account's to use (section 4).

use std::collections::BTreeSet;

use sendas::address::Scope;
use sendas::policy::{Account, Consent, Deny, Domain, DomainStatus, Identity, IdentityStatus, Names, Proof, Tenant};
use sendas::{Basis, Reason};

use super::forms::{self, Match};
use super::{Asked, lineage};
use crate::request::Value;

/// What section 4 says of one address.
pub(crate) struct Judged {
    /// What is wrong; empty if the account may use it.
    pub(crate) reasons: BTreeSet<Reason>,
    /// What gives it, if anything does.
    pub(crate) basis: Option<Basis>,
}

/// An identity that the account could reach, with the tenant whose entries it is judged by.
pub(crate) struct Held<'a> {
    pub(crate) holder: &'a Tenant,
    pub(crate) identity: &'a Identity,
}

pub(crate) fn judge(asked: &Asked<'_>, address: &Value) -> Judged {
    let mut reasons = failing_facts(asked, address);
    let proof = asked.tenant.sender.proof;

    let own = own_match(asked, address);
    let own_counts = counted_own(asked, asked.tenant, asked.account).is_some();
    let own_grant = if own_counts { own } else { None };
    let identity_grants: Vec<Match> = held(asked)
        .iter()
        .filter(|held| counts(asked, held) && listed(asked, held.identity) && role_fits(asked, held.identity))
        .filter_map(|held| forms::compare(held.holder, &Value::of(&held.identity.address), address))
        .collect();
    let domain_grant = domains_in_scope(asked, address)
        .iter()
        .any(|(holder, entry)| forms::usable(holder, entry) && names(&entry.senders, &asked.account.id));

    // 4.9: a grant that is not exact does not cover another account's own address
    let exact = own_grant == Some(Match::Exact) || identity_grants.contains(&Match::Exact);
    let protected = !exact && protected(asked, address);
    let before = satisfied(proof, own_grant.is_some(), !identity_grants.is_empty(), domain_grant);
    let by_own = own_grant.is_some() && !protected;
    let by_identity = !identity_grants.is_empty() && !protected;
    let by_domain = domain_grant && !protected;
    let basis = satisfied(proof, by_own, by_identity, by_domain);

    // 4.10
    if basis.is_none() {
        if own.is_some() && !own_counts {
            reasons.insert(Reason::OwnAddressUnproved);
        }
        if proof != Proof::Domain && !(proof == Proof::Both && by_identity) {
            identity_causes(asked, address, &mut reasons);
        }
        if proof != Proof::Identity && !(proof == Proof::Both && by_domain) {
            domain_causes(asked, address, &mut reasons);
        }
        if before.is_some() {
            reasons.insert(Reason::AddressProtected);
        }
        if reasons.is_empty() {
            reasons.insert(Reason::AddressNotOwned);
        }
    }
    Judged { reasons, basis }
}

/// 4.6, and the order of 8.4.
fn satisfied(proof: Proof, own: bool, identity: bool, domain: bool) -> Option<Basis> {
    if own {
        return Some(Basis::OwnAddress);
    }
    match proof {
        Proof::Identity | Proof::Either if identity => Some(Basis::Identity),
        Proof::Domain | Proof::Either if domain => Some(Basis::Domain),
        Proof::Both if identity && domain => Some(Basis::IdentityAndDomain),
        _ => None,
    }
}

/// The facts that deny whatever is granted (4.11).
fn failing_facts(asked: &Asked<'_>, address: &Value) -> BTreeSet<Reason> {
    let mut reasons = BTreeSet::new();
    if denied(asked, address) {
        reasons.insert(Reason::AddressDenied);
    }
    // 4.7: by label boundary alone, so that nobody else's verified sub-domain opens it
    for holder in lineage::domain_holders(asked.policy, asked.tenant) {
        for entry in &holder.domains {
            if !entry.active && forms::spans(entry, &address.domain) {
                reasons.insert(Reason::DomainInactive);
            }
        }
    }
    // 4.3: not against the own address
    if !is_counted_own(asked, address) {
        for held in held(asked) {
            if forms::compare(held.holder, &Value::of(&held.identity.address), address).is_some() {
                match held.identity.consent {
                    Some(Consent::Refused) => drop(reasons.insert(Reason::IdentityRefused)),
                    Some(Consent::Withdrawn) => drop(reasons.insert(Reason::IdentityWithdrawn)),
                    Some(Consent::Pending | Consent::Given) | None => {}
                }
            }
        }
    }
    reasons
}

/// 4.8
pub(crate) fn denied(asked: &Asked<'_>, address: &Value) -> bool {
    let matches = |deny: &Deny| match &deny.scope {
        // 7.5: for the tenant's and the account's own entries both sides are this tenant
        Scope::Address(denied) => forms::widest_equal(&[asked.tenant], &Value::of(denied), address),
        Scope::Domain(name) => address.domain == name.as_str(),
        Scope::Subdomains(name) => address.domain == name.as_str() || forms::below(&address.domain, name.as_str()),
    };
    asked.policy.provider.denies.iter().any(matches)
        || asked.tenant.denies.iter().any(matches)
        || asked.account.denies.iter().any(matches)
}

/// 4.2: the account's own address, if it counts.
pub(crate) fn counted_own(asked: &Asked<'_>, tenant: &Tenant, account: &Account) -> Option<Value> {
    let own = Value::of(account.address.as_ref()?);
    let proved = forms::at_verified_active(asked.policy, tenant, &own.domain);
    (account.address_assigned || proved).then_some(own)
}

/// 4.2: how the address stands to the account's own address, whether that counts or not.
fn own_match(asked: &Asked<'_>, address: &Value) -> Option<Match> {
    let own = Value::of(asked.account.address.as_ref()?);
    forms::compare(asked.tenant, &own, address)
}

/// Whether the address is the account's counted own address or a sub-address of it.
pub(crate) fn is_counted_own(asked: &Asked<'_>, address: &Value) -> bool {
    counted_own(asked, asked.tenant, asked.account).is_some() && own_match(asked, address).is_some()
}

/// Whether the address is the account's counted own address itself.
pub(crate) fn is_exactly_counted_own(asked: &Asked<'_>, address: &Value) -> bool {
    is_counted_own(asked, address) && own_match(asked, address) == Some(Match::Exact)
}

/// Every identity that this account could use: its own, its tenant's, and what is inherited (1.4).
pub(crate) fn held<'a>(asked: &Asked<'a>) -> Vec<Held<'a>> {
    let mut all = Vec::new();
    for identity in &asked.account.identities {
        all.push(Held { holder: asked.tenant, identity });
    }
    for holder in lineage::identity_holders(asked.policy, asked.tenant) {
        for identity in &holder.identities {
            all.push(Held { holder, identity });
        }
    }
    all
}

/// 4.3
pub(crate) fn counts(asked: &Asked<'_>, held: &Held<'_>) -> bool {
    let Held { holder, identity } = held;
    if matches!(identity.consent, Some(Consent::Refused | Consent::Withdrawn)) {
        return false;
    }
    if identity.consent == Some(Consent::Given) {
        return true;
    }
    if identity.grandfathered && holder.sender.grandfathered_until.is_some_and(|until| asked.request.now < until) {
        return true;
    }
    let proved = forms::at_verified_active(asked.policy, holder, identity.address.domain());
    identity.status == IdentityStatus::Verified && (proved || holder.admin_vouches)
}

/// 4.4
pub(crate) fn listed(asked: &Asked<'_>, identity: &Identity) -> bool {
    names(&identity.senders, &asked.account.id)
}

/// 4.4
pub(crate) fn role_fits(asked: &Asked<'_>, identity: &Identity) -> bool {
    match &identity.roles {
        Names::Any => true,
        Names::Only(roles) => asked.effective_roles().iter().any(|role| roles.iter().any(|name| name == role)),
    }
}

fn names(senders: &Names, account: &str) -> bool {
    match senders {
        Names::Any => true,
        Names::Only(accounts) => accounts.iter().any(|id| id == account),
    }
}

/// 4.5: the entries in scope, with their holders.
fn domains_in_scope<'a>(asked: &Asked<'a>, address: &Value) -> Vec<(&'a Tenant, &'a Domain)> {
    let mut entries = Vec::new();
    let mine = lineage::domain_holders(asked.policy, asked.tenant);
    for holder in mine.iter().copied() {
        for entry in &holder.domains {
            if forms::reaches(asked.policy, &mine, entry, &address.domain) {
                entries.push((holder, entry));
            }
        }
    }
    entries
}

/// 4.9: whether another account's own address keeps a grant that is not exact from covering the address.
fn protected(asked: &Asked<'_>, address: &Value) -> bool {
    for tenant in &asked.policy.tenants {
        for other in &tenant.accounts {
            if other.id == asked.account.id {
                continue;
            }
            let Some(own) = counted_own(asked, tenant, other) else { continue };
            if forms::widest_equal(&[tenant, asked.tenant], &own, address)
                && !covered(asked, tenant, &address.domain)
                && !consented(asked, &own, address)
            {
                return true;
            }
        }
    }
    false
}

/// 4.9: both accounts are in one tenant whose entry covers mailboxes.
fn covered(asked: &Asked<'_>, others: &Tenant, domain: &str) -> bool {
    others.id == asked.tenant.id
        && forms::entry_for(others, domain).is_some_and(|entry| forms::usable(others, entry) && entry.covers_mailboxes)
}

/// 4.9: the owner of exactly that own address consented, this account may use it, and it gives the address.
pub(crate) fn consented(asked: &Asked<'_>, own: &Value, address: &Value) -> bool {
    held(asked).iter().any(|held| {
        let identity = Value::of(&held.identity.address);
        held.identity.consent == Some(Consent::Given)
            && listed(asked, held.identity)
            && role_fits(asked, held.identity)
            && forms::folded(&identity.local) == forms::folded(&own.local)
            && forms::compare(held.holder, &identity, address).is_some()
    })
}

/// 4.10: why no identity gives the address.
fn identity_causes(asked: &Asked<'_>, address: &Value, reasons: &mut BTreeSet<Reason>) {
    for held in held(asked) {
        let identity = held.identity;
        if forms::compare(held.holder, &Value::of(&identity.address), address).is_none() {
            continue;
        }
        if counts(asked, &held) {
            if !listed(asked, identity) {
                reasons.insert(Reason::AccountNotListed);
            }
            if !role_fits(asked, identity) {
                reasons.insert(Reason::RoleNotPermitted);
            }
            continue;
        }
        if matches!(identity.consent, Some(Consent::Refused | Consent::Withdrawn)) {
            continue;
        }
        match identity.status {
            IdentityStatus::Pending => drop(reasons.insert(Reason::IdentityPending)),
            IdentityStatus::Verified => drop(reasons.insert(Reason::IdentityUnproved)),
        }
    }
}

/// 4.10: why no domain gives the address.
fn domain_causes(asked: &Asked<'_>, address: &Value, reasons: &mut BTreeSet<Reason>) {
    let in_scope = domains_in_scope(asked, address);
    for (holder, entry) in &in_scope {
        match entry.status {
            DomainStatus::Pending => drop(reasons.insert(Reason::DomainPending)),
            DomainStatus::Suspended => drop(reasons.insert(Reason::DomainSuspended)),
            DomainStatus::Verified | DomainStatus::Vouched => {}
        }
        if holder.approval_required && !entry.approved {
            reasons.insert(Reason::DomainNotApproved);
        }
        if forms::usable(holder, entry) && !names(&entry.senders, &asked.account.id) {
            reasons.insert(Reason::AccountNotListed);
        }
    }
    let holders = lineage::domain_holders(asked.policy, asked.tenant);
    let mut all = holders.iter().flat_map(|holder| &holder.domains);
    let inactive = all.clone().any(|entry| !entry.active && forms::spans(entry, &address.domain));
    let above = all.any(|entry| forms::below(&address.domain, entry.name.as_str()));
    if in_scope.is_empty() && !inactive && above {
        reasons.insert(Reason::SubdomainNotCovered);
    }
}
