//! Holds the table of keys, the builder, the writer and the schema together, one generated text for each key.

use std::collections::BTreeSet;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde_json::{Map, Value, json};

use super::build::RecordBuilder;
use super::keys::{HEAD, Key, Kind, MODE, MinItems, POLICY, Presence, Rule, TENANT, Table};
use super::path::Path;
use super::{policy_schema, shape};
use crate::policy::Policy;

/// Every value of every key is read, differs from every other, and is written so that it reads back.
#[test]
fn every_key_is_read_and_written() {
    let mut keys = 0;
    each_key(&mut |context, table, key| {
        let values = values(&key.kind);
        keys += usize::from(!values.is_empty());
        let policies: Vec<_> =
            values.iter().map(|value| (value, accepted(&context(with(table, key, value))))).collect();
        for (index, (value, policy)) in policies.iter().enumerate() {
            assert_eq!(&accepted(&serde_json::from_str(&policy.to_json()).unwrap()), policy, "{} = {value}", key.name);
            for (other, same) in &policies[..index] {
                assert_ne!(policy, same, "{}: {value} and {other} are one", key.name);
            }
        }
        if let Presence::Default(default) = key.presence {
            let without = accepted(&context(without(table, key)));
            let explicit = accepted(&context(with(table, key, &serde_json::from_str(default).unwrap())));
            assert_eq!(explicit, without, "{} is not {default} by default", key.name);
        }
    });
    assert!(keys > 60, "only {keys} keys were tried");
}

#[test]
fn every_key_refuses_a_value_of_another_type_and_a_misspelt_name() {
    each_key(&mut |context, table, key| {
        for wrong in [json!(null), json!(7), json!([[]])] {
            let (_, reports) = build(&context(with(table, key, &wrong)));
            assert!(reports.iter().any(|report| report.contains(key.name)), "{} = {wrong}: {reports:?}", key.name);
        }
        let mut misspelt = without(table, key);
        misspelt.insert(format!("{}{}", &key.name[..1], key.name), json!(true));
        let (_, reports) = build(&context(misspelt));
        let hint = format!("did you mean `{}`?", key.name);
        assert!(reports.iter().any(|report| report.contains(&hint)), "{}: {reports:?}", key.name);
    });
}

#[test]
fn a_required_key_is_missed() {
    each_key(&mut |context, table, key| {
        if matches!(key.presence, Presence::Required) {
            let (_, reports) = build(&context(without(table, key)));
            let message = format!("the required key `{}` is missing", key.name);
            let help = format!("write `{}`", key.name);
            let is_it = |report: &String| report.contains(&message) && report.contains(&help);
            assert!(reports.iter().any(is_it), "{}: {reports:?}", key.name);
        }
    });
}

/// The schema has the keys of the table, no other, and requires the same ones.
#[test]
fn the_schema_has_the_keys_of_the_table() {
    let schema: Value = serde_json::from_str(&policy_schema()).unwrap();
    let mut expected = BTreeSet::new();
    for table in [&POLICY, &HEAD, &TENANT, &MODE] {
        collect(table, &mut expected);
    }
    let mut found = BTreeSet::new();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        assert_eq!(definition["additionalProperties"], json!(false), "{name}");
        let required = definition["required"].as_array().cloned().unwrap_or_default();
        for key in definition["properties"].as_object().unwrap().keys() {
            found.insert((name.clone(), key.clone(), required.contains(&json!(key))));
        }
    }
    assert_eq!(found, expected);
}

fn collect(table: &Table, keys: &mut BTreeSet<(String, String, bool)>) {
    for key in table.keys {
        let required = matches!(key.presence, Presence::Required);
        keys.insert((table.name.to_string(), key.name.to_string(), required));
        if let Some((table, _)) = nested(&key.kind) {
            collect(table, keys);
        }
    }
}

/// Puts a table where it belongs in a policy.
type Context<'a> = &'a dyn Fn(Map<String, Value>) -> Value;

