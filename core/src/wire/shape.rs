//! Compares a tree with the table of keys: what the JSON Schema can say too, with better words.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::distinct::Distinct;
use crate::policy::MAX_ID_OCTETS;

use super::diagnostic::{Quoted, Report};
use super::keys::{Key, Kind, MODE, MODES, MinItems, Presence, Rule, Table};
use super::nearest::nearest;
use super::path::{Path, push_key};
use super::tree::{Entry, Node, Value};

/// As [`check`], for one of several tables.
pub(super) fn check_kind(node: &Node<'_>, kind: &'static Kind, path: &Path) -> Vec<Report> {
    let mut shape = Shape { path: path.clone(), reports: Vec::new() };
    shape.value(node, kind);
    shape.reports
}

/// Finds every key that is unknown or missing and every value of the wrong type, below `path`.
pub(super) fn check(node: &Node<'_>, table: &'static Table, path: &Path) -> Vec<Report> {
    let mut shape = Shape { path: path.clone(), reports: Vec::new() };
    shape.table(node, table);
    shape.reports
}

struct Shape {
    path: Path,
    reports: Vec<Report>,
}

impl Shape {
    fn table(&mut self, node: &Node<'_>, table: &'static Table) {
        let Value::Table(entries) = &node.value else {
            return self.wrong_type(node, "a table");
        };
        let mut next = 0;
        for entry in entries {
            match table.key(&entry.key, next) {
                Some((number, key)) => {
                    next = number + 1;
                    self.below(key.name, |shape| shape.value(&entry.node, &key.kind));
                }
                None => self.unknown_key(entry, table),
            }
        }
        for key in table.keys.iter().filter(|key| matches!(key.presence, Presence::Required)) {
            if node.get(key.name).is_none() {
                self.missing(node, key);
            }
        }
        for rule in table.rules {
            self.rule(node, rule);
        }
    }

    fn value(&mut self, node: &Node<'_>, kind: &'static Kind) {
        match kind {
            Kind::Version => match &node.value {
                Value::Number(number) if number == "1" => {}
                _ => self.report(node, "this version of the format is not known", "write the number 1"),
            },
            Kind::Bool => match &node.value {
                Value::Bool(_) => {}
                _ => self.wrong_type(node, "`true` or `false`"),
            },
            Kind::Text => self.text(node, "a string"),
            Kind::Address => self.text(node, "an address as a string"),
            Kind::Domain => self.text(node, "a domain as a string"),
            Kind::Ip => self.text(node, "an IP address as a string"),
            Kind::Cidr => self.text(node, "a prefix such as `192.0.2.0/24` as a string"),
            Kind::Range => self.text(node, "a range such as `192.0.2.1-192.0.2.9` as a string"),
            Kind::Name => match node.text() {
                Some("") => self.report(node, "an empty string", "write at least one character"),
                Some(_) => {}
                None => self.wrong_type(node, "a string"),
            },
            Kind::Id => match node.text().map(str::len) {
                Some(1..=MAX_ID_OCTETS) => {}
                Some(0) => self.report(node, "an empty id", format_args!("write 1 to {MAX_ID_OCTETS} octets")),
                Some(octets) => {
                    let message = format!("an id of {octets} octets");
                    self.report(node, message, format_args!("write at most {MAX_ID_OCTETS}"));
                }
                None => self.wrong_type(node, "an id as a string"),
            },
            Kind::Instant => match &node.value {
                Value::Text(_) | Value::DateTime(_) => {}
                _ => self.wrong_type(node, "an instant such as `2026-12-01T00:00:00Z`"),
            },
            Kind::Choice(words) => match node.text() {
                Some(text) => self.choice(node, text, words),
                None => self.wrong_type(node, format_args!("a string: {}", listed(words))),
            },
            Kind::Mode => match &node.value {
                Value::Text(text) => self.choice(node, text, MODES),
                Value::Table(_) => self.table(node, &MODE),
                _ => self.wrong_type(node, "a mode: `off`, `monitor`, `enforce`, or a table with `mode` and `from`"),
            },
            Kind::AnyOr(kind) => match &node.value {
                Value::Text(text) if text == "any" => {}
                Value::Text(text) => {
                    let message = format!("expected `any` or a list, found the string {}", Quoted(text));
                    self.report(node, message, format_args!("write a list of one: `[\"{}\"]`", text.escape_debug()));
                }
                Value::List(elements) => self.list(node, elements, kind, MinItems::None),
                _ => self.wrong_type(node, "`any` or a list"),
            },
            Kind::List(kind, least) => match &node.value {
                Value::List(elements) => self.list(node, elements, kind, *least),
                _ => self.wrong_type(node, "a list"),
            },
            Kind::Strings => match &node.value {
                Value::List(elements) => {
                    for (index, element) in elements.iter().enumerate() {
                        self.below_index(index, |shape| shape.text(element, "a string"));
                    }
                }
                _ => self.wrong_type(node, "a list of strings"),
            },
            Kind::Count => match &node.value {
                Value::Number(number) if number.parse::<u64>().is_ok() => {}
                _ => self.wrong_type(node, "a whole number that is not negative"),
            },
            Kind::Table(table) => self.table(node, table),
            Kind::Tagged(key, tables) => self.tagged(node, key, tables),
        }
    }

