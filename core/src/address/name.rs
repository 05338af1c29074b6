//! Finds the names in a field, and decodes what they say to a reader.

use core::fmt;

use super::canonical::Canonical;
use super::encoded_word::{Decoder, EncodedWord, Undecodable, are_harmless};
use super::octet::{self, INSIDE, SHOWN};
use super::plain::begins_encoded_word;
use super::shown::search;
use super::span::Span;
use super::text::Text;
use super::unicode;

/// Where a name stands in a field's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair")]
pub struct Name {
    /// The octets; quotes and parentheses are included.
    pub span: Span,
    /// What it names.
    pub kind: NameKind,
}

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 5322 §3.4 has no other free text")]
pub enum NameKind {
    /// The phrase before an angle address.
    DisplayName,
    /// The phrase before a group's colon.
    GroupName,
    /// A comment.
    Comment,
}

/// Returns the names of a field that [`read_field`](super::header::read_field) has accepted.
///
/// A comment inside a phrase comes before the phrase. Comments inside comments are part of the outer one.
#[must_use]
pub fn names(body: &[u8]) -> Names<'_> {
    Names { body, at: 0, phrase: None }
}

/// The names of a field, in the order in which they end.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    body: &'a [u8],
    at: usize,
    phrase: Option<(usize, usize)>,
}

impl Iterator for Names<'_> {
    type Item = Name;

    fn next(&mut self) -> Option<Name> {
        while let Some(&octet) = self.body.get(self.at) {
            let start = self.at;
            self.at = skip_token(self.body, start);
            let kind = match octet {
                b'(' => return Some(Name { span: Span::between(start, self.at), kind: NameKind::Comment }),
                b'<' => {
                    while self.body.get(self.at).is_some_and(|&octet| octet != b'>') {
                        self.at = skip_token(self.body, self.at);
                        self.at += atoms(self.body, self.at);
                    }
                    self.at += 1;
                    NameKind::DisplayName
                }
                b':' => NameKind::GroupName,
                b',' | b';' => {
                    self.phrase = None;
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                _ => {
                    self.at += atoms(self.body, self.at);
                    self.phrase = Some((self.phrase.map_or(start, |(first, _)| first), self.at));
                    continue;
                }
            };
            if let Some((first, end)) = self.phrase.take() {
                return Some(Name { span: Span::between(first, end), kind });
            }
        }
        None
    }
}

/// Finds every address that the name shows, decoded as a reader sees it, and hands it to `found`.
///
/// Quoted strings count by value and encoded-words are decoded, adjacent ones joined. What is not shown is
/// dropped and the text brought to Normalization Form KC. An address is `dot-atom@domain` with a dot in the
/// domain; punctuation before it, such as an apostrophe, is not part of it. Its domain is brought to A-labels.
/// Encoded-words inside quotes are text by RFC 2047 §5, but some readers decode them, so both readings count.
///
/// # Errors
///
/// [`NameError`] if an encoded-word cannot be decoded, or decodes to a control character.
pub fn addresses(body: &[u8], name: &Name, found: &mut dyn FnMut(&Canonical)) -> Result<(), NameError> {
    let octets = name.span.of(body);
    if let Some(text) = as_it_stands(octets, name.kind) {
        search(text, found);
        Ok(())
    } else if are_harmless(octets) {
        Ok(())
    } else {
        addresses_in(octets, name.kind, found)
    }
}

/// Returns the text of a name that is one quoted string, of nothing that is decoded, dropped or refused.
fn as_it_stands(octets: &[u8], kind: NameKind) -> Option<&str> {
    match octets {
        [b'"', inner @ .., b'"'] if kind != NameKind::Comment && octet::all_are(inner, SHOWN) => {
            core::str::from_utf8(inner).ok()
        }
        _ => None,
    }
}

/// The same for a name that need not be everyday.
fn addresses_in(octets: &[u8], kind: NameKind, found: &mut dyn FnMut(&Canonical)) -> Result<(), NameError> {
    let mut text = Text::default();
    decode(octets, kind, &mut text)?;
    let text = text.as_str().ok_or(NameError::InvalidOctets)?;
    check(text)?;
    search(text, found);
    if begins_encoded_word(text.as_bytes()) {
        let loose = decode_loosely(text);
        let loose = loose.as_str().ok_or(NameError::InvalidOctets)?;
        check(loose)?;
        search(loose, found);
    }
    Ok(())
}

