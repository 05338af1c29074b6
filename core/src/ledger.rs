//! The account book of one decision: what was found, how strictly it counts, and what was granted.

use crate::address::Span;
use crate::decision::{Action, Basis, Decision, Finding, Grant, Place, Stage, Subject, Verdict};
use crate::judge::ReasonSet;
use crate::policy::{OnDeny, Strength};
use crate::reason::{Control, Reason};

/// How strictly each control is applied to this request, exemptions included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strengths {
    pub(crate) sender: Strength,
    pub(crate) header: Strength,
    pub(crate) allowlist: Strength,
    pub(crate) credential: Strength,
    pub(crate) hosted: Strength,
    /// For reading the From field: `header`, or `sender` if that is stricter after a null reverse-path (docs/semantics.md 6.5).
    pub(crate) reading: Strength,
}

impl Strengths {
    /// Everything is enforced.
    const ENFORCED: Self = {
        let enforce = Strength::Enforce;
        Self {
            sender: enforce,
            header: enforce,
            allowlist: enforce,
            credential: enforce,
            hosted: enforce,
            reading: enforce,
        }
    };

    /// Begins a transaction, whose reverse-path may be null.
    pub(crate) fn begin(&mut self, null_path: bool) {
        self.reading = if null_path { self.header.max(self.sender) } else { self.header };
    }

    fn of(&self, reason: Reason) -> Strength {
        match reason.control() {
            None => Strength::Enforce,
            Some(Control::Sender) => self.sender,
            Some(Control::Header) if is_reading(reason) => self.reading,
            Some(Control::Header) => self.header,
            Some(Control::Allowlist) => self.allowlist,
            Some(Control::Credential) => self.credential,
            Some(Control::Hosted) => self.hosted,
        }
    }
}

const fn is_reading(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::HeaderNotGiven
            | Reason::FieldNameAmbiguous
            | Reason::FromMissing
            | Reason::FromRepeated
            | Reason::FromSyntax
            | Reason::FromAmbiguous
            | Reason::FromGroupEmpty
            | Reason::FromMultiple
            | Reason::TooManyMailboxes
    )
}

/// What a book is gone on with, beside the decision that it is: how strictly each control is applied, and whether the session
/// was denied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) strengths: Strengths,
    session_denied: bool,
}

/// Collects findings and grants, in reporting order and in bounded space.
#[derive(Debug)]
pub(crate) struct Ledger<'d> {
    pub(crate) strengths: Strengths,
    decision: &'d mut Decision,
    session_denied: bool,
}

impl<'d> Ledger<'d> {
    /// Opens the book, which will be this decision.
    pub(crate) fn new(decision: &'d mut Decision) -> Self {
        Self { strengths: Strengths::ENFORCED, decision, session_denied: false }
    }

    /// How the book stands now.
    pub(crate) const fn standing(&self) -> Standing {
        Standing { strengths: self.strengths, session_denied: self.session_denied }
    }

    /// Goes on with a book that stands so.
    pub(crate) fn stand(&mut self, standing: Standing) {
        (self.strengths, self.session_denied) = (standing.strengths, standing.session_denied);
    }

    /// The stage that is decided.
    pub(crate) const fn stage(&self) -> Stage {
        self.decision.stage()
    }

    /// Whether nothing is entered.
    pub(crate) fn is_empty(&self) -> bool {
        self.decision.is_empty()
    }

    /// Enters a failing fact, as strictly as its control is applied; returns whether it is enforced.
    pub(crate) fn find(&mut self, reason: Reason, place: Place) -> bool {
        match self.strengths.of(reason) {
            Strength::Off => false,
            Strength::Monitor => {
                self.decision.enter(Finding { reason, place }, false);
                false
            }
            Strength::Enforce => {
                self.session_denied |= place.subject.stage() == Stage::Session;
                self.decision.enter(Finding { reason, place }, true);
                true
            }
        }
    }

    /// Enters each reason of a set at one place; returns whether one of them is enforced.
    #[inline]
    pub(crate) fn find_all(&mut self, reasons: ReasonSet, place: Place) -> bool {
        !reasons.is_empty() && self.find_each(reasons, place)
    }

    #[inline(never)]
    fn find_each(&mut self, reasons: ReasonSet, place: Place) -> bool {
        let mut enforced = false;
        for reason in reasons.iter() {
            enforced |= self.find(reason, place);
        }
        enforced
    }

    /// Enters what gave the account an address.
    pub(crate) fn grant(&mut self, basis: Basis, place: Place) {
        self.decision.enter_grant(Grant { basis, place });
    }

    /// Closes the book.
    pub(crate) fn close(&mut self, on_deny: OnDeny, null_path: bool) {
        let verdict = self.decision.verdict();
        let action = match (verdict, on_deny) {
            (Verdict::Allow, _) => Action::Accept,
            (Verdict::Defer, _) => Action::Tempfail,
            (Verdict::Deny, _) if self.session_denied => Action::Reject,
            (Verdict::Deny, OnDeny::Reject) => Action::Reject,
            (Verdict::Deny, OnDeny::Discard) => Action::Discard,
            (Verdict::Deny, OnDeny::Hold) => Action::Hold,
        };
        let provisional = null_path && verdict == Verdict::Allow && self.decision.stage() == Stage::Envelope;
        self.decision.conclude(action, provisional);
    }
}

/// The place of octets within a field, whose own start in the header block is `base`.
pub(crate) fn place(subject: Subject, field: u32, base: u32, span: Span) -> Place {
    let span = Span { start: base.saturating_add(span.start), end: base.saturating_add(span.end) };
    Place { subject, field, span }
}
