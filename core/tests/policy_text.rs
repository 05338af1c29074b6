//! Policies as text: what is read, what is refused, and where a refusal points.
#![cfg(feature = "toml")]

use sendas::policy::{Mode, Names};
use sendas::{Diagnostic, Policy, PolicyError, PolicyLines, Timestamp};

/// Each problem as `line:column path`; none if the text is read.
fn places(result: Result<Policy, PolicyError>) -> Vec<String> {
    let place = |found: &Diagnostic| format!("{}:{} {}", found.line, found.column, found.path);
    result.err().iter().flat_map(PolicyError::diagnostics).map(place).collect()
}

#[test]
fn a_toml_problem_points_at_its_key_or_value() {
    for (text, expected) in [
        ("", "1:1 "),
        ("schema = 2", "1:10 schema"),
        ("schema = 1.0", "1:10 schema"),
        ("schema = \"1\"", "1:10 schema"),
        ("schema = 1\nschema = 1", "2:1 "),
        ("schema = 1\nprovider = 3", "2:12 provider"),
        ("schema = 1\n[provider]\nhosted = \"of\"", "3:10 provider.hosted"),
        (
            "schema = 1\n[provider]\nhosted = { mode = \"off\", from = 2026-12-01T00:00:00Z }",
            "3:19 provider.hosted.mode",
        ),
        ("schema = 1\n[provider]\nhosted = { mode = \"enforce\" }", "3:10 provider.hosted"),
        ("schema = 1\n[[tenant]]", "2:1 tenant[0]"),
        ("schema = 1\n[[tenant]]\nid = 'a'\n[[tenant]]\nid = 'b'\n\"n\u{fc}\" = 1", "6:1 tenant[1].`n\u{fc}`"),
        ("schema = 1\n[[tenant]]\nid = 'a' # \u{fc}\nsuspended = 'no'", "4:13 tenant[0].suspended"),
        ("schema = 1\n[[tenant]]\nid = '\u{fc}'; suspended = true", "3:9 "),
        ("schema = 1\r\n[[tenant]]\r\nid = 'a'\r\nx = 1\r\n", "4:1 tenant[0].x"),
        ("\u{feff}schema = 3", "1:10 schema"),
        ("schema = 1\n[[tenant]]\nid = 'a'\nheader.alignment = 'strict'", "4:20 tenant[0].header.alignment"),
        ("schema = 1\n[[tenant]]\nid = 'a'\n[[tenant.account]]\nid = 'x'\nrole = 'R'", "6:8 tenant[0].account[0].role"),
        (
            "schema = 1\n[[tenant]]\nid = 'a'\n[tenant.sender]\ngrandfathered_until = 2026-12-01T00:00:00",
            "5:23 tenant[0].sender.grandfathered_until",
        ),
        (
            "schema = 1\n[[tenant]]\nid = 'a'\n[tenant.sender]\ngrandfathered_until = 2026-12-01",
            "5:23 tenant[0].sender.grandfathered_until",
        ),
        (
            "schema = 1\n[[tenant]]\nid = 'a'\n[[tenant.identity]]\naddress = 'joe'",
            "5:11 tenant[0].identity[0].address",
        ),
    ] {
        assert_eq!(places(Policy::from_toml(text)), [expected], "{text}");
    }
}

#[test]
fn a_json_problem_points_at_its_key_or_value() {
    for (text, expected) in [
        ("", "1:1 "),
        ("null", "1:1 "),
        ("{}", "1:1 "),
        ("{\"schema\":1,}", "1:13 "),
        ("{\"schema\":1,\"schema\":1}", "1:13 "),
        ("{\"schema\":1e0}", "1:11 schema"),
        ("{\"schema\":1,\n \"tenant\":{}}", "2:11 tenant"),
        ("{\"schema\":1,\n \"tenant\":[{\"id\":\"\u{fc}\",\"suspendet\":1}]}", "2:22 tenant[0].suspendet"),
        ("{\"schema\":1,\"tenant\":[{\"id\":\"a\",\"parent\":null}]}", "1:42 tenant[0].parent"),
        (
            "{\"schema\":1,\"tenant\":[{\"id\":\"a\",\"inherited\":[\"domains\",\"domains\"]}]}",
            "1:56 tenant[0].inherited[1]",
        ),
        (
            "{\"schema\":1,\"tenant\":[{\"id\":\"a\",\"sender\":{\"grandfathered_until\":\"2026-12-01T00:00:00.5Z\"}}]}",
            "1:65 tenant[0].sender.grandfathered_until",
        ),
        (
            "{\"schema\":1,\"tenant\":[{\"id\":\"a\",\"allowlist\":[{\"channel\":\"smtp\",\"entries\":[{\"cidr\":\"192.0.2.1/24\"}]}]}]}",
            "1:83 tenant[0].allowlist[0].entries[0].cidr",
        ),
    ] {
        assert_eq!(places(Policy::from_json(text)), [expected], "{text}");
    }
}

