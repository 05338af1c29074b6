//! The log of records as a file: crashes, writers at the same time, full disks, and lines that are none.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::program::{root, sendas};

const PROVIDER: &str = r#"{"kind":"provider","name":"test"}"#;
const NOW: &str = "2026-12-01T00:00:00Z";

fn path(log: &Path) -> &str {
    log.to_str().unwrap()
}

fn add_account(account: &str) -> String {
    format!(r#"{{"command":"add_account","tenant":"acme","account":"{account}","roles":[]}}"#)
}

/// Begins `sendas admin give` with the account's id as the command's id, through a shell that sets limits first.
fn begin(log: &Path, limits: &str, account: &str) -> Child {
    Command::new("sh")
        .arg("-c")
        .arg(format!("{limits} exec \"$0\" admin give --log \"$1\" --actor \"$2\" --now \"$3\" --id \"$4\" \"$5\""))
        .arg(env!("CARGO_BIN_EXE_sendas"))
        .args([path(log), PROVIDER, NOW, account, &add_account(account)])
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Gives the command, and returns what comes of it; `None` where it was killed or failed.
fn give(log: &Path, account: &str) -> Option<Value> {
    let output = begin(log, "", account).wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).ok()
}

fn with_tenant() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    let tenant = r#"{"command":"add_tenant","tenant":"acme"}"#;
    let run =
        sendas(&["admin", "give", "--log", path(&log), "--actor", PROVIDER, "--now", NOW, "--id", "tenant", tenant]);
    assert_eq!(run.code, 0, "{run:?}");
    (folder, log)
}

