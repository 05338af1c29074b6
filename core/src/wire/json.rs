//! A strict reader of JSON (RFC 8259) that keeps the place of every key and value.
//!
//! Refused although some readers take it: a key twice in one object, a comma before a closing bracket,
//! comments, an escaped surrogate without its partner, more than [`DEPTH`] levels.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::diagnostic::{Quoted, Report};
use super::tree::{Entry, Node, Value};

/// Reads one JSON value that fills the text; `start` is where it begins (after a byte order mark).
///
/// # Errors
///
/// The syntax error that ended the reading, or every key that stands twice.
pub(super) fn read(text: &str, start: usize) -> Result<Node<'_>, Vec<Report>> {
    let (entries, elements) = (Vec::with_capacity(ENTRIES), Vec::with_capacity(ELEMENTS));
    let mut reader = Reader { text, at: start, depth: 0, entries, elements, duplicates: Vec::new() };
    let document = reader.value().and_then(|node| {
        reader.skip_space();
        match reader.peek() {
            None => Ok(node),
            Some(_) => Err(reader.unexpected("the end of the text")),
        }
    });
    match document {
        Ok(node) if reader.duplicates.is_empty() => Ok(node),
        Ok(_) => Err(reader.duplicates),
        Err(report) => {
            reader.duplicates.push(*report);
            Err(reader.duplicates)
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// What was read of the tables and lists that have not ended, one behind the other: a table or list is made of its own
    /// when it ends, at its size.
    entries: Vec<Entry<'t>>,
    elements: Vec<Node<'t>>,
    duplicates: Vec<Report>,
}

/// What was read, or the syntax error that ends the reading: behind a pointer, for it to take no room where there is none.
type Read<T> = Result<T, Box<Report>>;

impl<'t> Reader<'t> {
    fn value(&mut self) -> Read<Node<'t>> {
        self.skip_space();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Value<'t>>) -> Read<Value<'t>> {
        if self.depth == DEPTH {
            let report = Report::new(self.at..self.at + 1, "", format_args!("more than {DEPTH} levels of nesting"));
            return Err(report.help("a policy needs fewer than ten").into());
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Read<Value<'t>> {
        let first = self.entries.len();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Table(Vec::new()));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = start..self.at;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.unexpected("`:`"));
            }
            let node = self.value()?;
            self.entries.push(Entry { key, key_span, node });
            self.skip_space();
            if self.take(b'}') {
                let entries = self.entries.split_off(first);
                self.refuse_duplicates(&entries);
                return Ok(Value::Table(entries));
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self) -> Read<Value<'t>> {
        let first = self.elements.len();
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::List(Vec::new()));
        }
        loop {
            let element = self.value()?;
            self.elements.push(element);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::List(self.elements.split_off(first)));
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    /// Reads a string (RFC 8259 §7); borrowed where it has no escapes.
    fn string(&mut self) -> Read<Cow<'t, str>> {
        let opening = self.at;
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        if self.take(b'"') {
            return Ok(Cow::Borrowed(self.slice(start, self.at - 1)));
        }
        self.rest_of_string(opening, start).map(Cow::Owned)
    }

    /// Reads a string on, which has more than a run of plain octets.
    #[inline(never)]
    fn rest_of_string(&mut self, opening: usize, mut run: usize) -> Read<String> {
        let mut decoded = String::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    decoded.push_str(self.slice(run, self.at));
                    self.at += 1;
                    return Ok(decoded);
                }
                Some(b'\\') => {
                    decoded.push_str(self.slice(run, self.at));
                    decoded.push(self.escape()?);
                    run = self.at;
                    self.skip_plain();
                }
                Some(byte @ 0..=0x1F) => {
                    let report = Report::new(self.at..self.at + 1, "", "a control character within a string");
                    return Err(report.help(format_args!("write it as `\\u{byte:04x}`")).into());
                }
                _ => return Err(Report::new(opening..self.at, "", "a string without its closing `\"`").into()),
            }
        }
    }

    /// Goes on to what is not plain in a string.
    fn skip_plain(&mut self) {
        self.at += plain_octets(self.text.as_bytes().get(self.at..).unwrap_or_default());
    }

    /// Reads one escape, with the second half of a surrogate pair.
    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        self.at += 2;
        let character = match self.text.as_bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex()?;
                let code = match first {
                    0xD800..=0xDBFF if self.text.as_bytes().get(self.at..self.at + 2) == Some(b"\\u") => {
                        self.at += 2;
                        match self.hex()? {
                            second @ 0xDC00..=0xDFFF => 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                            _ => first,
                        }
                    }
                    _ => first,
                };
                return char::from_u32(code).ok_or_else(|| {
                    let report = Report::new(start..self.at, "", "an escaped surrogate without its partner");
                    report.help("write the character itself, or both halves of its pair").into()
                });
            }
            _ => {
                let end = self.text.len().min(start + 1);
                let report = Report::new(start..end, "", "an unknown escape");
                return Err(report.help("write a backslash as `\\\\`").into());
            }
        };
        Ok(character)
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or(&[]);
        let value = digits.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?));
        match value {
            Some(value) if digits.len() == 4 => {
                self.at += 4;
                Ok(value)
            }
            _ => Err(Report::new(self.at..self.at, "", "expected four hexadecimal digits after `\\u`").into()),
        }
    }

    /// Reads a number (RFC 8259 §6) and keeps its text.
    fn number(&mut self) -> Read<Value<'t>> {
        let start = self.at;
        self.take(b'-');
        if self.take(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(Report::new(start..self.at + 1, "", "a number with a leading zero").into());
            }
        } else {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Value::Number(Cow::Borrowed(self.slice(start, self.at))))
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Read<Value<'t>> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// Reports every key that stands again.
    fn refuse_duplicates(&mut self, entries: &[Entry<'t>]) {
        // Most objects have few keys, which are compared faster than they are entered anywhere.
        let any = match entries {
            [] | [_] => false,
            few if few.len() <= FEW => few.iter().zip(1..).any(|(entry, behind)| {
                let behind = few.get(behind..).unwrap_or_default();
                behind.iter().any(|other| other.key == entry.key)
            }),
            _ => true,
        };
        if !any {
            return;
        }
        let mut seen = BTreeSet::new();
        for entry in entries.iter().filter(|entry| !seen.insert(&*entry.key)) {
            let message = format!("the key {} stands twice in this object", Quoted(&entry.key));
            self.duplicates.push(Report::new(entry.key_span.clone(), "", message).help("keep one of the two"));
        }
    }

    fn unexpected(&self, expected: &str) -> Box<Report> {
        Box::new(self.not_expected(expected))
    }

    fn not_expected(&self, expected: &str) -> Report {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.chars().next() {
            None => Report::new(self.at..self.at, "", format_args!("expected {expected}, found the end of the text")),
            Some(character) => {
                let end = self.at + character.len_utf8();
                let found = Quoted(self.slice(self.at, end));
                let report = Report::new(self.at..end, "", format_args!("expected {expected}, found {found}"));
                match character {
                    '}' | ']' if self.slice(0, self.at).trim_end().ends_with(',') => {
                        report.help("remove the `,` before it")
                    }
                    '/' | '#' => report.help("JSON has no comments"),
                    '\'' => report.help("use double quotes"),
                    _ => report,
                }
            }
        }
    }

    /// Skips white space (RFC 8259 §2).
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }
}

