//! What building takes, as the system counts it, which only Linux tells.
#![expect(clippy::expect_used, reason = "what cannot be built or measured fails the test")]

use std::fs;

use sendas::policy::{Account, Consent, Identity, Tenant};
use sendas::{Address, HashKey, Options, Snapshot};

/// Builds a snapshot of so many tenants of ten identities, and returns how many octets that took at the peak, and how many the
/// snapshot has. Only one test of a program may do this: what the others hold would count as well.
pub(crate) fn peak_and_size(tenants: usize) -> (usize, usize) {
    let mut builder = Snapshot::builder(&Default::default(), &Options::new(HashKey([7; 16])));
    // Memory that was asked for once serves again.
    let tenant = |number| tenant(number).expect("addresses");
    builder.tenant(&tenant(tenants));
    let before = resident("VmRSS").expect("what is resident");
    // Not in the order of their ids.
    for number in 0..tenants {
        builder.tenant(&tenant(number * 7_919 % tenants));
    }
    let snapshot = builder.finish().expect("a sound policy");
    let (peak, size) = (resident("VmHWM").expect("the peak") - before, snapshot.size());
    assert_eq!(snapshot.tenant_count(), tenants + 1);
    assert!(peak > size, "{peak} octets at the peak, {size} in the end");
    (peak, size)
}

fn tenant(number: usize) -> Option<Tenant> {
    let address = |local: &str| Address::parse(&format!("{local}@tenant-{number}.example")).ok();
    let mut tenant = Tenant::new(format!("tenant-{number}"));
    for of in 0..2 {
        let mut account = Account::new(format!("account-{of}@tenant-{number}.example"));
        account.address = Some(address(&format!("account-{of}"))?);
        account.address_assigned = true;
        tenant.accounts.push(account);
    }
    for of in 0..10 {
        let mut identity = Identity::new(address(&format!("first.last-{of}"))?);
        identity.consent = Some(Consent::Given);
        tenant.identities.push(identity);
    }
    Some(tenant)
}

/// What the system says of this program's memory, in octets.
fn resident(key: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<usize>().ok()? * 1024)
}
