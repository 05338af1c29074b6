//! `sendas admin`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{Run, sendas, sendas_with_input};

const PROVIDER: &str = r#"{"kind":"provider","name":"test"}"#;
const NOW: &str = "2026-12-01T00:00:00Z";

fn give(log: &Path, id: &str, command: &str) -> Run {
    sendas(&["admin", "give", "--log", path(log), "--actor", PROVIDER, "--now", NOW, "--id", id, command])
}

fn path(log: &Path) -> &str {
    log.to_str().unwrap()
}

#[test]
fn a_command_is_written_before_it_is_answered_and_never_twice() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    let command = r#"{"command":"add_tenant","tenant":"acme"}"#;
    let run = give(&log, "one", command);
    assert_eq!((run.code, run.json()["outcome"].as_str()), (0, Some("changed")), "{run:?}");
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert_eq!(text.trim_end().parse::<Value>().unwrap(), run.json()["record"]);

    let again = give(&log, "one", command);
    assert_eq!((again.code, again.json()["outcome"].as_str()), (0, Some("repeated")));
    let refused = give(&log, "two", command);
    assert_eq!((refused.code, refused.json()["refusal"].as_str()), (1, Some("tenant_exists")));
    assert_eq!(fs::read_to_string(&log).unwrap(), text);
}

