//! Suspension, role and client address (2.1, 2.7, 2.8, 1.5).

use std::net::IpAddr;

use sendas::policy::{Allowlist, BUILT_IN_ROLES, Permission};
use sendas::{Control, Reason, Subject};

use super::answer::{Findings, Spot};
use super::modes::strength;
use super::{Asked, credential, lineage};
use crate::request::Client;

pub(crate) fn judge(asked: &Asked<'_>, findings: &mut Findings) {
    // 1.5
    if lineage::line(asked.policy, asked.tenant).iter().any(|tenant| tenant.suspended) {
        findings.always(Reason::TenantSuspended, Subject::Account);
    }
    if asked.account.suspended {
        findings.always(Reason::AccountSuspended, Subject::Account);
    }
    credential::judge(asked, findings);
    role(asked, findings);
    client(asked, findings);
}

/// 2.7
fn role(asked: &Asked<'_>, findings: &mut Findings) {
    match &asked.request.role {
        Some(role) if !asked.role_exists(role) => findings.always(Reason::UnknownRole, Subject::Role),
        Some(role) if !asked.held_roles().contains(&role.as_str()) => {
            findings.always(Reason::RoleNotHeld, Subject::Role);
        }
        _ => {
            if !asked.effective_roles().iter().any(|role| may_send(asked, role)) {
                findings.always(Reason::RoleMayNotSend, Subject::Role);
            }
        }
    }
}

fn may_send(asked: &Asked<'_>, name: &str) -> bool {
    for (built_in, permissions) in BUILT_IN_ROLES {
        if built_in == name {
            return permissions.contains(&Permission::Send);
        }
    }
    asked.tenant.roles.iter().any(|role| role.name == name && role.permissions.contains(&Permission::Send))
}

/// 2.8
fn client(asked: &Asked<'_>, findings: &mut Findings) {
    let mut lists: Vec<&Allowlist> = Vec::new();
    for tenant in lineage::line(asked.policy, asked.tenant) {
        lists.extend(&tenant.allowlists);
    }
    lists.extend(&asked.account.allowlists);
    if let Some(registered) = credential::registered_here(asked) {
        lists.extend(&registered.allowlists);
    }
    lists.retain(|list| list.channel == asked.request.channel);
    let strength = strength(asked, Control::Allowlist);
    let spot = Spot::whole(Subject::ClientIp);
    for list in lists {
        match asked.request.client {
            Client::Unknown => findings.add(strength, Reason::ClientIpMissing, spot),
            Client::Nonsense(_) => findings.add(strength, Reason::ClientIpNotAllowed, spot),
            Client::Address(ip) | Client::Text(ip) => {
                if !contains(list, ip) {
                    findings.add(strength, Reason::ClientIpNotAllowed, spot);
                }
            }
        }
    }
}

fn contains(list: &Allowlist, ip: IpAddr) -> bool {
    let ip = match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    };
    list.entries.iter().any(|entry| {
        let (first, last) = (entry.range.first(), entry.range.last());
        first.is_ipv4() == ip.is_ipv4() && first <= ip && ip <= last
    })
}