/// How many octets stand before the first that ends a string, or cannot stand in one as it is; eight are looked at at once.
fn plain_octets(octets: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut rest = octets;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // The high bit of each octet that is less than the bound: none below the first of them is wrong.
        let under = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & (ONES << 7);
        let found =
            under(word, 0x20) | under(word ^ (ONES * u64::from(b'"')), 1) | under(word ^ (ONES * u64::from(b'\\')), 1);
        if found != 0 {
            return octets.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    let special = |&octet: &u8| matches!(octet, b'"' | b'\\' | 0..=0x1F);
    octets.len() - rest.len() + rest.iter().position(special).unwrap_or(rest.len())
}

/// As many keys are compared one by one.
const FEW: usize = 16;
/// Of most texts, no more entries or elements are at hand at a time; they take less than 1 KiB each, which allocators have at hand.
const ENTRIES: usize = 11;
const ELEMENTS: usize = 20;
/// Deeper than any policy, and shallow enough for every stack.
const DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::super::tree::{Node, Value};
    use super::{DEPTH, plain_octets, read};

    #[test]
    fn places_are_those_of_keys_and_values() {
        let text = r#" { "a" : [ 1 , "x\n" ] } "#;
        let tree = read(text, 0).unwrap();
        let list = tree.get("a").unwrap();
        let places = [&tree.entries()[0].key_span, &list.span, &list.elements()[0].span, &list.elements()[1].span];
        let shown: Vec<&str> = places.into_iter().map(|span| &text[span.clone()]).collect();
        assert_eq!(shown, ["\"a\"", r#"[ 1 , "x\n" ]"#, "1", r#""x\n""#]);
        assert_eq!(list.elements()[1].text(), Some("x\n"));
    }

    #[test]
    fn a_string_is_plain_up_to_its_first_special_octet() {
        for octet in 0..=255 {
            for (length, place) in (0..20).flat_map(|length| (0..length).map(move |place| (length, place))) {
                // Octets that differ by one bit from those that are sought stand around it.
                let mut text = [b'#', b']', 0xA2, 0xDC, b' '].repeat(4);
                text[place] = octet;
                let is_special = octet < 0x20 || octet == b'"' || octet == b'\\';
                assert_eq!(
                    plain_octets(&text[..length]),
                    if is_special { place } else { length },
                    "{octet} at {place}"
                );
            }
        }
    }

    #[test]
    fn what_some_readers_take_is_refused_where_it_stands() {
        let too_deep = "[".repeat(DEPTH + 1);
        for (text, start, message) in [
            ("", 0, "expected a value, found the end of the text"),
            ("{\"a\":1,}", 7, "expected a key in double quotes, found `}`"),
            ("[1,]", 3, "expected a value, found `]`"),
            ("[1]x", 3, "expected the end of the text, found `x`"),
            ("{'a':1}", 1, "expected a key in double quotes, found `'`"),
            ("[1] // x", 4, "expected the end of the text, found `/`"),
            ("[01]", 1, "a number with a leading zero"),
            ("[+1]", 1, "expected a value, found `+`"),
            ("[1.]", 3, "expected a digit, found `]`"),
            ("[NaN]", 1, "expected a value, found `N`"),
            ("\"a\nb\"", 2, "a control character within a string"),
            ("\"a\0b\"", 2, "a control character within a string"),
            ("\"abc", 0, "a string without its closing `\"`"),
            ("\"\\x\"", 1, "an unknown escape"),
            ("\"\\u12\"", 3, "expected four hexadecimal digits after `\\u`"),
            ("\"\\u+123\"", 3, "expected four hexadecimal digits after `\\u`"),
            ("\"\\ud800\"", 1, "an escaped surrogate without its partner"),
            ("\"\\ud800\\u0041\"", 1, "an escaped surrogate without its partner"),
            ("\"\\udc00\\ud800\"", 1, "an escaped surrogate without its partner"),
            ("{\"a\":1,\"b\":2,\"\\u0061\":3}", 13, "the key `a` stands twice in this object"),
            ("\u{a0}1", 0, "expected a value, found `\\u{a0}`"),
            (too_deep.as_str(), DEPTH, "more than 64 levels of nesting"),
        ] {
            let reports = read(text, 0).unwrap_err();
            assert_eq!((reports[0].span.start, reports[0].message.as_str()), (start, message), "{text}");
        }
    }

    #[test]
    fn a_million_brackets_do_no_harm() {
        for open in ["[", "{\"a\":", "[{\"a\":["] {
            assert!(read(&open.repeat(1_000_000), 0).is_err());
        }
    }

    /// Every short text of these pieces is read as another reader reads it.
    #[test]
    fn agrees_with_serde_json() {
        let values = ["{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "-0.5e1", "null", "true ", "1"];
        let strings = ["\\", "\"", "u", "D800", "\\uDC00", "0041", "n", "\u{e9}", "\u{1}", "/"];
        let mut compared = 0;
        for (pieces, longest, quote) in [(&values[..], 5, ""), (&strings[..], 4, "\"")] {
            each_text(pieces, longest, &mut String::from(quote), &mut |text| {
                compare(&format!("{text}{quote}"));
                compared += 1;
            });
        }
        assert!(compared > 250_000, "only {compared} texts");
    }

    fn each_text(pieces: &[&str], longest: usize, text: &mut String, visit: &mut dyn FnMut(&str)) {
        visit(text);
        if longest > 0 {
            for piece in pieces {
                let length = text.len();
                text.push_str(piece);
                each_text(pieces, longest - 1, text, visit);
                text.truncate(length);
            }
        }
    }

    fn compare(text: &str) {
        let (ours, theirs) = (read(text, 0), serde_json::from_str::<serde_json::Value>(text));
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(&plain(ours), theirs, "{text}"),
            (Err(_), Err(_)) => {}
            // The tree keeps a number as it is written, so none is too large.
            (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
            (Ok(_), Err(error)) => panic!("{text} is read, but {error}"),
            (Err(reports), Ok(_)) => {
                assert!(reports.iter().all(|report| report.message.ends_with("stands twice in this object")), "{text}");
            }
        }
    }

    fn plain(node: &Node<'_>) -> serde_json::Value {
        match &node.value {
            Value::Null | Value::DateTime(_) => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => serde_json::from_str(number).unwrap(),
            Value::Text(text) => text.to_string().into(),
            Value::List(elements) => elements.iter().map(plain).collect(),
            Value::Table(entries) => entries
                .iter()
                .map(|entry| (entry.key.to_string(), plain(&entry.node)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
