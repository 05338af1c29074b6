//! Collects findings and grants, and makes the answer of them (section 8).

use std::collections::BTreeSet;

use sendas::policy::{OnDeny, Strength, Tenant};
use sendas::{Action, Basis, Reason, Stage, Subject, Verdict};

use crate::request::{Envelope, Request};

/// What the reference answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Allow or deny.
    pub verdict: Verdict,
    /// What the host shall do.
    pub action: Action,
    /// Everything that was found, without the limit of 32.
    pub findings: BTreeSet<Found>,
    /// What gave the addresses that are not denied.
    pub grants: Vec<Granted>,
    /// Whether an envelope stage allow may still be denied for the header.
    pub provisional: bool,
}

/// One failing fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Whether it denies; otherwise it is listed as would-deny.
    pub enforced: bool,
    /// Why.
    pub reason: Reason,
    /// The part of the request.
    pub subject: Subject,
    /// The number of the field, 0 for parts that are no field.
    pub field: usize,
    /// Where in that part.
    pub at: At,
}

/// Where in a part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// The part as a whole.
    Whole,
    /// The addr-spec of the mailbox with this number; of an envelope sender, number 0.
    Mailbox(usize),
    /// The name with this number.
    Name(usize),
}

/// What gave one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Granted {
    /// The part of the request.
    pub subject: Subject,
    /// The number of the field, 0 for the envelope sender.
    pub field: usize,
    /// The number of the mailbox.
    pub mailbox: usize,
    /// What gave it.
    pub basis: Basis,
}

/// A place that findings are made at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) subject: Subject,
    pub(crate) field: usize,
    pub(crate) at: At,
}

impl Spot {
    pub(crate) fn whole(subject: Subject) -> Self {
        Self { subject, field: 0, at: At::Whole }
    }

    pub(crate) fn field(subject: Subject, field: usize) -> Self {
        Self { subject, field, at: At::Whole }
    }

    pub(crate) fn mailbox(self, number: usize) -> Self {
        Self { at: At::Mailbox(number), ..self }
    }

    pub(crate) fn name(self, number: usize) -> Self {
        Self { at: At::Name(number), ..self }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: BTreeSet<Found>,
    grants: Vec<Granted>,
}

impl Findings {
    /// Adds a finding of a control that is as strict as `strength`; off finds nothing.
    pub(crate) fn add(&mut self, strength: Strength, reason: Reason, spot: Spot) {
        let enforced = match strength {
            Strength::Off => return,
            Strength::Monitor => false,
            Strength::Enforce => true,
        };
        self.found.insert(Found { enforced, reason, subject: spot.subject, field: spot.field, at: spot.at });
    }

    /// Adds a finding that belongs to no control.
    pub(crate) fn always(&mut self, reason: Reason, subject: Subject) {
        self.add(Strength::Enforce, reason, Spot::whole(subject));
    }

    pub(crate) fn grant(&mut self, basis: Basis, spot: Spot) {
        let At::Mailbox(mailbox) = spot.at else { return };
        self.grants.push(Granted { subject: spot.subject, field: spot.field, mailbox, basis });
    }

    pub(crate) fn answer(self, tenant: Option<&Tenant>, request: &Request, stage: Stage) -> Answer {
        // 8.2
        let denied = self.found.iter().any(|found| found.enforced);
        let verdict = if denied { Verdict::Deny } else { Verdict::Allow };
        // 8.3
        let at_session = self.found.iter().any(|found| found.enforced && found.subject.stage() == Stage::Session);
        let on_deny = tenant.map_or(OnDeny::Reject, |tenant| tenant.sender.on_deny);
        let action = match (denied, at_session, on_deny) {
            (false, _, _) => Action::Accept,
            (true, true, _) | (true, false, OnDeny::Reject) => Action::Reject,
            (true, false, OnDeny::Discard) => Action::Discard,
            (true, false, OnDeny::Hold) => Action::Hold,
        };
        // 8.5
        let null = matches!(request.envelope, Envelope::Null | Envelope::NullPath);
        let provisional = stage == Stage::Envelope && null && !denied;
        let mut grants = self.grants;
        grants.sort_unstable();
        Answer { verdict, action, findings: self.found, grants, provisional }
    }
}
