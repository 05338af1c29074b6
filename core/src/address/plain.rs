//! Everyday addresses, read in one pass without a decision per octet.
//!
//! What is read here the full readers read alike: `path` a reverse-path, `header` a field. What is not
//! everyday, right or wrong, is `None` here and left to them.

use super::canonical::AddrSpec;
use super::domain::MAX_LABEL;
use super::local::MAX_LOCAL;
use super::marks::Marks;
use super::octet::{self, ATEXT, NAME, PHRASE, SHOWN, WORDS};
use super::span::position;

/// An everyday address that was read before, in canonical form as it is spelled.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    text: &'a [u8],
    /// How many octets stand before its at sign.
    local: u32,
}

impl<'a> Known<'a> {
    /// Takes over an address that a reader read, if it is everyday.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], spec: &AddrSpec) -> Option<Self> {
        spec.is_everyday().then(|| Self { text: spec.span.of(bytes), local: spec.local.end - spec.local.start })
    }
}

/// An everyday field of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Everyday {
    pub(crate) spec: AddrSpec,
    /// Its name can hold no encoded-word.
    pub(crate) is_plain: bool,
    pub(crate) likeness: Likeness,
}

/// How an address is like the one that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// It is another one, or none is known.
    #[default]
    None,
    /// It differs in the case of letters alone: in canonical form, at most in that of its local part.
    ButForCase,
    /// It is the same, octet for octet.
    Full,
}

/// Reads a field body that is one mailbox: `a@b.example`, `Name <a@b.example>` or `"Name" <a@b.example>`, with no
/// backslash in the name, no `=` in quotes and no `@` outside of them, and folded before the bracket at most.
#[inline(always)]
pub(crate) fn field(body: &[u8], known: Option<Known<'_>>) -> Option<Everyday> {
    let start = usize::from(body.first() == Some(&b' '));
    let (start, end, is_plain) = match body.split_last()? {
        (b'>', named) => {
            let bracket = bracket(named, known)?;
            (bracket + 1, named.len(), is_plain_name(named.get(start..bracket)?)?)
        }
        _ => (start, body.len(), true),
    };
    let text = body.get(start..end)?;
    // Most senders write in From what they gave as reverse-path.
    let (Parts { local, is_canonical }, likeness) = match known {
        Some(Known { local, text: known }) if octet::same(known, text) => {
            (Parts { local, is_canonical: true }, Likeness::Full)
        }
        Some(Known { local, text: known }) if octet::same_but_for_case(known, text) => {
            (Parts::at(text, local)?, Likeness::ButForCase)
        }
        _ => (Parts::of(text)?, Likeness::None),
    };
    Some(Everyday { spec: AddrSpec::plain(start, local, end, is_canonical)?, is_plain, likeness })
}

/// Finds the bracket that opens an angle address: where the known address would have it, or else the last one.
#[inline]
fn bracket(named: &[u8], known: Option<Known<'_>>) -> Option<usize> {
    let expected = known.and_then(|known| named.len().checked_sub(known.text.len() + 1));
    match expected {
        Some(bracket) if named.get(bracket) == Some(&b'<') => Some(bracket),
        _ => octet::last_position(named, b'<'),
    }
}

/// Tells of an everyday name, which is a phrase, a quoted string or nothing, whether it shows no address and no
/// encoded-word can begin in it.
#[inline]
fn is_plain_name(name: &[u8]) -> Option<bool> {
    let name = match name {
        [name @ .., b'\r', b'\n', b' ' | b'\t'] | [name @ .., b' ' | b'\t'] => name,
        _ => name,
    };
    let (inner, plain) = match name {
        [b'"', quoted @ .., b'"'] => (quoted, NAME),
        _ => (name, WORDS),
    };
    let classes = octet::common(inner);
    if plain == WORDS && begins_with_dot(name) {
        return None;
    }
    if classes & plain != 0 {
        return Some(true);
    }
    if plain == NAME {
        return (classes & SHOWN != 0).then_some(false);
    }
    (classes & PHRASE != 0).then(|| !begins_encoded_word(name))
}

