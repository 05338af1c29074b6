//! What the names in a field show (docs/semantics.md 6.7).

use core::cell::LazyCell;

use smallvec::SmallVec;

use crate::address::header::{FieldSummary, mailboxes};
use crate::address::name::{addresses, names};
use crate::address::{Canonical, CanonicalView};
use crate::decision::Subject;
use crate::ledger::place;
use crate::observer::Observer;
use crate::options::Limits;
use crate::policy::NameCheck;
use crate::reason::Reason;
use crate::snapshot::layout::Read;

use super::address::AddressCheck;
use super::fields::FieldAt;
use super::memory::Memory;

/// Judges every display name, group name and comment of a field that was read.
pub(super) fn judge<O: Observer, M: Memory>(
    check: &mut AddressCheck<'_, '_, '_, O, M>,
    subject: Subject,
    field: &FieldAt<'_>,
    summary: &FieldSummary,
    limits: &Limits,
) -> Read<()> {
    if summary.plain {
        return Ok(());
    }
    let setting = check.asker.page.names()?;
    if setting == NameCheck::Off {
        return Ok(());
    }
    let only = summary.first.addr_spec.as_spelled(field.body).filter(|_| summary.mailboxes == 1);
    // Read when a name shows an address, and then once.
    let own = LazyCell::new(|| -> SmallVec<[Canonical; FEW]> {
        mailboxes(field.body, limits).filter_map(|mailbox| mailbox.addr_spec.canonical(field.body).ok()).collect()
    });
    let is_own = |address: &Canonical| {
        let is_it =
            |own: CanonicalView<'_>| own.domain == address.domain() && own.local.eq_ignore_ascii_case(address.local());
        only.map_or_else(|| own.iter().any(|own| is_it(own.view())), is_it)
    };
    let mut judged = 0_u32;
    for name in names(field.body) {
        let at = place(subject, field.number, field.base, name.span);
        let (mut shown, mut exceeded, mut damaged) = (false, false, Ok(()));
        let decoded = addresses(field.body, &name, &mut |address| {
            if shown || exceeded || damaged.is_err() || is_own(address) {
                return;
            }
            if judged == MOST_SHOWN {
                exceeded = true;
                return;
            }
            judged += 1;
            match check.may_be_shown(address.view(), setting == NameCheck::Hosted) {
                Ok(may) => shown = !may,
                Err(error) => damaged = Err(error),
            }
        });
        damaged?;
        if exceeded {
            check.ledger.find(Reason::LimitExceeded, at);
            return Ok(());
        }
        if shown {
            check.ledger.find(Reason::DisplayNameAddress, at);
        }
        if let Err(error) = decoded {
            check.note_unread(at, error.text());
            check.ledger.find(Reason::DisplayNameUndecodable, at);
        }
    }
    Ok(())
}

/// As many mailboxes as most fields have.
const FEW: usize = 4;

/// The most addresses in the names of one field that are judged, so that a field costs no more than its mailboxes may.
const MOST_SHOWN: u32 = 64;
