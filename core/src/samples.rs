//! Tenants and snapshots that the tests of several modules need.

use core::borrow::Borrow;

use crate::address::{Address, DomainName};
use crate::options::{HashKey, Options};
use crate::policy::{Account, Domain, DomainStatus, Provider, Tenant};
use crate::snapshot::Snapshot;
use crate::snapshot::image::Image;
use crate::snapshot::layout::small;
use crate::snapshot::root::UNIT;

/// A domain in this state.
pub(crate) fn domain(name: &str, status: DomainStatus) -> Domain {
    let mut domain = Domain::new(DomainName::parse(name).expect("a domain"));
    domain.status = status;
    domain
}

/// A domain that is verified.
pub(crate) fn verified(name: &str) -> Domain {
    domain(name, DomainStatus::Verified)
}

/// A domain that its tenant holds with all that is below.
pub(crate) fn reaching(mut domain: Domain) -> Domain {
    domain.subdomains = true;
    domain
}

/// A tenant with one domain.
pub(crate) fn tenant(id: &str, domain: Domain) -> Tenant {
    let mut tenant = Tenant::new(id);
    tenant.domains.push(domain);
    tenant
}

/// An account with an own address.
pub(crate) fn account(id: &str, address: &str) -> Account {
    let mut account = Account::new(id);
    account.address = Some(Address::parse(address).expect("an address"));
    account
}

/// A snapshot of these tenants.
pub(crate) fn compiled(tenants: impl IntoIterator<Item = impl Borrow<Tenant>>) -> Snapshot {
    let mut builder = Snapshot::builder(&Provider::default(), &Options::new(HashKey([5; 16])));
    tenants.into_iter().for_each(|tenant| builder.tenant(tenant.borrow()));
    builder.finish().expect("a sound policy")
}

/// The same snapshot, opened from a file in which one octet is damaged, in the middle of a tenant's page: who reads all tenants finds
/// that.
pub(crate) fn damaged(snapshot: &Snapshot, tenant: &str) -> Snapshot {
    let first = page_of(snapshot, tenant);
    let words = snapshot.root().bytes.word(small(first / 4)).expect("a page");
    damaged_at(snapshot, first + 2 * words as usize)
}

/// The same snapshot, opened from a file of which this octet is another one.
pub(crate) fn damaged_at(snapshot: &Snapshot, at: usize) -> Snapshot {
    let mut octets = snapshot.seal().expect("a sound snapshot");
    octets[at] ^= 1;
    Snapshot::open(octets).expect("the head is sound")
}

/// The same snapshot, opened from a file that somebody has changed and then written the checksums anew.
pub(crate) fn forged(snapshot: &Snapshot, change: impl FnOnce(&mut [u8])) -> Snapshot {
    let mut octets = snapshot.root().bytes.0.to_vec();
    change(&mut octets);
    let (head, sums) = Image::of(octets.clone()).checksums().expect("an image");
    octets[..head.len()].copy_from_slice(&head);
    octets.extend(sums);
    Snapshot::open(octets).expect("its checksums are right")
}

/// The octet where a tenant's page begins.
pub(crate) fn page_of(snapshot: &Snapshot, tenant: &str) -> usize {
    snapshot.root().tenant(tenant.as_bytes()).expect("it is sound").expect("a tenant") as usize * UNIT
}
