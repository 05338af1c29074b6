//! Events of what traffic shows.

use alloc::vec::Vec;

use crate::time::Timestamp;

use super::super::index::Effect;
use super::super::{Desk, Event, Holder, UnfitKind};

impl Desk {
    pub(super) fn apply_observed(
        &mut self,
        event: &Event,
        at: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), UnfitKind> {
        match event {
            Event::IdentityPreregistered { account, address, seen } => {
                let identity = self.identity_or_new(&Holder::Account(account.clone()), address, effects)?;
                identity.grandfathered = true;
                identity.since = Some(at);
                self.seen.insert((account.clone(), address.clone()), *seen);
            }
            Event::PairAlerted { account, address } => {
                if self.account(account).is_none() {
                    return Err(UnfitKind::unknown("account", account));
                }
                if !self.alerted.insert((account.clone(), address.clone())) {
                    return Err(UnfitKind::exists("alert", address));
                }
            }
            _ => return Err(UnfitKind::WrongScope(event.name())),
        }
        Ok(())
    }
}
