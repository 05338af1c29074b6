//! What TOML and JSON have in common: a tree in which every key and value knows its octets in the text.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node<'t> {
    pub(super) span: Range<usize>,
    pub(super) value: Value<'t>,
}

/// A value of either format.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'t> {
    /// JSON only.
    Null,
    Bool(bool),
    /// A number as it is written; the policy has no use for its value beyond comparing with one.
    Number(Cow<'t, str>),
    Text(Cow<'t, str>),
    /// A TOML date or time, as it is written.
    #[cfg_attr(not(feature = "toml"), expect(dead_code, reason = "JSON has no dates"))]
    DateTime(&'t str),
    List(Vec<Node<'t>>),
    /// The entries in the order of the text, no key twice.
    Table(Vec<Entry<'t>>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node<'t>,
}

impl<'t> Node<'t> {
    /// Returns the value of a key, where this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Returns the entries, where this is a table.
    pub(super) fn entries(&self) -> &[Entry<'t>] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the elements, where this is a list.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(elements) => elements,
            _ => &[],
        }
    }

    /// Returns the text, where this is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Names the type with its article, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::DateTime(_) => "a date or time",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}
