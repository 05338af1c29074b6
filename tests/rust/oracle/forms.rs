//! How addresses and domains compare (4.1, 4.5, 7.5).

use sendas::policy::{CaseRule, Domain, DomainStatus, Policy, Tenant};

use crate::request::Value;

/// Folds ASCII letters, and no others.
#[must_use]
pub fn folded(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// 1.3
pub(crate) fn verified(entry: &Domain) -> bool {
    matches!(entry.status, DomainStatus::Verified | DomainStatus::Vouched)
}

/// 1.3
pub(crate) fn usable(holder: &Tenant, entry: &Domain) -> bool {
    verified(entry) && entry.active && (entry.approved || !holder.approval_required)
}

/// Whether the domain is below the name, at a label boundary.
pub(crate) fn below(domain: &str, name: &str) -> bool {
    domain.ends_with(&format!(".{name}"))
}

/// Whether the entry's name or its sub-domains hold the domain, whatever others have verified.
pub(crate) fn spans(entry: &Domain, domain: &str) -> bool {
    domain == entry.name.as_str() || (entry.subdomains && below(domain, entry.name.as_str()))
}

/// 4.5: whether the entry reaches the domain, given the tenants whose entries count as one's own.
pub(crate) fn reaches(policy: &Policy, mine: &[&Tenant], entry: &Domain, domain: &str) -> bool {
    spans(entry, domain) && (domain == entry.name.as_str() || !stops(policy, mine, entry, domain))
}

/// 4.5: whether a sub-domain between the entry and the domain is verified by a tenant that is none of mine, and by none
/// of mine.
fn stops(policy: &Policy, mine: &[&Tenant], entry: &Domain, domain: &str) -> bool {
    for other in &policy.tenants {
        if mine.iter().any(|tenant| tenant.id == other.id) {
            continue;
        }
        for between in &other.domains {
            let name = between.name.as_str();
            let stands_between = below(name, entry.name.as_str()) && (domain == name || below(domain, name));
            if stands_between && verified(between) && !has_verified(mine, name) {
                return true;
            }
        }
    }
    false
}

fn has_verified(mine: &[&Tenant], name: &str) -> bool {
    mine.iter().any(|tenant| tenant.domains.iter().any(|entry| entry.name.as_str() == name && verified(entry)))
}

/// 4.1: the tenant's verified active entry for the domain: of exactly that name, else the closest above.
pub(crate) fn entry_for<'a>(tenant: &'a Tenant, domain: &str) -> Option<&'a Domain> {
    let mut closest: Option<&Domain> = None;
    for entry in &tenant.domains {
        if verified(entry) && entry.active && spans(entry, domain) {
            let longest = closest.map_or(0, |closest| closest.name.as_str().len());
            if entry.name.as_str().len() > longest {
                closest = Some(entry);
            }
        }
    }
    closest
}

/// 4.2, 4.3: whether the domain is at a verified active entry of the tenant; what it inherits proves nothing here.
pub(crate) fn at_verified_active(policy: &Policy, tenant: &Tenant, domain: &str) -> bool {
    tenant.domains.iter().any(|entry| verified(entry) && entry.active && reaches(policy, &[tenant], entry, domain))
}

/// How an address stands to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// It is the candidate.
    Exact,
    /// It is a sub-address of the candidate.
    Sub,
}

/// 4.1: how the address stands to the candidate, compared with the holder's tenant's entry.
pub(crate) fn compare(holder: &Tenant, candidate: &Value, address: &Value) -> Option<Match> {
    if candidate.domain != address.domain {
        return None;
    }
    let entry = entry_for(holder, &address.domain);
    let exact_case = entry.is_some_and(|entry| entry.case == CaseRule::Exact);
    let same = |a: &str, b: &str| if exact_case { a == b } else { folded(a) == folded(b) };
    if same(&candidate.local, &address.local) {
        return Some(Match::Exact);
    }
    let separator = entry.and_then(|entry| entry.separator)?.name();
    let base = cut(&address.local, &[separator]);
    (base.len() < address.local.len() && same(&candidate.local, base)).then_some(Match::Sub)
}

/// Cuts a local part at the first separator that is not at its start.
fn cut<'a>(local: &'a str, separators: &[&str]) -> &'a str {
    for (at, character) in local.char_indices() {
        if at > 0 && separators.iter().any(|separator| separator.starts_with(character)) {
            return &local[..at];
        }
    }
    local
}

/// 7.5: whether two addresses are the same in widest form, with the separators of these tenants.
pub(crate) fn widest_equal(tenants: &[&Tenant], a: &Value, b: &Value) -> bool {
    if a.domain != b.domain {
        return false;
    }
    let mut separators = Vec::new();
    for tenant in tenants {
        if let Some(separator) = entry_for(tenant, &a.domain).and_then(|entry| entry.separator) {
            separators.push(separator.name());
        }
    }
    folded(cut(&a.local, &separators)) == folded(cut(&b.local, &separators))
}
