//! Addresses that a name shows (6.7).

use sendas::Reason;
use sendas::policy::{NameCheck, Strength};

use super::answer::{Findings, Spot};
use super::header::Numbered;
use super::{Asked, address, forms, hosted};
use crate::request::{Shown, Value};

pub(crate) fn judge(asked: &Asked<'_>, header: Strength, field: Numbered<'_>, spot: Spot, findings: &mut Findings) {
    let check = asked.tenant.header.names;
    if check == NameCheck::Off {
        return;
    }
    for (number, name) in field.body.names().into_iter().enumerate() {
        let spot = spot.name(number);
        match &name.shown {
            Shown::Words(_) => {}
            Shown::Undecodable => findings.add(header, Reason::DisplayNameUndecodable, spot),
            Shown::Address(value) => {
                let looked_at = check == NameCheck::Any || known_here(asked, value);
                if looked_at && !excused(field, value) && !address::judge(asked, value).reasons.is_empty() {
                    findings.add(header, Reason::DisplayNameAddress, spot);
                }
            }
        }
    }
}

/// The field's own mailboxes excuse themselves.
fn excused(field: Numbered<'_>, value: &Value) -> bool {
    field.body.mailboxes().iter().any(|mailbox| {
        let own = &mailbox.address.value;
        mailbox.address.flaw.is_none()
            && own.domain == value.domain
            && forms::folded(&own.local) == forms::folded(&value.local)
    })
}

/// Whether the address is a counted own address of any account, or at a domain that any tenant holds.
fn known_here(asked: &Asked<'_>, value: &Value) -> bool {
    for tenant in &asked.policy.tenants {
        for account in &tenant.accounts {
            if let Some(own) = address::counted_own(asked, tenant, account) {
                if forms::widest_equal(&[tenant, asked.tenant], &own, value) {
                    return true;
                }
            }
        }
    }
    hosted::held_by_anyone(asked, &value.domain)
}