/// Visits every key of a policy, each table in each place where it may stand.
fn each_key(visit: &mut dyn FnMut(Context<'_>, &'static Table, &'static Key)) {
    each_key_below(&POLICY, &|map| Value::Object(map), visit);
}

fn each_key_below(
    table: &'static Table,
    context: Context<'_>,
    visit: &mut dyn FnMut(Context<'_>, &'static Table, &'static Key),
) {
    for key in table.keys {
        visit(context, table, key);
        let Some((nested, is_list)) = nested(&key.kind) else { continue };
        let below = |map| {
            let value = if is_list { json!([map]) } else { Value::Object(map) };
            context(with(table, key, &value))
        };
        each_key_below(nested, &below, visit);
    }
}

fn nested(kind: &'static Kind) -> Option<(&'static Table, bool)> {
    match kind {
        Kind::Table(table) => Some((table, false)),
        Kind::List(Kind::Table(table), _) => Some((table, true)),
        _ => None,
    }
}

/// The table with this key, and what must stand beside it.
fn with(table: &'static Table, key: &'static Key, value: &Value) -> Map<String, Value> {
    let mut map = without(table, key);
    map.insert(key.name.to_string(), value.clone());
    map
}

/// What must stand in the table beside this key.
fn without(table: &'static Table, key: &'static Key) -> Map<String, Value> {
    let needed = table.rules.iter().find_map(|rule| match rule {
        Rule::Needs(name, other) if *name == key.name => Some(*other),
        _ => None,
    });
    let chosen = table.rules.iter().filter_map(|rule| match rule {
        Rule::ExactlyOne(names) if !names.contains(&key.name) => needed.or(names.first().copied()),
        _ => None,
    });
    let required = table.keys.iter().filter(|other| matches!(other.presence, Presence::Required));
    let beside = required.map(|key| key.name).filter(|name| *name != key.name).chain(chosen);
    beside.map(|name| (name.to_string(), sample(&table.key(name, 0).unwrap().1.kind))).collect()
}

fn sample(kind: &'static Kind) -> Value {
    match nested(kind) {
        None => values(kind).remove(0),
        Some((table, is_list)) => {
            let required = |key: &&Key| matches!(key.presence, Presence::Required);
            let key = table.keys.iter().find(required).or(table.keys.first()).unwrap();
            let map = Value::Object(with(table, key, &sample(&key.kind)));
            if is_list { json!([map]) } else { map }
        }
    }
}

/// Values of a kind that mean different things; none for tables, whose keys are tried themselves.
fn values(kind: &Kind) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    match kind {
        Kind::Version => [json!(1)].into(),
        Kind::Bool => [json!(false), json!(true)].into(),
        Kind::Text => texts(&["", "text", "\"\\\n\u{1}\u{e9}"]),
        Kind::Name => texts(&["one", "two words"]),
        Kind::Id => texts(&["id", "another id"]),
        Kind::Address => texts(&["a@one.example", "\"a b\"@two.example", "a@[192.0.2.1]"]),
        Kind::Domain => texts(&["one.example", "xn--bcher-kva.example"]),
        Kind::Instant => texts(&["2026-12-01T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
        Kind::Ip => texts(&["192.0.2.1", "2001:db8::1"]),
        Kind::Cidr => texts(&["192.0.2.0/24", "2001:db8::/32"]),
        Kind::Range => texts(&["192.0.2.1-192.0.2.9", "2001:db8::1-2001:db8::9"]),
        Kind::Choice(words) => texts(words),
        Kind::Mode => {
            let from = |instant: &str| json!({"mode": "enforce", "from": instant});
            let words = texts(&["off", "monitor", "enforce"]).into_iter();
            words.chain([from("2026-12-01T00:00:00Z"), from("2027-12-01T00:00:00Z")]).collect()
        }
        Kind::AnyOr(element) => {
            let lists = [json!([]), json!([values(element)[0]]), json!(values(element))];
            lists.into_iter().chain([json!("any")]).collect()
        }
        Kind::Strings => [json!([]), json!(["text", "text"])].into(),
        Kind::Count => [json!(0), json!(12)].into(),
        Kind::List(Kind::Table(_), _) | Kind::Table(_) | Kind::Tagged(..) => Vec::new(),
        Kind::List(element, least) => {
            let lists = [json!([values(element)[0]]), json!(values(element))];
            lists.into_iter().chain((*least == MinItems::None).then(|| json!([]))).collect()
        }
    }
}

fn accepted(document: &Value) -> Policy {
    let (policy, reports) = build(document);
    assert!(reports.is_empty(), "{document}: {reports:?}");
    policy
}

/// Reads a policy without checking what must hold between its objects.
fn build(document: &Value) -> (Policy, Vec<String>) {
    let text = document.to_string();
    let tree = super::json::read(&text, 0).unwrap();
    let mut builder = RecordBuilder::new(&Path::default());
    let policy = builder.policy(&tree);
    let reports = shape::check(&tree, &POLICY, &Path::default()).into_iter().chain(builder.reports);
    (policy, reports.map(|report| format!("{}: {}; {:?}", report.path, report.message, report.help)).collect())
}
