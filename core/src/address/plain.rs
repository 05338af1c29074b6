//! Everyday addresses, read in one pass without a decision per octet.
//!
//! What is read here the full readers read alike: `path` a reverse-path, `header` a field. What is not
//! everyday, right or wrong, is `None` here and left to them.

use super::canonical::{AddrSpec, MAX_ADDRESS};
use super::domain::MAX_LABEL;
use super::local::MAX_LOCAL;
use super::octet::{self, ALNUM, ATEXT, LETTER, LOCAL, NAME, PHRASE};
use super::span::Span;

/// An everyday address that was read before.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    text: &'a [u8],
    /// Where its at sign stands.
    at: usize,
}

impl<'a> Known<'a> {
    /// Takes over an address that a reader read, if it is everyday.
    pub(crate) fn new(bytes: &'a [u8], spec: AddrSpec) -> Option<Self> {
        let (text, local) = (spec.span.of(bytes), spec.local.of(bytes));
        spec.is_everyday().then_some(Self { text, at: local.len() })
    }

    /// Whether it stands there too.
    pub(crate) fn is_at(&self, span: Span, bytes: &[u8]) -> bool {
        octet::same(span.of(bytes), self.text)
    }
}

/// An everyday field of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Everyday {
    pub(crate) spec: AddrSpec,
    /// Its name can hold no encoded-word.
    pub(crate) is_plain: bool,
}

/// Reads a field body that is one mailbox: `a@b.example`, `Name <a@b.example>` or `"Name" <a@b.example>`, with no
/// `@` or backslash in the name, and no `=` in quotes.
pub(crate) fn field(body: &[u8], known: Option<Known<'_>>) -> Option<Everyday> {
    let start = usize::from(body.first() == Some(&b' '));
    let is_sure = |spec| Everyday { spec, is_plain: true };
    match body.get(start)? {
        b'<' => angle(body, start, known).map(is_sure),
        b'"' => {
            let close = start + 1 + octet::leading(body.get(start + 1..)?, NAME);
            let after = match body.get(close..)? {
                [b'"', b' ', ..] => close + 2,
                [b'"', ..] => close + 1,
                _ => return None,
            };
            angle(body, after, known).map(is_sure)
        }
        _ => {
            let text = body.get(start..)?;
            let length = octet::leading(text, PHRASE);
            match text.split_at_checked(length)? {
                (phrase, [b'<', ..]) => {
                    let spec = angle(body, start + length, known)?;
                    Some(Everyday { spec, is_plain: !begins_encoded_word(phrase) })
                }
                _ => addr_spec(body, start, body.len(), known).map(is_sure),
            }
        }
    }
}

/// Tells whether an encoded-word may begin in the octets.
pub(super) fn begins_encoded_word(octets: &[u8]) -> bool {
    let mut rest = octets;
    while let Some(at) = octet::position(rest, b'=') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if rest.first() == Some(&b'?') {
            return true;
        }
    }
    false
}

/// Reads a reverse-path in angle brackets.
pub(crate) fn path(bytes: &[u8]) -> Option<AddrSpec> {
    angle(bytes, 0, None)
}

/// Reads an address that takes up all octets from `start` to `end`, if it is everyday.
pub(super) fn address(bytes: &[u8], start: usize, end: usize) -> Option<AddrSpec> {
    addr_spec(bytes, start, end, None)
}

/// Reads an angle address that begins at `open` and ends with the bytes.
fn angle(bytes: &[u8], open: usize, known: Option<Known<'_>>) -> Option<AddrSpec> {
    match bytes.get(open..)? {
        [b'<', .., b'>'] => addr_spec(bytes, open + 1, bytes.len() - 1, known),
        _ => None,
    }
}

