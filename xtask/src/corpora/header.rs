//! Scores header fields.

use sendas::address::fields::{FieldName, classify, read_block};
use sendas::address::header::{Said, says};
use sendas::{Address, Limits, Verdict};

use super::engine;
use super::row::{Parts, Row};
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
    let outcome = match &said {
        Ok(said) if same(&parts(said), &expected) => Outcome::Exact,
        Ok(said) => Outcome::Miss(format!("{:?} instead of {expected:?}: {}", parts(said), shown(&lines))),
        Err(error) => Outcome::Miss(format!("{error}, instead of {expected:?}: {}", shown(&lines))),
    };
    let is_exact = outcome == Outcome::Exact;
    tally.enter(Score::Utility, row.id(), outcome);
    if let Some(said) = said.as_ref().ok().filter(|said| said.is_standard()) {
        tally.enter(
            Score::Wrong,
            row.id(),
            Outcome::exact_if(is_exact, || format!("{:?} instead of {expected:?}", parts(said))),
        );
    }
    let outcome = match authorised(&said, &lines) {
        Ok(()) => Outcome::Exact,
        Err(reason) => {
            tally.refused(reason);
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

/// Tells whether the text is one address and nothing else, by RFC 5322 and its obsolete forms.
pub(super) fn is_addr_spec(text: &[u8]) -> bool {
    let is_whole = |said: Said| {
        let bare = matches!(&*said.mailboxes, [mailbox] if mailbox.name.is_none() && mailbox.group.is_none());
        bare && said.is_standard() && !text.trim_ascii_start().starts_with(b"<")
    };
    says(text, &Limits::default()).is_ok_and(is_whole)
}

/// Reads what the only From field of a header says.
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
    says(body, &limits).map_err(|error| format!("{error} at {}", error.offset()))
}

fn parts(said: &Said) -> Vec<Parts> {
    said.mailboxes.iter().map(|mailbox| (mailbox.local.clone(), mailbox.domain.to_lowercase())).collect()
}

/// Asks for an account that owns every mailbox; the first reason where it is not authorised.
fn authorised(said: &Result<Said, String>, lines: &[u8]) -> Result<(), &'static str> {
    let owned: Vec<Parts> = said.as_ref().map(parts).unwrap_or_default();
    let Some(decision) = engine::for_owner_of(&owned, lines) else { return Err("no_snapshot") };
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
