//! What one decision leaves for the next one of the same session.

use alloc::vec::Vec;
use core::ops::Range;

use smallvec::SmallVec;

use crate::address::{AddrSpec, CanonicalView, octet};
use crate::decision::{Decision, Grant, Verdict};
use crate::gather::AddressFacts;
use crate::ledger::Standing;
use crate::locate::Located;
use crate::request::EnvelopeSender;
use crate::time::Timestamp;

use super::address::Outcome;
use super::facts::{Facts, Text};
use super::header::RepeatedFrom;

/// Keeps what was found out, for whoever asks again about the same account and snapshot.
pub(crate) trait Memory {
    /// Keeps the session.
    fn keep_session(&mut self, session: KnownSession);

    /// Keeps the transaction.
    fn keep_transaction(&mut self, transaction: Transaction);

    /// What is known of an address.
    fn facts(&self, address: CanonicalView<'_>) -> Option<AddressFacts>;

    /// Keeps what is known of an address.
    fn keep_facts(&mut self, address: CanonicalView<'_>, facts: AddressFacts);

    /// Takes note of the seconds in which everything that was found out holds.
    fn keep_until(&mut self, holds: Range<i64>);

    /// Forgets everything.
    fn forget(&mut self);
}

/// What is known of a session in which nothing was found after AUTH.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownSession {
    /// Where its account stands.
    pub(super) located: Located,
    /// The account holds the role that it acts in.
    pub(super) holds_role: bool,
    /// How the book of each of its transactions begins.
    pub(super) standing: Standing,
}

/// What is known of a transaction whose envelope sender is an address, and was entered into the session's decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transaction {
    /// Where the address stands in the reverse-path.
    pub(super) spec: AddrSpec,
    pub(super) outcome: Outcome,
    /// How the book of the decision is gone on with.
    pub(super) standing: Standing,
}

/// Keeps nothing, at no cost.
pub(crate) struct Forgetful;

impl Memory for Forgetful {
    #[inline]
    fn keep_session(&mut self, _session: KnownSession) {}

    #[inline]
    fn keep_transaction(&mut self, _transaction: Transaction) {}

    #[inline]
    fn facts(&self, _address: CanonicalView<'_>) -> Option<AddressFacts> {
        None
    }

    #[inline]
    fn keep_facts(&mut self, _address: CanonicalView<'_>, _facts: AddressFacts) {}

    #[inline]
    fn keep_until(&mut self, _holds: Range<i64>) {}

    #[inline]
    fn forget(&mut self) {}
}

/// Keeps the session, its transaction at hand, and what is known of its last few addresses and senders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    /// In which seconds all of it holds.
    holds: Option<Range<i64>>,
    session: Option<KnownSession>,
    transaction: AtHand,
    addresses: Vec<RememberedAddress>,
    senders: Vec<RememberedSender>,
}

/// So many are a few: most connections send from fewer addresses.
const FEW: usize = 4;

/// Forgets all of a few where there is no room for one more.
fn make_room<T>(few: &mut Vec<T>) {
    if few.len() == FEW {
        few.clear();
    }
}

/// Keeps one more of a few, for which there is room.
fn keep<T>(few: &mut Vec<T>, one: T) {
    if few.is_empty() {
        few.reserve_exact(FEW);
    }
    few.push(one);
}

/// The transaction at hand, if its decision can be gone on with.
#[derive(Clone, Copy, Debug, Default)]
enum AtHand {
    #[default]
    Nothing,
    Transaction(Transaction),
    /// That of the sender with this number.
    Sender(usize),
}

/// An envelope sender that was allowed, and nothing at all found with it.
#[derive(Clone, Debug)]
struct RememberedSender {
    /// Where its octets stand among the facts of the session.
    text: Text,
    is_unquoted: bool,
    smtputf8: bool,
    transaction: Transaction,
    grant: Grant,
    /// What the latest From field held that repeated it, perhaps in other letters.
    from: Option<RepeatedFrom>,
}

/// Octets for which no room is asked where they are few, as those of most addresses are.
pub(super) type Octets = SmallVec<[u8; FEW_OCTETS]>;

/// So many are few.
pub(super) const FEW_OCTETS: usize = 64;

/// What is known of an address.
#[derive(Clone, Debug)]
struct RememberedAddress {
    /// The local part, and behind it the domain.
    octets: Octets,
    local: usize,
    facts: AddressFacts,
}

impl Remembered {
    /// Begins another transaction.
    pub(crate) fn begin(&mut self) {
        self.transaction = AtHand::Nothing;
    }