/// Reads an address that takes up all octets from `start` to `end`.
fn addr_spec(bytes: &[u8], start: usize, end: usize, known: Option<Known<'_>>) -> Option<AddrSpec> {
    let text = bytes.get(start..end)?;
    // Most senders write in From what they gave as reverse-path.
    if let Some(known) = known.filter(|known| octet::same(known.text, text)) {
        return Some(AddrSpec::plain(start, start + known.at, end, true));
    }
    let at = octet::position(text, b'@')?;
    let (local, domain) = (text.get(..at)?, text.get(at + 1..)?);
    let fits = local.len() <= MAX_LOCAL && domain.len() <= MAX_LABEL && text.len() <= MAX_ADDRESS;
    let (state, has_capital) = STATES.after(State::LocalStart, text);
    if !fits || state != State::Word {
        return None;
    }
    let is_small = !has_capital || !octet::has_capital(domain);
    let is_canonical = is_small && has_room(local.len(), domain.len());
    Some(AddrSpec::plain(start, start + at, end, is_canonical))
}

/// Tells whether the two parts of an address without quotes are in canonical form as they are spelled.
pub(crate) fn is_canonical(local: &[u8], domain: &[u8]) -> bool {
    has_room(local.len(), domain.len())
        && local.iter().all(|&octet| octet::is(octet, ATEXT) || octet == b'.')
        && domain.len() <= MAX_LABEL
        && STATES.after(State::LabelStart, domain) == (State::Word, false)
}

/// Tells whether an address of these lengths could even take the quotes that dots at wrong places would need.
const fn has_room(local: usize, domain: usize) -> bool {
    local + 2 <= MAX_LOCAL && local + 3 + domain <= MAX_ADDRESS
}

/// What may follow in an everyday address.
///
/// The local part has no `=`, which could begin an encoded-word. The domain is of letters, digits, hyphens and dots,
/// without two hyphens together, and its last label begins with a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
enum State {
    Refused,
    LocalStart,
    Local,
    LabelStart,
    /// In a label that begins with a letter.
    Word,
    WordHyphen,
    /// In a label that begins with a digit.
    Number,
    NumberHyphen,
}

impl State {
    const ALL: [Self; 8] = [
        Self::Refused,
        Self::LocalStart,
        Self::Local,
        Self::LabelStart,
        Self::Word,
        Self::WordHyphen,
        Self::Number,
        Self::NumberHyphen,
    ];

    const fn after(self, octet: u8) -> Self {
        match (self, octet) {
            (Self::LocalStart | Self::Local, _) if octet::is(octet, LOCAL) => Self::Local,
            (Self::Local, b'.') => Self::LocalStart,
            (Self::Local, b'@') => Self::LabelStart,
            (Self::LabelStart, _) if octet::is(octet, LETTER) => Self::Word,
            (Self::LabelStart, _) if octet::is(octet, ALNUM) => Self::Number,
            (Self::Word | Self::WordHyphen, _) if octet::is(octet, ALNUM) => Self::Word,
            (Self::Number | Self::NumberHyphen, _) if octet::is(octet, ALNUM) => Self::Number,
            (Self::Word, b'-') => Self::WordHyphen,
            (Self::Number, b'-') => Self::NumberHyphen,
            (Self::Word | Self::Number, b'.') => Self::LabelStart,
            _ => Self::Refused,
        }
    }
}

/// For each octet a word that holds the state after it, at a place that the state before it tells.
///
/// So a step is one load, which waits for nothing before it, and one shift.
struct States([u64; 256]);

static STATES: States = States::new();

impl States {
    /// The bits that hold a state: enough for the number of bits to shift by.
    const BITS: u64 = 6;
    const STATE: u64 = (1 << Self::BITS) - 1;
    /// The bit, behind those of all states, that a capital letter has.
    const CAPITAL: u64 = 1 << 63;

    #[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated when compiled, below 256")]
    const fn new() -> Self {
        let mut words = [0; 256];
        let mut octet = 0;
        while octet < words.len() {
            let mut number = 0;
            while number < State::ALL.len() {
                let state = State::ALL[number];
                words[octet] |= (state.after(octet as u8) as u64 * Self::BITS) << (state as u64 * Self::BITS);
                number += 1;
            }
            if (octet as u8).is_ascii_uppercase() {
                words[octet] |= Self::CAPITAL;
            }
            octet += 1;
        }
        Self(words)
    }

