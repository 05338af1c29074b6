//! How strictly each control applies (8.1).

use sendas::Control;
use sendas::policy::{Strength, Tenant};

use super::{Asked, lineage};

/// The strength of a control for this request, after exemptions.
pub(crate) fn strength(asked: &Asked<'_>, control: Control) -> Strength {
    let now = asked.request.now;
    if control == Control::Hosted {
        return asked.policy.provider.hosted.at(now);
    }
    let strictest = before_exemption(asked, control);
    let exempted = asked.account.exemptions.iter().any(|one| one.control == control && now < one.until);
    if exempted { strictest.min(Strength::Monitor) } else { strictest }
}

/// The strictest of the tenant's and its ancestors' modes.
fn before_exemption(asked: &Asked<'_>, control: Control) -> Strength {
    let mut strictest = Strength::Off;
    for tenant in lineage::line(asked.policy, asked.tenant) {
        strictest = strictest.max(of_tenant(asked, tenant, control));
    }
    strictest
}

fn of_tenant(asked: &Asked<'_>, tenant: &Tenant, control: Control) -> Strength {
    let mode = match control {
        Control::Sender if !tenant.sender.channels.contains(asked.request.channel) => return Strength::Off,
        Control::Sender => tenant.controls.sender,
        Control::Header => tenant.controls.header,
        Control::Allowlist => tenant.controls.allowlist,
        Control::Credential => tenant.controls.credential,
        Control::Hosted => asked.policy.provider.hosted,
    };
    mode.at(asked.request.now)
}
