//! Commands about observed traffic.

use alloc::vec::Vec;

use crate::address::Address;
use crate::policy::{Consent, DomainStatus, IdentityStatus};

use super::super::{Command, Desk, Event, Holder, Refusal};
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
        desk.account(account).is_some_and(|account| desk.owns(account, address))
    }

    /// Whether the address is another account's own, another holder's by proof, or at a domain that another tenant has proved.
    ///
    /// Addresses are compared in the widest form: when in doubt an address is another's.
    fn is_anothers(&self, desk: &Desk, account: &str, address: &Address) -> bool {
        let same = |other: &Address| {
            let base = |address: &Address| {
                let folded = address.local().to_ascii_lowercase();
                let cut = folded.bytes().enumerate().skip(1).find(|(_, octet)| b"+-=#".contains(octet));
                cut.and_then(|(at, _)| folded.get(..at)).map_or(folded.clone(), Into::into)
            };
            other.domain() == address.domain() && base(other) == base(address)
        };
        let here = Holder::Account(account.into());
        self.directory.desks().any(|other| {
            let other_tenant = other.tenant.id != desk.tenant.id;
            let holds = other_tenant
                && other.tenant.domains.iter().any(|entry| {
                    let name = entry.name.as_str();
                    let below = entry.subdomains
                        && address.domain().strip_suffix(name).is_some_and(|above| above.ends_with('.'));
                    entry.status != DomainStatus::Pending && (name == address.domain() || below)
                });
            let owned =
                other.tenant.accounts.iter().any(|one| one.id != account && one.address.as_ref().is_some_and(same));
            let proved = |holder: &Holder| {
                *holder != here
                    && other.identities(holder).into_iter().flatten().any(|identity| {
                        let given = identity.consent == Some(Consent::Given);
                        (given || identity.status == IdentityStatus::Verified) && same(&identity.address)
                    })
            };
            let accounts = other.tenant.accounts.iter().map(|one| Holder::Account(one.id.clone()));
            holds || owned || core::iter::once(other.holder()).chain(accounts).any(|holder| proved(&holder))
        })
    }
}