/// The reason why a name cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NameError {
    /// It decodes to a bidirectional control that embeds, overrides or isolates.
    BidiControl,
    /// It decodes to a control character.
    Control,
    /// An encoded-word's octets are not in its charset.
    InvalidOctets,
    /// Something begins like an encoded-word and is none (RFC 2047 §2).
    Malformed,
    /// An encoded-word's charset is not known to the WHATWG Encoding Standard.
    UnknownCharset,
}

impl NameError {
    /// Returns the description, such as `an encoded-word of an unknown charset`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BidiControl => "an encoded-word with a bidirectional control character",
            Self::Control => "an encoded-word with a control character",
            Self::InvalidOctets => "an encoded-word with octets that are not in its charset",
            Self::Malformed => "a malformed encoded-word",
            Self::UnknownCharset => "an encoded-word of an unknown charset",
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl core::error::Error for NameError {}

impl From<Undecodable> for NameError {
    fn from(error: Undecodable) -> Self {
        match error {
            Undecodable::InvalidOctets => Self::InvalidOctets,
            Undecodable::Malformed => Self::Malformed,
            Undecodable::UnknownCharset => Self::UnknownCharset,
        }
    }
}

/// Returns how many octets from `start` on stand in atoms or between two parts of an address, so that none of them
/// begins another token.
fn atoms(body: &[u8], start: usize) -> usize {
    octet::leading(body.get(start..).unwrap_or_default(), INSIDE)
}

/// Returns the position after the quoted string, comment or literal at `start`, or after one octet.
pub(super) fn skip_token(body: &[u8], start: usize) -> usize {
    let close = match body.get(start) {
        Some(b'"') => b'"',
        Some(b'(') => b')',
        Some(b'[') => b']',
        _ => return start + 1,
    };
    let mut depth = 1;
    let mut at = start + 1;
    while let Some(&octet) = body.get(at) {
        at += if octet == b'\\' { 2 } else { 1 };
        if octet == close {
            depth -= 1;
        } else if octet == b'(' && close == b')' {
            depth += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at.min(body.len())
}

/// Appends the text of a name.
fn decode(octets: &[u8], kind: NameKind, out: &mut Text) -> Result<(), NameError> {
    let mut decoder = Decoder::default();
    let mut encoded = false;
    let mut space = false;
    let mut at = 0;
    // In a comment quotes are ordinary characters; in a phrase parentheses enclose comments, which are names of their own.
    let comment = kind == NameKind::Comment;
    while let Some(&octet) = octets.get(at) {
        match octet {
            b' ' | b'\t' | b'\r' | b'\n' => {
                space = true;
                at += 1;
                continue;
            }
            b'(' if !comment => {
                space = true;
                at = skip_token(octets, at);
                continue;
            }
            _ => {}
        }
        let start = at;
        let quoted = octet == b'"' && !comment;
        if quoted {
            at = skip_token(octets, at);
        } else if matches!(octet, b'(' | b')') {
            at += 1;
        } else {
            loop {
                at += atoms(octets, at);
                match octets.get(at) {
                    None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')') => break,
                    Some(b'"') if !comment => break,
                    Some(b'\\') => at += 2,
                    Some(_) => at += 1,
                }
            }
        }
        let word = octets.get(start..at.min(octets.len())).unwrap_or_default();
        if !quoted && begins_encoded_word(word) {
            if space && !encoded && !out.is_empty() {
                out.push(' ');
            }
            let mut rest = word;
            while !rest.is_empty() {
                let (encoded_word, after) = EncodedWord::split(rest).ok_or(NameError::Malformed)?;
                decoder.push(&encoded_word, out)?;
                rest = after;
            }
            encoded = true;
        } else {
            decoder.finish(out)?;
            if space && !out.is_empty() {
                out.push(' ');
            }
            let value = if quoted { word.get(1..word.len().saturating_sub(1)).unwrap_or_default() } else { word };
            push_unescaped(value, out);
            encoded = false;
        }
        space = false;
    }
    decoder.finish(out)?;
    Ok(())
}

/// Appends octets without the backslashes that quote, and folds without their CRLF.
fn push_unescaped(octets: &[u8], out: &mut Text) {
    let mut escaped = false;
    for character in octets.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
        match character {
            '\\' if !escaped => escaped = true,
            '\r' | '\n' => {}
            _ => {
                out.push(if character == '\t' { ' ' } else { character });
                escaped = false;
            }
        }
    }
}

/// Decodes whatever looks like an encoded-word, wherever it stands, and keeps what cannot be decoded.
fn decode_loosely(text: &str) -> Text {
    let mut out = Text::default();
    let mut decoder = Decoder::default();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        // Text that decodes to nothing sensible is shown as it stands, and the search has seen it as it stands.
        if !before.trim().is_empty() {
            let _ = decoder.finish(&mut out);
            decoder = Decoder::default();
        }
        if !before.trim().is_empty() || out.is_empty() {
            out.push_str(before);
        }
        match EncodedWord::split(from.as_bytes()) {
            Some((word, after)) => {
                if decoder.push(&word, &mut out).is_err() {
                    decoder = Decoder::default();
                }
                rest = from.get(from.len() - after.len()..).unwrap_or_default();
            }
            None => {
                let _ = decoder.finish(&mut out);
                decoder = Decoder::default();
                out.push_str("=?");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    let _ = decoder.finish(&mut out);
    out.push_str(rest);
    out
}

/// Refuses what a field may not hold and an encoded-word may not bring in.
fn check(text: &str) -> Result<(), NameError> {
    // What is refused is below a space, DEL, or begins with one of the others in UTF-8.
    let may_hold = |octet| octet::position(text.as_bytes(), octet).is_some();
    if octet::all_are_over(text.as_bytes(), 0x1f) && ![0x7f, 0xc2, 0xe2].into_iter().any(may_hold) {
        return Ok(());
    }
    text.chars().try_for_each(|character| {
        if character.is_control() {
            Err(NameError::Control)
        } else if unicode::is_bidi_embedding(character) {
            Err(NameError::BidiControl)
        } else {
            Ok(())
        }
    })
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Name, NameError, NameKind, addresses, are_harmless, names};
    use crate::address::header::read_field;
    use crate::address::pieces::{EVERYDAY, UNUSUAL, rows};
    use crate::address::span::Span;
    use crate::address::unicode;
    use crate::options::Limits;

    fn shown(body: &str) -> Result<Vec<String>, NameError> {
        read_field(body.as_bytes(), &Limits::default()).expect(body);
        let mut found = Vec::new();
        for name in names(body.as_bytes()) {
            addresses(body.as_bytes(), &name, &mut |address| {
                found.push(format!(
                    "{}@{}",
                    String::from_utf8_lossy(address.local()),
                    String::from_utf8_lossy(address.domain())
                ));
            })?;
        }
        Ok(found)
    }

    #[test]
    fn every_name_of_a_field_is_found() {
        let body = "(c1) J. (c2 (c3)) \"D\\\"\" <a@[192.0.2.1]> (c4), G (c5): \"x>\"@b.example, N <\"y>:\"@b.example>; , e@[IPv6:2001:db8::1]";
        let found: Vec<_> = names(body.as_bytes())
            .map(|name| (name.kind, core::str::from_utf8(name.span.of(body.as_bytes())).expect("ASCII")))
            .collect();
        assert_eq!(
            found,
            [
                (NameKind::Comment, "(c1)"),
                (NameKind::Comment, "(c2 (c3))"),
                (NameKind::DisplayName, "J. (c2 (c3)) \"D\\\"\""),
                (NameKind::Comment, "(c4)"),
                (NameKind::Comment, "(c5)"),
                (NameKind::GroupName, "G"),
                (NameKind::DisplayName, "N"),
            ]
        );
    }

    #[test]
    fn addresses_are_found_as_a_reader_sees_them() {
        for (body, expected) in [
            ("Name <a@b.example>", &[][..]),
            ("\"x@y.example\" <a@b.example>", &["x@y.example"]),
            ("\"X@Y.Example (z)\" <a@b.example>", &["X@y.example"]),
            ("(x@y.example) <a@b.example>", &["x@y.example"]),
            ("(see (x@y.example)) <a@b.example>", &["x@y.example"]),
            ("\"G x@y.example\": a@b.example;", &["x@y.example"]),
            ("\"x\\@y.example\" <a@b.example>", &["x@y.example"]),
            ("\"x@y.example, z@y.example\" <a@b.example>", &["x@y.example", "z@y.example"]),
            ("\"'x@y.example'\" <a@b.example>", &["x@y.example"]),
            ("\"<x@y.example>.\" <a@b.example>", &["x@y.example"]),
            ("\"mailto:x@y.example?subject=z\" <a@b.example>", &["x@y.example"]),
            ("\"a..x@y.example...\" <a@b.example>", &["x@y.example"]),
            ("\"x@y.example-\" <a@b.example>", &["x@y.example"]),
            ("\"x@y.example.--\" <a@b.example>", &["x@y.example"]),
            ("\"x@y\" <a@b.example>", &[]),
            ("\"x @ y.example\" <a@b.example>", &[]),
            ("\"@y.example x@\" <a@b.example>", &[]),
            ("=?utf-8?q?x=40y.example?= <a@b.example>", &["x@y.example"]),
            ("=?utf-8?b?eEB5LmV4YW1wbGU=?= <a@b.example>", &["x@y.example"]),
            ("=?utf-8*en?q?x=40?=\r\n =?utf-8?q?y.example?= <a@b.example>", &["x@y.example"]),
            ("=?utf-8?q?x=40?= =?iso-8859-1?q?y.example?= <a@b.example>", &["x@y.example"]),
            ("=?utf-8?q?x=40?==?utf-8?q?y.example?= <a@b.example>", &["x@y.example"]),
            ("=?utf-8?q?x?= =?utf-8?q?=40y?= . example <a@b.example>", &[]),
            ("=?utf-8?q?x=EF?= =?utf-8?q?=BC=A0y.example?= <a@b.example>", &["x@y.example"]),
            ("(=?utf-8?q?x=40y.example?=) <a@b.example>", &["x@y.example"]),
            ("\"=?utf-8?q?x=40y.example?=\" <a@b.example>", &["x@y.example"]),
            ("\"=?utf-8?q?x=40?= =?utf-8?q?y.example?=\" <a@b.example>", &["x@y.example"]),
            ("\"=?utf-7?q?x?= x@y.example =?\" <a@b.example>", &["x@y.example", "x@y.example"]),
            ("\"x\u{ff20}y\u{ff0e}example\" <a@b.example>", &["x@y.example"]),
            ("\"x@\u{200b}y.exa\u{ad}mple\" <a@b.example>", &["x@y.example"]),
            ("\"x@y\u{3002}example\" <a@b.example>", &["x@y.example"]),
            ("\"x@b\u{fc}cher.example\" <a@b.example>", &["x@xn--bcher-kva.example"]),
            ("\"\u{201c}x@y.example\u{201d}\" <a@b.example>", &["x@y.example"]),
            ("\"\u{201c}.x.\u{201d}@y.example\" <a@b.example>", &["x@y.example"]),
            ("\".\u{2240}'x@y.example\" <a@b.example>", &["x@y.example"]),
            ("\"x@y.example\u{2014}Z\" <a@b.example>", &["x@y.example"]),
            ("\u{ff58}\u{ff5e} \u{ff21}\u{ff20}y.example <a@b.example>", &["A@y.example"]),
        ] {
            assert_eq!(
                shown(body).as_deref(),
                Ok(&expected.iter().map(|&text| text.into()).collect::<Vec<_>>()[..]),
                "{body:?}"
            );
        }
    }

    #[test]
    fn what_is_refused_begins_with_a_known_octet() {
        for character in '\0'..=char::MAX {
            let refused = character.is_control() || unicode::is_bidi_embedding(character);
            assert_eq!(super::check(character.encode_utf8(&mut [0; 4])).is_err(), refused, "{character:?}");
        }
    }

    #[test]
    fn a_name_that_no_reader_accepted_comes_to_an_end() {
        let body = b"x) y@z.example";
        for kind in [NameKind::DisplayName, NameKind::Comment] {
            let name = Name { span: Span::between(0, body.len()), kind };
            let mut found = 0;
            assert_eq!(addresses(body, &name, &mut |_| found += 1), Ok(()));
            assert_eq!(found, 1);
        }
    }

    /// Beside others and in any place, nothing is passed over that a look at each character would refuse.
    #[test]
    fn what_is_skipped_by_octets_is_not_refused() {
        let mut refused_some = 0;
        for row in rows(&UNUSUAL, 4) {
            let text = row.concat();
            let refused = |character: char| character.is_control() || unicode::is_bidi_embedding(character);
            assert_eq!(super::check(&text).is_err(), text.chars().any(refused), "{text:?}");
            assert_eq!(super::begins_encoded_word(text.as_bytes()), text.contains("=?"), "{text:?}");
            refused_some += usize::from(text.chars().any(refused));
        }
        assert!(refused_some > 1000, "{refused_some}");
    }

    /// A name that is taken as it stands shows what it would show decoded.
    #[test]
    fn what_stands_undecoded_shows_the_same() {
        let mut stand = 0;
        for row in rows(&EVERYDAY, 4) {
            let text = row.concat();
            let quoted = format!("\"{text}\"");
            for kind in [NameKind::DisplayName, NameKind::Comment] {
                stand += u32::from(super::as_it_stands(quoted.as_bytes(), kind).is_some());
                let name = Name { span: Span::between(0, quoted.len()), kind };
                let (mut found, mut expected) = (Vec::new(), Vec::new());
                let read = addresses(quoted.as_bytes(), &name, &mut |address| found.push(address.clone()));
                let other = super::addresses_in(quoted.as_bytes(), kind, &mut |address| expected.push(address.clone()));
                assert_eq!((read, found), (other, expected), "{quoted:?}");
            }
        }
        assert!(stand > 1000, "{stand}");
    }

    /// Whatever the words, nothing that decoding finds or refuses is passed over.
    #[test]
    fn what_is_harmless_shows_nothing() {
        const PARTS: [&[u8]; 28] = [
            b"=?utf-8?q?",
            b"=?UTF-8?B?",
            b"=?utf-8*en?q?",
            b"=?latin1?q?",
            b"?=",
            b" ",
            b"\r\n\t",
            b"\x0c",
            b"a",
            b"b",
            b"_",
            b"=41",
            b"YQ==",
            b"YWJj",
            b"eEB5Lno=",
            b"x=40y.z",
            b"x@y.z",
            b"=C3",
            b"=A9",
            b"=C2=85",
            b"=0A",
            b"=E2=80=AE",
            b"=EF=BC=A0",
            b"=3D=3F",
            b"?",
            b"(",
            b"\"",
            b"\xc3\xa9",
        ];
        let (mut harmless, mut harmful) = (0, 0);
        for row in rows(&PARTS, 3) {
            let between = row.concat();
            for (before, after) in [(&PARTS[0], &b"?="[..]), (&PARTS[1], b"?="), (&PARTS[1], b""), (&&b""[..], b"")] {
                let text = [before, &between[..], after].concat();
                for kind in [NameKind::DisplayName, NameKind::Comment] {
                    let mut found = 0;
                    let result = super::addresses_in(&text, kind, &mut |_| found += 1);
                    if are_harmless(&text) {
                        assert_eq!((result, found), (Ok(()), 0), "{}", text.escape_ascii());
                        harmless += 1;
                    }
                    harmful += u32::from(result.is_err() || found > 0);
                }
            }
        }
        assert!(harmless > 300 && harmful > harmless, "{harmless} {harmful}");
        for name in ["=?utf-8?Q?K=C3=A4se_und_Brot?=", "=?UTF-8?b?S8Okc2U=?=", "=?utf-8?q?K=C3?=\r\n =?utf-8?q?=A4se?="]
        {
            assert!(are_harmless(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_an_error() {
        for (body, error) in [
            ("=?utf-7?q?a?= <a@b.example>", NameError::UnknownCharset),
            ("=?utf-8?q?=FF?= <a@b.example>", NameError::InvalidOctets),
            ("=?utf-8?q?a <a@b.example>", NameError::Malformed),
            ("=?utf-8?q?a b?= <a@b.example>", NameError::Malformed),
            ("x=?utf-8?q?a?= <a@b.example>", NameError::Malformed),
            ("=?utf-8?q?a?=x <a@b.example>", NameError::Malformed),
            ("=?utf-8?b?YQ=?= <a@b.example>", NameError::Malformed),
            ("(=?utf-8?x?a?=) <a@b.example>", NameError::Malformed),
            ("=?utf-8?q?a=00?= <a@b.example>", NameError::Control),
            ("=?utf-8?q?a=0D=0A?= <a@b.example>", NameError::Control),
            ("\"=?utf-8?q?a=0A?=\" <a@b.example>", NameError::Control),
            ("=?utf-8?q?=E2=80=AE?= <a@b.example>", NameError::BidiControl),
        ] {
            assert_eq!(shown(body), Err(error), "{body:?}");
        }
    }
}
