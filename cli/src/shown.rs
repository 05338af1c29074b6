//! Text of strangers, made safe to show: what a terminal would act on is written as an escape.

use std::ops::Range;

/// A text that can be shown, and where each octet of the original stands in it.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    text: String,
    /// For each octet of the original, and for its end, the octet of `text`.
    places: Vec<usize>,
}

impl Shown {
    /// Keeps printable characters and line ends (CRLF becomes LF); writes everything else as an escape.
    pub(crate) fn new(octets: &[u8]) -> Self {
        let mut shown =
            Self { text: String::with_capacity(octets.len()), places: Vec::with_capacity(octets.len() + 1) };
        for chunk in octets.utf8_chunks() {
            let mut characters = chunk.valid().chars().peekable();
            while let Some(character) = characters.next() {
                let place = shown.text.len();
                match character {
                    '\n' | ' '..='~' => shown.text.push(character),
                    '\r' if characters.peek() == Some(&'\n') => {}
                    _ => shown.text.extend(character.escape_debug()),
                }
                shown.places.extend((0..character.len_utf8()).map(|_| place));
            }
            for octet in chunk.invalid() {
                shown.places.push(shown.text.len());
                shown.text.push_str(&format!("\\x{octet:02x}"));
            }
        }
        shown.places.push(shown.text.len());
        shown
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns where these octets of the original stand in the text; beyond its end is its end.
    pub(crate) fn place(&self, octets: Range<usize>) -> Range<usize> {
        let find = |octet: usize| self.places.get(octet).copied().unwrap_or(self.text.len());
        find(octets.start)..find(octets.end)
    }
}

/// Makes a single line safe to show.
pub(crate) fn line(text: &str) -> String {
    Shown::new(text.as_bytes()).text.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        let shown = Shown::new(b"a\x1b[31m\r\nb\xff\xe2\x80\xae\r\xc3\xa9");
        assert_eq!(shown.text(), "a\\u{1b}[31m\nb\\xff\\u{202e}\\ré");
    }

    #[test]
    fn places_follow_the_escapes() {
        let shown = Shown::new(b"\x00ab\r\nc");
        assert_eq!(shown.text(), "\\0ab\nc");
        assert_eq!(shown.text().get(shown.place(1..3)), Some("ab"));
        assert_eq!(shown.text().get(shown.place(5..6)), Some("c"));
        assert_eq!(shown.place(9..12), 6..6);
    }
}
