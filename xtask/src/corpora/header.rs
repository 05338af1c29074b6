//! Scores header fields.

use sendas::address::Span;
use sendas::address::fields::{FieldName, classify, read_block};
use sendas::address::header::{mailboxes, read_field};
use sendas::{Address, Limits, Verdict};

use super::engine;
use super::row::{Parts, Row, unquoted};
use super::tally::{Outcome, Score, Tally};

pub(super) fn header_from(row: &Row, tally: &mut Tally) {
    let lines = row.lines();
    let said = said(&lines);
    let addresses = row.addresses();
    if row.is_beside_syntax() {
        return tally.enter(Score::Utility, row.id(), Outcome::LeftOut("policy or quirk of the source".into()));
    }
    if row.verdict("reject") == Some(true) {
        if for_charset_only(row) {
            return tally.enter(
                Score::Refusal,
                row.id(),
                Outcome::LeftOut("refused for an unknown charset only".into()),
            );
        }
        let allowed = authorised(&said, &lines).is_ok();
        return tally.enter(Score::Refusal, row.id(), Outcome::exact_if(!allowed, || shown(&lines)));
    }
    let Some(expected) = addresses else { return };
    let parts = said.as_ref().map(|said| &said.parts).ok();
    let exact = parts.is_some_and(|parts| same(parts, &expected));
    let outcome = Outcome::exact_if(exact, || match &said {
        Ok(said) => format!("{:?} instead of {expected:?}: {}", said.parts, shown(&lines)),
        Err(error) => format!("{error} instead of {expected:?}: {}", shown(&lines)),
    });
    tally.enter(Score::Utility, row.id(), outcome);
    if let Ok(said) = &said {
        tally.enter(
            Score::Wrong,
            row.id(),
            Outcome::exact_if(exact, || format!("{:?} instead of {expected:?}", said.parts)),
        );
    }
    let outcome = match authorised(&said, &lines) {
        Ok(()) => Outcome::Exact,
        Err(reason) => {
            *tally.reasons.entry(reason).or_default() += 1;
            Outcome::Miss(format!("{reason}: {}", shown(&lines)))
        }
    };
    tally.enter(Score::Authorised, row.id(), outcome);
}

pub(super) fn safety(row: &Row, tally: &mut Tally) {
    if !row.is("must_not_allow") || row.list("owner").is_empty() {
        return;
    }
    let outcome = match engine::allowed_attack(row) {
        None => Outcome::Exact,
        Some(how) => Outcome::Miss(format!("{how}: {}", shown(&row.lines()))),
    };
    tally.enter(Score::Safety, row.id(), outcome);
}

/// Tells whether the text is one address and nothing else.
pub(super) fn bare_address(text: &[u8]) -> bool {
    said(&[b"From: ", text, b"\r\n"].concat()).is_ok_and(|said| said.parts.len() == 1)
}

/// What the only From field of a header says.
struct Said {
    parts: Vec<Parts>,
    texts: Vec<String>,
}

fn said(lines: &[u8]) -> Result<Said, String> {
    let limits = Limits::default();
    let fields = read_block(lines, &limits).map_err(|error| error.to_string())?;
    let mut bodies =
        fields.filter(|field| classify(field.name.of(lines)) == FieldName::From).map(|field| field.body.of(lines));
    let body = match (bodies.next(), bodies.next()) {
        (Some(body), None) => body,
        (None, _) => return Err("no From field".into()),
        (Some(_), Some(_)) => return Err("two From fields".into()),
    };
    read_field(body, &limits).map_err(|error| format!("{error} at {}", error.offset()))?;
    let text = |span: Span| String::from_utf8_lossy(span.of(body)).into_owned();
    let all: Vec<_> = mailboxes(body, &limits).map(|mailbox| mailbox.addr_spec).collect();
    Ok(Said {
        parts: all.iter().map(|spec| (unquoted(&text(spec.local)), text(spec.domain).to_lowercase())).collect(),
        texts: all.iter().map(|spec| text(spec.span)).collect(),
    })
}

/// Asks for an account that owns every mailbox; the first reason where it is not authorised.
fn authorised(said: &Result<Said, String>, lines: &[u8]) -> Result<(), &'static str> {
    let texts = said.as_ref().map_or(&[][..], |said| &said.texts);
    let Some(decision) = engine::for_owner_of(texts, lines) else { return Err("no_snapshot") };
    match decision.verdict() {
        Verdict::Allow => Ok(()),
        Verdict::Deny | Verdict::Defer => {
            Err(decision.reasons().first().map_or("no_reason", |finding| finding.reason.slug()))
        }
    }
}

/// Compares mailboxes as they are spelled, or by value where both can be brought to canonical form.
fn same(parts: &[Parts], expected: &[Parts]) -> bool {
    let canonical = |(local, domain): &Parts| Address::parse(&format!("{local}@{domain}")).ok();
    let is_same = |(a, b): (&Parts, &Parts)| a == b || canonical(a).is_some_and(|a| canonical(b) == Some(a));
    parts.len() == expected.len() && parts.iter().zip(expected).all(is_same)
}

fn for_charset_only(row: &Row) -> bool {
    row.expected_text("reason").is_some_and(|reason| reason.contains("charset"))
}

fn shown(lines: &[u8]) -> String {
    format!("`{}`", lines.trim_ascii_end().escape_ascii())
}
