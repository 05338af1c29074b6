use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sendas::{
    Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, HashKey, Header, Options, Policy, Request,
    Snapshot, Stage, Timestamp, Tls,
};

use crate::{Decided, Outline, Outlines, Requests, Summary, TooLong};

const NOW: Timestamp = Timestamp(1_796_083_200);

/// One of each form of every fact, and neighbours in which it is not known.
fn requests<'a>(fields: &'a [(&'a [u8], &'a [u8])], scopes: &'a [&'a [u8]]) -> Vec<Request<'a>> {
    let bare = Request::new(Channel::Api, NOW);
    let mut all = vec![bare];
    let mut add = |change: &dyn Fn(&mut Request<'a>)| {
        all.extend([with(bare, change), bare]);
    };
    add(&|request| request.account = Some(b"alice"));
    add(&|request| request.account = Some(b""));
    add(&|request| request.role = Some(b"Marketing"));
    add(&|request| request.client_ip = ClientIp::Text(b"192.0.2.1"));
    add(&|request| request.client_ip = ClientIp::Text(b""));
    for address in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
        let address: IpAddr = address.parse().unwrap();
        add(&|request| request.client_ip = ClientIp::Address(address));
    }
    for scopes in [None, Some(&scopes[..0]), Some(&scopes[..1]), Some(scopes)] {
        let mut facts = CredentialFacts::new(CredentialKind::Oauth);
        facts.scopes = scopes;
        add(&|request| request.credential = Some(facts));
        facts.id = Some(b"key-1");
        add(&|request| request.credential = Some(facts));
    }
    add(&|request| request.tls = Some(Tls::Starttls));
    add(&|request| request.smtputf8 = true);
    for sender in [
        EnvelopeSender::Null,
        EnvelopeSender::Path(b""),
        EnvelopeSender::Path(b"<alice@acme.example>"),
        EnvelopeSender::Unquoted(b"alice@acme.example"),
    ] {
        add(&|request| request.envelope_sender = sender);
    }
    for header in [Header::Block(b""), Header::Block(b"From: alice@acme.example\r\n\r\n")] {
        add(&|request| request.header = header);
    }
    for count in 0..=fields.len() {
        add(&|request| {
            request.header = Header::Fields(&fields[..count]);
            request.account = Some(b"alice");
        });
    }
    all
}

