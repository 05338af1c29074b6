//! A tenant whose records stand further back in its page than half a word can say.
#![expect(clippy::expect_used, reason = "a policy that does not compile fails the test")]

use std::cell::Cell;

use sendas::policy::{Account, Consent, Domain, DomainStatus, Identity, Names, Policy, Tenant};
use sendas::{
    Address, Channel, DomainName, EnvelopeSender, HashKey, Header, Options, Reason, Request, Snapshot, Stage,
    Timestamp, Verdict,
};

/// So many that the words of the last ones, and of what they hold, do not fit into 16 bits, and that many requests are decided
/// together.
const ACCOUNTS: usize = 60_000;

#[test]
fn every_identity_of_a_large_tenant_is_found_and_no_other() {
    let mut tenant = Tenant::new("large");
    let mut entry = Domain::new(DomainName::parse("large.example").expect("a domain"));
    (entry.status, entry.senders) = (DomainStatus::Verified, Names::Only(vec![id(0), id(ACCOUNTS - 1)]));
    tenant.domains.push(entry);
    for number in 0..ACCOUNTS {
        let mut account = Account::new(id(number));
        account.identities = addresses(number).map(|address| given(&address)).into();
        // Some hold one address together, and for some of them its owner has not yet agreed.
        let mut together = given(TOGETHER);
        match number % 3 {
            0 => account.identities.push(together),
            1 => {
                together.consent = Some(Consent::Pending);
                account.identities.push(together);
            }
            _ => {}
        }
        tenant.accounts.push(account);
        tenant.identities.push(given(&shared(number)));
    }
    let mut policy = Policy::default();
    policy.tenants.push(tenant);
    let snapshot = Snapshot::compile(&policy, &Options::new(HashKey([5; 16]))).expect("a sound policy");
    for number in (0..ACCOUNTS).step_by(131).chain([ACCOUNTS - 1]) {
        let next = (number + 1) % ACCOUNTS;
        for address in addresses(number).into_iter().chain([shared(next)]) {
            assert_eq!(denied(&snapshot, number, &address), None, "{number} {address}");
        }
        for address in addresses(next) {
            assert_eq!(denied(&snapshot, number, &address), Some(Reason::AddressNotOwned), "{number} {address}");
        }
        let expected = [None, Some(Reason::IdentityPending), Some(Reason::AddressNotOwned)][number % 3];
        assert_eq!(denied(&snapshot, number, TOGETHER), expected, "{number}");
        let listed = number == 0 || number == ACCOUNTS - 1;
        let expected = if listed { None } else { Some(Reason::AccountNotListed) };
        assert_eq!(denied(&snapshot, number, "any@large.example"), expected, "{number}");
    }
    many_are_decided_as_one_by_one(&snapshot);
}

/// In a snapshot of this size the memory of many requests is asked for together, before it is needed.
fn many_are_decided_as_one_by_one(snapshot: &Snapshot) {
    assert!(snapshot.size() > 8 << 20, "what is smaller is decided one by one");
    let asked: Vec<(String, String)> = (0..200)
        .map(|step| {
            let number = step * 31 % (ACCOUNTS + 20);
            let [one, other] = addresses(number + step % 3);
            let sender =
                [one, other, shared(number), TOGETHER.to_owned(), "\u{e9}@x.test".to_owned()][step % 5].clone();
            (id(number), sender)
        })
        .collect();
    let fields: Vec<_> = asked.iter().map(|(_, address)| [(&b"From"[..], address.as_bytes())]).collect();
    let requests: Vec<_> = (asked.iter().zip(&fields).enumerate())
        .map(|(step, ((account, address), fields))| {
            let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
            request.account = (step % 11 != 0).then_some(account.as_bytes());
            request.envelope_sender = match step % 7 {
                0 => EnvelopeSender::Null,
                1 => EnvelopeSender::Unknown,
                _ => EnvelopeSender::Path(address.as_bytes()),
            };
            request.header = if step % 13 == 0 { Header::NotGiven } else { Header::Fields(fields) };
            (request, Stage::ALL[2 - step % 17 % 3])
        })
        .collect();
    for count in [0, 1, 7, 8, 9, 200] {
        let few = requests.iter().take(count);
        let single: Vec<_> = few.clone().map(|(request, stage)| snapshot.evaluate_stage(request, *stage)).collect();
        let mut many = Vec::new();
        snapshot.evaluate_many(few.copied(), |decision| many.push(*decision));
        assert_eq!(many, single);
    }
    let (taken, mut answered) = (Cell::new(0), 0);
    let requests_taken = requests.iter().copied().inspect(|_| taken.set(taken.get() + 1));
    snapshot.evaluate_many(requests_taken, |_| {
        assert_eq!(taken.get(), (answered / 8 + 1) * 8, "eight are taken before the first of them is answered");
        answered += 1;
    });
    let allowed = requests.iter().filter(|(request, _)| snapshot.evaluate(request).verdict() == Verdict::Allow);
    assert!(allowed.count() > 20, "some are allowed");
}

/// What many accounts hold.
const TOGETHER: &str = "everybody@elsewhere.test";

fn id(number: usize) -> String {
    format!("account-{number}-of-a-tenant-that-has-a-lot-of-them")
}

/// What an account holds: at a domain that others have too, and at one of its own.
fn addresses(number: usize) -> [String; 2] {
    [format!("person-{number}@elsewhere.test"), format!("person@of-{number}.test")]
}

/// What the tenant holds for all.
fn shared(number: usize) -> String {
    format!("team-{number}@elsewhere.test")
}

fn given(address: &str) -> Identity {
    let mut identity = Identity::new(Address::parse(address).expect("an address"));
    identity.consent = Some(Consent::Given);
    identity
}

/// Why an account may not send as an address.
fn denied(snapshot: &Snapshot, number: usize, address: &str) -> Option<Reason> {
    let (account, fields) = (id(number), [(&b"From"[..], address.as_bytes())]);
    let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    request.account = Some(account.as_bytes());
    request.envelope_sender = EnvelopeSender::Path(address.as_bytes());
    request.header = Header::Fields(&fields);
    let decision = snapshot.evaluate_stage(&request, Stage::Message);
    assert_eq!(decision.verdict() == Verdict::Allow, decision.reasons().is_empty());
    decision.reasons().first().map(|finding| finding.reason)
}
