//! `sendas check`.

use std::fs;

use crate::program::{Run, sendas};
use serde_json::json;

/// Checks a policy text of this format.
fn check(extension: &str, text: &str, words: &[&str]) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy").with_extension(extension);
    fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let mut run = sendas(&[&["check", path], words].concat());
    run.stdout = run.stdout.replace(path, "policy");
    run
}

#[test]
fn the_example_has_no_problems() {
    let run = sendas(&["check", "examples/policy/policy.toml"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_eq!(run.stdout, "examples/policy/policy.toml: no problems found in 3 tenant(s) with 5 account(s)\n");
}

#[test]
fn every_problem_is_shown_in_its_line() {
    let run = check(
        "toml",
        "schema = 1\n[[tenant]]\nid = \"acme\"\nsuspendet = true\n[[tenant.domain]]\nname = \"é..example\"\n",
        &[],
    );
    assert_eq!(run.code, 2, "{run:?}");
    let expected = "\
error: this key is not known here
  --> policy:4:1
  |
4 | suspendet = true
  | ^^^^^^^^^ tenant[0].suspendet
  |
  = help: did you mean `suspended`?

";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert!(
        run.stdout.contains("6 | name = \"é..example\"\n  |        ^^^^^^^^^^^^ tenant[0].domain[0].name\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.ends_with("policy: 2 problem(s) found\n"), "{}", run.stdout);
}

#[test]
fn json_and_json_lines_are_checked_too() {
    let run = check("json", "{\"schema\": 1,\n \"tenant\": [{}]}", &[]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("--> policy:2:13\n"), "{}", run.stdout);
    let run = check("jsonl", "{\"schema\":1}\n{\"id\":\"acme\"}\n{\"id\":7}\n", &[]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("--> policy:3:7\n"), "{}", run.stdout);
    assert_eq!(check("jsonl", "{\"schema\":1}\n{\"id\":\"acme\"}\n", &[]).code, 0);
}

#[test]
fn problems_as_json() {
    let run = check("toml", "schema = 1\nprovide = {}\n", &["--json"]);
    assert_eq!(run.code, 2);
    let problem = json!({
        "line": 2, "column": 1, "start": 11, "end": 18, "path": "provide",
        "message": "this key is not known here", "help": "did you mean `provider`?",
    });
    assert_eq!(run.json(), json!({ "problems": [problem] }));
    let run = check("toml", "schema = 1\n", &["--json"]);
    assert_eq!((run.code, run.json()), (0, json!({ "problems": [] })));
}

#[test]
fn a_policy_that_cannot_be_used_decides_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.toml");
    fs::write(&file, "schema = 2\n").unwrap();
    let run = sendas(&["evaluate", "--policy", file.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("1 | schema = 2\n"), "{}", run.stderr);
    assert!(run.stderr.ends_with("1 problem(s) found; nothing else was done\n"), "{}", run.stderr);
}
