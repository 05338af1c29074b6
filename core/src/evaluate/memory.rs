//! What one decision leaves for the next one of the same session.

use alloc::vec::Vec;
use core::ops::Range;

use crate::address::CanonicalView;
use crate::gather::{AddressFacts, Fact};
use crate::ledger::Opening;
use crate::locate::Located;
use crate::time::Timestamp;

/// Keeps what was found out, for whoever asks again about the same account and snapshot.
pub(crate) trait Memory {
    /// Who asks, and what is known of the session.
    fn session(&self) -> Option<&(Located, Opening)>;

    /// Keeps the session; `session` is only called where it is kept.
    fn keep_session(&mut self, session: impl FnOnce() -> (Located, Opening));

    /// What is known of an address.
    fn facts(&self, address: CanonicalView<'_>) -> Option<AddressFacts>;

    /// Keeps what is known of an address.
    fn keep_facts(&mut self, address: CanonicalView<'_>, facts: AddressFacts);

    /// Takes note of the seconds in which everything that was found out holds.
    fn keep_until(&mut self, holds: Range<i64>);
}

/// Keeps nothing, at no cost.
pub(crate) struct Forgetful;

impl Memory for Forgetful {
    #[inline]
    fn session(&self) -> Option<&(Located, Opening)> {
        None
    }

    #[inline]
    fn keep_session(&mut self, _session: impl FnOnce() -> (Located, Opening)) {}

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
    session: Option<(Located, Opening)>,
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
    /// Forgets everything unless it holds at this instant.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        if self.holds.as_ref().is_none_or(|holds| !holds.contains(&now.0)) {
            self.forget();
        }
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.holds = None;
        self.session = None;
        self.addresses.iter_mut().for_each(|address| address.octets.clear());
    }
}

impl Memory for Remembered {
    fn session(&self) -> Option<&(Located, Opening)> {
        self.session.as_ref()
    }

    fn keep_session(&mut self, session: impl FnOnce() -> (Located, Opening)) {
        self.session = Some(session());
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
    /// Whether what is known of this address is known of another one too: it is the same, or differs in the case of its
    /// local part, where that tells nothing.
    fn is(&self, address: CanonicalView<'_>) -> bool {
        let Some((local, domain)) = self.octets.split_at_checked(self.local) else { return false };
        !domain.is_empty()
            && domain == address.domain
            && (local == address.local || !self.facts.has(Fact::CaseTells) && local.eq_ignore_ascii_case(address.local))
    }
}
