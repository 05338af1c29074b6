//! The decisions of one session, each in the place of the one before, with what they leave to the next.

use crate::address::Known;
use crate::decision::{Decision, Grant, Stage, Verdict};
use crate::ledger::Ledger;
use crate::locate::Asker;
use crate::observer::Blind;
use crate::request::{EnvelopeSender, Header, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::approach::ask_for_sender;
use crate::snapshot::layout::Read;
use crate::time::{Clock, Timestamp};

use super::envelope::{self, SaidSender};
use super::facts::Facts;
use super::header::SaidHeader;
use super::memory::{KnownSession, Memory, Remembered, Transaction, octets_of};
use super::{Said, close, enter, transaction};

/// A session: the facts of its client and its transaction, the latest decision, and what it and those before it found out.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    facts: Facts,
    decision: Decision,
    memory: Remembered,
}

impl Course {
    /// Decides what is known of a client after AUTH; its envelope and its header are not looked at.
    #[inline]
    pub(crate) fn begin(snapshot: &Snapshot, client: &Request<'_>) -> Self {
        let mut memory = Remembered::default();
        let mut decision = Decision::open(Stage::Session, snapshot.id());
        enter(&mut decision, snapshot, client, &mut Blind, &mut memory);
        Self { facts: Facts::of(client), decision: decision.settled(), memory }
    }

    /// The facts of the client and its transaction, without the header.
    pub(crate) const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The latest decision.
    pub(crate) const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Forgets everything that was found out: another snapshot decides from now on.
    pub(crate) fn forget(&mut self) {
        self.memory.forget();
    }

    /// Decides a transaction at MAIL FROM, unless the sender was allowed before and nothing found.
    pub(crate) fn mail_from(
        &mut self,
        snapshot: &Snapshot,
        sender: EnvelopeSender<'_>,
        smtputf8: bool,
        now: Timestamp,
    ) -> &Decision {
        self.memory.begin();
        self.memory.renew(now);
        if let Some((text, grant)) = self.memory.recall(&self.facts, sender, smtputf8) {
            self.facts.begin_again(sender, text, (smtputf8, now));
            self.decision.reopen(Stage::Envelope, snapshot.id());
            self.decision.enter_grant(grant);
        } else {
            self.facts.begin(sender, self.memory.make_room(), (smtputf8, now));
            self.decide(snapshot, Header::NotGiven, None, Stage::Envelope);
            self.memory.keep_sender(self.facts.sender_text(), sender, smtputf8, &self.decision);
        }
        &self.decision
    }

    /// Decides it at the end of the header, unless the header says nothing but a sender that was allowed.
    pub(crate) fn message(&mut self, snapshot: &Snapshot, header: Header<'_>) -> &Decision {
        self.memory.renew(self.facts.now);
        let mut said = SaidHeader::default();
        let known = self.memory.transaction().zip(octets_of(self.facts.sender()));
        if let Some((known, (octets, _))) = known {
            let (limits, strengths) = (&snapshot.options().limits, &known.standing.strengths);
            said.find(&header, limits);
            let repeated = self.memory.from().and_then(|before| said.repetition_of(before, strengths));
            let is_new = repeated.is_none();
            let place = repeated.or_else(|| {
                said.read_from(limits, Known::new(octets, &known.spec));
                said.repetition(strengths, known.outcome, false)
            });
            if let (Some(place), Some(basis), Verdict::Allow) = (place, known.outcome.granted, self.decision.verdict())
            {
                if is_new {
                    self.memory.keep_from(said.repeated());
                }
                self.memory.begin();
                self.decision.advance(Stage::Message);
                self.decision.enter_grant(Grant { basis, place });
                return &self.decision;
            }
        }
        let read = known.is_some().then_some(&said);
        self.decide(snapshot, header, read, Stage::Message);
        &self.decision
    }

    fn decide(&mut self, snapshot: &Snapshot, header: Header<'_>, read: Option<&SaidHeader<'_>>, stage: Stage) {
        let Self { facts, decision, memory } = self;
        let (session, known) = (memory.session().copied(), memory.transaction().copied());
        // What follows is not gone on with, unless it is kept anew.
        memory.begin();
        match known {
            Some(_) => decision.advance(stage),
            None => decision.reopen(stage, snapshot.id()),
        }
        match session {
            Some(session) => {
                let clock = Clock::new(facts.now);
                let mut ledger = Ledger::new(decision);
                let known = (&session, known.as_ref(), read);
                let entered = go_on(snapshot, &facts.transaction(header), &clock, known, &mut ledger, memory);
                close(decision, entered, &clock, memory);
            }
            None => facts.with_header(header, |request| enter(decision, snapshot, request, &mut Blind, memory)),
        }
    }
}

/// Decides about an account that is known, and a transaction and a header that may be.
fn go_on(
    snapshot: &Snapshot,
    request: &Request<'_>,
    clock: &Clock,
    (session, known, read): (&KnownSession, Option<&Transaction>, Option<&SaidHeader<'_>>),
    ledger: &mut Ledger<'_>,
    memory: &mut Remembered,
) -> Read<()> {
    let (root, limits, stage) = (&snapshot.root(), &snapshot.options().limits, ledger.stage());
    ledger.stand(known.map_or(session.standing, |known| known.standing));
    let sender = match known {
        Some(known) => SaidSender::known_as(request, known.spec),
        None => envelope::read(request, stage),
    };
    let mut room = None;
    let asked = sender.target(root.hasher, &mut room);
    let target = asked.as_ref().and_then(|asked| asked.as_ref().ok());
    let mut asker = Asker::at(root, request, clock, &session.located)?;
    if let (Some(target), None) = (target, known) {
        ask_for_sender(root, asker.page, asker.account, target);
    }
    let mut here = SaidHeader::default();
    let header = read.unwrap_or_else(|| {
        if stage == Stage::Message {
            here.read(&request.header, limits, sender.known(), || ());
        }
        &here
    });
    let from = header.target(root.hasher, target);
    asker.resume_role(request.role, session.holds_role);
    let said = Said { sender: &sender, asked: asked.as_ref(), header, from: from.as_ref() };
    transaction(&asker, request, (said, known.map(|known| known.outcome)), ledger, &mut Blind, memory, limits)
}