    fn tagged(&mut self, node: &Node<'_>, key: &'static str, tables: &'static [(&'static str, Table)]) {
        let Value::Table(_) = &node.value else {
            return self.wrong_type(node, "a table");
        };
        let Some(tag) = node.get(key) else {
            return self.report(node, format_args!("the required key `{key}` is missing"), "it says what this is");
        };
        match tag.text().map(|text| (text, tables.iter().find(|(name, _)| *name == text))) {
            Some((_, Some((_, table)))) => self.table(node, table),
            Some((text, None)) => self.below(key, |shape| {
                let message = format!("{} is not known here", Quoted(text));
                match nearest(text, tables.iter().map(|(name, _)| *name)) {
                    Some(word) => shape.report(tag, message, format_args!("did you mean `{word}`?")),
                    None => shape.report(tag, message, "docs/administration.md lists what is known"),
                }
            }),
            None => self.below(key, |shape| shape.wrong_type(tag, "a string")),
        }
    }

    fn text(&mut self, node: &Node<'_>, expected: &str) {
        if node.text().is_none() {
            self.wrong_type(node, expected);
        }
    }

    fn choice(&mut self, node: &Node<'_>, text: &str, words: &[&'static str]) {
        if words.contains(&text) {
            return;
        }
        let message = format!("{} is none of {}", Quoted(text), listed(words));
        match nearest(text, words.iter().copied()) {
            Some(word) => self.report(node, message, format_args!("did you mean `{word}`?")),
            None => self.report(node, message, "write one of them"),
        }
    }

    fn list(&mut self, node: &Node<'_>, elements: &[Node<'_>], kind: &'static Kind, least: MinItems) {
        if elements.is_empty() && least == MinItems::One {
            self.report(node, "an empty list", "write at least one element, or leave the key out");
        }
        let mut seen = Distinct::new();
        for (index, element) in elements.iter().enumerate() {
            self.below_index(index, |shape| {
                shape.value(element, kind);
                if let Some(text) = element.text().filter(|text| !seen.is_new(*text)) {
                    shape.report(element, format_args!("{} stands twice in this list", Quoted(text)), "remove one");
                }
            });
        }
    }

    fn rule(&mut self, node: &Node<'_>, rule: &Rule) {
        let stands = |name: &&str| node.get(name).is_some();
        match rule {
            Rule::ExactlyOne(names) => match names.iter().copied().filter(stands).count() {
                1 => {}
                0 => {
                    let message = format!("one of {} is missing", listed(names));
                    self.report(node, message, "write exactly one of them");
                }
                _ => self.too_many(node, names, "exactly one of them"),
            },
            Rule::AtMostOne(names) => {
                if names.iter().copied().filter(stands).count() > 1 {
                    self.too_many(node, names, "only one of them");
                }
            }
            Rule::Needs(name, other) => {
                if let (Some(value), None) = (node.get(name), node.get(other)) {
                    self.below(name, |shape| {
                        shape.report(value, format_args!("this key needs `{other}` beside it"), "remove it");
                    });
                }
            }
        }
    }

    /// Reports the later ones of keys that exclude each other.
    fn too_many(&mut self, node: &Node<'_>, names: &[&'static str], right: &str) {
        let name = |key: &str| names.iter().copied().find(|name| *name == key);
        let entries = node.entries().iter().filter_map(|entry| Some((entry, name(&entry.key)?)));
        for (entry, name) in entries.skip(1) {
            let message = format!("{} exclude each other", listed(names));
            self.below(name, |shape| {
                let report = Report::new(entry.key_span.clone(), shape.path.text(), message);
                shape.reports.push(report.help(format_args!("write {right}")));
            });
        }
    }

    fn unknown_key(&mut self, entry: &Entry<'_>, table: &Table) {
        let mut path = self.path.text();
        push_any_key(&mut path, &entry.key);
        let report = Report::new(entry.key_span.clone(), path, "this key is not known here");
        let names = table.keys.iter().map(|key| key.name);
        let report = match nearest(&entry.key, names.clone()) {
            Some(name) => report.help(format_args!("did you mean `{name}`?")),
            None => report.help(format_args!("known are {}", listed(&names.collect::<Vec<_>>()))),
        };
        self.reports.push(report);
    }

    fn missing(&mut self, node: &Node<'_>, key: &Key) {
        let message = format!("the required key `{}` is missing", key.name);
        match key.kind {
            Kind::Version => self.report(node, message, format_args!("write `{}` with the number 1", key.name)),
            _ => self.report(node, message, format_args!("write `{}`: {}", key.name, key.doc)),
        }
    }

    fn wrong_type(&mut self, node: &Node<'_>, expected: impl core::fmt::Display) {
        let message = format!("expected {expected}, found {}", node.type_name());
        self.reports.push(Report::new(node.span.clone(), self.path.text(), message));
    }

    fn report(&mut self, node: &Node<'_>, message: impl core::fmt::Display, help: impl core::fmt::Display) {
        self.reports.push(Report::new(node.span.clone(), self.path.text(), message).help(help));
    }

    fn below(&mut self, key: &'static str, visit: impl FnOnce(&mut Self)) {
        self.path.push(key);
        visit(self);
        self.path.pop();
    }

    fn below_index(&mut self, index: usize, visit: impl FnOnce(&mut Self)) {
        self.path.push_index(index);
        visit(self);
        self.path.pop();
    }
}

/// Appends whatever stands as a key to a path; what is no bare word is quoted.
fn push_any_key(path: &mut String, key: &str) {
    let is_bare =
        !key.is_empty() && key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_bare {
        push_key(path, key);
    } else {
        push_key(path, &format!("{}", Quoted(key)));
    }
}

fn listed(words: &[&str]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        text.push_str(&format!("{separator}`{word}`"));
    }
    text
}