#[test]
fn octets_that_are_no_utf_8_have_a_place() {
    let error = Policy::from_toml(b"schema = 1\n# \xc3\xbc \xff").expect_err("no UTF-8");
    let [found] = error.diagnostics() else { panic!("{error}") };
    assert_eq!((found.line, found.column, found.span.clone()), (2, 5, 16..17));
    assert_eq!(places(Policy::from_json(b"{\xe2\x82")), ["1:2 "]);
}

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_text() {
    let text = "
        schema = 1
        [[tenant]]
        id = 'a'
        [[tenant.domain]]
        name = 'com'
        senders = 'bob'
        [[tenant.domain]]
        name = 'no domain'
        [[tenant.domain]]
        name = 'co.uk'
        [[tenant.account]]
        id = 'x'
        colour = 'red'
        [[tenant]]
        id = 'a'
    ";
    let expected = [
        "6:16 tenant[0].domain[0].name",
        "7:19 tenant[0].domain[0].senders",
        "9:16 tenant[0].domain[1].name",
        "11:16 tenant[0].domain[2].name",
        "14:9 tenant[0].account[0].colour",
        "16:14 tenant[1].id",
    ];
    assert_eq!(places(Policy::from_toml(text)), expected);
}

/// What is missing only because something else could not be read is not reported a second time.
#[test]
fn a_problem_is_not_reported_for_what_follows_from_it() {
    let text = r#"{"schema":1,"tenant":[
        {"id":"a","account":[{"id":"x","address":"no address","address_assigned":true},{"idd":"y"}],
         "domain":[{"name":"a.example","senders":["y"]}]}]}"#;
    assert_eq!(
        places(Policy::from_json(text)),
        ["2:50 tenant[0].account[0].address", "2:88 tenant[0].account[1]", "2:89 tenant[0].account[1].idd"]
    );
}

#[test]
fn the_remedy_stands_beside_the_problem() {
    for (tenant, help) in [
        ("adress = 1", "known are "),
        ("approval_require = true", "did you mean `approval_required`?"),
        ("sender.proof = 'ether'", "did you mean `either`?"),
        ("sender.grandfathered_until = 2026-12-01T00:00:00", "say which offset: `2026-12-01T00:00:00Z` is UTC"),
        ("domain = [{ name = 'a.example', senders = 'bob' }]", "write a list of one: `[\"bob\"]`"),
        ("account = [{ id = 'x', role = 'admin' }]", "did you mean `Admin`?"),
    ] {
        let error = Policy::from_toml(format!("schema = 1\n[[tenant]]\nid = 'a'\n{tenant}")).expect_err(tenant);
        let found = error.diagnostics()[0].help.clone().unwrap_or_default();
        assert!(found.starts_with(help), "{tenant}: {found}");
        assert_eq!(error.to_string().lines().count(), error.diagnostics().len());
    }
}

#[test]
fn what_strangers_wrote_stays_on_one_line_and_short() {
    let key = "\\n\\u0000\u{202e}`".repeat(1000);
    let error = Policy::from_json(format!("{{\"schema\":1,\"{key}\":1}}")).expect_err("an unknown key");
    let line = error.to_string();
    assert!(line.len() < 2000 && !line.contains(['\n', '\0', '\u{202e}']), "{line}");
}

#[test]
fn instants_may_be_dates_of_toml_or_strings() {
    let tenant = |instant: &str| {
        format!("schema = 1\n[[tenant]]\nid = 'a'\ncontrols.sender = {{ mode = 'enforce', from = {instant} }}")
    };
    for instant in
        ["2026-12-01T00:00:00Z", "2026-12-01 02:00:00+02:00", "'2026-12-01T00:00:00Z'", "'2026-11-30T23:00:00-01:00'"]
    {
        let policy = Policy::from_toml(tenant(instant)).unwrap();
        assert_eq!(policy.tenants[0].controls.sender, Mode::EnforceFrom(Timestamp(1_796_083_200)), "{instant}");
    }
    for instant in ["2026-12-01T00:00:60Z", "2026-12-01T00:00:00.5Z", "00:00:00", "2026-12-01T00:00Z", "1796083200"] {
        assert_eq!(places(Policy::from_toml(tenant(instant))), ["4:46 tenant[0].controls.sender.from"], "{instant}");
    }
}

