//! Everyday addresses, read in one pass without a decision per octet class.
//!
//! What is read here the full readers read alike: `path` a reverse-path, `header` a field. What is not
//! everyday, right or wrong, is `None` here and left to them.

use super::canonical::{AddrSpec, MAX_ADDRESS};
use super::domain::{MAX_LABEL, MAX_NAME};
use super::local::MAX_LOCAL;
use super::octet::{self, ALNUM, ATEXT, LDH, LETTER, LOCAL, NAME, PHRASE, UPPER};

/// An everyday address that was read before, and what it was read as.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    text: &'a [u8],
    spec: AddrSpec,
}

impl<'a> Known<'a> {
    /// Takes over an address that a reader read, if it is everyday.
    pub(crate) fn new(bytes: &'a [u8], spec: AddrSpec) -> Option<Self> {
        spec.is_everyday().then(|| Self { text: spec.span.of(bytes), spec })
    }
}

/// Reads a field body that is one mailbox: `a@b.example`, `Name <a@b.example>` or `"Name" <a@b.example>`, with no
/// `@`, `=` or backslash in the name.
pub(crate) fn field(body: &[u8], known: Option<Known<'_>>) -> Option<AddrSpec> {
    let start = usize::from(body.first() == Some(&b' '));
    match body.get(start)? {
        b'<' => angle(body, start, known),
        b'"' => {
            let close = start + 1 + body.get(start + 1..)?.iter().position(|&octet| !octet::is(octet, NAME))?;
            let after = match body.get(close..)? {
                [b'"', b' ', ..] => close + 2,
                [b'"', ..] => close + 1,
                _ => return None,
            };
            angle(body, after, known)
        }
        _ => {
            let open = start + body.get(start..)?.iter().position(|&octet| !octet::is(octet, PHRASE))?;
            match body.get(open)? {
                b'<' => angle(body, open, known),
                _ => addr_spec(body, start, known).filter(|spec| spec.span.end as usize == body.len()),
            }
        }
    }
}

/// Reads a reverse-path in angle brackets.
pub(crate) fn path(bytes: &[u8]) -> Option<AddrSpec> {
    angle(bytes, 0, None)
}

/// Reads an angle address that begins at `open` and ends with the bytes.
fn angle(bytes: &[u8], open: usize, known: Option<Known<'_>>) -> Option<AddrSpec> {
    let spec = bytes.get(open).filter(|&&octet| octet == b'<').and_then(|_| addr_spec(bytes, open + 1, known))?;
    (bytes.get(spec.span.end as usize..)? == b">").then_some(spec)
}

/// Reads an address from `start` up to an octet that cannot stand in a domain.
fn addr_spec(bytes: &[u8], start: usize, known: Option<Known<'_>>) -> Option<AddrSpec> {
    let rest = bytes.get(start..)?;
    // Most senders write in From what they gave as reverse-path.
    if let Some(Known { text, spec }) = known {
        let after = rest.strip_prefix(text);
        if after.is_some_and(|after| after.first().is_none_or(|&next| next != b'.' && !octet::is(next, LDH))) {
            return Some(spec.moved(start));
        }
    }
    let local = local_part(rest)?;
    let domain = domain(rest.get(local + 1..)?)?;
    let end = start + local + 1 + domain.length;
    let fits = has_room(local, domain.length);
    (end - start <= MAX_ADDRESS).then(|| AddrSpec::plain(start, start + local, end, domain.lower && fits))
}

/// Tells whether the two parts of an address without quotes are in canonical form as they are spelled.
pub(crate) fn is_canonical(local: &[u8], spelled_domain: &[u8]) -> bool {
    has_room(local.len(), spelled_domain.len())
        && local.iter().all(|&octet| octet::is(octet, ATEXT) || octet == b'.')
        && domain(spelled_domain).is_some_and(|read| read.length == spelled_domain.len() && read.lower)
}

/// Tells whether an address of these lengths could even take the quotes that dots at wrong places would need.
const fn has_room(local: usize, domain: usize) -> bool {
    local + 2 <= MAX_LOCAL && local + 3 + domain <= MAX_ADDRESS
}

/// Returns the length of the dot-atom before an at sign; one with `=`, which could begin an encoded-word, is none.
fn local_part(octets: &[u8]) -> Option<usize> {
    let mut rest = octets;
    loop {
        let (_, after) = leading(rest, LOCAL)?;
        match after {
            [b'.', next @ ..] => rest = next,
            [b'@', ..] => return Some(octets.len() - after.len()).filter(|&length| length <= MAX_LOCAL),
            _ => return None,
        }
    }
}

/// A domain that the octets begin with.
struct Domain {
    length: usize,
    /// It has no capitals.
    lower: bool,
}

