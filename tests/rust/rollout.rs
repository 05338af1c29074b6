//! Runs the vectors of roll-out in `tests/rollout`: what is observed, chosen and foreseen.
#![expect(clippy::expect_used, clippy::panic, reason = "a file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;

use sendas::admin::{Actor, Command, Directory, Order, Outcome};
use sendas::analysis::{Observations, PreflightError, Table, Tally};
use sendas::postfix_log::{Line, LogReader, Timestamps};
use sendas::record::RequestRecord;
use sendas::{HashKey, Limits, Options, Policy, Timestamp};
use sendas_tests::vector_files::{clauses, texts, vector_files};
use serde_json::Value;

/// Rules of the source documents that some vector must show.
const RULES: &str = "N2 N5 N7 N13 T13 S4 S5 S6 S8 M10 M11 M12 M13 M14";

#[test]
fn every_answer_is_as_its_vector_says() {
    let mut problems = Vec::new();
    let (mut ids, mut named) = (BTreeSet::new(), BTreeSet::new());
    for path in vector_files("tests/rollout") {
        let theme = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file: Value = fs::read_to_string(&path).expect("a file").parse().expect("JSON");
        for vector in file["vectors"].as_array().expect("vectors") {
            let id = vector["id"].as_str().unwrap_or_default().to_owned();
            if !id.starts_with(&format!("{theme}/")) || !ids.insert(id.clone()) {
                problems.push(format!("{id}: the id is taken, or does not begin with `{theme}/`"));
            }
            named.extend(texts(&vector["names"]).map(str::to_owned));
            for (what, got, expected) in answers(vector, &file["policies"]) {
                if !covers(&got, &expected) {
                    problems.push(format!("{id}: {what}\n  expected {expected}\n  got      {got}"));
                }
            }
        }
    }
    let is_ours = |number: &str| ["12.", "13.", "14."].iter().any(|section| number.starts_with(section));
    let clauses = clauses("administration", is_ours);
    let known: BTreeSet<String> = clauses.iter().cloned().chain(RULES.split_whitespace().map(str::to_owned)).collect();
    problems.extend(known.difference(&named).map(|name| format!("no vector names {name}")));
    problems.extend(
        named.difference(&known).map(|name| format!("a vector names {name}, which is neither a rule nor a clause")),
    );
    assert!(problems.is_empty(), "{} problems\n\n{}", problems.len(), problems.join("\n\n"));
    // Written past the test harness, which shows what a passing test prints only when asked.
    writeln!(std::io::stdout(), "rollout vectors rust={}", ids.len()).expect("standard output is open");
}

#[test]
fn what_cannot_have_been_counted_is_refused() {
    let line = |tallies: &str| {
        format!(
            "{}\n{{\"table\":\"senders\",\"account\":\"a\",\"channel\":\"smtp\",\"count\":2,\"first\":\"2026-12-01T00:00:00Z\",\
             \"last\":\"2026-12-01T00:00:02Z\",\"tallies\":[{tallies}]}}\n",
            r#"{"schema":1,"most":2,"requests":2,"unattributed":0,"senders":2,"clients":0,"credentials":0}"#
        )
    };
    let tally = |said: &str, count: u64, last: u64| {
        format!(
            "{{\"field\":\"from\",{said},\"count\":{count},\"first\":\"2026-12-01T00:00:00Z\",\
             \"last\":\"2026-12-01T00:00:0{last}Z\"}}"
        )
    };
    let sound = line(&tally("\"said\":\"unknown\"", 2, 2));
    let observations = Observations::from_json_lines(&sound).expect("it is sound");
    assert_eq!(observations.to_json_lines(), sound);
    for (text, problem) in [
        (String::new(), "expected a value, found the end of the text"),
        (sound.replace("\"schema\":1", "\"schema\":2"), "1:11: schema: this version of the format is not known"),
        (sound.replace("\"most\":2", "\"most\":0"), "more tallies than the head says"),
        (sound.replace("\"senders\":2", "\"senders\":1"), "2:1: more was counted than the head says"),
        (sound.replace("\"tallies\"", "\"talies\""), "did you mean `tallies`?"),
        (sound.replace("senders\",\"account", "sender\",\"account"), "did you mean `senders`?"),
        (sound.replace("\"from\"", "\"form\""), "did you mean `from`?"),
        (format!("{sound}{}", sound.lines().last().unwrap_or_default()), "more was counted than the head says"),
        (line(""), "an empty list"),
        (line(&tally("\"said\":\"unknown\"", 3, 2)), "the tallies count more than their line"),
        (line(&tally("\"said\":\"unknown\"", 0, 2)), "a tally counts at least one message"),
        (line(&tally("\"said\":\"unknown\"", 2, 3)), "within those of its line"),
        (line(&tally("\"said\":\"nothing\"", 2, 2)), "`nothing` is none of `missing`"),
        (line(&tally("\"address\":\"a\"", 2, 2)), "tallies[0].address"),
        (line(&tally("\"said\":\"null\",\"address\":\"a@b.example\"", 2, 2)), "exclude each other"),
        (line(&[tally("\"said\":\"null\"", 1, 2), tally("\"said\":\"null\"", 1, 2)].join(",")), "a fact stands twice"),
        (format!("{sound}\n\n"), "3:1: expected a value"),
    ] {
        let error = Observations::from_json_lines(&text).expect_err("not sound").to_string();
        assert!(error.contains(problem), "{text}\n{error}\nshould say {problem}");
    }
}

