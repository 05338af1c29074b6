use sendas::address::Span;
use sendas::address::header::{self, Name, NameKind, mailboxes};
use sendas::address::name::addresses;
use sendas::{Address, Limits};

use crate::path::{administrator, mailbox, spans};

/// Spans are in bounds and in order, each address read alone is the same one, and a plain field shows none.
pub fn read_field(body: &[u8]) {
    let mut limits = Limits::default();
    limits.field_octets = 4096;
    says(body, &limits);
    behind_a_comment(body, &limits);
    let summary = match header::read_field(body, &limits) {
        Ok(summary) => summary,
        Err(error) => return assert!(error.offset() as usize <= body.len(), "{error:?}"),
    };
    let mut count = 0;
    let mut end = 0;
    let mut groups = None;
    for found in mailboxes(body, &limits) {
        let spec = found.addr_spec;
        spans(body, &spec);
        assert!(spec.span.start >= end);
        end = spec.span.end;
        assert!(found.group.is_none() || found.group >= groups);
        groups = found.group.or(groups);
        assert!(found.group.is_none_or(|group| group < summary.groups));
        if count == 0 {
            assert_eq!(found, summary.first);
        }
        count += 1;
        let alone = spec.span.of(body);
        let again = header::read_field(alone, &limits).expect("an address alone");
        assert_eq!(again.first.addr_spec.span.of(alone), alone);
        let canonical = spec.canonical(body);
        assert_eq!(again.first.addr_spec.canonical(alone).ok(), canonical.clone().ok());
        if let Ok(canonical) = canonical {
            assert_eq!(mailbox(alone).canonical(alone).as_ref(), Ok(&canonical));
            administrator(&canonical);
        }
    }
    assert_eq!(count, summary.mailboxes);
    for name in header::names(body) {
        let mut shown = 0;
        let result = addresses(body, &name, &mut |_| shown += 1);
        assert!(!summary.plain || (shown == 0 && result.is_ok()), "{}", body.escape_ascii());
    }
}

/// A comment in front changes nothing but where things stand, though no mailbox behind one is read in one pass.
fn behind_a_comment(body: &[u8], limits: &Limits) {
    const COMMENT: &[u8] = b"(x)";
    let behind = [COMMENT, body].concat();
    let by = COMMENT.len() as u32;
    if behind.len() > limits.field_octets as usize {
        return;
    }
    match (header::read_field(body, limits), header::read_field(&behind, limits)) {
        (Ok(alone), Ok(with)) => {
            assert_eq!((alone.mailboxes, alone.groups, alone.plain), (with.mailboxes, with.groups, with.plain));
            for (alone, with) in mailboxes(body, limits).zip(mailboxes(&behind, limits)) {
                let moved = |span: Span| Span { start: span.start + by, end: span.end + by };
                let (spec, with_spec) = (alone.addr_spec, with.addr_spec);
                assert_eq!((moved(spec.local), moved(spec.domain)), (with_spec.local, with_spec.domain));
                assert_eq!((spec.form, alone.group), (with_spec.form, with.group));
                assert_eq!(spec.canonical(body).ok(), with_spec.canonical(&behind).ok());
            }
        }
        (Err(alone), Err(with)) => assert_eq!(alone.construct(), with.construct(), "{}", body.escape_ascii()),
        _ => panic!("only one of the two is read: {}", body.escape_ascii()),
    }
}

/// What a body says is what is read of it, if nothing forbids; and what forbids is why it is not read.
fn says(body: &[u8], limits: &Limits) {
    match (header::says(body, limits), header::read_field(body, limits)) {
        (Ok(said), Ok(_)) => {
            assert_eq!(said.forbidding, [], "{}", body.escape_ascii());
            assert!(
                said.mailboxes
                    .iter()
                    .map(|mailbox| mailbox.span)
                    .eq(mailboxes(body, limits).map(|mailbox| mailbox.addr_spec.span))
            );
            for (said, read) in said.mailboxes.iter().zip(mailboxes(body, limits)) {
                assert_eq!(said.domain.as_bytes(), read.addr_spec.domain.of(body));
                if let Ok(canonical) = read.addr_spec.canonical(body) {
                    assert_eq!(said.local.as_bytes(), canonical.local());
                }
            }
        }
        (Ok(said), Err(error)) => {
            let mut found = said.forbidding.iter();
            assert!(found.any(|found| found.construct == error.construct()), "{error} in {}", body.escape_ascii());
            assert!(said.mailboxes.iter().all(|mailbox| mailbox.span.end as usize <= body.len()));
            assert!(said.mailboxes.is_sorted_by_key(|mailbox| mailbox.span.start));
        }
        (Err(error), Ok(_)) => panic!("read, but it does not say so: {error} in {}", body.escape_ascii()),
        (Err(error), Err(_)) => assert!(error.offset() as usize <= body.len()),
    }
}

/// What is shown is found as whole, canonical addresses, and names are in order of their end.
pub fn names(body: &[u8]) {
    if header::read_field(body, &Limits::default()).is_err() {
        return;
    }
    let mut end = 0;
    for name in header::names(body) {
        assert!(name.span.start < name.span.end && name.span.end as usize <= body.len());
        assert!(name.span.end >= end || header::names(body).count() > 1);
        end = name.span.end;
        let result = addresses(body, &name, &mut |address| {
            let text = [address.local(), b"@", address.domain()].concat();
            let text = String::from_utf8(text).expect("UTF-8");
            let parsed = Address::parse(&text).expect("a whole address without quotes");
            assert_eq!(parsed.to_string(), text);
            assert!(address.domain().contains(&b'.') && !address.is_literal());
        });
        let octets = name.span.of(body);
        as_a_comment(octets);
        let may_be_encoded = octets.windows(2).any(|pair| pair == b"=?" || pair == b"=\"");
        if octets.is_ascii() && !may_be_encoded && !octets.contains(&b'\\') {
            assert!(result.is_ok(), "{}", octets.escape_ascii());
        }
    }
}

/// What is neither quoted nor a comment shows the same in a comment, however soon a reader sees that it shows nothing.
fn as_a_comment(octets: &[u8]) {
    if octets.iter().any(|octet| matches!(octet, b'(' | b')' | b'"' | b'\\')) {
        return;
    }
    let shown = |text: &[u8], kind| {
        let mut found = Vec::new();
        let span = Span { start: 0, end: u32::try_from(text.len()).expect("short") };
        let result = addresses(text, &Name { span, kind }, &mut |address| found.push(address.clone()));
        (result, found)
    };
    let comment = [b"( ", octets, b" )"].concat();
    let as_it_stands = shown(octets, NameKind::DisplayName);
    assert_eq!(shown(&comment, NameKind::Comment), as_it_stands, "{}", octets.escape_ascii());
}
