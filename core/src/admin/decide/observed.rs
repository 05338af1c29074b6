//! Commands about observed traffic.

use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::{Consent, IdentityStatus};

use super::super::index::{Base, Use};
use super::super::{Command, Desk, Event, Holder, Pair, Refusal};
use super::Context;

impl Context<'_> {
    pub(super) fn observed(&self, command: &Command, desk: &Desk) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Preregister { account, address, seen } => {
                if self.is_own(desk, account, address) {
                    return Ok(Vec::new());
                }
                if desk.tenant.sender.grandfathered_until.is_none() {
                    return Err(Refusal::NoDeadline {});
                }
                let identity = desk.identity(&Holder::Account(account.clone()), address);
                if identity.is_some_and(|one| matches!(one.consent, Some(Consent::Refused | Consent::Withdrawn))) {
                    return Err(Refusal::OwnerRefused { address: address.clone() });
                }
                if self.is_anothers(desk, account, address) {
                    return Err(Refusal::AddressOfAnother { address: address.clone() });
                }
                let mut events = Vec::new();
                if identity.is_none_or(|identity| !identity.grandfathered) {
                    let (account, address) = (account.clone(), address.clone());
                    events.push(Event::IdentityPreregistered { account, address, seen: *seen });
                }
                events.extend(self.alert(desk, account, address));
                Ok(events)
            }
            Command::Alert { account, address } => Ok(self.alert(desk, account, address).into_iter().collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// Alerts once for each pair, and never about the own address.
    fn alert(&self, desk: &Desk, account: &str, address: &Address) -> Option<Event> {
        let (pair, own) = ((account.into(), address.clone()), self.is_own(desk, account, address));
        let new = !own && !desk.alerted.contains(&pair);
        new.then_some(Event::PairAlerted { account: pair.0, address: pair.1 })
    }

    fn is_own(&self, desk: &Desk, account: &str, address: &Address) -> bool {
        desk.account(account).is_some_and(|account| self.directory.owns(desk, account, address))
    }

    /// Whether the address is another account's own, another holder's by proof, or at a domain that another tenant has proved.
    ///
    /// Addresses are compared in the widest form: when in doubt an address is another's.
    fn is_anothers(&self, desk: &Desk, account: &str, address: &Address) -> bool {
        let here = Holder::Account(account.into());
        let proved = |pair: &Pair| {
            self.directory.identity(pair).is_some_and(|identity| {
                identity.consent == Some(Consent::Given) || identity.status == IdentityStatus::Verified
            })
        };
        self.directory.is_held_elsewhere(desk, address.domain())
            || self.directory.index.uses_of(&Base::of(address)).any(|by| match by {
                Use::Identity(pair) => pair.holder != here && proved(pair),
                Use::Own(other) => other != account,
            })
    }
}
