//! Cases decided by hand from the clauses, which hold the reference as well as the engine.
#![expect(clippy::expect_used, reason = "a policy that cannot be read fails the test")]

use std::collections::BTreeSet;

use sendas::{Channel, HashKey, Options, Policy, Snapshot, Stage, Timestamp, Tls};
use sendas_tests::agree;
use sendas_tests::oracle;
use sendas_tests::request::{
    Body, Client, Envelope, Field, Header, Item, Kind, Mailbox, Name, NameForm, Request, Shown, Spelling, Value,
};
use sendas_tests::written::Written;

/// The instant at which grandfathered identities stop to count.
const DEADLINE: Timestamp = Timestamp(1_796_083_200);

#[test]
fn an_address_in_both_places() {
    for (clause, account, address, expected) in [
        ("4.2 the own address", "ann", "ann@acme.example", ""),
        ("4.2 a sub-address of it", "ann", "ann+x@acme.example", ""),
        ("7.1 in capitals", "ann", "ANN@acme.example", ""),
        ("4.5 a domain right", "ann", "x@acme.example", ""),
        ("4.5 below its name", "ann", "x@other.acme.example", ""),
        (
            "4.5 not below what another has verified",
            "ann",
            "x@sub.acme.example",
            "subdomain_not_covered address_of_another_tenant",
        ),
        ("4.9 no domain right covers a mailbox", "ann", "bob@acme.example", "address_protected"),
        ("4.9 nor its sub-addresses", "ann", "bob+x@acme.example", "address_protected"),
        ("4.10 not on the list", "bob", "x@acme.example", "account_not_listed"),
        ("4.3 an Admin's word at the tenant's domain", "bob", "news@acme.example", ""),
        ("4.4 an identity for others", "bob", "boss@acme.example", "account_not_listed"),
        ("4.4 an identity for this account", "ann", "boss@acme.example", ""),
        ("4.3 withdrawn consent against a domain right", "ann", "gone@acme.example", "identity_withdrawn"),
        ("4.3 and for sub-addresses", "ann", "gone+x@acme.example", "identity_withdrawn"),
        ("4.3 refused to one account alone", "bob", "ann@acme.example", "identity_refused account_not_listed"),
        ("4.7 an inactive domain", "ann", "x@off.example", "domain_inactive"),
        ("4.10 a pending domain", "ann", "x@wait.example", "domain_pending"),
        ("4.10 a pending identity", "bob", "bob@home.example", "identity_pending"),
        ("4.3 grandfathered, before the deadline", "bob", "old@home.example", ""),
        ("4.10 nothing at all", "ann", "x@unknown.test", "address_not_owned"),
        ("5.1 another tenant's", "ann", "eve@rival.example", "address_not_owned address_of_another_tenant"),
        ("5.1 whatever the tenant switched off", "lou", "eve@rival.example", "address_of_another_tenant"),
        ("5.1 (b) by the domain alone", "lou", "x@acme.example", "address_of_another_tenant"),
        ("8.1 off is off", "lou", "x@unknown.test", ""),
        ("4.5 any account", "eve", "x@rival.example", ""),
        (
            "4.1 something pending changes no comparison",
            "max",
            "joe@low.exact.test",
            "domain_pending account_not_listed",
        ),
        ("4.1 exact case", "max", "Joe@low.exact.test", ""),
        ("1.4 an inherited identity, with its holder's separator", "kid", "joe+x@house.test", ""),
        (
            "3.2 nothing authorised in the whole tenant",
            "nil",
            "x@unknown.test",
            "no_authorized_senders address_not_owned",
        ),
        ("2.1 nobody known", "nobody", "ann@acme.example", "unknown_account"),
    ] {
        check(clause, &request(account, address, address), expected);
    }
}

