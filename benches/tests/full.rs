//! The library, the reference and the hand-written engine decide every request of the full workload alike, and as it is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sendas::{Basis, Limits, Reason, Stage, Verdict};
use sendas_benches::data::full::{self, Body, DomainForm, Draft, Field, Mailbox, Name, Path, Spelling};
use sendas_benches::data::{Accounts, Size};
use sendas_benches::engine::{FULL_KINDS, Sendas};
use sendas_tests::oracle;
use sendas_tests::request::{
    self, Client, Credential, Envelope, Flaw, Header, Item, Kind, NameForm, Request, Shown, Value,
};

/// Sizes from the fewest tenants to more than there are kinds of them, each with requests for the reference.
fn sizes() -> [(Size, usize); 4] {
    [
        (Size::new(10), 1_000),
        (Size::new(1_000), 3_000),
        (Size::with_tenants_of(10, 1_000), 2_000),
        (Size::with_tenants_of(1_000, 12_000), 300),
    ]
}

#[test]
fn engines_agree_on_the_full_workload() {
    for (size, requests) in sizes() {
        let policy = full::policy(size);
        for kind in FULL_KINDS {
            let engine = (kind.build)(&policy).unwrap();
            for draft in full::drafts(size, Accounts::Uniform, 7).take(requests * 3) {
                let allows = engine.allows(&draft.attempt().given());
                assert_eq!(allows, draft.case.allowed, "{} of {size:?}: {draft:?}", kind.name);
            }
        }
    }
}

#[test]
fn the_reference_finds_the_same_reasons() {
    for (size, requests) in sizes() {
        let policy = full::policy(size);
        let library = Sendas::new(&policy).unwrap();
        for draft in full::drafts(size, Accounts::Zipf, 11).take(requests) {
            let expected = oracle::decide(&policy, &Limits::default(), &structured(&draft), Stage::Message);
            let enforced: BTreeSet<Reason> =
                expected.findings.iter().filter(|found| found.enforced).map(|found| found.reason).collect();
            let decision = library.0.evaluate(&draft.attempt().given().request());
            let (verdict, reasons) = (decision.verdict(), decision.reasons().iter().map(|finding| finding.reason));
            let reasons: BTreeSet<_> = reasons.collect();
            assert_eq!((verdict, &reasons), (expected.verdict, &enforced), "{size:?}: {draft:?}");
            assert_eq!(verdict == Verdict::Allow, draft.case.allowed, "{size:?}: {reasons:?} for {draft:?}");
        }
    }
}

#[test]
fn each_denial_has_a_reason_of_its_own() {
    let size = Size::new(1_000);
    let library = Sendas::new(&full::policy(size)).unwrap();
    let mut reasons: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for draft in full::drafts(size, Accounts::Uniform, 7).filter(|draft| !draft.case.allowed).take(8_000) {
        let reason = library.0.evaluate(&draft.attempt().given().request()).reasons()[0].reason.slug();
        reasons.entry(draft.case.name).or_default().insert(reason);
    }
    for (case, reasons) in &reasons {
        assert_eq!(reasons.len(), 1, "{case}: {reasons:?}");
    }
    let distinct: BTreeSet<_> = reasons.values().flatten().collect();
    assert_eq!((reasons.len(), distinct.len()), (53, 49), "{reasons:#?}");
}

#[test]
fn seven_of_ten_requests_are_allowed_for_many_grants() {
    for (size, _) in sizes() {
        let drafts: Vec<_> = full::drafts(size, Accounts::Zipf, 7).take(10_000).collect();
        let allowed = drafts.iter().filter(|draft| draft.case.allowed).count();
        assert!((6_800..7_200).contains(&allowed), "{allowed} of 10000 allowed at {size:?}");
    }
}

#[test]
fn every_case_and_every_grant_is_there() {
    let size = Size::new(1_000);
    let library = Sendas::new(&full::policy(size)).unwrap();
    let (mut cases, mut grants) = (BTreeSet::new(), BTreeSet::new());
    for draft in full::drafts(size, Accounts::Uniform, 7).take(20_000) {
        cases.insert(draft.case.name);
        let decision = library.0.evaluate(&draft.attempt().given().request());
        if decision.verdict() == Verdict::Allow {
            grants.extend(decision.grants().iter().map(|grant| grant.basis));
        }
    }
    assert_eq!((cases.len(), grants.len()), (26 + 53, Basis::ALL.len()), "{cases:#?} {grants:?}");
}

/// A request in the terms of the reference.
fn structured(draft: &Draft) -> Request {
    Request {
        now: draft.attempt().now,
        channel: draft.channel,
        account: Some(draft.account.clone()),
        role: draft.role.clone(),
        client: draft.client.parse::<IpAddr>().map_or(Client::Nonsense("no address"), Client::Text),
        credential: Some(Credential {
            kind: draft.credential,
            id: draft.credential_id.clone(),
            scopes: draft.scopes.clone().map(|scope| vec![scope]),
        }),
        tls: Some(draft.tls),
        smtputf8: false,
        envelope: match &draft.path {
            Path::Null => Envelope::NullPath,
            Path::Address(spelling) => Envelope::Path { address: spelled(spelling), brackets: true },
            Path::Broken(text) => Envelope::BrokenPath(text),
        },
        header: Header::Fields(draft.fields.iter().map(field).collect()),
    }
}

fn field(field: &Field) -> request::Field {
    let kind = match field.name {
        "From" => Kind::From,
        "Sender" => Kind::Sender,
        "Resent-From" => Kind::ResentFrom,
        "Resent-Date" => Kind::ResentDate,
        "From " => Kind::Disguised("From "),
        _ => Kind::Other,
    };
    let body = match &field.body {
        Body::Mailboxes(mailboxes) => {
            request::Body::List(mailboxes.iter().map(|one| Item::Mailbox(mailbox(one))).collect())
        }
        Body::Group(mailboxes) => {
            request::Body::List(vec![Item::Group(words(), mailboxes.iter().map(mailbox).collect())])
        }
        Body::Broken(_, reason) => request::Body::Broken("broken", *reason),
        Body::Text(text) => request::Body::Text(text),
    };
    request::Field { kind, odd_case: false, body }
}

fn mailbox(mailbox: &Mailbox) -> request::Mailbox {
    let shown = |shown| Some(request::Name { shown, form: NameForm::Quoted });
    let (name, comment) = match &mailbox.name {
        Name::None => (None, None),
        Name::Words(_) | Name::Quoted(_) | Name::Encoded(_) => (Some(words()), None),
        Name::Comment(_) => (None, Some(words())),
        Name::Address(address) => (shown(Shown::Address(value(address))), None),
        Name::Undecodable => (shown(Shown::Undecodable), None),
    };
    request::Mailbox { name, address: spelled(&mailbox.address), comment }
}

/// Words that show nothing.
fn words() -> request::Name {
    request::Name { shown: Shown::Words("News"), form: NameForm::Quoted }
}

fn spelled(spelling: &Spelling) -> request::Spelling {
    let (domain, flaw) = match spelling.domain {
        DomainForm::Plain => (request::DomainForm::Plain, None),
        DomainForm::Capitals => (request::DomainForm::Capitals, None),
        DomainForm::Unicode => (request::DomainForm::Unicode, None),
        DomainForm::Mapped => (request::DomainForm::Plain, Some(Flaw::Mapped)),
    };
    request::Spelling { value: value(&spelling.address), quoted: false, domain, flaw }
}

fn value(address: &str) -> Value {
    let (local, domain) = address.rsplit_once('@').unwrap_or(("", address));
    Value { local: local.to_owned(), domain: domain.to_owned() }
}
