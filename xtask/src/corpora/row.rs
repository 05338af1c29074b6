use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::step::Failure;

/// One case of a corpus.
pub(super) struct Row {
    value: Value,
    /// What is to be read.
    pub(super) input: Vec<u8>,
}

/// A local part by value, and a domain in lower case.
pub(super) type Parts = (String, String);

impl Row {
    pub(super) fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.text("kind").unwrap_or_default()
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.value.get(key)?.as_str()
    }

    pub(super) fn list(&self, key: &str) -> Vec<&str> {
        strings(self.value.get(key))
    }

    pub(super) fn expected(&self, key: &str) -> Option<&Value> {
        self.value.get("expect")?.get(key)
    }

    pub(super) fn expected_text(&self, key: &str) -> Option<&str> {
        self.expected(key)?.as_str()
    }

    pub(super) fn expected_list(&self, key: &str) -> Vec<&str> {
        strings(self.expected(key))
    }

    /// Returns a yes or no; `None` where the source does not say.
    pub(super) fn verdict(&self, key: &str) -> Option<bool> {
        self.expected(key)?.as_bool()
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.verdict(key) == Some(true)
    }

    /// Tells whether this must be switched on for the source's answer to hold.
    pub(super) fn needs(&self, what: &str) -> bool {
        self.expected_list("needs").contains(&what)
    }

    /// Whether the row judges a policy of its source, or a quirk, and not syntax.
    pub(super) fn is_beside_syntax(&self) -> bool {
        self.is("policy_only") || self.expected("quirk").is_some_and(|quirk| *quirk != Value::Bool(false))
    }

    /// Returns the mailboxes that the source reads, or `None` if it reads or names none.
    pub(super) fn addresses(&self) -> Option<Vec<Parts>> {
        let decoded = self.expected_text("local_form") == Some("decoded");
        let texts = self.expected_list("addresses");
        let addresses = texts.iter().filter_map(|text| address(text, decoded)).collect::<Vec<_>>();
        (!addresses.is_empty()).then_some(addresses)
    }

    /// Returns the field as lines of a header, each ended by CRLF.
    pub(super) fn lines(&self) -> Vec<u8> {
        if self.text("form") == Some("lines") {
            return self.input.clone();
        }
        [b"From: ", folded(&self.input).as_slice(), b"\r\n"].concat()
    }

    /// Returns the same lines, with the other lines of the row's header behind them.
    pub(super) fn lines_among_others(&self) -> Vec<u8> {
        let others = self.list("other_headers").into_iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat());
        self.lines().into_iter().chain(others).collect()
    }
}

/// Reads every corpus of a folder, in the order of their names.
pub(super) fn read(folder: &Path) -> Result<Vec<(String, Vec<Row>)>, Failure> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))? {
        let path = entry.map_err(Failure::file(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::Unmet(format!("`{}` holds no `.jsonl` file", folder.display())));
    }
    paths.iter().map(|path| Ok((stem(path), corpus(path)?))).collect()
}

fn corpus(path: &Path) -> Result<Vec<Row>, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::file(path))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            row(line).ok_or_else(|| Failure::Unmet(format!("`{}`: line {} is no row", path.display(), number + 1)))
        })
        .collect()
}

fn row(line: &str) -> Option<Row> {
    let value: Value = serde_json::from_str(&without_lone_surrogates(line)).ok()?;
    let input = match value.get("input") {
        Some(text) => text.as_str()?.as_bytes().to_vec(),
        None => STANDARD.decode(value.get("input_b64")?.as_str()?).ok()?,
    };
    let known = value.get("id")?.is_string() && value.get("kind")?.is_string() && value.get("expect")?.is_object();
    known.then_some(Row { value, input })
}

/// Writes U+FFFD for half of a surrogate pair, which JSON can hold and text cannot.
fn without_lone_surrogates(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let unit = |at: usize| {
            let digits = from.get(at..at + 6)?.strip_prefix("\\u")?;
            u16::from_str_radix(digits, 16).ok()
        };
        let length = match (unit(0), unit(6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push('\u{fffd}');
                rest = from.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        let (escape, after) = from.split_at_checked(length).unwrap_or((from, ""));
        out.push_str(escape);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Cuts an address at its last at sign; `None` for an element that stands for no address.
pub(super) fn address(text: &str, decoded: bool) -> Option<Parts> {
    if matches!(text, "" | "<>") {
        return None;
    }
    let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    let local = if decoded { local.to_owned() } else { unquoted(local) };
    Some((local, domain.to_lowercase()))
}

/// Takes the quotes and the backslashes from a quoted string; leaves anything else as it is.
pub(super) fn unquoted(local: &str) -> String {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.to_owned();
    };
    let mut value = String::new();
    let mut escaped = false;
    for character in inner.chars() {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return local.to_owned(),
            _ => {
                value.push(character);
                escaped = false;
            }
        }
    }
    if escaped { local.to_owned() } else { value }
}

/// Makes the LF of a corpus the CRLF of a message.
fn folded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for &octet in value {
        if octet == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(octet);
    }
    out
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn stem(path: &Path) -> String {
    PathBuf::from(path.file_stem().unwrap_or_default()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::{address, row, unquoted};

    #[test]
    fn a_row_is_read_with_whatever_octets_it_holds() {
        let line = r#"{"id": "a", "kind": "domain", "input_b64": "Ye2kgHo=", "expect": {"raw": "a\ud900z", "pair": "\ud83d\udc4d", "escape": "\\ud900"}}"#;
        let row = row(line).expect("a row");
        assert_eq!(row.input, b"a\xed\xa4\x80z");
        assert_eq!(row.expected_text("raw"), Some("a\u{fffd}z"));
        assert_eq!(row.expected_text("pair"), Some("\u{1f44d}"));
        assert_eq!(row.expected_text("escape"), Some("\\ud900"));
        assert!(super::row(r#"{"id": "a", "kind": "domain", "expect": {}}"#).is_none());
    }

    #[test]
    fn local_parts_compare_by_value() {
        assert_eq!(address("\"a b\"@B.example", false), Some(("a b".into(), "b.example".into())));
        assert_eq!(address("\"a b\"@B.example", true), Some(("\"a b\"".into(), "b.example".into())));
        assert_eq!(address("<>", false), None);
        assert_eq!(unquoted("\"a\\\"\\\\\""), "a\"\\");
        assert_eq!(unquoted("\"a\"b\""), "\"a\"b\"");
        assert_eq!(unquoted("\"a\\\""), "\"a\\\"");
    }

    #[test]
    fn a_value_becomes_a_field_with_its_folds() {
        let row =
            row(r#"{"id": "a", "kind": "header_from", "form": "value", "input": "A\n <a@b.example>", "expect": {}}"#);
        assert_eq!(row.expect("a row").lines(), b"From: A\r\n <a@b.example>\r\n");
    }
}