/// Reads a domain of letters, digits, hyphens and dots, with a letter in it and without two hyphens together.
fn domain(octets: &[u8]) -> Option<Domain> {
    let (mut found, mut rest, mut label) = (0, octets, octets.len());
    loop {
        let (classes, after) = leading(rest, ALNUM)?;
        found |= classes;
        rest = match after {
            [b'-', next @ ..] => next,
            _ if label - after.len() > MAX_LABEL => return None,
            [b'.', next @ ..] => {
                label = next.len();
                next
            }
            _ => {
                let length = octets.len() - after.len();
                let fits = found & LETTER != 0 && length <= MAX_NAME;
                return fits.then_some(Domain { length, lower: found & UPPER == 0 });
            }
        };
    }
}

/// Cuts octets of a class off the start, at least one, and returns all classes that they are in, and the rest.
fn leading(octets: &[u8], class: u16) -> Option<(u16, &[u8])> {
    let mut found = 0;
    let mut rest = octets;
    while let [octet, after @ ..] = rest {
        let classes = octet::classes(*octet);
        if classes & class == 0 {
            break;
        }
        found |= classes;
        rest = after;
    }
    (found != 0).then_some((found, rest))
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::{Known, field, is_canonical, path};
    use crate::address::header::read_any_field;
    use crate::address::path::{ReversePath, read_any_path};
    use crate::options::Limits;

    #[test]
    fn what_is_everyday_is_read_as_the_full_readers_read_it() {
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(63));
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
                let spec = field(body.as_bytes(), None).expect(&body);
                let summary = read_any_field(body.as_bytes(), &Limits::default()).expect(&body);
                assert_eq!((summary.first.addr_spec, summary.mailboxes, summary.groups), (spec, 1, 0));
                assert!(summary.plain, "{body}");
                let known = Known::new(bracketed.as_bytes(), read);
                assert_eq!(field(body.as_bytes(), known), Some(spec), "{body}");
                for other in [format!("{body}.example"), body.replace("example", "examples"), format!("{body}-")] {
                    assert_eq!(field(other.as_bytes(), known), field(other.as_bytes(), None), "{other}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_everyday_is_left_to_them() {
        let long = format!("{}@b.example", "a".repeat(65));
        let long_label = format!("a@{}.example", "b".repeat(64));
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
            &long_label,
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
            "=?utf-8?q?x?= <a@b.example>",
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

    /// Every text of up to four of these in every place of an address and a name.
    #[test]
    fn nothing_is_read_otherwise_than_the_full_readers_read_it() {
        const OCTETS: &[u8] = b"a1A.-@=<> \"\\,(\xc3";
        const LONGEST: u32 = 4;
        let limits = Limits::default();
        let known = path(b"<a@b.example>").and_then(|spec| Known::new(b"<a@b.example>", spec));
        assert!(known.is_some());
        let (mut read, mut left) = (0_u32, 0_u32);
        for length in 0..=LONGEST {
            for number in 0..OCTETS.len().pow(length) {
                let mut rest = number;
                let text: Vec<u8> = (0..length)
                    .map(|_| {
                        let octet = OCTETS[rest % OCTETS.len()];
                        rest /= OCTETS.len();
                        octet
                    })
                    .collect();
                for (before, after) in [
                    (&b"<"[..], &b"@b.example>"[..]),
                    (b"<a@", b">"),
                    (b"<a@b", b"example>"),
                    (b"", b""),
                    (b"", b" <a@b.example>"),
                    (b"\"", b"\" <a@b.example>"),
                    (b"a@b.example", b""),
                    (b"<a@b.example", b">"),
                    (b" ", b"a@b.example"),
                ] {
                    let bytes = [before, &text, after].concat();
                    let full = read_any_field(&bytes, &limits);
                    for known in [None, known] {
                        match field(&bytes, known) {
                            Some(spec) => {
                                let full = full.expect("what is everyday is right");
                                assert_eq!((full.first.addr_spec, full.mailboxes, full.groups), (spec, 1, 0));
                                assert!(full.plain);
                                read += 1;
                            }
                            None => left += 1,
                        }
                    }
                    if let Some(spec) = path(&bytes) {
                        assert_eq!(read_any_path(&bytes, false), Ok(ReversePath::Mailbox(spec)));
                        let canonical = spec.canonical(&bytes).expect("a mailbox");
                        assert_eq!(spec.view(&bytes, &mut None), Ok(canonical.view()), "{}", bytes.escape_ascii());
                    }
                }
            }
        }
        assert!(read > 1000 && left > read, "{read} {left}");
    }

    #[test]
    fn capitals_in_a_domain_are_not_canonical() {
        assert!(is_canonical(b"A.=b", b"c-1.example"));
        for (local, domain) in [("a", "C.example"), ("a b", "c.example"), ("a", "c.example."), ("a", "1.2.3.4")] {
            assert!(!is_canonical(local.as_bytes(), domain.as_bytes()), "{local}@{domain}");
        }
    }
}
