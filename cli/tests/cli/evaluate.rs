//! `sendas evaluate` and `sendas explain`.

use std::fs;

use serde_json::{Value, json};

use crate::program::{ALICE, Run, root, sendas, sendas_with_input};

/// Evaluates one of the example messages with further words.
#[track_caller]
fn evaluate(message: &str, words: &[&str]) -> Run {
    let file = format!("examples/policy/{message}.eml");
    sendas(&[&["evaluate"], &ALICE[..], &["--message", &file], words].concat())
}

#[test]
fn an_accepted_message_exits_with_0() {
    let run = evaluate("accepted", &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("allow (accept) at the message stage\n250 2.0.0 Ok\n"), "{}", run.stdout);
    assert!(run.stdout.contains("granted: news@acme.example at from, by identity\n"), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_forged_message_exits_with_1_and_points_at_the_address() {
    let run = evaluate("forged", &[]);
    assert_eq!(run.code, 1, "{run:?}");
    let expected = "\
deny (reject) at the message stage
550 5.7.1 <erika@globex.example>: Sender address rejected: not owned by user alice@acme.example

error[address_not_owned]: Nothing gives this account the address
  --> examples/policy/forged.eml:2:22
  |
2 | From: Erika Example <erika@globex.example>
  |                      ^^^^^^^^^^^^^^^^^^^^
";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
}

#[test]
fn the_postfix_profile_replies_553() {
    let run = evaluate("forged", &["--profile", "postfix"]);
    assert!(run.stdout.contains("\n553 5.7.1 <erika@globex.example>: Sender address rejected"), "{}", run.stdout);
}

#[test]
fn monitored_reasons_are_warnings() {
    let words = ALICE.iter().map(|&word| if word == "starttls" { "plain" } else { word });
    let words: Vec<&str> = ["evaluate"].into_iter().chain(words).chain(["--stage", "envelope"]).collect();
    let run = sendas(&words);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("warning[tls_required]: would deny: "), "{}", run.stdout);
    assert!(run.stdout.contains("found at: tls\n"), "{}", run.stdout);
}

#[test]
fn json_has_every_part_of_the_decision_as_the_page_shows() {
    let mut answer = evaluate("forged", &["--json"]).json();
    let page = fs::read_to_string(root().join("docs/json.md")).unwrap();
    let shown = page.split("```").find(|block| block.starts_with("json\n{\n")).unwrap();
    let mut shown: Value = serde_json::from_str(shown.strip_prefix("json").unwrap()).unwrap();
    // An id says which public suffix list there was.
    let ids = [&mut answer, &mut shown].map(|decision| decision["snapshot_id"].take());
    assert_eq!(ids.map(|id| id.as_str().map(str::len)), [Some(32); 2]);
    assert_eq!(answer, shown);
}

#[test]
fn facts_that_are_not_given_are_not_known() {
    let run = sendas(&["evaluate", "--policy", "examples/policy/policy.toml", "--json"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.json()["reasons"][0]["reason"], "authentication_required");
    let run = sendas(&[&["evaluate", "--json"], &ALICE[..]].concat());
    assert_eq!(run.json()["reasons"][0]["reason"], "header_not_given");
}

#[test]
fn a_message_comes_from_standard_input_too() {
    let words = [&["evaluate", "--message", "-", "--json"], &ALICE[..]].concat();
    let crlf = fs::read_to_string(root().join("examples/policy/accepted.eml")).unwrap();
    assert_eq!(sendas_with_input(&words, crlf.as_bytes()).code, 0);
    let lf = crlf.replace('\r', "");
    assert_eq!(sendas_with_input(&words, lf.as_bytes()).code, 0);
    let mixed = crlf.replacen('\r', "", 1);
    assert_eq!(sendas_with_input(&words, mixed.as_bytes()).json()["reasons"][0]["reason"], "field_name_ambiguous");
}

#[test]
fn hostile_octets_are_shown_as_escapes() {
    let words = [&["evaluate", "--message", "-"], &ALICE[..]].concat();
    let run = sendas_with_input(&words, b"From: \x1b[2J\xff <x@globex.example>\r\n\r\n");
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains(r"From: \u{1b}[2J\xff <x@globex.example>"), "{}", run.stdout);
}

#[test]
fn nothing_is_coloured_without_a_terminal() {
    for words in [&["evaluate"][..], &["explain"]] {
        let run = sendas(&[words, &ALICE[..], &["--message", "examples/policy/forged.eml"]].concat());
        assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{run:?}");
    }
}

#[test]
fn every_fact_reaches_the_decision() {
    let reasons = |words: &[&str]| {
        let run = sendas(&[&["evaluate", "--policy", "examples/policy/policy.toml", "--json"], words].concat());
        let answer = run.json();
        let listed = ["reasons", "would_deny"].into_iter().flat_map(|list| answer[list].as_array().unwrap().clone());
        listed.map(|finding| finding["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let shop = ["--account", "shop-api", "--stage", "session", "--now", "2027-02-01T00:00:00Z"];
    let with = |words: &[&str]| reasons(&[&shop[..], words].concat());
    let right = [
        "--channel",
        "api",
        "--client-ip",
        "203.0.113.7",
        "--credential-kind",
        "api_key",
        "--credential-id",
        "shop-key-1",
        "--scope",
        "mail.send",
        "--tls",
        "implicit",
    ];
    assert_eq!(with(&right), [""; 0]);
    let but = |old: &str, new: &str| with(&right.map(|word| if word == old { new } else { word }));
    assert_eq!(but("203.0.113.7", "203.0.113.8"), ["client_ip_not_allowed"]);
    assert_eq!(but("shop-key-1", "shop-key-2"), ["unknown_credential"]);
    assert_eq!(but("api_key", "oauth"), ["credential_kind_refused"]);
    assert_eq!(but("implicit", "plain"), ["tls_required"]);
    assert_eq!(but("api", "smtp"), ["client_ip_not_allowed"]);
    assert_eq!(with(&[&right[..], &["--role", "Admin"]].concat()), ["role_not_held"]);
    assert_eq!(
        reasons(&[&shop[..2], &["--stage", "session", "--now", "2027-06-30T00:00:00Z"], &right].concat()),
        ["credential_expired"]
    );
}

#[test]
fn the_envelope_sender_has_two_spellings() {
    let first = |words: &[&str]| {
        let words = [&["evaluate", "--json", "--stage", "envelope"], &ALICE[..10], words].concat();
        sendas(&words).json()["reasons"][0]["reason"].as_str().map(str::to_owned)
    };
    assert_eq!(first(&["--mail-from", "<alice@acme.example>"]), None);
    assert_eq!(first(&["--mail-from", "<>"]), None);
    assert_eq!(first(&["--mail-from", ""]).as_deref(), Some("sender_syntax"));
    assert_eq!(first(&["--unquoted-sender", "alice@acme.example"]), None);
    assert_eq!(first(&["--unquoted-sender", "two words@acme.example"]), None);
    assert_eq!(first(&["--mail-from", "two words@acme.example"]).as_deref(), Some("sender_syntax"));
    assert_eq!(first(&["--mail-from", "<é@acme.example>"]).as_deref(), Some("sender_syntax"));
    assert_eq!(first(&["--mail-from", "<é@acme.example>", "--smtputf8"]), None);
}

#[test]
fn an_explanation_names_steps_and_near_misses() {
    let words =
        |view| [&["explain", "--view", view], &ALICE[..], &["--message", "examples/policy/forged.eml"]].concat();
    let provider = sendas(&words("provider"));
    assert_eq!(provider.code, 1);
    assert!(provider.stdout.contains("    control `sender` is enforced\n"), "{}", provider.stdout);
    assert!(provider.stdout.contains("address_of_another_tenant"), "{}", provider.stdout);
    assert!(provider.stdout.contains("near miss at from, octets 60 to 80: "), "{}", provider.stdout);
    let tenant = sendas(&words("tenant"));
    assert_eq!(tenant.code, 1);
    assert!(!tenant.stdout.contains("address_of_another_tenant"), "{}", tenant.stdout);
}

#[test]
fn an_explanation_as_json() {
    let run = sendas(&[&["explain", "--json"], &ALICE[..], &["--message", "examples/policy/forged.eml"]].concat());
    let answer = run.json();
    assert_eq!((&answer["view"], &answer["verdict"]), (&json!("provider"), &json!("deny")));
    assert_eq!(answer["reasons"][0]["enforced"], true);
    assert!(!answer["steps"].as_array().unwrap().is_empty());
    assert_eq!(answer["near_misses"][0]["place"]["subject"], "from");
}

#[test]
fn bad_input_exits_with_2_and_says_what_would_be_right() {
    for (words, said) in [
        (&["evaluate", "--policy", "none.toml"][..], "right would be a file that can be read"),
        (&["evaluate", "--policy", "README.md"], "right would be a name that ends in `.toml`, `.json` or `.jsonl`"),
        (&["evaluate", "--policy", "x.toml", "--now", "noon"], "right would be 2026-12-07T09:30:00Z"),
        (
            &["evaluate", "--policy", "x.toml", "--client-ip", "192.0.2.256"],
            "not an IP address; right would be 192.0.2.10",
        ),
        (&["evaluate", "--policy", "x.toml", "--requests", "-", "--account", "a"], "cannot be used with"),
        (&["evaluate", "--policy", "examples/policy/policy.toml", "--message", "none.eml"], "none.eml: "),
    ] {
        let run = sendas(words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}
