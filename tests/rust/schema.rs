//! The JSON Schema of policies and the reader judge alike; the schema is checked by an implementation of others.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;

use jsonschema::Validator;
use sendas::{Policy, policy_schema};
use serde_json::{Value, json};

#[test]
fn the_schema_is_one_of_draft_2020_12() {
    let schema: Value = serde_json::from_str(&policy_schema()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn the_example_and_every_key_are_accepted_by_both() {
    let validator = validator();
    let example = Policy::from_toml(include_str!("../../examples/policy/policy.toml")).unwrap();
    for document in [serde_json::from_str(&example.to_json()).unwrap(), everything()] {
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
        Policy::from_json(document.to_string()).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// So that no key goes untried in this file: the document that holds every key does.
#[test]
fn the_document_with_every_key_has_every_key_of_the_schema() {
    let schema: Value = serde_json::from_str(&policy_schema()).unwrap();
    let mut expected = BTreeSet::new();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        // The first line of JSON Lines has the keys of a policy but `tenant`.
        if name != "head" {
            expected.extend(definition["properties"].as_object().unwrap().keys().map(|key| format!("{name}.{key}")));
        }
    }
    let mut found = BTreeSet::new();
    visit(&schema, &schema["$defs"]["policy"], "policy", &everything(), &mut found);
    assert_eq!(found, expected);
}

/// Whatever one flaw is put into the document with every key: both refuse it.
#[test]
fn both_refuse_the_same_flaws() {
    let (validator, document) = (validator(), everything());
    let mut flawed = 0;
    for path in pointers(&document) {
        for flaw in flaws(&document, &path) {
            assert!(!validator.is_valid(&flaw), "the schema accepts {path}: {:?}", flaw.pointer(&path));
            assert!(
                Policy::from_json(flaw.to_string()).is_err(),
                "the reader accepts {path}: {:?}",
                flaw.pointer(&path)
            );
            flawed += 1;
        }
    }
    assert!(flawed > 500, "only {flawed} flaws were tried");
}

/// What both refuse, and what both accept, where one flaw in one place does not show it.
#[test]
fn both_judge_what_stands_together() {
    let tenant = |rest: Value| {
        let mut tenant = json!({"id": "a"});
        tenant.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({"schema": 1, "tenant": [tenant]})
    };
    let validator = validator();
    for (document, accepted) in [
        (json!({"schema": 1}), true),
        (json!({}), false),
        (json!([]), false),
        (json!({"schema": 1, "tenant": []}), true),
        (json!({"schema": 1, "head": {}}), false),
        (tenant(json!({"sender": {}, "header": {}, "credential": {}, "controls": {}})), true),
        (tenant(json!({"sender": {"channels": []}})), false),
        (tenant(json!({"deny": [{"domain": "a.example", "subdomains": false}]})), true),
        (tenant(json!({"deny": [{"address": "a@a.example", "subdomains": false}]})), false),
        (tenant(json!({"deny": [{"address": "a@a.example", "domain": "a.example"}]})), false),
        (tenant(json!({"deny": [{"note": "n"}]})), false),
        (tenant(json!({"deny": [{}]})), false),
        (
            tenant(
                json!({"allowlist": [{"channel": "smtp", "entries": [{"ip": "192.0.2.1", "cidr": "192.0.2.0/24"}]}]}),
            ),
            false,
        ),
        (tenant(json!({"allowlist": [{"channel": "smtp", "entries": []}]})), false),
        (tenant(json!({"account": [{"id": "x", "role": "Admin", "roles": ["Admin"]}]})), false),
        (tenant(json!({"account": [{"id": "x", "roles": []}]})), true),
        (tenant(json!({"account": [{"id": "x", "identity": [{"address": "a@a.example", "senders": "any"}]}]})), false),
        (tenant(json!({"identity": [{"address": "a@a.example", "senders": []}]})), true),
        (tenant(json!({"domain": [{"name": "a.example", "senders": "all"}]})), false),
        (tenant(json!({"controls": {"sender": {"mode": "monitor", "from": "2026-12-01T00:00:00Z"}}})), false),
        (tenant(json!({"controls": {"sender": {"mode": "enforce"}}})), false),
        (tenant(json!({"controls": {"hosted": "off"}})), false),
        (tenant(json!({"id": "x".repeat(128)})), true),
        (tenant(json!({"id": "x".repeat(129)})), false),
        (tenant(json!({"id": ""})), false),
    ] {
        assert_eq!(validator.is_valid(&document), accepted, "the schema on {document}");
        assert_eq!(Policy::from_json(document.to_string()).is_ok(), accepted, "the reader on {document}");
    }
}

fn validator() -> Validator {
    jsonschema::validator_for(&serde_json::from_str(&policy_schema()).unwrap()).unwrap()
}

/// A policy in which every key stands, and nothing is wrong.
fn everything() -> Value {
    let (instant, later) = ("2026-12-01T00:00:00Z", "2027-12-01T00:00:00+01:00");
    let allowlist = json!([{"channel": "smtp", "entries": [
        {"ip": "192.0.2.1", "remark": "one"},
        {"cidr": "2001:db8::/32"},
        {"range": "192.0.2.5-192.0.2.9"}
    ]}]);
    let deny = json!([
        {"address": "a@b.example", "note": "why"},
        {"domain": "b.example", "subdomains": true}
    ]);
    let identity = |address: &str| {
        json!({"address": address, "status": "verified", "consent": "given", "grandfathered": true, "since": instant,
               "roles": ["Admin", "Newsroom"]})
    };
    let mut held_by_tenant = identity("news@a.example");
    held_by_tenant["senders"] = json!(["alice"]);
    let credential = json!({"id": "key", "kind": "api_key", "scopes": ["mail.send", "mail.read"], "expires": later,
        "revoked": true, "allowlist": allowlist});
    json!({
        "schema": 1,
        "provider": {"hosted": {"mode": "enforce", "from": instant}, "deny": deny},
        "tenant": [{"id": "top"}, {
            "id": "a",
            "parent": "top",
            "inherited": ["identities", "domains"],
            "suspended": true,
            "admin_vouches": true,
            "approval_required": true,
            "controls": {"sender": "off", "header": "monitor", "allowlist": "enforce",
                         "credential": {"mode": "enforce", "from": later}},
            "sender": {"proof": "both", "null_sender": "refuse", "channels": ["smtp", "api"], "on_deny": "hold",
                       "grandfathered_until": later},
            "header": {"alignment": "domain", "multiple_from": "allow", "sender_field": "ignore", "names": "any"},
            "credential": {"refuse": [{"kind": "password", "channels": ["smtp"], "from": instant}],
                           "require_scope": "mail.send", "require_tls": true},
            "role": [{"name": "Newsroom", "permissions": ["send", "add_identities"]}],
            "domain": [{"name": "a.example", "status": "verified", "since": instant, "active": false, "approved": true,
                        "senders": ["alice", "bob"], "subdomains": true, "separator": "+", "case": "exact",
                        "covers_mailboxes": true}],
            "identity": [held_by_tenant],
            "allowlist": allowlist,
            "deny": deny,
            "account": [
                {"id": "alice", "address": "alice@a.example", "address_assigned": true, "roles": ["Newsroom", "Admin"],
                 "suspended": true, "resend": true,
                 "exemption": [{"control": "header", "until": later, "note": "why"}],
                 "identity": [identity("alice@b.example")], "credential": [credential], "allowlist": allowlist, "deny": deny},
                {"id": "bob", "role": "Newsroom"}
            ]
        }]
    })
}

/// Notes each key of the document by the definition that it belongs to.
fn visit(schema: &Value, at: &Value, name: &str, document: &Value, found: &mut BTreeSet<String>) {
    for (key, value) in document.as_object().unwrap() {
        let property = &at["properties"][key];
        found.insert(format!("{name}.{key}"));
        let alternatives = property["anyOf"].as_array().into_iter().flatten();
        let reference =
            [property, &property["items"]].into_iter().chain(alternatives).find_map(|one| one["$ref"].as_str());
        let Some(name) = reference.and_then(|reference| reference.strip_prefix("#/$defs/")) else { continue };
        let definition = &schema["$defs"][name];
        match value {
            Value::Object(_) => visit(schema, definition, name, value, found),
            Value::Array(elements) => {
                elements.iter().for_each(|element| visit(schema, definition, name, element, found));
            }
            _ => {}
        }
    }
}

/// The place of every value, as JSON Pointers (RFC 6901).
fn pointers(document: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, all: &mut Vec<String>) {
        all.push(path.to_string());
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}"), all)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| walk(value, &format!("{path}/{at}"), all));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(document, "", &mut all);
    all
}

/// The document with one flaw at the path, in each way that the kind of value there can be flawed.
fn flaws(document: &Value, path: &str) -> Vec<Value> {
    let mut flaws = Vec::new();
    let mut put = |value: Value| {
        let mut flawed = document.clone();
        *flawed.pointer_mut(path).unwrap() = value;
        flaws.push(flawed);
    };
    let value = document.pointer(path).unwrap();
    [json!(null), json!(1.5), json!([[]]), json!({"a": 1})].into_iter().for_each(&mut put);
    match value {
        Value::Object(map) => {
            for key in map.keys() {
                let mut renamed = map.clone();
                let value = renamed.remove(key).unwrap();
                renamed.insert(format!("{key}_"), value);
                put(Value::Object(renamed));
            }
        }
        Value::Array(list) if list.iter().all(Value::is_string) => put(json!([list[0], list[0]])),
        Value::Array(_) => put(json!("any")),
        Value::String(_) => [json!(true), json!({})].into_iter().for_each(put),
        Value::Bool(_) => [json!("true"), json!(1)].into_iter().for_each(put),
        _ => put(json!(2)),
    }
    flaws
}
