//! What a field's text says, whether or not it may be authorised.

use alloc::string::String;
use alloc::vec::Vec;

use super::construct::{Construct, FieldError};
use super::name::skip_token;
use super::reader::{Mode, Reader};
use super::span::Span;
use crate::options::Limits;

/// What the text of a field says, and what in it forbids to authorise it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// The mailboxes, group members included, in their order; may be none.
    pub mailboxes: Vec<SaidMailbox>,
    /// The groups, in their order.
    pub groups: Vec<SaidGroup>,
    /// What forbids to authorise the field, in the order of the text; empty exactly when
    /// [`read_field`](super::header::read_field) accepts it.
    pub forbidding: Vec<Found>,
}

impl Said {
    /// Tells whether the field is one by RFC 5322 with its obsolete forms, RFC 6532 and RFC 6854.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        self.forbidding.iter().all(|found| found.construct.is_standard())
    }
}

/// A mailbox that a text says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaidMailbox {
    /// Where its address stands, with the comments and white space inside it.
    pub span: Span,
    /// The local part by value: without quotes, and without comments and white space between its words.
    pub local: String,
    /// The domain as it is spelled, without comments and white space, or a literal with its brackets.
    pub domain: String,
    /// Where the phrase before its angle brackets stands, if it has one.
    pub name: Option<Span>,
    /// The 0-based number of the group that it is a member of.
    pub group: Option<u32>,
}

/// A group that a text says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaidGroup {
    /// Where its name stands.
    pub name: Span,
}

/// A construct that forbids to authorise a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair")]
pub struct Found {
    /// The octet of the body at which it shows.
    pub offset: u32,
    /// What it is.
    pub construct: Construct,
}

/// Reads what a field's body says, obsolete forms included, and notes what forbids to authorise it.
///
/// This is the reading of [`read_field`](super::header::read_field), going on where that one stops. It follows
/// RFC 5322 with its obsolete forms (§4), RFC 6532 and RFC 6854. Of some texts that are none of these it tells what
/// most readers make of them, as of `a@b.example <c@d.example>`; [`Said::is_standard`] keeps the two apart.
/// It decides nothing: only what [`read_field`](super::header::read_field) accepts is ever authorised.
///
/// # Errors
///
/// [`FieldError`] if the text has no reading: an open quote, comment or bracket, an at sign without an address, a
/// bare CR or LF, a NUL, octets that are not UTF-8, or more than a limit permits.
///
/// ```
/// use sendas::Limits;
/// use sendas::address::header::{Construct, says};
/// let said = says(b"Jo <@c.example:jo . doe@(home)b.example>,", &Limits::default())?;
/// assert_eq!(said.mailboxes[0].local, "jo.doe");
/// assert_eq!(said.mailboxes[0].domain, "b.example");
/// assert_eq!(said.forbidding[0].construct, Construct::Route);
/// assert!(said.is_standard());
/// # Ok::<(), sendas::address::header::FieldError>(())
/// ```
pub fn says(body: &[u8], limits: &Limits) -> Result<Said, FieldError> {
    let mut reader = Reader::new(body, limits, Notes::default())?;
    let mut mailboxes = Vec::new();
    while let Some(mailbox) = reader.next_mailbox()? {
        let spec = mailbox.addr_spec;
        mailboxes.push(SaidMailbox {
            span: spec.span,
            local: local_value(spec.local.of(body)),
            domain: domain_value(spec.domain.of(body)),
            name: reader.mode.name.take(),
            group: mailbox.group,
        });
    }
    let empty_group = reader.empty_group;
    let mut notes = reader.mode;
    if let Some(first_over) = mailboxes.get(limits.mailboxes as usize) {
        notes.forbid(Construct::TooManyMailboxes, first_over.span.start)?;
    }
    match empty_group {
        Some(offset) if mailboxes.is_empty() => notes.forbid(Construct::EmptyGroup, offset)?,
        Some(offset) => notes.forbid(Construct::EmptyGroupAmongOthers, offset)?,
        None if mailboxes.is_empty() => notes.forbid(Construct::MissingMailbox, 0)?,
        None => {}
    }
    let mut forbidding = notes.forbidding;
    forbidding.sort_unstable();
    forbidding.dedup();
    Ok(Said { mailboxes, groups: notes.groups, forbidding })
}

/// The mode that goes on and takes notes.
#[derive(Default)]
struct Notes {
    forbidding: Vec<Found>,
    groups: Vec<SaidGroup>,
    name: Option<Span>,
}

impl Mode for Notes {
    const GOES_ON: bool = true;

    fn forbid(&mut self, construct: Construct, offset: u32) -> Result<(), FieldError> {
        self.forbidding.push(Found { offset, construct });
        Ok(())
    }

    fn forget_from(&mut self, offset: u32) {
        while self.forbidding.last().is_some_and(|found| found.offset >= offset) {
            self.forbidding.pop();
        }
    }

    fn name(&mut self, span: Span) {
        self.name = (span.start < span.end).then_some(span);
    }