/// What is asked, what came of it, and what should have.
fn answers(vector: &Value, policies: &Value) -> Vec<(&'static str, Value, Value)> {
    let (observations, counts) = observed(vector);
    let now = Timestamp::parse(vector["now"].as_str().unwrap_or("2026-12-01T00:00:00Z")).expect("an instant");
    let options = Options::new(HashKey([9; 16]));
    let dropped: serde_json::Map<String, Value> =
        Table::ALL.iter().map(|table| (table.name().to_owned(), observations.dropped(*table).into())).collect();
    let mut answers = Vec::new();
    for (name, got) in
        [("dropped", dropped.into()), ("unattributed", observations.unattributed().into()), ("counts", counts)]
    {
        if let Some(expected) = vector.get(name) {
            answers.push((name, got, expected.clone()));
        }
    }
    let (asked, details) = vector["ask"].as_object().and_then(|ask| ask.iter().next()).expect("something is asked");
    let got = match asked.as_str() {
        "tallies" => {
            let wanted = |tally: &Tally| {
                let tally: Value = tally.to_json().parse().expect("JSON");
                covers(&tally, details).then_some(tally)
            };
            observations.tallies().filter_map(|tally| wanted(&tally)).collect()
        }
        "coverage" => {
            json_of(&directory(vector, policies).coverage(&observations, now, &options).expect("it compiles").to_json())
        }
        "choose" => {
            let least = details["least"].as_u64().unwrap_or_default();
            let choices = directory(vector, policies).choose(&observations, least, now, &options).expect("it compiles");
            choices.iter().map(|choice| json_of(&choice.to_json())).collect()
        }
        "outlook" => {
            json_of(&directory(vector, policies).outlook(&observations, now, &options).expect("it compiles").to_json())
        }
        "preflight" => {
            let actor = Actor::from_json(details["actor"].to_string()).expect("an actor");
            let command = Command::from_json(details["command"].to_string()).expect("a command");
            let directory = directory(vector, policies);
            match directory.preflight(&observations, &actor, &command, &Order::new("asked", now), &options) {
                Ok(foreseen) => json_of(&foreseen.to_json()),
                Err(PreflightError::Refused(refusal)) => json_of(&refusal.to_json()),
                Err(error) => panic!("{error}"),
            }
        }
        "candidate" => {
            let [before, after] = [&vector["policy"], details].map(|given| policy(given, policies));
            json_of(&before.preflight(&after, &observations, now, &options).expect("both compile").to_json())
        }
        other => panic!("`{other}` cannot be asked"),
    };
    answers.push(("answer", got, vector["expect"].clone()));
    answers
}

/// Reduces the requests of a vector, twice: together, and apart and merged.
fn observed(vector: &Value) -> (Observations, Value) {
    let most = vector["most"].as_u64().map_or(1000, |most| usize::try_from(most).expect("a small number"));
    let (records, counts) = records(vector);
    let mut together = Observations::new(most);
    let mut apart = [Observations::new(most), Observations::new(most)];
    for (index, record) in records.iter().enumerate() {
        record.with_request(|request| {
            together.observe(request, &Limits::default());
            apart[index % 2].observe(request, &Limits::default());
        });
    }
    let [mut merged, other] = apart;
    merged.merge(&other);
    assert_eq!(merged, together, "{}", vector["id"]);
    assert_eq!(Observations::from_json_lines(together.to_json_lines()).as_ref(), Ok(&together));
    (together, counts)
}

fn records(vector: &Value) -> (Vec<RequestRecord>, Value) {
    let Some(log) = vector.get("postfix") else {
        let records = vector["requests"].as_array().expect("requests").iter();
        let read = records
            .map(|one| RequestRecord::from_json(one.to_string()).unwrap_or_else(|error| panic!("{one}: {error}")));
        return (read.collect(), Value::Null);
    };
    let number = |name: &str| log[name].as_i64().map(|number| i32::try_from(number).expect("a small number"));
    let timestamps = Timestamps { year: number("year"), offset: number("offset").unwrap_or_default() };
    let mut reader = LogReader::new(timestamps, 100);
    let mut records = Vec::new();
    for line in texts(&log["lines"]) {
        if let Line::Message(record) = reader.push(line.as_bytes()) {
            records.push(record);
        }
    }
    let counts = json_of(&reader.counts().to_json());
    (records, counts)
}

fn directory(vector: &Value, policies: &Value) -> Directory {
    let mut directory = Directory::new();
    let policy = policy(&vector["policy"], policies);
    for record in directory.import(&policy, "vectors", Timestamp(0)).expect("the policy can be taken over") {
        directory.apply(&record).expect("an imported record fits");
    }
    let provider = Actor::Provider { name: "vectors".into() };
    for (index, given) in vector["given"].as_array().into_iter().flatten().enumerate() {
        let command = Command::from_json(given.to_string()).expect("a command");
        match directory.decide(&provider, &command, &Order::new(format!("given-{index}"), Timestamp(0))) {
            Ok(Outcome::Changed { record, .. }) => directory.apply(&record).expect("a decided record fits"),
            other => panic!("{given} is {other:?}"),
        }
    }
    directory
}

fn policy(given: &Value, policies: &Value) -> Policy {
    let given = given.as_str().map_or(given, |name| &policies[name]);
    Policy::from_json(given.to_string()).unwrap_or_else(|error| panic!("{given}: {error}"))
}

/// Whether every member that is expected is there; null is what does not stand, and lists have the same length.
fn covers(got: &Value, expected: &Value) -> bool {
    match (got, expected) {
        (Value::Object(_), Value::Object(expected)) => expected.iter().all(|(name, value)| covers(&got[name], value)),
        (Value::Array(got), Value::Array(expected)) => {
            got.len() == expected.len() && got.iter().zip(expected).all(|(got, expected)| covers(got, expected))
        }
        _ => got == expected,
    }
}

fn json_of(text: &str) -> Value {
    text.parse().expect("JSON")
}