#[test]
fn a_torn_last_line_is_said_and_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    give(&log, "one", r#"{"command":"add_tenant","tenant":"acme"}"#);
    let whole = fs::read_to_string(&log).unwrap();
    fs::write(&log, format!("{whole}{{\"schema\":1,\"sequ")).unwrap();
    let shown = sendas(&["admin", "show", "--log", path(&log)]);
    assert_eq!(shown.code, 0);
    assert!(shown.stderr.contains("the last line is torn: 17 octet(s)"), "{shown:?}");
    assert!(shown.stdout.starts_with("1 record(s)\n\ntenant acme, version 1\n"), "{shown:?}");

    let run = give(&log, "two", r#"{"command":"add_tenant","tenant":"globex"}"#);
    assert!(run.code == 0 && run.stderr.contains("torn"), "{run:?}");
    let mended = fs::read_to_string(&log).unwrap();
    assert!(mended.starts_with(&whole) && mended.lines().count() == 2, "{mended}");
    assert_eq!(sendas(&["admin", "show", "--log", path(&log)]).stderr, "");
}

#[test]
fn a_log_that_does_not_fold_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    give(&log, "one", r#"{"command":"add_tenant","tenant":"acme"}"#);
    let line = fs::read_to_string(&log).unwrap();
    for (text, problem) in [
        (format!("{line}{line}"), "line 2: record 1: the next record is 2"),
        (format!("{line}{{\"schema\":2}}\n"), "2:11: schema: this version of the format is not known"),
        (format!("{line}\n"), "2:1: "),
    ] {
        fs::write(&log, &text).unwrap();
        let run = give(&log, "two", r#"{"command":"add_tenant","tenant":"globex"}"#);
        assert!(run.code == 2 && run.stderr.contains(problem), "{problem}: {run:?}");
        assert_eq!(fs::read_to_string(&log).unwrap(), text);
    }
}

#[test]
fn a_policy_is_taken_over_and_printed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    let import = ["admin", "import", "--log", path(&log), "--policy", "examples/policy/policy.toml", "--now", NOW];
    let run = sendas(&import);
    assert_eq!(run.code, 0, "{run:?}");
    let whole = fs::read_to_string(&log).unwrap();
    fs::write(&log, whole.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    assert_eq!(sendas(&import).code, 0);
    assert_eq!(fs::read_to_string(&log).unwrap(), whole);
    give(&log, "one", r#"{"command":"set_hosted","mode":"monitor"}"#);
    assert_eq!(sendas(&import).json()["refusal"], "not_empty");
    let policy = folder.path().join("policy.json");
    fs::write(&policy, sendas(&["admin", "show", "--log", path(&log), "--policy"]).stdout).unwrap();
    assert!(sendas(&["check", path(&policy)]).stdout.ends_with("no problems found in 3 tenant(s) with 5 account(s)\n"));
}

#[test]
fn a_panel_shows_what_is_to_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    give(&log, "one", r#"{"command":"add_tenant","tenant":"acme"}"#);
    let challenge = "ab".repeat(16);
    let command =
        format!(r#"{{"command":"add_domain","tenant":"acme","domain":"acme.example","challenge":"{challenge}"}}"#);
    let words = ["admin", "give", "--log", path(&log), "--actor", PROVIDER, "-"];
    let run = sendas_with_input(&words, command.as_bytes());
    assert_eq!(run.json()["obligations"][0]["name"], "domauthvalidation.acme.example", "{run:?}");
    let shown = sendas(&["admin", "show", "--log", path(&log), "--tenant", "acme"]).stdout;
    let expected = format!(
        "  domain acme.example: pending; senders: nobody\n    TXT domauthvalidation.acme.example = \
         sendas-verification={challenge}\n"
    );
    assert!(shown.ends_with(&expected), "{shown}");
    let wrong = sendas_with_input(&words, br#"{"command":"add_domian"}"#);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `add_domain`?"), "{wrong:?}");
}

#[test]
fn a_panel_is_shown_to_a_person_and_to_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    let member = r#"{"kind":"member","account":"ada","reauthenticated":true}"#;
    let (one, two) = ("11".repeat(16), "22".repeat(16));
    let expires = r#""expires":"2026-12-08T00:00:00Z""#;
    for (number, (actor, command)) in [
        (PROVIDER, r#"{"command":"add_tenant","tenant":"acme"}"#.to_owned()),
        (PROVIDER, r#"{"command":"set_terms","tenant":"acme","terms":{"allowlists_entitled":true}}"#.to_owned()),
        (
            PROVIDER,
            r#"{"command":"add_account","tenant":"acme","account":"ada","address":"ada@mail.example","roles":["Admin"]}"#
                .to_owned(),
        ),
        (
            member,
            format!(
                r#"{{"command":"add_identities","tenant":"acme","addresses":["news@acme.example"],"senders":["ada"],
                "roles":"any","admin":"ada","token":"{one}",{expires}}}"#
            ),
        ),
        (
            member,
            format!(
                r#"{{"command":"request_consent","pair":{{"account":"ada","address":"x@mail.example"}},"token":"{two}",{expires}}}"#
            ),
        ),
        (
            member,
            r#"{"command":"issue_credential","account":"ada","credential":{"id":"key-1","kind":"api_key","scopes":["mail.send"]}}"#
                .to_owned(),
        ),
        (
            member,
            r#"{"command":"add_allowlist_entries","scope":{"tenant":"acme"},"channel":"smtp","entries":[{"ip":"192.0.2.1","remark":"re\nlay"}]}"#
                .to_owned(),
        ),
        (
            member,
            r#"{"command":"add_deny","holder":{"tenant":"acme"},"deny":{"domain":"bad.example","subdomains":true}}"#
                .to_owned(),
        ),
        (
            member,
            r#"{"command":"switch_sender_auth","tenant":"acme","mode":{"mode":"enforce","from":"2027-01-01T00:00:00Z"}}"#
                .to_owned(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("step-{number}");
        let run = sendas(&["admin", "give", "--log", path(&log), "--actor", actor, "--now", NOW, "--id", &id, &command]);
        assert_eq!(run.code, 0, "{command}: {run:?}");
    }
    let shown = sendas(&["admin", "show", "--log", path(&log)]).stdout;
    let expected = "9 record(s)\n\n\
        tenant acme, version 9\n\
        \x20 sender authentication: monitored, enforced from 2027-01-01T00:00:00Z on, proof either\n\
        \x20 sender news@acme.example: pending; accounts: ada\n\
        \x20 allowlist of the tenant, smtp:\n\
        \x20   192.0.2.1  re\\nlay\n\
        \x20 never at or below bad.example\n\
        \x20 account ada: Admin; own address ada@mail.example, assigned\n\
        \x20   sender x@mail.example: pending, owner asked\n\
        \x20   credential key-1: api_key, scopes mail.send\n";
    assert_eq!(shown, expected);
    let json = sendas(&["admin", "show", "--log", path(&log), "--json", "--tenant", "acme"]).json();
    let tenant = &json["tenants"][0];
    assert_eq!((&json["records"], &tenant["version"]), (&Value::from(9), &Value::from(9)));
    assert_eq!(tenant["allowlists_entitled"], true);
    assert_eq!(tenant["tenant"]["identity"][0]["address"], "news@acme.example");
    assert_eq!(tenant["open"][0]["admin"], "ada");
    assert_eq!(tenant["open"][1]["address"], "x@mail.example");
    let secrets = fs::read_to_string(&log).unwrap() + &json.to_string();
    assert!(!secrets.contains(&one) && !secrets.contains(&two), "a token stands in the log");
}