    /// Goes on with what a sender came to, if it was allowed before in this session and nothing found; returns where its octets
    /// stand, and what gave it.
    pub(super) fn recall(
        &mut self,
        facts: &Facts,
        sender: EnvelopeSender<'_>,
        smtputf8: bool,
    ) -> Option<(Text, Grant)> {
        let (octets, is_unquoted) = octets_of(sender)?;
        let is_it = |kept: &RememberedSender| {
            octet::same(facts.text(&kept.text), octets) && (kept.is_unquoted, kept.smtputf8) == (is_unquoted, smtputf8)
        };
        let (number, kept) = self.senders.iter().enumerate().find(|(_, kept)| is_it(kept))?;
        self.transaction = AtHand::Sender(number);
        Some((kept.text.clone(), kept.grant))
    }

    /// Makes room for another sender; returns where the octets of the last one stand that is kept. Those of all of them follow
    /// one another, so that they are forgotten together.
    pub(super) fn make_room(&mut self) -> Option<&Text> {
        make_room(&mut self.senders);
        self.senders.last().map(|last| &last.text)
    }

    /// What is known of the session.
    pub(super) const fn session(&self) -> Option<&KnownSession> {
        self.session.as_ref()
    }

    /// What is known of the transaction at hand, if its decision can be gone on with.
    pub(super) fn transaction(&self) -> Option<&Transaction> {
        match &self.transaction {
            AtHand::Nothing => None,
            AtHand::Transaction(transaction) => Some(transaction),
            AtHand::Sender(number) => Some(&self.sender(*number)?.transaction),
        }
    }

    fn sender(&self, number: usize) -> Option<&RememberedSender> {
        self.senders.get(number)
    }

    /// Keeps the sender of the transaction at hand, for which room was made, if it was allowed and nothing found.
    pub(super) fn keep_sender(&mut self, text: &Text, sender: EnvelopeSender<'_>, smtputf8: bool, decision: &Decision) {
        let (AtHand::Transaction(transaction), &[grant]) = (self.transaction, decision.grants()) else { return };
        let (Some((_, is_unquoted)), true, []) =
            (octets_of(sender), decision.verdict() == Verdict::Allow, decision.would_deny())
        else {
            return;
        };
        let sender = RememberedSender { text: text.clone(), is_unquoted, smtputf8, transaction, grant, from: None };
        keep(&mut self.senders, sender);
        self.transaction = AtHand::Sender(self.senders.len() - 1);
    }

    /// What a From field held that repeated the sender of the transaction at hand.
    pub(super) fn from(&self) -> Option<&RepeatedFrom> {
        match self.transaction {
            AtHand::Sender(number) => self.sender(number)?.from.as_ref(),
            AtHand::Nothing | AtHand::Transaction(_) => None,
        }
    }

    /// Keeps what a From field holds that repeats the sender of the transaction at hand.
    pub(super) fn keep_from(&mut self, from: Option<RepeatedFrom>) {
        if let AtHand::Sender(number) = self.transaction {
            if let Some(sender) = self.senders.get_mut(number) {
                sender.from = from;
            }
        }
    }

    /// Forgets everything unless it holds at this instant.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        if self.holds.as_ref().is_none_or(|holds| !holds.contains(&now.0)) {
            self.forget();
        }
    }
}

impl Memory for Remembered {
    fn keep_session(&mut self, session: KnownSession) {
        self.session = Some(session);
    }

    fn keep_transaction(&mut self, transaction: Transaction) {
        // A session in which something was found is decided anew with each transaction.
        if self.session.is_some() {
            self.transaction = AtHand::Transaction(transaction);
        }
    }

    fn facts(&self, address: CanonicalView<'_>) -> Option<AddressFacts> {
        self.addresses.iter().find(|kept| kept.is(address)).map(|kept| kept.facts)
    }

    fn keep_facts(&mut self, address: CanonicalView<'_>, facts: AddressFacts) {
        let mut octets = Octets::from_slice(address.local);
        octets.extend_from_slice(address.domain);
        make_room(&mut self.addresses);
        keep(&mut self.addresses, RememberedAddress { octets, local: address.local.len(), facts });
    }

    fn keep_until(&mut self, holds: Range<i64>) {
        self.holds = Some(match &self.holds {
            Some(before) => before.start.max(holds.start)..before.end.min(holds.end),
            None => holds,
        });
    }

    fn forget(&mut self) {
        self.holds = None;
        (self.session, self.transaction) = (None, AtHand::Nothing);
        self.senders.clear();
        self.addresses.clear();
    }
}

/// The octets of a sender that has some, and whether they are those of an address that is not quoted.
pub(super) const fn octets_of(sender: EnvelopeSender<'_>) -> Option<(&[u8], bool)> {
    match sender {
        EnvelopeSender::Path(octets) => Some((octets, false)),
        EnvelopeSender::Unquoted(octets) => Some((octets, true)),
        EnvelopeSender::Null | EnvelopeSender::Unknown => None,
    }
}

impl RememberedAddress {
    /// Whether what is known of this address is known of another one too.
    fn is(&self, address: CanonicalView<'_>) -> bool {
        let Some((local, domain)) = self.octets.split_at_checked(self.local) else { return false };
        self.facts.hold_for(CanonicalView { local, domain }, address)
    }
}
