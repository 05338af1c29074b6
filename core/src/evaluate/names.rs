//! What the names in a field show (docs/semantics.md 6.7).

use crate::address::Canonical;
use crate::address::header::{FieldSummary, mailboxes};
use crate::address::name::{addresses, names};
use crate::decision::Subject;
use crate::ledger::place;
use crate::observer::Observer;
use crate::options::Limits;
use crate::policy::NameCheck;
use crate::reason::Reason;
use crate::snapshot::layout::{Damaged, Read};

use super::address::AddressCheck;
use super::fields::FieldAt;

/// Judges every display name, group name and comment of a field that was read.
pub(super) fn judge<O: Observer>(
    check: &mut AddressCheck<'_, '_, O>,
    subject: Subject,
    field: &FieldAt<'_>,
    summary: &FieldSummary,
    limits: &Limits,
) -> Read<()> {
    if summary.plain {
        return Ok(());
    }
    let setting = match check.asker.page.head().settings()?.to_le_bytes() {
        [_, _, 0, _] => NameCheck::Any,
        [_, _, 1, _] => NameCheck::Hosted,
        [_, _, 2, _] => return Ok(()),
        _ => return Err(Damaged),
    };
    for name in names(field.body) {
        let at = place(subject, field.number, field.base, name.span);
        let (mut shown, mut damaged) = (false, Ok(()));
        let decoded = addresses(field.body, &name, &mut |address| {
            if shown || damaged.is_err() || is_of_field(address, field, limits) {
                return;
            }
            match check.may_be_shown(address, setting == NameCheck::Hosted) {
                Ok(may) => shown = !may,
                Err(error) => damaged = Err(error),
            }
        });
        damaged?;
        if shown {
            check.ledger.find(Reason::DisplayNameAddress, at);
        }
        if decoded.is_err() {
            check.ledger.find(Reason::DisplayNameUndecodable, at);
        }
    }
    Ok(())
}

/// Whether the address is one of the field's own mailboxes.
fn is_of_field(address: &Canonical, field: &FieldAt<'_>, limits: &Limits) -> bool {
    mailboxes(field.body, limits).any(|mailbox| {
        mailbox
            .addr_spec
            .canonical(field.body)
            .is_ok_and(|own| own.domain() == address.domain() && own.local().eq_ignore_ascii_case(address.local()))
    })
}
