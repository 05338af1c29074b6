//! Logs of any length: tenants whose accounts each have an own address and have asked one mailbox owner.

use sendas::admin::{By, Event, Holder, Pair, Record, Token};
use sendas::{Address, Timestamp};

/// Returns the log of so many tenants with so many accounts each: a record for each tenant, and two for each account.
#[must_use]
#[expect(clippy::expect_used, reason = "the benches' own addresses and tokens are sound")]
pub fn log(tenants: usize, accounts: usize) -> String {
    let mut text = String::new();
    let mut sequence = 0_u64;
    for tenant in 0..tenants {
        let mut version = 0;
        let mut write = |event| {
            sequence += 1;
            version += 1;
            let record = Record {
                sequence,
                at: Timestamp(1_796_083_200),
                by: By::Provider { name: "bench".into() },
                id: format!("command-{sequence}"),
                command: "bench".into(),
                tenant: Some(format!("tenant-{tenant}")),
                version,
                events: vec![event],
            };
            text.push_str(&record.to_json());
            text.push('\n');
        };
        write(Event::TenantAdded { parent: None });
        for account in 0..accounts {
            let id = format!("{tenant}-{account}");
            let parse = |text: String| Address::parse(&text).expect("an address");
            let (own, asked) = (parse(format!("{id}@mail.example")), parse(format!("{id}@elsewhere.example")));
            write(Event::AccountAdded { account: id.clone(), address: Some(own), assigned: true, roles: Vec::new() });
            let mut octets = [0; 16];
            for (octet, digit) in octets.iter_mut().zip(id.bytes()) {
                *octet = digit;
            }
            let token = Token::new(&octets).expect("a token").digest();
            let pair = Pair { holder: Holder::Account(id), address: asked };
            write(Event::ConsentRequested { pair, token, expires: Timestamp(1_900_000_000) });
        }
    }
    text
}
