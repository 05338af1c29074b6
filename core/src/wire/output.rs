//! Writes JSON (RFC 8259): indented by two spaces, or on one line.

use alloc::format;
use alloc::string::String;

/// A JSON text in the making. Keys and elements are written in the order of the calls.
pub(super) struct Output {
    text: String,
    layout: Layout,
    depth: usize,
    /// Whether nothing stands yet in the object or array that is open.
    empty: bool,
}

/// Where lines are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Indented,
    OneLine,
}

impl Output {
    /// Writes one value as a text of its own.
    pub(super) fn value(layout: Layout, write: impl FnOnce(&mut Self)) -> String {
        let mut output = Self { text: String::new(), layout, depth: 0, empty: true };
        write(&mut output);
        output.text.push('\n');
        output.text
    }

    /// Writes one value on one line, without its end.
    pub(super) fn line(write: impl FnOnce(&mut Self)) -> String {
        let mut output = Self { text: String::new(), layout: Layout::OneLine, depth: 0, empty: true };
        write(&mut output);
        output.text
    }

    pub(super) fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.nested('{', '}', write);
    }

    /// Writes an array; each element begins with [`element`](Self::element).
    pub(super) fn array(&mut self, write: impl FnOnce(&mut Self)) {
        self.nested('[', ']', write);
    }

    /// Begins an entry of an object; its value follows.
    pub(super) fn key(&mut self, key: &str) -> &mut Self {
        self.element().string(key);
        self.text.push_str(if self.layout == Layout::Indented { ": " } else { ":" });
        self
    }

    /// Begins an element of an array; its value follows.
    pub(super) fn element(&mut self) -> &mut Self {
        if !self.empty {
            self.text.push(',');
        }
        self.empty = false;
        self.break_line();
        self
    }

    pub(super) fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.text.extend(['\\', character]),
                '\n' => self.text.push_str("\\n"),
                '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => {
                    self.text.push_str(&format!("\\u{:04x}", u32::from(character)));
                }
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }

    pub(super) fn number(&mut self, number: u32) {
        self.text.push_str(&format!("{number}"));
    }

    pub(super) fn flag(&mut self, value: bool) {
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// Writes what is JSON already: a number, a word, or a constant.
    pub(super) fn raw(&mut self, json: &str) {
        self.text.push_str(json);
    }

    fn nested(&mut self, open: char, close: char, write: impl FnOnce(&mut Self)) {
        self.text.push(open);
        self.depth += 1;
        self.empty = true;
        write(self);
        self.depth -= 1;
        if !self.empty {
            self.break_line();
        }
        self.empty = false;
        self.text.push(close);
    }

    fn break_line(&mut self) {
        if self.layout == Layout::Indented {
            self.text.push('\n');
            self.text.extend(core::iter::repeat_n("  ", self.depth));
        }
    }
}