fn with<'a>(mut request: Request<'a>, change: impl Fn(&mut Request<'a>)) -> Request<'a> {
    change(&mut request);
    request
}

fn with_requests(check: impl Fn(&[Request<'_>])) {
    let fields: [(&[u8], &[u8]); 3] = [(b"From", b" <alice@acme.example>"), (b"", b""), (b"Sender", b"\xff")];
    check(&requests(&fields, &[b"mail.send", b""]));
}

fn snapshot() -> Snapshot {
    let policy = Policy::from_toml(
        "schema = 1\n[[tenant]]\nid = \"acme\"\n[[tenant.account]]\nid = \"alice\"\naddress = \"alice@acme.example\"",
    );
    Snapshot::compile(&policy.unwrap(), &Options::new(HashKey(*b"sixteen random!!"))).unwrap()
}

#[test]
fn what_is_kept_is_what_was_given() {
    with_requests(|given| {
        let mut requests = Requests::new();
        for (request, stage) in given.iter().zip(Stage::ALL.into_iter().cycle()) {
            requests.push(request, stage).unwrap();
        }
        let shown = |request: &Request<'_>, stage| format!("{request:?} {stage:?}");
        let expected: Vec<_> =
            given.iter().zip(Stage::ALL.into_iter().cycle()).map(|(request, stage)| shown(request, stage)).collect();
        assert!(expected.len() > 50);
        assert_eq!(
            requests.with_all(|all| all.map(|(request, stage)| shown(&request, stage)).collect::<Vec<_>>()),
            expected
        );
        let one = |number| requests.with_request(number, shown);
        assert_eq!((0..given.len()).filter_map(one).collect::<Vec<_>>(), expected);
        assert_eq!(one(given.len()), None);
    });
}

#[test]
fn what_is_cut_short_is_not_lent() {
    with_requests(|given| {
        for request in given {
            let kept = || {
                let mut requests = Requests::new();
                requests.push(request, Stage::Message).unwrap();
                requests
            };
            let lent = |requests: &Requests| {
                let all = || requests.with_all(|all| all.count());
                let one = || requests.with_request(0, |_, _| ());
                [catch_unwind(AssertUnwindSafe(all)).is_ok(), catch_unwind(AssertUnwindSafe(one)).is_ok()]
            };
            assert_eq!(lent(&kept()), [true; 2]);
            let cuts: [fn(&mut Requests) -> bool; 3] = [
                |requests| requests.octets.pop().is_some(),
                |requests| requests.fields.pop().is_some(),
                |requests| requests.scopes.pop().is_some(),
            ];
            for cut in cuts {
                let mut requests = kept();
                if cut(&mut requests) {
                    assert_eq!(lent(&requests), [false; 2], "{request:?}");
                }
            }
        }
    });
}

#[test]
fn what_is_decided_again_is_what_was_decided() {
    let snapshot = snapshot();
    with_requests(|given| {
        for some in given.chunks(7).chain([&[][..]]) {
            let mut requests = Requests::new();
            for request in some {
                requests.push(request, Stage::Message).unwrap();
            }
            let decided = Decided::new(&snapshot, requests);
            let expected: Vec<_> = some.iter().map(|request| snapshot.evaluate(request)).collect();
            assert_eq!(decided.summaries(), expected.iter().map(Summary::from).collect::<Vec<_>>());
            assert_eq!((0..some.len()).filter_map(|number| decided.decision(number)).collect::<Vec<_>>(), expected);
            assert_eq!(decided.decision(some.len()), None);
        }
    });
}

#[test]
fn what_is_kept_takes_little_more_than_its_texts() {
    let size = |body: &[u8]| {
        let fields: [(&[u8], &[u8]); 1] = [(b"From", body)];
        let mut requests = Requests::new();
        let mut request = Request::new(Channel::Smtp, NOW);
        request.header = Header::Fields(&fields);
        requests.push(&request, Stage::Message).unwrap();
        Decided::new(&snapshot(), requests).size()
    };
    let (small, large) = (size(b""), size(&[b'a'; 1000]));
    assert!(small < 400, "{small}");
    assert_eq!(large, small + 1000);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_text_of_4_gib_is_refused_before_it_is_read() {
    // Nothing is written into it, so that it takes no memory.
    let long = vec![0; u32::MAX as usize];
    let fields: [(&[u8], &[u8]); 2] = [(b"From", b"<alice@acme.example>"), (b"Subject", &long)];
    let scopes: [&[u8]; 2] = [b"mail.send", &long];
    let bare = Request::new(Channel::Smtp, NOW);
    let mut facts = CredentialFacts::new(CredentialKind::Oauth);
    facts.scopes = Some(&scopes);
    let too_long = [
        with(bare, |request| request.account = Some(&long)),
        with(bare, |request| request.header = Header::Block(&long)),
        with(bare, |request| request.header = Header::Fields(&fields)),
        with(bare, |request| request.credential = Some(facts)),
    ];
    let short = with(bare, |request| request.account = Some(b"alice"));
    let mut requests = Requests::new();
    requests.push(&bare, Stage::Message).unwrap();
    let shown = |request: &Request<'_>, _| format!("{request:?}");
    for request in too_long {
        assert_eq!(requests.push(&request, Stage::Message), Err(TooLong));
    }
    requests.push(&short, Stage::Message).unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests.with_request(0, shown), Some(format!("{bare:?}")));
    assert_eq!(requests.with_request(1, shown), Some(format!("{short:?}")));
}

/// An outline of nothing but an account.
fn outline(account: Option<u32>) -> Outline {
    Outline {
        now: NOW,
        channel: Channel::Smtp,
        credential: None,
        tls: None,
        smtputf8: false,
        stage: Stage::Message,
        texts: [account, None, None, None, None],
    }
}

const NO_FIELDS: Option<[[u32; 2]; 0]> = None;

#[test]
fn outlines_lend_the_texts_that_they_tell_of() {
    let mut outlines = Outlines::new(b"aliceFromxbob".to_vec(), 3, 2);
    outlines.push(&outline(Some(5)), Some([[4, 1], [0, 0]])).unwrap();
    outlines.push(&outline(None), Some([])).unwrap();
    outlines.push(&outline(Some(3)), NO_FIELDS).unwrap();
    let requests = outlines.finish().unwrap();
    let shown = |request: &Request<'_>, _| format!("{request:?}");
    let mut given = [Request::new(Channel::Smtp, NOW); 3];
    given[0].account = Some(b"alice");
    given[0].header = Header::Fields(&[(b"From", b"x"), (b"", b"")]);
    given[1].header = Header::Fields(&[]);
    given[2].account = Some(b"bob");
    for (number, request) in given.iter().enumerate() {
        assert_eq!(requests.with_request(number, shown), Some(format!("{request:?}")));
    }
}

#[test]
fn outlines_that_tell_of_other_texts_are_refused() {
    for length in [6, u32::MAX - 1, u32::MAX] {
        assert!(Outlines::new(b"alice".to_vec(), 1, 0).push(&outline(Some(length)), NO_FIELDS).is_none());
        for field in [[length, 0], [0, length], [3, 3]] {
            assert!(Outlines::new(b"alice".to_vec(), 1, 1).push(&outline(None), Some([field])).is_none());
        }
    }
    let mut short = Outlines::new(b"alice".to_vec(), 1, 0);
    short.push(&outline(Some(4)), NO_FIELDS).unwrap();
    assert!(short.finish().is_none());
    assert!(Outlines::new(b"alice".to_vec(), 0, 0).finish().is_none());
}
