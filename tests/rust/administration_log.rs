//! Logs that were written once keep saying what they said. `tests/logs` is added to, and never changed.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sendas::admin::{
    Actor, Answer, Command, Directory, EVENTS, Event, Order, Outcome, Record, Refusal, Token, TokenFault,
};
use sendas::policy::Mode;
use sendas::{Policy, Timestamp};

#[test]
fn an_old_log_folds_to_the_policy_that_it_folded_to() {
    for log in logs() {
        let directory = Directory::from_log(fs::read(&log).expect("a log")).expect("it folds");
        let policy = fs::read(log.with_extension("policy.json")).expect("the policy stands beside it");
        assert_eq!(directory.policy(), Policy::from_json(policy).expect("a policy"), "{}", log.display());
        assert!(directory.sequence() > 0);
    }
}

#[test]
fn an_old_record_is_written_as_one_that_says_the_same() {
    for log in logs() {
        for line in fs::read_to_string(&log).expect("a log").lines() {
            let record = Record::from_json(line).expect("a record");
            // Not always in the same words: a network was written as both its ends once.
            assert_eq!(Record::from_json(record.to_json()), Ok(record));
        }
    }
}

#[test]
fn every_event_stands_in_a_log() {
    let mut seen = BTreeSet::new();
    for log in logs() {
        for line in fs::read_to_string(&log).expect("a log").lines() {
            let record = Record::from_json(line).expect("a record");
            seen.extend(record.events.iter().map(Event::name));
        }
    }
    let missing: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).filter(|name| !seen.contains(name)).collect();
    // A new event comes with a log of its own; the old ones stay as they are.
    assert!(missing.is_empty(), "{missing:?} stand in no log of tests/logs");
}

#[test]
fn what_was_pending_in_an_old_log_is_pending_still() {
    let log = fs::read(folder().join("schema-1.jsonl")).expect("a log");
    let directory = Directory::from_log(log).expect("it folds");
    let bearer = Actor::Bearer { token: Token::from_hex(&"4".repeat(32)).expect("a token") };
    let answer = Command::AnswerQuestion { answer: Answer::Given };
    let at = |instant| Order::new("late", Timestamp::parse(instant).expect("an instant"));
    assert!(matches!(
        directory.decide(&bearer, &answer, &at("2017-05-31T23:59:59Z")),
        Ok(Outcome::Changed { record, .. }) if record.sequence == directory.sequence() + 1
    ));
    assert_eq!(
        directory.decide(&bearer, &answer, &at("2026-12-01T00:00:00Z")),
        Err(Refusal::TokenRefused { fault: TokenFault::Expired })
    );
    // A command of ten years ago is known by its id.
    let provider = Actor::Provider { name: "support".into() };
    let from = Timestamp::parse("2017-01-01T00:00:00Z").expect("an instant");
    let first = Command::SetHosted { mode: Mode::EnforceFrom(from) };
    let given = directory.decide(&provider, &first, &Order::new("command-1", Timestamp(1_796_083_200)));
    assert!(matches!(given, Ok(Outcome::Repeated { .. })), "{given:?}");
}

fn logs() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder of the logs is there");
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    logs.sort();
    assert!(!logs.is_empty());
    logs
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("logs")
}