    /// Reads octets from a state on; tells the state after them, and whether a capital letter is among them.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the loop of every everyday address; a call for it costs as much as six octets"
    )]
    fn after(&self, from: State, octets: &[u8]) -> (State, bool) {
        let (mut state, mut seen) = (from as u64 * Self::BITS, 0);
        for &octet in octets {
            #[expect(clippy::indexing_slicing, reason = "there is a word for every octet")]
            let word = self.0[usize::from(octet)];
            state = word >> (state & Self::STATE);
            seen |= word;
        }
        let number = (state & Self::STATE) / Self::BITS;
        let state = State::ALL.into_iter().find(|state| *state as u64 == number).unwrap_or(State::Refused);
        (state, seen & Self::CAPITAL != 0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::{Everyday, Known, field, is_canonical, path};
    use crate::address::canonical::Canonical;
    use crate::address::header::read_any_field;
    use crate::address::name::{addresses, names};
    use crate::address::path::{ReversePath, read_any_path};
    use crate::options::Limits;

    #[test]
    fn what_is_everyday_is_read_as_the_full_readers_read_it() {
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(55));
        for address in ["a@b.example", "Ann.Dean+x@mail-1.B.example", "_!#$%&'*+/?^`{|}~@b", "9@9.e", &long] {
            let bracketed = format!("<{address}>");
            let read = path(bracketed.as_bytes()).expect(address);
            assert_eq!(read_any_path(bracketed.as_bytes(), false), Ok(ReversePath::Mailbox(read)));
            for body in [
                format!(" {address}"),
                format!(" <{address}>"),
                format!("Ann Dean <{address}>"),
                format!("  Ann<{address}>"),
                format!(" \"Dean, Ann (<x>; y: z)\" <{address}>"),
                format!("\"\"<{address}>"),
            ] {
                let Everyday { spec, is_plain } = field(body.as_bytes(), None).expect(&body);
                let summary = read_any_field(body.as_bytes(), &Limits::default()).expect(&body);
                assert_eq!((summary.first.addr_spec, summary.mailboxes, summary.groups), (spec, 1, 0));
                assert!(summary.plain && is_plain, "{body}");
                let known = Known::new(bracketed.as_bytes(), read);
                assert_eq!(field(body.as_bytes(), known), Some(Everyday { spec, is_plain }), "{body}");
                for other in [format!("{body}.example"), body.replace("example", "examples"), format!("{body}-")] {
                    assert_eq!(field(other.as_bytes(), known), field(other.as_bytes(), None), "{other}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_everyday_is_left_to_them() {
        let long = format!("{}@b.example", "a".repeat(65));
        let long_domain = format!("a@{}.example", "b".repeat(56));
        for address in [
            "",
            "@",
            "a",
            "a@",
            "@b",
            "a..b@c.example",
            ".a@b.example",
            "a.@b.example",
            "a@b..example",
            "a@.b.example",
            "a@b.example.",
            "a@-b.example",
            "a@b-.example",
            "a@xn--b.example",
            "a@192.0.2.1",
            "a@[192.0.2.1]",
            "a=b@c.example",
            "a@b.example ",
            "a @b.example",
            "a@b@c.example",
            "\"a\"@b.example",
            "\u{e9}@b.example",
            "a@\u{e9}.example",
            "a\0@b.example",
            &long,
            &long_domain,
            "a@b.9e",
        ] {
            assert_eq!(path(format!("<{address}>").as_bytes()), None, "{address}");
            assert_eq!(field(format!("Ann <{address}>").as_bytes(), None), None, "{address}");
        }
        for body in [
            "",
            " ",
            "<",
            "Ann",
            "a@b.example c@d.example",
            "a@b.example,",
            "Ann. D <a@b.example>",
            "Ann <a@b.example> ",
            "\"a@b.example\" <c@d.example>",
            "\"a\\\"\" <c@d.example>",
            "Ann (x) <a@b.example>",
            "\"x\"y <a@b.example>",
            "Ann\r\n <a@b.example>",
            "a@b.example <c@d.example>",
            "\"=\"?utf-8?q?x?= <a@b.example>",
            "\u{e9} <a@b.example>",
            "G: a@b.example;",
        ] {
            assert_eq!(field(body.as_bytes(), None), None, "{body}");
        }
    }

    /// Reads bytes as a field and as a path, each in both ways, and returns 1 if they are an everyday field.
    fn compare(bytes: &[u8], known: Option<Known<'_>>) -> u32 {
        let shown = bytes.escape_ascii();
        let everyday = field(bytes, None);
        assert_eq!(field(bytes, known), everyday, "{shown}");
        if let Some(Everyday { spec, is_plain }) = everyday {
            let full = read_any_field(bytes, &Limits::default()).expect("what is everyday is right");
            assert_eq!((full.first.addr_spec, full.mailboxes, full.groups), (spec, 1, 0), "{shown}");
            assert_eq!(full.plain, is_plain, "{shown}");
            let name = names(bytes).next();
            assert!(!is_plain || name.is_none_or(|name| addresses(bytes, &name, &mut |_| panic!("{shown}")).is_ok()));
        }
        if let Some(spec) = path(bytes) {
            assert_eq!(read_any_path(bytes, false), Ok(ReversePath::Mailbox(spec)), "{shown}");
        }
        for spec in everyday.map(|everyday| everyday.spec).into_iter().chain(path(bytes)) {
            let (local, domain) = (spec.local.of(bytes), spec.domain.of(bytes));
            assert_eq!(spec.canonical(bytes).ok(), Canonical::from_parts(local, domain), "{shown}");
        }
        u32::from(everyday.is_some())
    }

    /// Compares every text of up to so many of the parts, in every place of an address and a name.
    fn compare_all(parts: &[&[u8]], longest: u32) {
        let known = path(b"<a@b.example>").and_then(|spec| Known::new(b"<a@b.example>", spec));
        assert!(known.is_some());
        let (mut read, mut left) = (0_u32, 0_u32);
        for length in 0..=longest {
            for number in 0..parts.len().pow(length) {
                let mut rest = number;
                let text: Vec<&[u8]> = (0..length)
                    .map(|_| {
                        let part = parts[rest % parts.len()];
                        rest /= parts.len();
                        part
                    })
                    .collect();
                let text = text.concat();
                for (before, after) in [
                    (&b"<"[..], &b"@b.example>"[..]),
                    (b"<a@", b">"),
                    (b"<a@b", b"example>"),
                    (b"", b""),
                    (b"", b" <a@b.example>"),
                    (b"\"", b"\" <a@b.example>"),
                    (b"\"=", b"<a@b.example>"),
                    (b"a@b.example", b""),
                    (b"<a@b.example", b">"),
                    (b" ", b"a@b.example"),
                ] {
                    let everyday = compare(&[before, &text, after].concat(), known);
                    read += everyday;
                    left += 1 - everyday;
                }
            }
        }
        assert!(read > 1000 && left > read, "{read} {left}");
    }

    #[test]
    fn no_octets_are_read_otherwise_than_the_full_readers_read_them() {
        let octets = b"a1A.-@=?<> \"\\,(\xc3".map(|octet| [octet]);
        compare_all(&octets.each_ref().map(<[u8; 1]>::as_slice), 4);
    }

    #[test]
    fn no_parts_are_read_otherwise_than_the_full_readers_read_them() {
        let (long, longest) = ("b".repeat(61), "b".repeat(64));
        let parts = [
            "a",
            "9",
            ".",
            "-",
            "b.",
            "--",
            "xn--",
            "XN--bcher-kva",
            "@b.example",
            "=",
            "=?",
            "=?utf-8?q?c=40d.example",
            "?=",
            "\"",
            "\"\"",
            "\\",
            " ",
            "  ",
            "\t",
            "\r\n ",
            "\r",
            "\0",
            "\x7f",
            "\u{80}",
            "\u{e9}",
            "\u{ff20}",
            "(c)",
            ":",
            ";",
            "[192.0.2.1]",
            "<",
            ">",
            &long,
            &longest,
        ];
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).chain([&b"\x80"[..], b"\xff"]).collect();
        compare_all(&parts, 3);
    }

    #[test]
    fn capitals_in_a_domain_are_not_canonical() {
        assert!(is_canonical(b"A.=b", b"c-1.example"));
        for (local, domain) in [("a", "C.example"), ("a b", "c.example"), ("a", "c.example."), ("a", "1.2.3.4")] {
            assert!(!is_canonical(local.as_bytes(), domain.as_bytes()), "{local}@{domain}");
        }
    }
}
