//! One address of the request: gathered, judged by both controls, entered into the ledger.

use crate::address::Canonical;
use crate::decision::{Basis, Place};
use crate::gather::{AddressFacts, Depth, gather};
use crate::judge::{ReasonSet, authorise, of_another_tenant};
use crate::ledger::Ledger;
use crate::locate::Asker;
use crate::observer::{Blind, Note, Observer};
use crate::policy::{Proof, Strength};
use crate::reason::Reason;
use crate::snapshot::layout::Read;

/// What the addresses of one request are judged with.
pub(super) struct AddressCheck<'c, 's, O> {
    pub(super) asker: &'c Asker<'s>,
    pub(super) ledger: &'c mut Ledger,
    pub(super) observer: &'c mut O,
    pub(super) proof: Proof,
    /// The address judged last: header From is the envelope sender more often than not.
    last: Option<(Canonical, AddressFacts)>,
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

impl<'c, 's, O: Observer> AddressCheck<'c, 's, O> {
    pub(super) fn new(asker: &'c Asker<'s>, ledger: &'c mut Ledger, observer: &'c mut O) -> Read<Self> {
        let proof = asker.page.proof()?;
        Ok(Self { asker, ledger, observer, proof, last: None })
    }

    /// Judges an address, and enters what speaks against it and what grants it.
    pub(super) fn judge(&mut self, address: &Canonical, place: Place, judged: Judged) -> Read<()> {
        let strengths = self.ledger.strengths;
        if strengths.sender == Strength::Off && strengths.hosted == Strength::Off {
            if judged != Judged::HostedOnly {
                self.ledger.grant(Basis::NotEnforced, place);
            }
            return Ok(());
        }
        self.observer.note(|| Note::Address { place });
        let facts = self.facts(address)?;
        let asked = strengths.hosted != Strength::Off;
        let theirs = ReasonSet::default().when(asked && of_another_tenant(&facts), Reason::AddressOfAnotherTenant);
        let (reasons, basis) = match judged {
            Judged::HostedOnly => {
                self.ledger.find_all(theirs, place);
                return Ok(());
            }
            Judged::AsResent => (ReasonSet::default().when(facts.denied, Reason::AddressDenied), Some(Basis::Resend)),
            Judged::Fully => {
                let judgement = authorise(&facts, self.proof);
                (judgement.reasons, judgement.basis)
            }
        };
        let against = reasons.union(theirs);
        if !self.ledger.find_all(against, place) {
            let given = basis.filter(|_| against.is_empty() && strengths.sender != Strength::Off);
            self.ledger.grant(given.unwrap_or(Basis::NotEnforced), place);
        }
        Ok(())
    }

    /// Whether an address in a display name may stand there (docs/semantics.md 6.7).
    pub(super) fn may_be_shown(&mut self, address: &Canonical, hosted_only: bool) -> Read<bool> {
        let facts = gather(self.asker, address, Depth::Everything, &mut Blind)?;
        if hosted_only && !facts.hosted {
            return Ok(true);
        }
        Ok(authorise(&facts, self.proof).passes())
    }

    /// Enters that something which should name an address cannot be read (docs/semantics.md 5.2, 5.3).
    pub(super) fn unreadable(&mut self, place: Place, denied_already: bool) {
        if !denied_already {
            self.ledger.find(Reason::AddressOfAnotherTenant, place);
        }
    }

    fn facts(&mut self, address: &Canonical) -> Read<AddressFacts> {
        if let Some((last, facts)) = &self.last {
            if last == address {
                return Ok(*facts);
            }
        }
        let facts = gather(self.asker, address, O::depth(self.proof), self.observer)?;
        self.last = Some((address.clone(), facts));
        Ok(facts)
    }
}