#[test]
fn other_requests() {
    let ann = request("ann", "ann@acme.example", "ann@acme.example");
    let lou = request("lou", "x@unknown.test", "x@unknown.test");
    let null = |account, from| Request { envelope: Envelope::Null, ..request(account, "x@unknown.test", from) };
    let two = vec![mailbox("ann@acme.example"), mailbox("x@acme.example")];
    let mut named = mailbox("ann@acme.example");
    let shown = Shown::Address(value("eve@rival.example"));
    named.name = Some(Name { shown, form: NameForm::Base64 });
    for (clause, request, expected) in [
        ("2.1 no account", Request { account: None, ..ann.clone() }, "authentication_required"),
        ("2.7 a role not held", Request { role: Some("Marketing".to_owned()), ..ann.clone() }, "role_not_held"),
        ("2.7 no such role", Request { role: Some("ghost".to_owned()), ..ann.clone() }, "unknown_role"),
        (
            "4.3 grandfathered, at the deadline",
            Request { now: DEADLINE, ..request("bob", "old@home.example", "old@home.example") },
            "identity_pending",
        ),
        ("3.1 unknown", Request { envelope: Envelope::Unknown, ..ann.clone() }, "sender_unknown"),
        (
            "5.2 unknown, sender off",
            Request { envelope: Envelope::Unknown, ..lou.clone() },
            "address_of_another_tenant",
        ),
        ("3.1 unreadable", Request { envelope: Envelope::BrokenPath("ann"), ..ann.clone() }, "sender_syntax"),
        ("3.1 the null path is no reason", null("ann", "ann@acme.example"), ""),
        ("6.5 after it From is judged", null("ann", "x@unknown.test"), "address_not_owned"),
        ("5.2 with everything off as well", null("lou", "eve@rival.example"), "address_of_another_tenant"),
        ("6.4 two authors", Request { header: from(two), ..ann.clone() }, "from_multiple"),
        ("6.4 none", Request { header: Header::Fields(vec![]), ..ann.clone() }, "from_missing"),
        ("5.2 none names nobody", Request { header: Header::Fields(vec![]), ..lou.clone() }, ""),
        ("6.5 no header", Request { header: Header::NotGiven, ..ann.clone() }, "header_not_given"),
        ("5.2 no header, header off", Request { header: Header::NotGiven, ..lou }, "address_of_another_tenant"),
        ("6.7 what a name shows", Request { header: from(vec![named]), ..ann }, "display_name_address"),
    ] {
        check(clause, &request, expected);
    }
}

/// Checks the reasons, by slug, that the reference and the engine find.
fn check(clause: &str, request: &Request, expected: &str) {
    let policy = Policy::from_toml(include_str!("cases.toml")).expect("a policy in which nothing is wrong");
    let options = Options::new(HashKey([7; 16]));
    let answer = oracle::decide(&policy, &options.limits, request, Stage::Message);
    let found: BTreeSet<&str> = answer.findings.iter().map(|found| found.reason.slug()).collect();
    assert_eq!(found, expected.split_whitespace().collect(), "{clause}");
    let snapshot = Snapshot::compile(&policy, &options).expect("a checked policy compiles");
    let written = Written::new(request, &options.limits);
    let decision = written.ask(|request| snapshot.evaluate(request));
    assert_eq!(agree::difference(&answer, &decision, &written), None, "{clause}");
}

fn request(account: &str, envelope: &str, author: &str) -> Request {
    Request {
        now: Timestamp(DEADLINE.0 - 1),
        channel: Channel::Smtp,
        account: Some(account.to_owned()),
        role: None,
        client: Client::Unknown,
        credential: None,
        tls: Some(Tls::Implicit),
        smtputf8: false,
        envelope: Envelope::Path { address: Spelling::plain(value(envelope)), brackets: true },
        header: from(vec![mailbox(author)]),
    }
}

fn from(mailboxes: Vec<Mailbox>) -> Header {
    let body = Body::List(mailboxes.into_iter().map(Item::Mailbox).collect());
    Header::Fields(vec![Field { kind: Kind::From, odd_case: false, body }])
}

fn mailbox(address: &str) -> Mailbox {
    Mailbox { name: None, address: Spelling::plain(value(address)), comment: None }
}

fn value(address: &str) -> Value {
    let (local, domain) = address.rsplit_once('@').expect("an address has an at sign");
    Value { local: local.to_owned(), domain: domain.to_owned() }
}