#[test]
fn the_example_says_what_its_comments_say() {
    let text = include_str!("../../examples/policy/policy.toml");
    let policy = Policy::from_toml(text).unwrap_or_else(|error| panic!("{error}"));
    let [acme, globex, shop] = &policy.tenants[..] else { panic!("three tenants") };
    assert_eq!((acme.accounts.len(), acme.domains.len(), acme.identities.len()), (3, 2, 1));
    assert_eq!(acme.domains[1].senders, Names::Only(Vec::new()));
    assert_eq!(shop.parent.as_deref(), Some(globex.id.as_str()));
    assert_eq!(Policy::from_json(policy.to_json()).unwrap(), policy);
    assert_eq!(Policy::from_json_lines(policy.to_json_lines()).unwrap(), policy);
    assert_eq!(policy.to_json_lines().lines().count(), 1 + policy.tenants.len());
}

#[test]
fn json_lines_are_a_head_and_a_tenant_a_line() {
    for (text, tenants) in [
        ("{\"schema\":1}", 0),
        ("\u{feff}{\"schema\":1,\"provider\":{\"hosted\":\"off\"}}\r\n", 0),
        ("{\"schema\":1}\n{\"id\":\"a\"}\n{\"id\":\"b\",\"parent\":\"a\"}", 2),
    ] {
        assert_eq!(Policy::from_json_lines(text).unwrap().tenants.len(), tenants, "{text}");
    }
    for (text, expected) in [
        ("", &["1:1 "][..]),
        ("{\"id\":\"a\"}", &["1:1 ", "1:2 id"]),
        ("{\"schema\":1,\"tenant\":[]}", &["1:13 tenant"]),
        ("{\"schema\":1}\n\n{\"id\":\"a\"}", &["2:1 "]),
        ("{\"schema\":1}\n\u{feff}{\"id\":\"a\"}", &["2:1 "]),
        (
            "{\"schema\":1}\n{\"id\":\"a\",\"x\":1}\n{\"id\":1}\n{\"id\":\"a\"}",
            &["2:11 tenant[0].x", "3:7 tenant[1].id", "4:7 tenant[2].id"],
        ),
        (
            "{\"schema\":1}\n{\"id\":\"a\"}\n{\"id\":\"b\",\"domain\":[{\"name\":\"com\"}]}",
            &["3:29 tenant[1].domain[0].name"],
        ),
        ("{\"schema\":1,\"provider\":{\"deny\":[{\"domain\":\"com\"}]}}", &["1:43 provider.deny[0].domain"]),
    ] {
        assert_eq!(places(Policy::from_json_lines(text)), expected, "{text}");
    }
    assert_eq!(places(Policy::from_json_lines(b"{\"schema\":1}\n{\"id\":\"a\"}\n \xff")), ["3:2 "]);
}

/// Octets count from the start of the file, as does the line, with and without the whole text.
#[test]
fn lines_pushed_one_at_a_time_are_judged_like_the_whole_text() {
    let text = "{\"schema\":1}\n{\"id\":\"a\",\"x\":1}\n{\"id\":\"a\"}\n{\"id\":\"b\"}\n";
    let mut lines = PolicyLines::new();
    for line in text.split_inclusive('\n') {
        lines.push(line.as_bytes());
    }
    let streamed = lines.finish().expect_err("two problems");
    let whole = Policy::from_json_lines(text).expect_err("two problems");
    let summary = |error: &PolicyError| -> Vec<_> {
        error.diagnostics().iter().map(|found| (found.line, found.path.clone(), found.message.clone())).collect()
    };
    assert_eq!(summary(&streamed), summary(&whole));
    let spans: Vec<&str> = whole.diagnostics().iter().map(|found| &text[found.span.clone()]).collect();
    assert_eq!(spans, ["\"x\"", "\"a\""]);
    assert_eq!(&text[streamed.diagnostics()[1].span.clone()], "{\"id\":\"a\"}");
}

#[test]
fn hostile_texts_are_refused_without_harm() {
    let many_keys: String = (0..10_000).map(|at| format!("k{at} = 1\n")).collect();
    for text in [
        "a = [".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{ a = ".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("schema = {}", "9".repeat(100_000)),
        "schema = 1\n[[tenant]]\nid = \"a\0b\"".to_string(),
        "schema = 1\n[[tenant]]\nid = \"\\uD800\"".to_string(),
        "schema = 0x1".to_string(),
        many_keys,
    ] {
        let error = Policy::from_toml(&text).expect_err("a hostile text");
        assert!(!error.diagnostics().is_empty());
    }
    for text in [
        "[".repeat(1_000_000),
        "{\"a\":".repeat(1_000_000),
        format!("{{\"schema\":{}}}", "9".repeat(1_000_000)),
        format!("{{\"schema\":1e{}}}", "9".repeat(1_000_000)),
        format!("{{\"schema\":1,\"tenant\":[{}{{}}]}}", "{},".repeat(50_000)),
        "{\"schema\":1,\"tenant\":[{\"id\":\"a\0b\"}]}".to_string(),
    ] {
        let error = Policy::from_json(&text).expect_err("a hostile text");
        assert!(!error.diagnostics().is_empty());
    }
}
