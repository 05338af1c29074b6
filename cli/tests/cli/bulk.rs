//! `sendas evaluate --requests`.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::program::{Run, root, sendas, sendas_with_input};
use serde_json::Value;

const RECORD: &str = r#"{"now":"2026-12-07T09:30:00Z","channel":"smtp","account":"alice@acme.example","client_ip":"192.0.2.10","tls":"starttls","envelope":{"path":"<alice@acme.example>"},"header":{"fields":[["From"," alice@acme.example"]]}}"#;

#[track_caller]
fn bulk(words: &[&str], records: &str) -> Run {
    let words = [&["evaluate", "--policy", "examples/policy/policy.toml", "--requests", "-"], words].concat();
    sendas_with_input(&words, records.as_bytes())
}

fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn each_line_is_answered_in_order() {
    let forged = RECORD.replace(" alice@acme", " erika@globex");
    let run = bulk(&[], &format!("{RECORD}\n{forged}\n{RECORD}"));
    assert_eq!(run.code, 0, "{run:?}");
    let verdicts: Vec<Value> = lines(&run).iter().map(|answer| answer["verdict"].clone()).collect();
    assert_eq!(verdicts, ["allow", "deny", "allow"]);
    assert_eq!(run.stderr, "decided 3 request(s): 2 allowed, 1 denied, 0 deferred\n");
}

#[test]
fn decisions_have_the_json_that_python_and_node_write_too() {
    let folder = root().join("tests/json");
    let requests = fs::read_to_string(folder.join("requests.jsonl")).unwrap();
    let run = bulk(&[], &requests);
    assert_eq!(run.code, 0, "{run:?}");
    let id = lines(&run)[0]["snapshot_id"].as_str().unwrap().to_owned();
    // The id is of the policy and of the tables that come with dependencies.
    let decisions = run.stdout.replace(&id, &"0".repeat(32));
    let file = folder.join("decisions.jsonl");
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &decisions).unwrap();
    }
    assert_eq!(decisions, fs::read_to_string(&file).unwrap(), "UPDATE=1 writes the file anew");
}

#[test]
fn a_bad_line_is_named_and_the_others_are_decided() {
    let misspelt = RECORD.replace("channel", "chanel");
    let run = bulk(&[], &format!("{RECORD}\n{misspelt}\n\n{RECORD}\n"));
    assert_eq!(run.code, 2, "{run:?}");
    let answers = lines(&run);
    assert_eq!(answers.len(), 4);
    assert_eq!((&answers[0]["verdict"], &answers[3]["verdict"]), (&"allow".into(), &"allow".into()));
    assert_eq!((&answers[1]["line"], &answers[2]["line"]), (&2.into(), &3.into()));
    assert!(answers[1]["error"].as_str().unwrap().contains("did you mean `channel`?"), "{}", answers[1]);
    assert!(
        run.stderr.contains("column 31: this member is not known here; did you mean `channel`?\n"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("error: line 3, column 1: "), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(
            "decided 2 request(s): 2 allowed, 0 denied, 0 deferred\nerror: -: 2 line(s) could not be read\n"
        )
    );
}

#[test]
fn stage_and_profile_hold_for_every_line() {
    let other = RECORD.replace("<alice@acme", "<erika@globex");
    let run = bulk(&["--stage", "envelope", "--profile", "postfix"], &other);
    let answer = &lines(&run)[0];
    assert_eq!((&answer["stage"], &answer["reply"]["code"]), (&"envelope".into(), &553.into()));
}

#[test]
fn octets_that_are_no_text_are_written_as_hex() {
    let run = bulk(&[], &RECORD.replace(r#"" alice@acme.example""#, r#"{"hex":"20ff"}"#));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(lines(&run)[0]["reasons"][0]["reason"], "from_syntax");
}

#[test]
fn requests_come_from_a_file_too() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, RECORD.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let run = sendas(&["evaluate", "--policy", "examples/policy/policy.toml", "--requests", path]);
    assert_eq!((run.code, lines(&run).len()), (0, 1), "{run:?}");
    let run = sendas(&["evaluate", "--policy", "examples/policy/policy.toml", "--requests", "none.jsonl"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("none.jsonl: "), "{}", run.stderr);
}

/// A vector's request can become a record, and a record a vector; only vectors are written in parts.
#[test]
fn requests_of_vectors_are_records() {
    let mut records = String::new();
    let mut count = 0;
    for file in fs::read_dir(root().join("tests/vectors")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let vectors: Value = serde_json::from_str(&text).unwrap();
        for vector in vectors["vectors"].as_array().unwrap() {
            let record = vector["request"].to_string();
            if !record.contains("{\"parts\":") {
                writeln!(records, "{record}").unwrap();
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} vectors were found");
    let run = bulk(&[], &records);
    assert_eq!((run.code, lines(&run).len()), (0, count), "{}", run.stderr);
}

#[test]
fn a_line_over_the_limit_is_skipped() {
    let long = format!("{}\n{RECORD}\n", "x".repeat(9 * 1024 * 1024));
    let run = bulk(&[], &long);
    let answers = lines(&run);
    assert!(answers[0]["error"].as_str().unwrap().contains("the line is too long"), "{}", answers[0]);
    assert_eq!(answers[1]["verdict"], "allow");
}

#[test]
fn records_that_cannot_be_read_are_named() {
    for file in ["core", "no/such/file"] {
        let run = sendas(&["evaluate", "--policy", "examples/policy/policy.toml", "--requests", file]);
        let named = run.stderr.starts_with(&format!("error: {file}: "));
        assert!(run.code == 2 && named && run.stderr.ends_with("right would be a file that can be read\n"), "{run:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut records = String::new();
    for _ in 0..2000 {
        writeln!(records, "{RECORD}").unwrap();
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, records.as_bytes()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sendas"))
        .args(["evaluate", "--policy", "examples/policy/policy.toml", "--requests"])
        .arg(file.path())
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with('{'), "{first}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
