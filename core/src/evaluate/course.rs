//! The decisions of one session, each in the place of the one before, with what they leave to the next.

use crate::address::Known;
use crate::decision::{Decision, Grant, Stage, Verdict};
use crate::observer::Blind;
use crate::request::{EnvelopeSender, Header, Request};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

use super::enter;
use super::header::Said;
use super::memory::{Remembered, octets_of};

/// The latest decision of a session, and what it and those before it found out.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    decision: Decision,
    memory: Remembered,
}

impl Course {
    /// Decides what is known after AUTH.
    pub(crate) fn open(snapshot: &Snapshot, client: &Request<'_>) -> Self {
        let decision = Decision::open(Stage::Session, snapshot.id());
        let mut course = Self { decision, memory: Remembered::default() };
        course.decide(snapshot, client, None, Stage::Session);
        course
    }

    /// The latest decision.
    pub(crate) const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Forgets everything that was found out: another snapshot decides from now on.
    pub(crate) fn forget(&mut self) {
        self.memory.forget();
    }

    /// Decides a transaction at MAIL FROM; calls `with_facts` with what needs the whole request, unless the sender was allowed
    /// before and nothing found.
    pub(crate) fn mail_from(
        &mut self,
        snapshot: &Snapshot,
        (sender, smtputf8): (EnvelopeSender<'_>, bool),
        now: Timestamp,
        with_facts: impl FnOnce(&mut dyn FnMut(&Request<'_>)),
    ) {
        self.memory.begin();
        self.memory.renew(now);
        if let Some(grant) = self.memory.recall(sender, smtputf8) {
            self.decision.reopen(Stage::Envelope, snapshot.id());
            self.decision.enter_grant(grant);
            return;
        }
        with_facts(&mut |request| self.decide(snapshot, request, None, Stage::Envelope));
        self.memory.keep_sender(sender, smtputf8, &self.decision);
    }

    /// Decides it at the end of the header; the same, unless the header says nothing but a sender that was allowed.
    pub(crate) fn message(
        &mut self,
        snapshot: &Snapshot,
        (sender, header): (EnvelopeSender<'_>, &Header<'_>),
        now: Timestamp,
        with_facts: impl FnOnce(&mut dyn FnMut(&Request<'_>)),
    ) {
        self.memory.renew(now);
        let mut read = None;
        let mut said = Said::default();
        if let (Some(known), Some((octets, _))) = (self.memory.at_hand(), octets_of(sender)) {
            said.read(header, &snapshot.options().limits, Known::new(octets, known.spec));
            let place = said.repetition(&known.standing.strengths);
            if let (Some(place), Some(basis), Verdict::Allow) = (place, known.outcome.granted, self.decision.verdict())
            {
                self.memory.begin();
                self.decision.advance(Stage::Message);
                self.decision.enter_grant(Grant { basis, place });
                return;
            }
            read = Some(&said);
        }
        with_facts(&mut |request| self.decide(snapshot, request, read, Stage::Message));
    }

    fn decide(&mut self, snapshot: &Snapshot, request: &Request<'_>, header: Option<&Said<'_>>, stage: Stage) {
        let Self { decision, memory } = self;
        if memory.at_hand().is_some() {
            decision.advance(stage);
        } else {
            decision.reopen(stage, snapshot.id());
        }
        enter(decision, snapshot, request, header, &mut Blind, memory);
        if decision.verdict() == Verdict::Defer {
            memory.forget();
        }
    }
}
