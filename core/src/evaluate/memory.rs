//! What one decision leaves for the next one of the same session.

use alloc::vec::Vec;
use core::ops::Range;

use crate::address::{AddrSpec, CanonicalView};
use crate::gather::AddressFacts;
use crate::ledger::{Ledger, Opening};
use crate::locate::Located;
use crate::time::Timestamp;

/// Keeps what was found out, for whoever asks again about the same account and snapshot.
pub(crate) trait Memory {
    /// Who asks, and what is known of the session.
    fn session(&self) -> Option<KnownSession<'_>>;

    /// Keeps the session: its account, whether it holds the role that it acts in, and what was entered after AUTH.
    fn keep_session(&mut self, located: Located, holds_role: bool, ledger: &Ledger<'_>);

    /// What is known of the transaction at hand.
    fn transaction(&self) -> Option<KnownTransaction<'_>>;

    /// Keeps the transaction: where its address stands, what is known of it, and what was entered after MAIL FROM.
    fn keep_transaction(&mut self, spec: AddrSpec, facts: Option<AddressFacts>, ledger: &Ledger<'_>);

    /// What is known of an address.
    fn facts(&self, address: CanonicalView<'_>) -> Option<AddressFacts>;

    /// Keeps what is known of an address.
    fn keep_facts(&mut self, address: CanonicalView<'_>, facts: AddressFacts);

    /// Takes note of the seconds in which everything that was found out holds.
    fn keep_until(&mut self, holds: Range<i64>);
}

/// What is known of a session.
#[derive(Clone, Copy)]
pub(crate) struct KnownSession<'m> {
    /// Where its account stands.
    pub(super) located: Located,
    /// The account holds the role that it acts in.
    pub(super) holds_role: bool,
    /// What was entered after AUTH.
    pub(super) opening: &'m Opening,
}

/// What is known of a transaction whose envelope sender is an address.
#[derive(Clone, Copy)]
pub(crate) struct KnownTransaction<'m> {
    /// Where the address stands in the reverse-path.
    pub(super) spec: AddrSpec,
    pub(super) facts: Option<AddressFacts>,
    /// What was entered after MAIL FROM.
    pub(super) opening: &'m Opening,
}

/// Keeps nothing, at no cost.
pub(crate) struct Forgetful;

impl Memory for Forgetful {
    #[inline]
    fn session(&self) -> Option<KnownSession<'_>> {
        None
    }

    #[inline]
    fn keep_session(&mut self, _located: Located, _holds_role: bool, _ledger: &Ledger<'_>) {}

    #[inline]
    fn transaction(&self) -> Option<KnownTransaction<'_>> {
        None
    }

    #[inline]
    fn keep_transaction(&mut self, _spec: AddrSpec, _facts: Option<AddressFacts>, _ledger: &Ledger<'_>) {}

    #[inline]
    fn facts(&self, _address: CanonicalView<'_>) -> Option<AddressFacts> {
        None
    }

    #[inline]
    fn keep_facts(&mut self, _address: CanonicalView<'_>, _facts: AddressFacts) {}

    #[inline]
    fn keep_until(&mut self, _holds: Range<i64>) {}
}

/// Keeps the session and what is known of its last few addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    /// In which seconds all of it holds.
    holds: Option<Range<i64>>,
    session: Option<(Located, bool)>,
    session_opening: Opening,
    transaction: Option<(AddrSpec, Option<AddressFacts>)>,
    transaction_opening: Opening,
    addresses: [RememberedAddress; ADDRESSES],
    /// The address that gives way next.
    oldest: usize,
}

/// The addresses that are kept: most connections send from fewer.
const ADDRESSES: usize = 4;

/// What is known of an address.
#[derive(Clone, Debug, Default)]
struct RememberedAddress {
    /// The local part, and behind it the domain.
    octets: Vec<u8>,
    local: usize,
    facts: AddressFacts,
}

impl Remembered {
    /// Begins another transaction.
    pub(crate) fn begin(&mut self) {
        self.transaction = None;
    }

    /// Forgets everything unless it holds at this instant.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        if self.holds.as_ref().is_none_or(|holds| !holds.contains(&now.0)) {
            self.forget();
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.holds = None;
        (self.session, self.transaction) = (None, None);
        self.addresses.iter_mut().for_each(|address| address.octets.clear());
    }
}

impl Memory for Remembered {
    fn session(&self) -> Option<KnownSession<'_>> {
        let opening = &self.session_opening;
        self.session.map(|(located, holds_role)| KnownSession { located, holds_role, opening })
    }

    fn keep_session(&mut self, located: Located, holds_role: bool, ledger: &Ledger<'_>) {
        self.session = Some((located, holds_role));
        ledger.save(&mut self.session_opening);
    }

    fn transaction(&self) -> Option<KnownTransaction<'_>> {
        let opening = &self.transaction_opening;
        self.transaction.map(|(spec, facts)| KnownTransaction { spec, facts, opening })
    }

    fn keep_transaction(&mut self, spec: AddrSpec, facts: Option<AddressFacts>, ledger: &Ledger<'_>) {
        self.transaction = Some((spec, facts));
        ledger.save(&mut self.transaction_opening);
    }

    fn facts(&self, address: CanonicalView<'_>) -> Option<AddressFacts> {
        self.addresses.iter().find(|kept| kept.is(address)).map(|kept| kept.facts)
    }

    fn keep_facts(&mut self, address: CanonicalView<'_>, facts: AddressFacts) {
        let Some(kept) = self.addresses.get_mut(self.oldest) else { return };
        kept.octets.clear();
        kept.octets.extend_from_slice(address.local);
        kept.octets.extend_from_slice(address.domain);
        (kept.local, kept.facts) = (address.local.len(), facts);
        self.oldest = (self.oldest + 1) % ADDRESSES;
    }

    fn keep_until(&mut self, holds: Range<i64>) {
        self.holds = Some(match &self.holds {
            Some(before) => before.start.max(holds.start)..before.end.min(holds.end),
            None => holds,
        });
    }
}

impl RememberedAddress {
    /// Whether what is known of this address is known of another one too.
    fn is(&self, address: CanonicalView<'_>) -> bool {
        let Some((local, domain)) = self.octets.split_at_checked(self.local) else { return false };
        !domain.is_empty() && self.facts.hold_for(CanonicalView { local, domain }, address)
    }
}