    fn group(&mut self, span: Span) {
        self.name = None;
        self.groups.push(SaidGroup { name: span });
    }
}

/// Writes a local part without quotes, and without comments and white space between its words.
fn local_value(octets: &[u8]) -> String {
    let mut value = String::new();
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        let end = skip_token(octets, at);
        let token = octets.get(at..end).unwrap_or_default();
        match octet {
            b'(' | b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' => push_value(token.get(1..token.len().saturating_sub(1)).unwrap_or_default(), &mut value),
            _ => {
                let end = octets.len().min(at + width(octet));
                value.push_str(&String::from_utf8_lossy(octets.get(at..end).unwrap_or_default()));
                at = end;
                continue;
            }
        }
        at = end;
    }
    value
}

/// Writes a domain without comments and white space.
fn domain_value(octets: &[u8]) -> String {
    let mut kept = Vec::with_capacity(octets.len());
    let mut at = 0;
    let literal = octets.iter().find(|octet| !matches!(octet, b' ' | b'\t' | b'\r' | b'\n')) == Some(&b'[');
    while let Some(&octet) = octets.get(at) {
        let end = if octet == b'(' && !literal { skip_token(octets, at) } else { at + 1 };
        if !matches!(octet, b'(' | b' ' | b'\t' | b'\r' | b'\n') || (octet == b'(' && literal) {
            kept.push(octet);
        }
        at = end;
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Writes the content of a quoted string without the backslashes that quote, and folds without their CRLF.
fn push_value(octets: &[u8], value: &mut String) {
    let mut escaped = false;
    for character in octets.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
        match character {
            '\\' if !escaped => escaped = true,
            '\r' | '\n' if !escaped => {}
            _ => {
                value.push(character);
                escaped = false;
            }
        }
    }
}

/// Returns how many octets the character that begins with this one has.
fn width(octet: u8) -> usize {
    match octet {
        0xf0.. => 4,
        0xe0..=0xef => 3,
        0xc0..=0xdf => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::says;
    use crate::address::header::{Construct, read_field};
    use crate::options::Limits;

    /// Writes what a body says: `local|domain`, with the name in brackets and the group's number before them.
    fn said(body: &str) -> Result<(String, Vec<Construct>, bool), Construct> {
        let body = body.as_bytes();
        let limits = Limits::default();
        let said = says(body, &limits).map_err(|error| error.construct())?;
        match read_field(body, &limits) {
            Ok(_) => assert!(said.forbidding.is_empty()),
            Err(error) => assert!(said.forbidding.iter().any(|found| found.construct == error.construct())),
        }
        let text = |span: crate::Span| String::from_utf8_lossy(span.of(body)).into_owned();
        let shown = said.mailboxes.iter().map(|mailbox| {
            let name = mailbox.name.map(|name| format!("[{}]", text(name))).unwrap_or_default();
            let group = mailbox.group.map(|group| format!("{group}:")).unwrap_or_default();
            format!("{group}{name}{}|{}", mailbox.local, mailbox.domain)
        });
        let mut all: Vec<_> = shown.collect();
        all.extend(said.groups.iter().map(|group| format!("{}:", text(group.name))));
        let constructs = said.forbidding.iter().map(|found| found.construct).collect();
        Ok((all.join(" "), constructs, said.is_standard()))
    }

    #[test]
    fn obsolete_forms_are_read_and_forbid() {
        for (body, expected, constructs) in [
            ("A. B (x) <a@b.example> (y)", "[A. B]a|b.example", &[][..]),
            ("G: a@b.example, \"C\" <c@d.example>;", "0:a|b.example 0:[\"C\"]c|d.example G:", &[]),
            (
                "a . \"b c\" . d @ e . example",
                "a.b c.d|e.example",
                &[Construct::SpaceInAddress, Construct::MixedLocalPart],
            ),
            ("a(x)@(y)b.example", "a|b.example", &[Construct::CommentInAddress]),
            ("a@b . example", "a|b.example", &[Construct::SpaceInAddress]),
            ("a@b (x).example (y)", "a|b.example", &[Construct::CommentInAddress]),
            ("<a(x)@b(y)\r\n .(z)example>", "a|b.example", &[Construct::CommentInAddress]),
            ("N <@c.example,,@d.example:a@b.example>", "[N]a|b.example", &[Construct::Route]),
            ("<(x)a@b.example(y)>", "a|b.example", &[Construct::CommentInAddress]),
            (", a@b.example,, c@d.example,", "a|b.example c|d.example", &[Construct::EmptyElement]),
            ("G:;, a@b.example", "a|b.example G:", &[Construct::EmptyGroupAmongOthers]),
            ("G: ;", "G:", &[Construct::EmptyGroup]),
            ("\"a\\\u{e9}\"@b.example", "a\u{e9}|b.example", &[Construct::QuotedNonAscii]),
            ("\"a@\\\"b\"@c.example", "a@\"b|c.example", &[Construct::QuotedDelimiter]),
            ("\"a\r\n b\"@c.example", "a b|c.example", &[Construct::SpaceInAddress]),
            (
                "\"\\\0\x01\" <a@b.example>",
                "[\"\\\0\x01\"]a|b.example",
                &[Construct::QuotedControl, Construct::Control],
            ),
            ("a@[x y\\]z]", "a|[xy\\]z]", &[Construct::SpaceInAddress]),
            ("a@[x:y]", "a|[x:y]", &[Construct::InvalidLiteral]),
            ("A \r\n \r\n <a@b.example>", "[A]a|b.example", &[Construct::BlankFold]),
            ("=?utf-8?q?a?=@b.example", "=?utf-8?q?a?=|b.example", &[Construct::EncodedWordInAddress]),
        ] {
            let (found, mut forbidding, standard) = said(body).expect(body);
            forbidding.sort();
            forbidding.dedup();
            let mut constructs = constructs.to_vec();
            constructs.sort();
            assert_eq!((found.as_str(), forbidding), (expected, constructs), "{body:?}");
            assert!(standard, "{body:?}");
        }
        let long = format!("{}@b.example", "a".repeat(65));
        assert_eq!(said(&long), Ok((long.replace('@', "|"), [Construct::AddressTooLong].to_vec(), true)));
    }

    #[test]
    fn of_what_is_no_standard_the_common_reading_is_told_apart() {
        for (body, expected, construct) in [
            ("a@b.example <c@d.example>", "[a@b.example]c|d.example", Construct::AtSignInPhrase),
            ("A b@c.example", "b|c.example", Construct::AtSignInPhrase),
            ("<a@b.example><c@d.example>", "a|b.example c|d.example", Construct::TwoAngleAddresses),
            ("<a@b.example> A", "a|b.example", Construct::TrailingText),
            ("a@b.example c@d.example", "a|b.example c|d.example", Construct::TrailingText),
            ("a@b.example; c@d.example;", "a|b.example c|d.example", Construct::StraySemicolon),
            ("G: a@b.example", "0:a|b.example G:", Construct::GroupNotEnded),
            ("G: H: a@b.example;;", "1:a|b.example G: H:", Construct::NestedGroup),
            ("a..b.@c.example", "a..b.|c.example", Construct::MisplacedDot),
            (".a@b..example.", ".a|b..example.", Construct::MisplacedDot),
            ("A, <b@c.example>", "b|c.example", Construct::MissingAddress),
            ("A <>, <b>, c@d.example", "c|d.example", Construct::MissingMailbox),
            ("\"a\"b@c.example", "ab|c.example", Construct::AdjacentWords),
            ("\"a\"..\"b\"@c.example", "a..b|c.example", Construct::AdjacentWords),
            ("", "", Construct::MissingMailbox),
        ] {
            let (found, constructs, standard) = said(body).expect(body);
            assert_eq!(found, expected, "{body:?}");
            assert!(constructs.contains(&construct), "{body:?} {constructs:?}");
            assert!(!standard, "{body:?}");
        }
    }

    #[test]
    fn what_has_no_reading_is_an_error() {
        for (body, construct) in [
            ("\"a <b@c.example>", Construct::UnbalancedQuote),
            ("(a <b@c.example>", Construct::UnbalancedComment),
            ("<a@b.example", Construct::UnbalancedBracket),
            ("a@b.example>", Construct::UnbalancedBracket),
            ("a@b@c.example", Construct::SecondAtSign),
            ("<a b@c.example>", Construct::SpaceInAddress),
            ("@b.example", Construct::MissingLocalPart),
            ("a@", Construct::MissingDomain),
            ("<@c.example a@b.example>", Construct::Route),
            ("<a@b.example:25>", Construct::Route),
            ("<x:a@b.example>", Construct::UnexpectedCharacter),
            ("a\0@b.example", Construct::Nul),
            ("a@b.example\n", Construct::BareLineEnd),
        ] {
            assert_eq!(said(body).map(|(shown, ..)| shown), Err(construct), "{body:?}");
        }
    }

    #[test]
    fn constructs_are_told_with_their_place_in_the_order_of_the_text() {
        let said = says(b"a(x)@b.example, <@c:d@e.example>,", &Limits::default()).expect("read");
        let found = said.forbidding.iter().map(|found| (found.offset, found.construct.to_string()));
        let expected = [
            (0, Construct::CommentInAddress.to_string()),
            (17, Construct::Route.to_string()),
            (33, Construct::EmptyElement.to_string()),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_limit_of_mailboxes_is_noted() {
        let limits = Limits { mailboxes: 1, ..Limits::default() };
        let said = says(b"a@b.example, c@d.example", &limits).expect("read");
        assert_eq!(said.mailboxes.len(), 2);
        assert_eq!(
            said.forbidding.first().map(|found| (found.offset, found.construct)),
            Some((13, Construct::TooManyMailboxes))
        );
    }
}
