//! The JSON Schema (draft 2020-12) of policy texts, from the table of keys.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::keys::{HEAD, Key, Kind, MODE, MODES, MinItems, POLICY, Presence, Rule, TENANT, Table};
use super::output::{Layout, Output};

/// Returns the JSON Schema (draft 2020-12) of policies as one JSON document.
///
/// What it refuses, the readers refuse too; they also read addresses, domains, IP ranges and instants by their
/// grammar, and check what must hold between objects. `$defs` holds each object by its name; `head` and `tenant` are
/// the lines of a policy as JSON Lines.
#[must_use]
pub fn policy_schema() -> String {
    let mut tables = BTreeMap::new();
    for table in [&POLICY, &HEAD, &TENANT, &MODE] {
        collect(table, &mut tables);
    }
    Output::value(Layout::Indented, |output| {
        output.object(|output| {
            output.key("$schema").string("https://json-schema.org/draft/2020-12/schema");
            output.key("title").string("A policy of sendas, schema 1");
            output.key("$comment").string("Generated from the table of keys in core/src/wire/keys.rs.");
            output.key("$ref").string("#/$defs/policy");
            output.key("$defs").object(|output| {
                for (name, table) in tables {
                    output.key(name).object(|output| object(output, table));
                }
            });
        });
    })
}

fn collect(table: &'static Table, tables: &mut BTreeMap<&'static str, &'static Table>) {
    if tables.insert(table.name, table).is_none() {
        for key in table.keys {
            if let Some(table) = table_of(&key.kind) {
                collect(table, tables);
            }
        }
    }
}

fn table_of(kind: &'static Kind) -> Option<&'static Table> {
    match kind {
        Kind::Table(table) => Some(table),
        Kind::List(kind, _) | Kind::AnyOr(kind) => table_of(kind),
        _ => None,
    }
}

fn object(output: &mut Output, table: &Table) {
    output.key("type").string("object");
    output.key("properties").object(|output| {
        for key in table.keys {
            output.key(key.name).object(|output| property(output, key));
        }
    });
    let required = table.keys.iter().filter(|key| matches!(key.presence, Presence::Required));
    if required.clone().next().is_some() {
        output.key("required").array(|output| required.for_each(|key| output.element().string(key.name)));
    }
    output.key("additionalProperties").raw("false");
    for rule in table.rules {
        match rule {
            Rule::ExactlyOne(names) => output.key("oneOf").array(|output| {
                for name in *names {
                    output.element().object(|output| all_of(output, &[name]));
                }
            }),
            Rule::AtMostOne(names) => output.key("not").object(|output| all_of(output, names)),
            Rule::Needs(name, other) => output.key("dependentRequired").object(|output| {
                output.key(name).array(|output| output.element().string(other));
            }),
        }
    }
}

fn all_of(output: &mut Output, names: &[&str]) {
    output.key("required").array(|output| names.iter().for_each(|name| output.element().string(name)));
}

fn property(output: &mut Output, key: &Key) {
    output.key("description").string(key.doc);
    if let Presence::Default(value) = key.presence {
        output.key("default").raw(value);
    }
    kind(output, &key.kind);
}

fn kind(output: &mut Output, of: &Kind) {
    match of {
        Kind::Version => output.key("const").raw("1"),
        Kind::Bool => output.key("type").string("boolean"),
        Kind::Text | Kind::Address | Kind::Domain | Kind::Ip | Kind::Cidr | Kind::Range => {
            output.key("type").string("string");
        }
        Kind::Instant => {
            output.key("type").string("string");
            output.key("format").string("date-time");
        }
        Kind::Name => {
            output.key("type").string("string");
            output.key("minLength").raw("1");
        }
        Kind::Id => {
            output.key("type").string("string");
            output.key("minLength").raw("1");
            // In characters; the readers count octets.
            output.key("maxLength").raw(&format!("{}", crate::policy::MAX_ID_OCTETS));
        }
        Kind::Choice(words) => choice(output, words),
        Kind::Mode => either(output, &|output| choice(output, MODES), &|output| reference(output, &MODE)),
        Kind::AnyOr(element) => {
            either(output, &|output| output.key("const").string("any"), &|output| {
                list(output, element, MinItems::None);
            });
        }
        Kind::List(element, least) => list(output, element, *least),
        Kind::Strings => {
            output.key("type").string("array");
            output.key("items").object(|output| kind(output, &Kind::Text));
        }
        Kind::Count => {
            output.key("type").string("integer");
            output.key("minimum").raw("0");
        }
        Kind::Table(table) => reference(output, table),
        Kind::Tagged(_, tables) => output.key("oneOf").array(|output| {
            tables.iter().for_each(|(_, table)| output.element().object(|output| reference(output, table)));
        }),
    }
}

fn list(output: &mut Output, element: &Kind, least: MinItems) {
    output.key("type").string("array");
    output.key("items").object(|output| kind(output, element));
    if least == MinItems::One {
        output.key("minItems").raw("1");
    }
    if !matches!(element, Kind::Table(_)) {
        output.key("uniqueItems").raw("true");
    }
}

fn choice(output: &mut Output, words: &[&str]) {
    output.key("enum").array(|output| words.iter().for_each(|word| output.element().string(word)));
}

fn either(output: &mut Output, one: &dyn Fn(&mut Output), other: &dyn Fn(&mut Output)) {
    output.key("anyOf").array(|output| {
        output.element().object(one);
        output.element().object(other);
    });
}

fn reference(output: &mut Output, table: &Table) {
    output.key("$ref").string(&format!("#/$defs/{}", table.name));
}
