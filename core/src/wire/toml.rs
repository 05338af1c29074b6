//! Reads TOML into the tree; the grammar is the `toml` crate's, the places are kept.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Report;
use super::tree::{Entry, Node, Value};

/// Reads a TOML document; `start` is where it begins (after a byte order mark).
///
/// # Errors
///
/// Every syntax error that could be told apart.
pub(super) fn read(text: &str, start: usize) -> Result<Node<'_>, Vec<Report>> {
    let document = text.get(start..).unwrap_or_default();
    let (root, errors) = DeTable::parse_recoverable(document);
    if errors.is_empty() {
        let value = table(root.into_inner(), text, start);
        return Ok(Node { span: start..start, value });
    }
    Err(errors
        .iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            Report::new(span.start + start..span.end + start, "", error.message())
        })
        .collect())
}

fn node<'t>(spanned: Spanned<DeValue<'t>>, text: &'t str, start: usize) -> Node<'t> {
    let span = shift(spanned.span(), start);
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text),
        DeValue::Integer(number) if number.radix() == 10 => Value::Number(Cow::Owned(number.as_str().into())),
        DeValue::Integer(_) | DeValue::Float(_) => {
            Value::Number(Cow::Borrowed(text.get(span.clone()).unwrap_or_default()))
        }
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(_) => Value::DateTime(text.get(span.clone()).unwrap_or_default()),
        DeValue::Array(elements) => {
            Value::List(elements.into_iter().map(|element| node(element, text, start)).collect())
        }
        DeValue::Table(entries) => table(entries, text, start),
    };
    Node { span, value }
}

/// The map is sorted by key; the tree is in the order of the text.
fn table<'t>(entries: DeTable<'t>, text: &'t str, start: usize) -> Value<'t> {
    let mut entries: Vec<Entry<'t>> = entries
        .into_iter()
        .map(|(key, value)| {
            let key_span = shift(key.span(), start);
            Entry { key: key.into_inner(), key_span, node: node(value, text, start) }
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Value::Table(entries)
}

fn shift(span: Range<usize>, start: usize) -> Range<usize> {
    span.start + start..span.end + start
}
