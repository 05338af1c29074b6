//! One address of the request: gathered, judged by both controls, entered into the ledger.

use crate::address::CanonicalView;
use crate::decision::{Basis, Place, Subject};
use crate::gather::{AddressFacts, Depth, Fact, gather};
use crate::judge::{ReasonSet, authorise, of_another_tenant};
use crate::ledger::Ledger;
use crate::locate::Asker;
use crate::observer::{Blind, Note, Observer};
use crate::policy::{Proof, Strength};
use crate::reason::Reason;
use crate::snapshot::layout::Read;
use crate::snapshot::target::Target;

use super::memory::Memory;

/// What the addresses of one request are judged with.
pub(super) struct AddressCheck<'c, 'd, 's, O, M> {
    pub(super) asker: &'c Asker<'s>,
    pub(super) ledger: &'c mut Ledger<'d>,
    pub(super) observer: &'c mut O,
    pub(super) memory: &'c mut M,
    pub(super) proof: Proof,
}

/// How an address of the request is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// By sections 4 and 5.
    Fully,
    /// By section 5 and by deny entries: the From field of a message that is resent.
    AsResent,
    /// By section 5 alone: `header` is off, or the field is repeated.
    HostedOnly,
}

/// What an address came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// What is known of it; nothing where nothing is asked of addresses.
    pub(super) facts: Option<AddressFacts>,
    /// What was entered as giving it, by [`Judged::Fully`]; nothing where something was found against it.
    pub(super) granted: Option<Basis>,
}

impl<'c, 'd, 's, O: Observer, M: Memory> AddressCheck<'c, 'd, 's, O, M> {
    pub(super) fn new(
        asker: &'c Asker<'s>,
        ledger: &'c mut Ledger<'d>,
        observer: &'c mut O,
        memory: &'c mut M,
    ) -> Read<Self> {
        let proof = asker.page.proof()?;
        Ok(Self { asker, ledger, observer, memory, proof })
    }

    /// Judges an address, and enters what speaks against it and what grants it.
    #[inline(always)]
    pub(super) fn judge(&mut self, target: &Target<'_>, place: Place, judged: Judged) -> Read<Outcome> {
        if self.ledger.strengths.sender == Strength::Off && self.ledger.strengths.hosted == Strength::Off {
            return Ok(self.enter(None, place, judged));
        }
        self.observer.note(|| Note::Address { place });
        let facts = match self.memory.facts(target.address()) {
            Some(facts) => facts,
            None => {
                let facts = gather(self.asker, target, O::depth(self.proof), self.observer)?;
                // Those of the envelope sender are kept with it, where it is kept.
                if place.subject != Subject::EnvelopeSender {
                    self.memory.keep_facts(target.address(), facts);
                }
                facts
            }
        };
        Ok(self.enter(Some(facts), place, judged))
    }

    /// The same, where few addresses come to be judged.
    #[inline(never)]
    pub(super) fn judge_apart(&mut self, target: &Target<'_>, place: Place, judged: Judged) -> Read<()> {
        self.judge(target, place, judged).map(drop)
    }

    /// Judges again, at another place, an address of which everything is known.
    #[inline]
    pub(super) fn judge_again(&mut self, outcome: Outcome, place: Place, judged: Judged) {
        if outcome.facts.is_some() {
            self.observer.note(|| Note::Address { place });
        }
        match outcome.granted {
            Some(basis) if judged == Judged::Fully => self.ledger.grant(basis, place),
            _ => self.enter_again(outcome.facts, place, judged),
        }
    }

    #[inline(never)]
    fn enter_again(&mut self, facts: Option<AddressFacts>, place: Place, judged: Judged) {
        self.enter(facts, place, judged);
    }

    /// Enters what facts come to; there are none where nothing is asked of addresses.
    #[inline(always)]
    fn enter(&mut self, facts: Option<AddressFacts>, place: Place, judged: Judged) -> Outcome {
        let (sender, hosted) = (self.ledger.strengths.sender, self.ledger.strengths.hosted);
        let Some(known) = facts else {
            let granted = (judged != Judged::HostedOnly).then_some(Basis::NotEnforced);
            granted.into_iter().for_each(|basis| self.ledger.grant(basis, place));
            return Outcome { facts, granted };
        };
        let theirs = hosted != Strength::Off && of_another_tenant(known);
        let theirs = ReasonSet::default().when(theirs, Reason::AddressOfAnotherTenant);
        let (reasons, basis) = match judged {
            Judged::HostedOnly => {
                self.ledger.find_all(theirs, place);
                return Outcome { facts, granted: None };
            }
            Judged::AsResent => {
                (ReasonSet::default().when(known.has(Fact::Denied), Reason::AddressDenied), Some(Basis::Resend))
            }
            Judged::Fully => {
                let judgement = authorise(known, self.proof);
                (judgement.reasons, judgement.basis)
            }
        };
        let against = reasons.union(theirs);
        let given = basis.filter(|_| against.is_empty() && sender != Strength::Off).unwrap_or(Basis::NotEnforced);
        if !self.ledger.find_all(against, place) {
            self.ledger.grant(given, place);
        }
        Outcome { facts, granted: against.is_empty().then_some(given) }
    }

    /// Whether an address in a display name may stand there (docs/semantics.md 6.7).
    pub(super) fn may_be_shown(&mut self, address: CanonicalView<'_>, hosted_only: bool) -> Read<bool> {
        let target = Target::new(self.asker.root.hasher, address);
        let facts = gather(self.asker, &target, Depth::Everything, &mut Blind)?;
        if hosted_only && !facts.has(Fact::Hosted) {
            return Ok(true);
        }
        Ok(authorise(facts, self.proof).passes())
    }

    /// Notes what keeps something from being read, for whoever explains the decision.
    pub(super) fn note_unread(&mut self, place: Place, why: &'static str) {
        self.observer.note(|| Note::Unread { place, why });
    }

    /// Enters that something which should name an address cannot be read (docs/semantics.md 5.2, 5.3).
    pub(super) fn unreadable(&mut self, place: Place, denied_already: bool) {
        if !denied_already {
            self.ledger.find(Reason::AddressOfAnotherTenant, place);
        }
    }
}