/// Tells whether a phrase begins with a dot, which may stand behind its first word only.
#[inline]
fn begins_with_dot(phrase: &[u8]) -> bool {
    match phrase {
        [b' ', ..] => phrase.iter().find(|&&octet| octet != b' ') == Some(&b'.'),
        _ => phrase.first() == Some(&b'.'),
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

/// Reads a reverse-path that is everyday, in angle brackets or without them.
#[inline]
pub(crate) fn path(bytes: &[u8]) -> Option<AddrSpec> {
    let brackets = usize::from(matches!(bytes, [b'<', .., b'>']));
    address(bytes, brackets, bytes.len() - brackets)
}

/// Reads an address that takes up all octets from `start` to `end`, if it is everyday.
#[inline]
pub(super) fn address(bytes: &[u8], start: usize, end: usize) -> Option<AddrSpec> {
    let text = bytes.get(start..end)?;
    Parts::of(text)?.between(start, end)
}

/// Tells whether the two parts of an address without quotes are in canonical form as they are spelled.
pub(crate) fn is_canonical(local: &[u8], domain: &[u8]) -> bool {
    is_short(local)
        && local.iter().all(|&octet| octet::is(octet, ATEXT) || octet == b'.')
        && self::domain(domain) == Some(false)
}

/// Tells whether a local part could even take the quotes that dots at wrong places would need.
const fn is_short(local: &[u8]) -> bool {
    local.len() + 2 <= MAX_LOCAL
}

/// Tells of a domain of letters and digits, and of hyphens and dots between them, whose last octet is a letter, whether a capital
/// is among them.
fn domain(text: &[u8]) -> Option<bool> {
    let Marks { others, joints, capitals } = if text.len() <= MAX_LABEL { Marks::of(text) } else { return None };
    (others & !joints == 0 && are_apart(others, text)).then_some(capitals != 0)
}

/// Tells whether these are atoms with dots between, of octets that all have a mark.
fn are_atoms(text: &[u8]) -> bool {
    let (mut rest, mut dots) = (Marks::of(text).others, 0);
    while rest != 0 {
        let lowest = rest & rest.wrapping_neg();
        match text.get(rest.trailing_zeros() as usize) {
            Some(b'.') => dots |= lowest,
            Some(&octet) if octet::is(octet, ATEXT) => {}
            _ => return false,
        }
        rest ^= lowest;
    }
    dots & (dots >> 1 | 1) == 0 && text.last().is_some_and(|&octet| octet != b'.')
}

const _: () = assert!(MAX_LABEL <= Marks::MOST && MAX_LOCAL <= Marks::MOST, "every octet of such parts has a mark");

/// Tells whether no two of these octets of a text stand together, none is the first, and the last of all is a letter.
fn are_apart(others: u64, text: &[u8]) -> bool {
    others & (others >> 1 | 1) == 0 && text.last().is_some_and(u8::is_ascii_alphabetic)
}

/// The parts of an everyday address.
#[derive(Clone, Copy)]
struct Parts {
    /// How many octets stand before the at sign.
    local: u32,
    is_canonical: bool,
}

impl Parts {
    /// Takes an everyday address apart.
    ///
    /// Most begin and end with a letter or a digit, and between any two of their other octets there is one: two that could
    /// begin an encoded-word do not stand together. The domain is of letters, digits, hyphens and dots, and its last octet is
    /// a letter, so that it is no IP address. It is shorter than a label may be.
    #[inline(never)]
    fn of(text: &[u8]) -> Option<Self> {
        let Marks { others, joints, capitals } =
            if text.len() <= Marks::MOST { Marks::of(text) } else { return Self::further(text) };
        if !are_apart(others, text) {
            return Self::further(text);
        }
        let mut rest = others & !joints;
        let at = loop {
            // Where nothing is left, there is no such octet.
            let at = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            match *text.get(at as usize)? {
                b'@' => break at,
                octet if octet::is(octet, ATEXT) => {}
                _ => return None,
            }
        };
        // The at sign is marked as capitals are.
        (rest == 0).then_some(Self { local: at, is_canonical: capitals >> at == 1 })
    }

    /// Takes one apart that is longer, or whose local part is of any atoms in which no encoded-word can begin.
    #[inline(never)]
    fn further(text: &[u8]) -> Option<Self> {
        if text.first() == Some(&b'"') {
            return None;
        }
        let at = octet::position(text, b'@')?;
        let local = text.get(..at)?;
        // Of what is not everyday, most has A-labels or U-labels.
        let has_capital = domain(text.get(at + 1..)?)?;
        let is_everyday = is_short(local) && are_atoms(local) && !begins_encoded_word(local);
        is_everyday.then_some(Self { local: position(at), is_canonical: !has_capital })
    }

    /// Takes one apart whose at sign is known.
    #[inline]
    fn at(text: &[u8], local: u32) -> Option<Self> {
        Some(Self { local, is_canonical: !octet::has_capital(text.get(local as usize + 1..)?) })
    }

    /// Places it where it stands.
    #[inline]
    fn between(self, start: usize, end: usize) -> Option<AddrSpec> {
        AddrSpec::plain(start, self.local, end, self.is_canonical)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Everyday, Known, Likeness, field, is_canonical, path};
    use crate::address::canonical::{Canonical, LocalForm};
    use crate::address::header::read_any_field;
    use crate::address::name::{addresses, names};
    use crate::address::path::{ReversePath, read_any_path, read_any_unquoted, read_unquoted};
    use crate::address::rows;
    use crate::options::Limits;

    #[test]
    fn what_is_everyday_is_read_as_the_full_readers_read_it() {
        let long = format!("{}@{}.example", "a".repeat(25), "b".repeat(30));
        let odd: String = "!#$%&'*+/?^_`{|}~".chars().flat_map(|odd| ['a', odd]).collect();
        let odd = format!("{odd}b@c-1.d");
        let longer = format!("{}@{}.example", "a".repeat(62), "b".repeat(55));
        for address in [
            "a@b.example",
            "Ann.Dean+x@mail-1.B.example",
            &odd,
            "9@9.e",
            "a@b.9e",
            "a@b",
            &long,
            &longer,
            "a=b@c.example",
            "a--b@c.example",
            "-a@b.example",
            "_.a_.-@b.example",
            "=@b.example",
            "bounces+12345678-a1b2-ann.dean.example=destination@em1234.Mail.b.example",
            "SRS0=HHH=TT=orchard.example.org=ann-=dean@forwarder.mailing-lists.example",
        ] {
            let bracketed = format!("<{address}>");
            let read = path(bracketed.as_bytes()).expect(address);
            assert_eq!(read_any_path(bracketed.as_bytes(), false), Ok(ReversePath::Mailbox(read)));
            let bare = path(address.as_bytes()).expect(address);
            assert_eq!(read_any_path(address.as_bytes(), false), Ok(ReversePath::Mailbox(bare)));
            for body in [
                format!(" {address}"),
                format!(" <{address}>"),
                format!("Ann Dean <{address}>"),
                format!("  Ann<{address}>"),
                format!(" A. Dean <{address}>"),
                format!("A.. . Dean Jr. <{address}>"),
                format!(" \"Dean, Ann (<x>; y: z)\" <{address}>"),
                format!("\"\"<{address}>"),
                format!(" Ann\t<{address}>"),
                format!(" Ann Dean\r\n <{address}>"),
                format!("\"Dean (A)\"\r\n\t<{address}>"),
            ] {
                let read_alone = field(body.as_bytes(), None);
                let Everyday { spec, is_plain, likeness } = read_alone.expect(&body);
                assert_eq!(likeness, Likeness::None);
                let summary = read_any_field(body.as_bytes(), &Limits::default()).expect(&body);
                assert_eq!((summary.first.addr_spec, summary.mailboxes, summary.groups), (spec, 1, 0));
                assert!(summary.plain && is_plain, "{body}");
                let known = Known::new(bracketed.as_bytes(), &read);
                let likeness = likeness_of(address, known);
                assert_eq!(field(body.as_bytes(), known), Some(Everyday { spec, is_plain, likeness }), "{body}");
                for other in [
                    format!("{body}.example"),
                    body.replace("example", "examples"),
                    format!("{body}-"),
                    body.to_ascii_uppercase(),
                    body.replace("a@", "A@"),
                    body.replace('b', "B"),
                ] {
                    let alone = field(other.as_bytes(), None);
                    let expected = alone.map(|alone| {
                        let text = alone.spec.span.of(other.as_bytes());
                        Everyday {
                            likeness: likeness_of(core::str::from_utf8(text).expect("it is ASCII"), known),
                            ..alone
                        }
                    });
                    assert_eq!(field(other.as_bytes(), known), expected, "{other}");
                }
            }
        }
    }

    /// How an address is said to be like the known one.
    fn likeness_of(text: &str, known: Option<Known<'_>>) -> Likeness {
        match known {
            Some(known) if known.text == text.as_bytes() => Likeness::Full,
            Some(known) if known.text.eq_ignore_ascii_case(text.as_bytes()) => Likeness::ButForCase,
            _ => Likeness::None,
        }
    }

    #[test]
    fn what_is_not_everyday_is_left_to_them() {
        let long = format!("{}@b.example", "a".repeat(63));
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
            "a=?b@c.example",
            "a@b.example ",
            "a @b.example",
            "a@b@c.example",
            "\"a\"@b.example",
            "\u{e9}@b.example",
            "a@\u{e9}.example",
            "a\0@b.example",
            &long,
            &long_domain,
            "a@b.e9",
            "a@9.9",
            "a@b--c.example",
            "a@b+c.example",
            "a@b/c",
            "a/b@c@d",
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
            ".Ann D <a@b.example>",
            "  .Ann D <a@b.example>",
            "Ann <a@b.example> ",
            "\"a\\\"\" <c@d.example>",
            "Ann (x) <a@b.example>",
            "\"x\"y <a@b.example>",
            "Ann\r\n  <a@b.example>",
            "Ann\r\nD <a@b.example>",
            "Ann\r\nD<a@b.example>",
            "Ann\n <a@b.example>",
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
        // Also an address that is only known because the path's full reader read it.
        let own = read_any_field(bytes, &Limits::default()).ok();
        let own = own.and_then(|full| Known::new(bytes, &full.first.addr_spec));
        for known in [None, known, own] {
            let Some(Everyday { spec, is_plain, likeness }) = field(bytes, known) else {
                assert_eq!(everyday, None, "{shown}");
                continue;
            };
            let text = spec.span.of(bytes);
            assert_eq!(likeness, likeness_of(core::str::from_utf8(text).expect("it is ASCII"), known), "{shown}");
            if let (Likeness::ButForCase, Some(known)) = (likeness, known) {
                let (known, spelled) =
                    (path(known.text).expect("it is everyday").canonical(known.text), spec.canonical(bytes));
                let (known, spelled) =
                    (known.expect("it is canonical"), spelled.expect("its octets have no other form"));
                assert_eq!(known.view().domain, spelled.view().domain, "{shown}");
                assert!(known.view().local.eq_ignore_ascii_case(spelled.view().local), "{shown}");
            }
            let full = read_any_field(bytes, &Limits::default()).expect("what is everyday is right");
            assert_eq!((full.first.addr_spec, full.mailboxes, full.groups), (spec, 1, 0), "{shown}");
            assert_eq!(full.plain, is_plain, "{shown}");
            let name = names(bytes).next();
            assert!(!is_plain || name.is_none_or(|name| addresses(bytes, &name, &mut |_| panic!("{shown}")).is_ok()));
        }
        if let Some(spec) = path(bytes) {
            assert_eq!(read_any_path(bytes, false), Ok(ReversePath::Mailbox(spec)), "{shown}");
        }
        assert_eq!(read_unquoted(bytes, true), read_any_unquoted(bytes, true), "{shown}");
        let full = match read_any_path(bytes, false) {
            Ok(ReversePath::Mailbox(spec)) => Some(spec).filter(|spec| spec.form == LocalForm::DotAtom),
            _ => None,
        };
        for spec in everyday.map(|everyday| everyday.spec).into_iter().chain(path(bytes)).chain(full) {
            let (local, domain) = (spec.local.of(bytes), spec.domain.of(bytes));
            assert_eq!(spec.canonical(bytes).ok(), Canonical::from_parts(local, domain), "{shown}");
        }
        u32::from(everyday.is_some())
    }

    /// Compares every text of up to so many of the parts, in every place of an address and a name.
    fn compare_all(parts: &[&[u8]], longest: u32) {
        let known = path(b"<a@b.example>").and_then(|spec| Known::new(b"<a@b.example>", &spec));
        assert!(known.is_some());
        let (mut read, mut left) = (0_u32, 0_u32);
        for length in 0..=longest {
            for row in rows(parts, length) {
                let text = row.concat();
                for (before, after) in [
                    (&b"<"[..], &b"@b.example>"[..]),
                    (b"<a@", b">"),
                    (b"<a@b", b"example>"),
                    (b"<A@b", b"EXAMPLE>"),
                    (b"", b""),
                    (b"", b" <a@b.example>"),
                    (b"", b"\r\n <a@b.example>"),
                    (b"\"", b"\" <a@b.example>"),
                    (b"\"x@", b"\"\r\n\t<a@b.example>"),
                    (b"\"=", b"<a@b.example>"),
                    (b"a@b.example", b""),
                    (b"<a@b.example", b">"),
                    (b" ", b"a@b.example"),
                    (b"A. ", b"<a@b.example>"),
                    (b"<bounces+12345678-a1b2-", b"@em1234.mail.department.mailing-lists.example>"),
                    (b"<bounces+12345678-a1b2-ann.dean@em1234.mail.department", b"b.example>"),
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
    fn a_name_with_an_at_sign_in_quotes_is_everyday_but_not_plain() {
        for body in [" \"a@b.example\" <c@d.example>", "\"for a@b only\"\r\n\t<c@d.example>"] {
            assert!(field(body.as_bytes(), None).is_some_and(|everyday| !everyday.is_plain), "{body}");
        }
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
