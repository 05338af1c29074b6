//! One address of the request: gathered, judged by both controls, entered into the ledger.

use crate::address::CanonicalView;
use crate::decision::{Basis, Place};
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

    /// Judges an address, and enters what speaks against it and what grants it. Returns what is known of it.
    pub(super) fn judge(&mut self, target: &Target<'_>, place: Place, judged: Judged) -> Read<Option<AddressFacts>> {
        let strengths = self.ledger.strengths;
        if strengths.sender == Strength::Off && strengths.hosted == Strength::Off {
            self.enter(None, place, judged);
            return Ok(None);
        }
        self.observer.note(|| Note::Address { place });
        let facts = match self.memory.facts(target.address()) {
            Some(facts) => facts,
            None => {
                let facts = gather(self.asker, target, O::depth(self.proof), self.observer)?;
                self.memory.keep_facts(target.address(), facts);
                facts
            }
        };
        self.enter(Some(facts), place, judged);
        Ok(Some(facts))
    }

    /// Judges again, at another place, an address of which everything is known.
    pub(super) fn judge_again(&mut self, facts: Option<AddressFacts>, place: Place, judged: Judged) {
        if facts.is_some() {
            self.observer.note(|| Note::Address { place });
        }
        self.enter(facts, place, judged);
    }

    /// Enters what facts come to; there are none where nothing is asked of addresses.
    #[inline]
    fn enter(&mut self, facts: Option<AddressFacts>, place: Place, judged: Judged) {
        let strengths = self.ledger.strengths;
        let Some(facts) = facts else {
            if judged != Judged::HostedOnly {
                self.ledger.grant(Basis::NotEnforced, place);
            }
            return;
        };
        let asked = strengths.hosted != Strength::Off;
        let theirs = ReasonSet::default().when(asked && of_another_tenant(facts), Reason::AddressOfAnotherTenant);
        let (reasons, basis) = match judged {
            Judged::HostedOnly => {
                self.ledger.find_all(theirs, place);
                return;
            }
            Judged::AsResent => {
                (ReasonSet::default().when(facts.has(Fact::Denied), Reason::AddressDenied), Some(Basis::Resend))
            }
            Judged::Fully => {
                let judgement = authorise(facts, self.proof);
                (judgement.reasons, judgement.basis)
            }
        };
        let against = reasons.union(theirs);
        if !self.ledger.find_all(against, place) {
            let given = basis.filter(|_| against.is_empty() && strengths.sender != Strength::Off);
            self.ledger.grant(given.unwrap_or(Basis::NotEnforced), place);
        }
    }

    /// Whether an address in a display name may stand there (docs/semantics.md 6.7).
    pub(super) fn may_be_shown(&mut self, address: CanonicalView<'_>, hosted_only: bool) -> Read<bool> {
        let target = Target::new(self.asker.root.key, address);
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
