//! The key reference in `docs/policy.md` and the schema in `tests/schema`, held to the table of keys.

use std::collections::BTreeSet;
use std::format;
use std::path::PathBuf;
use std::string::{String, ToString};
use std::vec::Vec;

use super::keys::{Key, Kind, MinItems, POLICY, Presence, Rule, Table};
use super::policy_schema;

#[test]
fn the_key_reference_is_the_table_of_keys() {
    let path = root().join("docs/policy.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the beginning is marked");
    let (_, after) = rest.split_once(END).expect("the end is marked");
    hold(&path, &format!("{before}{BEGIN}{}{END}{after}", reference()));
}

#[test]
fn the_committed_schema_is_that_of_the_table() {
    hold(&root().join("tests/schema/policy.schema.json"), &policy_schema());
}

/// Compares a file with what it should hold; with `UPDATE=1` in the environment, writes it.
pub(super) fn hold(path: &PathBuf, expected: &str) {
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(path, expected).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == expected, "{} is out of date: run `UPDATE=1 cargo test -p sendas`", path.display());
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn reference() -> String {
    let mut rows = Rows { text: String::from(HEADING), shown: BTreeSet::new() };
    rows.table(&POLICY, "");
    rows.text
}

struct Rows {
    text: String,
    /// Tables that have been shown, with their path.
    shown: BTreeSet<(&'static str, String)>,
}

impl Rows {
    fn table(&mut self, table: &'static Table, path: &str) {
        for key in table.keys {
            let path = if path.is_empty() { key.name.to_string() } else { format!("{path}.{}", key.name) };
            let (nested, path) = match &key.kind {
                Kind::Table(table) => (Some(*table), path),
                Kind::List(Kind::Table(table), _) => (Some(*table), format!("{path}[]")),
                _ => (None, path),
            };
            match nested {
                None => self.row(&path, &type_words(&key.kind), key, table.rules),
                Some(nested) => self.nested(nested, key, table, &path),
            }
        }
    }

    fn nested(&mut self, nested: &'static Table, key: &Key, table: &Table, path: &str) {
        let earlier = self.shown.iter().find(|(name, _)| *name == nested.name).map(|(_, path)| path.clone());
        let mut kind = match earlier {
            Some(earlier) => format!("as `{earlier}`"),
            None if matches!(key.kind, Kind::List(..)) => String::from("list of tables"),
            None => String::from("table"),
        };
        let is_shown = kind.starts_with("as ");
        if matches!(&key.kind, Kind::List(_, least) if *least == MinItems::One) {
            kind.push_str(", at least one");
        }
        self.row(path, &kind, key, table.rules);
        if !is_shown {
            self.shown.insert((nested.name, path.to_string()));
            self.table(nested, path);
        }
    }

    fn row(&mut self, path: &str, kind: &str, key: &Key, rules: &[Rule]) {
        let default = match key.presence {
            Presence::Required => String::from("required"),
            Presence::Default("[]") if matches!(key.kind, Kind::List(Kind::Table(_), _)) => String::new(),
            Presence::Default(value) => format!("`{}`", value.replace(',', ", ")),
            Presence::Optional => String::new(),
        };
        let mut doc = String::from(key.doc);
        for rule in rules {
            match rule {
                Rule::ExactlyOne(names) if names.contains(&key.name) => {
                    doc.push_str(&format!("; exactly one of {}", words(names, ", ")));
                }
                Rule::AtMostOne(names) if names.contains(&key.name) => {
                    doc.push_str(&format!("; only one of {}", words(names, ", ")));
                }
                Rule::Needs(name, other) if *name == key.name => doc.push_str(&format!("; needs `{other}`")),
                Rule::ExactlyOne(_) | Rule::AtMostOne(_) | Rule::Needs(..) => {}
            }
        }
        self.text.push_str(&format!("| `{path}` | {kind} | {default} | {doc} |\n"));
    }
}

pub(super) fn type_words(kind: &Kind) -> String {
    match kind {
        Kind::Version => "1".to_string(),
        Kind::Bool => "bool".to_string(),
        Kind::Text => "string".to_string(),
        Kind::Name => "string, not empty".to_string(),
        Kind::Id => "string, 1-128 octets".to_string(),
        Kind::Address => "address".to_string(),
        Kind::Domain => "domain".to_string(),
        Kind::Instant => "instant".to_string(),
        Kind::Ip => "IP address".to_string(),
        Kind::Cidr => "prefix".to_string(),
        Kind::Range => "`\"low-high\"`".to_string(),
        Kind::Choice(names) => {
            let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
            words(&quoted.iter().map(String::as_str).collect::<Vec<_>>(), ", ")
        }
        Kind::Mode => "mode".to_string(),
        Kind::AnyOr(kind) => format!("`\"any\"`, or list of: {}", type_words(kind)),
        Kind::List(kind, MinItems::None) => format!("list of: {}", type_words(kind)),
        Kind::List(kind, MinItems::One) => format!("list, not empty, of: {}", type_words(kind)),
        Kind::Strings => "list of strings".to_string(),
        Kind::Count => "whole number".to_string(),
        Kind::Table(_) | Kind::Tagged(..) => "table".to_string(),
    }
}

fn words(names: &[&str], separator: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(separator)
}

const BEGIN: &str = "<!-- keys: generated from core/src/wire/keys.rs by `UPDATE=1 cargo test -p sendas` -->\n";
const END: &str = "<!-- end of keys -->\n";
const HEADING: &str = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
