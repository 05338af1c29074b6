//! What the entries of domains prove, in view of all tenants.

use crate::address::{Address, upwards};
use crate::policy::{Account, Consent, Domain, DomainStatus, Identity, IdentityStatus};
use crate::time::Timestamp;

use super::{Desk, Directory};

impl Directory {
    /// Whether a verified active entry of the tenant reaches the domain (docs/semantics.md 4.2, 4.5).
    pub(super) fn proves(&self, desk: &Desk, domain: &str) -> bool {
        desk.tenant.domains.iter().any(|entry| {
            let name = entry.name.as_str();
            let reaches =
                || name == domain || entry.subdomains && is_below(domain, name) && !self.stops(desk, name, domain);
            entry.is_in_force() && reaches()
        })
    }

    /// Whether the address is the account's own, and counts (4.2).
    pub(super) fn owns(&self, desk: &Desk, account: &Account, address: &Address) -> bool {
        desk.is_own(account, address) && (account.address_assigned || self.proves(desk, address.domain()))
    }

    /// Whether the own address of the account counts (4.2).
    pub(super) fn own_counts(&self, desk: &Desk, account: &Account) -> bool {
        let proves = |address: &Address| account.address_assigned || self.proves(desk, address.domain());
        account.address.as_ref().is_some_and(proves)
    }

    /// Whether the identity, which the tenant or one of its accounts holds, counts (4.3).
    pub(super) fn counts(&self, desk: &Desk, identity: &Identity, now: Timestamp) -> bool {
        let until = desk.tenant.sender.grandfathered_until;
        match identity.consent {
            Some(Consent::Refused | Consent::Withdrawn) => false,
            Some(Consent::Given) => true,
            Some(Consent::Pending) | None => {
                identity.grandfathered && until.is_some_and(|until| now < until)
                    || identity.status == IdentityStatus::Verified
                        && (desk.tenant.admin_vouches || self.proves(desk, identity.address.domain()))
            }
        }
    }

    /// Whether another tenant holds the domain: has an entry for it that is not pending, by name or from above (5.1).
    pub(super) fn is_held_elsewhere(&self, desk: &Desk, domain: &str) -> bool {
        upwards(domain).any(|name| {
            self.entries(name).any(|(other, entry)| {
                let spans = name == domain || entry.subdomains;
                other.tenant.id != desk.tenant.id && entry.status != DomainStatus::Pending && spans
            })
        })
    }

    /// Whether a right from above stops before the domain: another tenant has verified a name between, and this one has not (4.5).
    fn stops(&self, desk: &Desk, above: &str, domain: &str) -> bool {
        upwards(domain).take_while(|name| name.len() > above.len()).any(|name| {
            let (mut others, mut own) = (false, false);
            for (other, _) in self.entries(name).filter(|(_, entry)| entry.is_verified()) {
                if other.tenant.id == desk.tenant.id { own = true } else { others = true }
            }
            others && !own
        })
    }

    /// Returns the entries of exactly this name, with their tenants.
    fn entries(&self, name: &str) -> impl Iterator<Item = (&Desk, &Domain)> {
        let desks = self.index.tenants_of_domain(name).filter_map(|tenant| self.desk(tenant));
        desks.filter_map(move |desk| {
            desk.tenant.domains.iter().find(|entry| entry.name.as_str() == name).map(|entry| (desk, entry))
        })
    }
}

/// Whether the domain is below the name, at a label boundary.
pub(super) fn is_below(domain: &str, name: &str) -> bool {
    domain.strip_suffix(name).is_some_and(|above| above.ends_with('.'))
}

/// Whether two addresses are taken for one mailbox by its owner: compared without regard to ASCII case.
pub(super) fn is_same_mailbox(one: &Address, other: &Address) -> bool {
    one.domain() == other.domain() && one.local().eq_ignore_ascii_case(other.local())
}