/// The sequence numbers of the log, which folds, by the ids of the commands.
fn folded(log: &Path) -> BTreeMap<String, u64> {
    let shown = sendas(&["admin", "show", "--log", path(log)]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let text = fs::read_to_string(log).unwrap();
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    let records = text[..whole].lines().map(|line| line.parse::<Value>().unwrap());
    records.map(|record| (record["id"].as_str().unwrap().to_owned(), record["sequence"].as_u64().unwrap())).collect()
}

#[test]
fn writers_at_the_same_time_write_one_after_the_other() {
    let (_folder, log) = with_tenant();
    let answers: Vec<Value> = thread::scope(|scope| {
        let write =
            |writer: usize| (0..8).map(|one| give(&log, &format!("{writer}-{one}")).unwrap()).collect::<Vec<_>>();
        let writers: Vec<_> = (0..4).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let records = folded(&log);
    assert_eq!(records.len(), 33);
    for answer in answers {
        let record = &answer["record"];
        assert_eq!(records.get(record["id"].as_str().unwrap()), record["sequence"].as_u64().as_ref());
    }
}

#[test]
fn what_was_answered_outlives_kill_and_what_was_not_is_whole_or_absent() {
    let (_folder, log) = with_tenant();
    let killed = AtomicUsize::new(0);
    let answered: Vec<String> = thread::scope(|scope| {
        let killed = &killed;
        let log = &log;
        let write = move |writer: usize| {
            let mut answered = Vec::new();
            for one in 0..12 {
                let account = format!("{writer}-{one}");
                let mut child = begin(log, "", &account);
                if one % 3 == 0 {
                    answered.extend(output_of(child).map(|_| account));
                    continue;
                }
                // At some point between the start and the answer, which differs from one to the next.
                thread::sleep(Duration::from_micros(500 * (1 + (writer * 7 + one * 13) as u64 % 29)));
                // SIGKILL.
                child.kill().unwrap();
                match output_of(child) {
                    Some(_) => answered.push(account),
                    None => drop(killed.fetch_add(1, Ordering::Relaxed)),
                }
            }
            answered
        };
        let writers: Vec<_> = (0..4).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert!(killed.load(Ordering::Relaxed) > 0, "no writer was killed before it answered");
    let records = folded(&log);
    for account in &answered {
        assert!(records.contains_key(account), "{account} was answered and is not in the log");
    }
    // Given again, each is carried out once.
    for account in (0..4).flat_map(|writer| (0..12).map(move |one| format!("{writer}-{one}"))) {
        let again = give(&log, &account).unwrap();
        let expected = if records.contains_key(&account) { "repeated" } else { "changed" };
        assert_eq!(again["outcome"], expected, "{account}: {again}");
    }
    let records = folded(&log);
    assert_eq!(records.len(), 49);
    assert_eq!(records.values().copied().max(), Some(49));
}

/// Returns the answer, where it was given in whole before the end.
fn output_of(child: Child) -> Option<Value> {
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).ok()
}

#[test]
fn a_full_disk_changes_nothing() {
    let (_folder, log) = with_tenant();
    let before = fs::read(&log).unwrap();
    let full = |limits: &str| begin(&log, limits, &"x".repeat(100)).wait_with_output().unwrap();

    // The limit is in blocks of 512 octets, and the record is longer than what is left of the first one.
    let output = full("trap '' XFSZ; ulimit -f 1;");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
    assert!(error.contains("File too large") && error.contains("right would be a file that can be written"), "{error}");
    assert_eq!(fs::read(&log).unwrap(), before, "what was written of the record was taken back");

    // Killed in the middle of the write, it leaves a torn line.
    let output = full("ulimit -f 1;");
    assert_eq!((output.status.code(), output.stdout.len()), (None, 0));
    let torn = fs::read(&log).unwrap();
    assert!(torn.len() == 512 && torn.starts_with(&before), "{torn:?}");
    let shown = sendas(&["admin", "show", "--log", path(&log)]);
    assert!(shown.code == 0 && shown.stderr.contains("the last line is torn"), "{shown:?}");
    assert_eq!(give(&log, "kim").unwrap()["record"]["sequence"], 2);
    assert_eq!(folded(&log).len(), 2);
}

#[test]
fn a_log_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (log, problem) in [
        ("/dev/full", "not a regular file; right would be a file on a disk"),
        ("/dev/null", "not a regular file"),
        (path(folder.path()), "Is a directory"),
        (path(&folder.path().join("none/events.jsonl")), "right would be a file that can be written"),
    ] {
        let output = begin(Path::new(log), "", "kim").wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(problem), "{log}: {error}");
    }
    let missing = folder.path().join("missing.jsonl");
    let shown = sendas(&["admin", "show", "--log", path(&missing)]);
    assert!(shown.code == 2 && shown.stderr.contains("right would be a file that can be read"), "{shown:?}");
    assert!(!missing.exists(), "showing makes no log");
}

#[test]
fn a_broken_line_is_named_and_what_stands_before_it_is_still_shown() {
    let (_folder, log) = with_tenant();
    for account in ["ada", "bob", "eve"] {
        give(&log, account).unwrap();
    }
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let with = |line: &str| [lines[0], lines[1], line, lines[3]].join("\n") + "\n";
    for (text, problem) in [
        (with("\0\0\0\0"), "3:1: "),
        (
            with(&lines[2].replace("\"schema\":1", "\"schema\":2")),
            "3:11: schema: this version of the format is not known",
        ),
        (with(&lines[2].replace("account_added", "account_deleted")), "did you mean"),
        (
            with(&lines[2].replace("\"bob\",\"roles\"", "\"ada\",\"roles\"")),
            "line 3: record 3: the account `ada` is there already",
        ),
        ([lines[0], lines[1], lines[3], lines[2]].join("\n") + "\n", "line 3: record 4: the next record is 3"),
        ([lines[0], lines[1], lines[1]].join("\n") + "\n", "line 3: record 2: the next record is 3"),
        (with(&lines[2][..40]), "3:31: a string without its closing"),
    ] {
        fs::write(&log, &text).unwrap();
        let shown = sendas(&["admin", "show", "--log", path(&log)]);
        assert!(shown.code == 2 && shown.stderr.contains(problem), "{problem}: {shown:?}");
        assert!(shown.stderr.ends_with("; what stands before it is shown\n"), "{shown:?}");
        assert!(shown.stdout.starts_with("2 record(s)\n\ntenant acme, version 2\n"), "{shown:?}");
        assert!(shown.stdout.contains("account ada") && !shown.stdout.contains("bob"), "{shown:?}");
        let json = sendas(&["admin", "show", "--log", path(&log), "--json"]);
        assert_eq!((json.code, &json.json()["records"]), (2, &Value::from(2)));
        assert_eq!(give(&log, "new"), None);
        assert_eq!(fs::read_to_string(&log).unwrap(), text, "a log that is broken is left alone");
    }
}
