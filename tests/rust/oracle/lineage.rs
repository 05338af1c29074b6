//! Accounts, their tenants, and what comes down to a tenant (1.4, 1.5).

use sendas::policy::{Account, Policy, Tenant};

/// Finds an account by its id (1.1: byte for byte, unique over all tenants).
#[must_use]
pub fn find_account<'a>(policy: &'a Policy, id: &str) -> Option<(&'a Tenant, &'a Account)> {
    for tenant in &policy.tenants {
        for account in &tenant.accounts {
            if account.id == id {
                return Some((tenant, account));
            }
        }
    }
    None
}

/// The tenant above, if there is one.
fn parent<'a>(policy: &'a Policy, tenant: &Tenant) -> Option<&'a Tenant> {
    let id = tenant.parent.as_ref()?;
    policy.tenants.iter().find(|other| &other.id == id)
}

/// The tenant and everything above it.
pub(crate) fn line<'a>(policy: &'a Policy, tenant: &'a Tenant) -> Vec<&'a Tenant> {
    let mut line = vec![tenant];
    let mut above = parent(policy, tenant);
    while let Some(tenant) = above {
        line.push(tenant);
        above = parent(policy, tenant);
    }
    line
}

/// 1.4: the tenants whose own identities this tenant may use, itself first.
pub(crate) fn identity_holders<'a>(policy: &'a Policy, tenant: &'a Tenant) -> Vec<&'a Tenant> {
    let mut holders = vec![tenant];
    for above in line(policy, tenant).into_iter().skip(1) {
        if !above.inherited.identities {
            break;
        }
        holders.push(above);
    }
    holders
}

/// 1.4: the tenants whose domains this tenant may use, itself first.
pub(crate) fn domain_holders<'a>(policy: &'a Policy, tenant: &'a Tenant) -> Vec<&'a Tenant> {
    let mut holders = vec![tenant];
    for above in line(policy, tenant).into_iter().skip(1) {
        if !above.inherited.domains {
            break;
        }
        holders.push(above);
    }
    holders
}
