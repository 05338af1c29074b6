//! Reads the bodies of originator fields (RFC 5322 §3.4, RFC 6532, RFC 6854).
//!
//! ```text
//! address-list = address *("," address)
//! address      = mailbox / group
//! group        = phrase ":" [mailbox *("," mailbox)] ";"
//! mailbox      = addr-spec / [phrase] "<" addr-spec ">"
//! addr-spec    = (dot-atom-text / quoted-string) "@" (dot-atom-text / literal)
//! ```
//!
//! White space, folds and comments may stand between any of these tokens, and dots in a phrase after its first
//! word (RFC 5322 §4.1). The grammar is followed from left to right, never by scanning for `<`. What the
//! standards permit, or once did, but two readers could read differently is refused as
//! [`FieldClass::Ambiguous`]: see [`Construct`].
//!
//! A body has two readings, of one reader. [`read_field`] accepts what may be authorised, and fails at the first
//! construct that may not. [`says`] goes on: it tells what the text says, obsolete forms included, and everything
//! that forbids to authorise it.
//!
//! Accepted: `a@b.example`, `J. Doe <a@b.example>`, `"a@c.example" <a@b.example> (note)`, `Team: a@b.example, c@d.example;`.
//! Refused: `a@c.example <a@b.example>`, `<a@c.example> <a@b.example>`, `<@c.example:a@b.example>`, `a @b.example`, `,a@b.example`.

use super::canonical::AddrSpec;
pub(crate) use super::plain::Everyday;
use super::plain::{self, Known};
use super::reader::{Mode, Reader, Strict};
use crate::options::Limits;

pub use super::construct::{Construct, FieldClass, FieldError};
pub use super::name::{Name, NameKind, Names, names};
pub use super::said::{Found, Said, SaidGroup, SaidMailbox, says};

/// What a field holds, as one pass over the whole of it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldSummary {
    /// How many mailboxes there are, group members included; at least one.
    pub mailboxes: u32,
    /// How many groups there are.
    pub groups: u32,
    /// The first mailbox.
    pub first: Mailbox,
    /// Whether no name, group name or comment can hold an address: none has an at sign, `=?` or other than ASCII.
    pub plain: bool,
}

/// A mailbox of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mailbox {
    /// Where its address stands.
    pub addr_spec: AddrSpec,
    /// The 0-based number of the group that it is a member of.
    pub group: Option<u32>,
}

/// Reads a whole field body, without the colon before it and the CRLF that ends it.
///
/// # Errors
///
/// [`FieldError`] for the first construct that the grammar does not know or that two readers could read differently.
pub fn read_field(body: &[u8], limits: &Limits) -> Result<FieldSummary, FieldError> {
    match read_everyday(body, limits, None) {
        Some(everyday) => Ok(everyday.into()),
        None => read_other(body, limits),
    }
}

/// Reads a field body that is one mailbox as most are, sooner where it holds an address that was read before.
#[inline(always)]
pub(crate) fn read_everyday(body: &[u8], limits: &Limits, known: Option<Known<'_>>) -> Option<Everyday> {
    let is_within = body.len() <= limits.field_octets as usize && limits.mailboxes > 0;
    if is_within { plain::field(body, known) } else { None }
}

/// Reads a field body that is not read so.
#[inline(never)]
pub(crate) fn read_other(body: &[u8], limits: &Limits) -> Result<FieldSummary, FieldError> {
    read_list(body, limits, Strict)
}

impl From<Everyday> for FieldSummary {
    fn from(Everyday { spec, is_plain, .. }: Everyday) -> Self {
        Self { mailboxes: 1, groups: 0, first: Mailbox { addr_spec: spec, group: None }, plain: is_plain }
    }
}

/// Reads any field body by the grammar alone, for whoever compares.
#[cfg(test)]
pub(super) fn read_any_field(body: &[u8], limits: &Limits) -> Result<FieldSummary, FieldError> {
    read_list(body, limits, super::reader::Thorough)
}

fn read_list(body: &[u8], limits: &Limits, mode: impl Mode) -> Result<FieldSummary, FieldError> {
    let mut reader = Reader::new(body, limits, mode)?;
    let mut first = None;
    let mut mailboxes = 0;
    while let Some(mailbox) = reader.next_mailbox()? {
        if mailboxes == limits.mailboxes {
            return Err(FieldError { construct: Construct::TooManyMailboxes, offset: mailbox.addr_spec.span.start });
        }
        mailboxes += 1;
        first.get_or_insert(mailbox);
    }
    match (first, reader.empty_group) {
        (Some(first), None) => Ok(FieldSummary { mailboxes, groups: reader.groups, first, plain: reader.plain }),
        (Some(_), Some(offset)) => Err(FieldError { construct: Construct::EmptyGroupAmongOthers, offset }),
        (None, Some(offset)) => Err(FieldError { construct: Construct::EmptyGroup, offset }),
        (None, None) => Err(FieldError { construct: Construct::MissingMailbox, offset: 0 }),
    }
}

/// Returns the mailboxes of a field that [`read_field`] has accepted, in their order.
pub fn mailboxes<'a>(body: &'a [u8], limits: &Limits) -> impl Iterator<Item = Mailbox> + use<'a> {
    let mut reader = Reader::new(body, limits, Strict).ok();
    core::iter::from_fn(move || reader.as_mut()?.next_mailbox().ok()?)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Construct, FieldClass, mailboxes, read_any_field, read_field};
    use crate::address::{LocalForm, rows};
    use crate::options::Limits;

    /// Reads a body and writes what it holds: `local|domain`, with a group's number before a member.
    fn read(body: &str) -> Result<String, Construct> {
        let limits = Limits::default();
        let body = body.as_bytes();
        assert_eq!(read_field(body, &limits), read_any_field(body, &limits), "{}", body.escape_ascii());
        let summary = read_field(body, &limits).map_err(|error| {
            assert!(error.offset() as usize <= body.len(), "{error:?}");
            error.construct()
        })?;
        let all: Vec<_> = mailboxes(body, &limits).collect();
        assert_eq!(all.len(), summary.mailboxes as usize);
        assert_eq!(all.first(), Some(&summary.first));
        let text = |span: crate::Span| String::from_utf8_lossy(span.of(body)).into_owned();
        let shown = all.iter().map(|mailbox| {
            let spec = mailbox.addr_spec;
            assert_eq!(text(spec.span), format!("{}@{}", text(spec.local), text(spec.domain)));
            assert_eq!(spec.form == LocalForm::Quoted, text(spec.local).starts_with('"'));
            let group = mailbox.group.map(|group| format!("{group}:")).unwrap_or_default();
            format!("{group}{}|{}", text(spec.local), text(spec.domain))
        });
        Ok(shown.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn mailboxes_are_read_by_the_grammar() {
        for (body, expected) in [
            ("a@b.example", "a|b.example"),
            (" a@b.example ", "a|b.example"),
            ("<a@b.example>", "a|b.example"),
            ("Name <a@b.example>", "a|b.example"),
            ("J. R. Doe <a@b.example>", "a|b.example"),
            ("J . Doe<a@b.example>", "a|b.example"),
            ("\"J. Doe\" <a@b.example>", "a|b.example"),
            ("\"a@c.example\" <a@b.example>", "a|b.example"),
            ("\"<a@c.example>\\\"\" <a@b.example>", "a|b.example"),
            ("\"a\" \"b\"c.d <a@b.example>", "a|b.example"),
            ("(x) Name (y) <a@b.example> (z (w))", "a|b.example"),
            ("(x)a@b.example(y)", "a|b.example"),
            ("(<a@c.example>) a@b.example", "a|b.example"),
            ("< a@b.example\t>", "a|b.example"),
            ("Name\r\n <a@b.example>", "a|b.example"),
            ("\r\n a@b.example", "a|b.example"),
            ("\"x\r\n y\" <a@b.example>", "a|b.example"),
            ("\"x (y)\r\n z\" (w (v)) <a@b.example>", "a|b.example"),
            ("\"v@w.example\" (z)\r\n <a@b.example>", "a|b.example"),
            ("x\r\n \"v@w.example\" <a@b.example>", "a|b.example"),
            ("Name <\r\n a@b.example\r\n >", "a|b.example"),
            ("=?utf-8?q?Name?= <a@b.example>", "a|b.example"),
            ("\u{e9} \"\u{e9}\" (\u{e9}) <\u{e9}@\u{e9}.example>", "\u{e9}|\u{e9}.example"),
            ("\"a b\"@b.example", "\"a b\"|b.example"),
            ("\"a b\\\"\"@b.example", "\"a b\\\"\"|b.example"),
            ("\"\"@b.example", "\"\"|b.example"),
            ("a@[192.0.2.1]", "a|[192.0.2.1]"),
            ("<a@[IPv6:2001:db8::1]>", "a|[IPv6:2001:db8::1]"),
            ("!#$%&'*+-/=?^_`{|}~@b.example", "!#$%&'*+-/=?^_`{|}~|b.example"),
            ("a@b.example, c@d.example", "a|b.example c|d.example"),
            ("A <a@b.example>,\r\n \"C, D\" <c@d.example>", "a|b.example c|d.example"),
            ("G: a@b.example, C <c@d.example>;", "0:a|b.example 0:c|d.example"),
            ("\"G\" H.: a@b.example; (x)", "0:a|b.example"),
            (
                "a@b.example, G: c@d.example;, H: e@f.example;, g@h.example",
                "a|b.example 0:c|d.example 1:e|f.example g|h.example",
            ),
        ] {
            assert_eq!(read(body).as_deref(), Ok(expected), "{body:?}");
        }
    }

    /// Whatever stands about an everyday address, it is read as the grammar alone has it.
    #[test]
    fn a_list_is_read_alike_by_the_grammar_alone() {
        const PARTS: [&str; 14] =
            ["a@b.example", "C1@D-2.example", "a=b@c", "<", ">", ",", ";", "G:", " ", "\"x\"", "(c)", ".", "@", "a"];
        let (mut accepted, mut refused) = (0_u32, 0_u32);
        for length in 0..=4 {
            for row in rows(&PARTS, length) {
                let text = row.concat();
                for body in [text.clone(), format!("\"B\" <{text}>, a@b.example"), format!("a@b.example, {text}")] {
                    match read(&body) {
                        Ok(_) => accepted += 1,
                        Err(_) => refused += 1,
                    }
                }
            }
        }
        assert!(accepted > 500 && refused > accepted, "{accepted} {refused}");
    }

    #[test]
    fn what_two_readers_could_read_differently_is_ambiguous() {
        for (body, construct) in [
            ("<a@b.example> <c@d.example>", Construct::TwoAngleAddresses),
            ("<a@b.example><c@d.example>", Construct::TwoAngleAddresses),
            ("a@b.example <c@d.example>", Construct::AtSignInPhrase),
            ("Name a@b.example <c@d.example>", Construct::AtSignInPhrase),
            ("Name a@b.example", Construct::AtSignInPhrase),
            ("J @ Home <c@d.example>", Construct::SpaceInAddress),
            ("a@b.example: c@d.example;", Construct::AtSignInPhrase),
            ("a@b.example c@d.example", Construct::TrailingText),
            ("<a@b.example> c@d.example", Construct::TrailingText),
            ("<a@b.example> Name", Construct::TrailingText),
            ("<a@b.example> \"Name\"", Construct::TrailingText),
            ("G: a@b.example; c@d.example", Construct::TrailingText),
            ("a@b.example@c.example", Construct::SecondAtSign),
            ("<a@b.example@c.example>", Construct::SecondAtSign),
            ("a@@b.example", Construct::SecondAtSign),
            ("<@c.example:a@b.example>", Construct::Route),
            ("<@c.example,@d.example:a@b.example>", Construct::Route),
            ("<a@b.example:c@d.example>", Construct::Route),
            ("<(x)a@b.example>", Construct::CommentInAddress),
            ("<a@b.example(x)>", Construct::CommentInAddress),
            ("a(x)@b.example", Construct::CommentInAddress),
            ("a@(x)b.example", Construct::CommentInAddress),
            ("a@b(x).example", Construct::CommentInAddress),
            ("a@b.(x)example", Construct::CommentInAddress),
            ("<a(x)@b.example>", Construct::CommentInAddress),
            ("<a(x).c@b.example>", Construct::CommentInAddress),
            ("a @b.example", Construct::SpaceInAddress),
            ("a@ b.example", Construct::SpaceInAddress),
            ("a@b .example", Construct::SpaceInAddress),
            ("a@b. example", Construct::SpaceInAddress),
            ("<a @b.example>", Construct::SpaceInAddress),
            ("<a b@b.example>", Construct::SpaceInAddress),
            ("<a@b.example c>", Construct::SpaceInAddress),
            ("a@[192.0.2.1 ]", Construct::SpaceInAddress),
            ("\"a\tb\"@b.example", Construct::SpaceInAddress),
            ("\"a\r\n b\"@b.example", Construct::SpaceInAddress),
            ("a\u{a0}b@b.example", Construct::SpaceInAddress),
            ("a. b@b.example", Construct::SpaceInAddress),
            ("a b. c@b.example", Construct::AtSignInPhrase),
            ("\"a\".b@b.example", Construct::MixedLocalPart),
            ("a.\"b\"@b.example", Construct::MixedLocalPart),
            ("\"a\"\"b\"@b.example", Construct::AdjacentWords),
            ("\"a\"b@b.example", Construct::AdjacentWords),
            ("=?utf-8?q?a?=@b.example", Construct::EncodedWordInAddress),
            ("<=?utf-8?q?a=40b.example?=>", Construct::EncodedWordInAddress),
            ("=?utf-8?q?a=40b.example?=", Construct::EncodedWordInAddress),
            ("\"=?utf-8?q?a?=\"@b.example", Construct::EncodedWordInAddress),
            ("a@=?utf-8?q?b?=.example", Construct::EncodedWordInAddress),
            ("x=?utf-8?q?a@b.example", Construct::EncodedWordInAddress),
            (",a@b.example", Construct::EmptyElement),
            ("a@b.example,", Construct::EmptyElement),
            ("a@b.example,,c@d.example", Construct::EmptyElement),
            ("a@b.example, (x), c@d.example", Construct::EmptyElement),
            ("G: ,a@b.example;", Construct::EmptyElement),
            ("G: a@b.example,;", Construct::EmptyElement),
            ("\"<v@w.example>\"@b.example", Construct::QuotedDelimiter),
            ("\"v@w.example \"@b.example", Construct::QuotedDelimiter),
            ("\"a,b\"@b.example", Construct::QuotedDelimiter),
            ("\"a \"@b.example", Construct::QuotedSpace),
            ("N <\" a\"@b.example>", Construct::QuotedSpace),
            ("\"a\\ \"@b.example", Construct::QuotedSpace),
            ("\"\\ a\"@b.example", Construct::QuotedSpace),
            ("\"x\r\n <v@(c)w.example>, y\" <a@b.example>", Construct::AtSignAndFold),
            ("(x\r\n v @w.example, y) a@b.example", Construct::AtSignAndFold),
            ("\"x\r\n y\" \"<v\\@w.example>, z\" <a@b.example>", Construct::AtSignAndFold),
            ("\"v@w.example\" \"x\r\n y\" <a@b.example>", Construct::AtSignAndFold),
            ("\"x\r\n y\" <a@b.example> (v@w.example)", Construct::AtSignAndFold),
            ("\"x\r\n , v.(\" <\r\n a@b.example>", Construct::ParenthesisBehindFold),
            ("(x\r\n , v.\\()a@b.example", Construct::ParenthesisBehindFold),
            ("\"x\r\n y\" \", v.\\(\" <\r\n a@b.example>", Construct::ParenthesisBehindFold),
            ("G:;, a@b.example", Construct::EmptyGroupAmongOthers),
            ("a@b.example, G:;", Construct::EmptyGroupAmongOthers),
            ("G: H: a@b.example;;", Construct::NestedGroup),
            ("a\0@b.example", Construct::Nul),
            ("\"a\0\" <a@b.example>", Construct::Nul),
            ("(\0) <a@b.example>", Construct::Nul),
            ("a@b.example\r", Construct::BareLineEnd),
            ("a@b.example\n", Construct::BareLineEnd),
            ("a@b.example\r\n", Construct::BareLineEnd),
            ("A\n <a@b.example>", Construct::BareLineEnd),
            ("A\r <a@b.example>", Construct::BareLineEnd),
            ("\"A\n \" <a@b.example>", Construct::BareLineEnd),
            ("(A\rB) <a@b.example>", Construct::BareLineEnd),
            ("a@b.example\r\nc@d.example", Construct::BareLineEnd),
            ("a@b.example\r\n ", Construct::BlankFold),
            ("A \r\n \r\n <a@b.example>", Construct::BlankFold),
            ("\"A\r\n \r\n \" <a@b.example>", Construct::BlankFold),
            ("A\x01 <a@b.example>", Construct::Control),
            ("\"A\x7f\" <a@b.example>", Construct::Control),
            ("A\u{85} <a@b.example>", Construct::Control),
            ("\"\\\0\" <a@b.example>", Construct::QuotedControl),
            ("\"\\\r\n \" <a@b.example>", Construct::QuotedControl),
            ("(\\\x7f) <a@b.example>", Construct::QuotedControl),
            ("\u{202e}A <a@b.example>", Construct::BidiControl),
            ("\"\u{2066}A\" <a@b.example>", Construct::BidiControl),
            ("(\\\u{202a}) <a@b.example>", Construct::BidiControl),
            ("a\u{200f}@b.example", Construct::BidiControl),
            ("<a@b\u{61c}.example>", Construct::BidiControl),
        ] {
            assert_eq!(read(body), Err(construct), "{body:?}");
            assert_eq!(construct.class(), FieldClass::Ambiguous, "{construct}");
        }
    }

    #[test]
    fn what_is_not_rfc_5322_is_a_syntax_error() {
        let long_local = format!("{}@b.example", "a".repeat(65));
        let long_domain = format!("a@{}", "a".repeat(256));
        let long_address = format!("{}@{}example", "a".repeat(64), "a.".repeat(95));
        for (body, construct) in [
            ("", Construct::MissingMailbox),
            (" ", Construct::MissingMailbox),
            ("(x)", Construct::MissingMailbox),
            ("<>", Construct::MissingMailbox),
            ("Name <>", Construct::MissingMailbox),
            ("Name", Construct::MissingAddress),
            ("Doe, J. <a@b.example>", Construct::MissingAddress),
            ("<a>", Construct::MissingAddress),
            ("G: a;", Construct::MissingAddress),
            ("@b.example", Construct::MissingLocalPart),
            ("a@", Construct::MissingDomain),
            ("a@ ", Construct::MissingDomain),
            ("<a@>", Construct::MissingDomain),
            ("<a@ >", Construct::MissingDomain),
            (": a@b.example;", Construct::MissingGroupName),
            (".a@b.example", Construct::MisplacedDot),
            ("a.@b.example", Construct::MisplacedDot),
            ("a..b@b.example", Construct::MisplacedDot),
            ("<.a@b.example>", Construct::MisplacedDot),
            ("a@.b.example", Construct::MisplacedDot),
            ("a@b..example", Construct::MisplacedDot),
            ("a@b.example.", Construct::MisplacedDot),
            ("<a@b.example. >", Construct::MisplacedDot),
            (". A <a@b.example>", Construct::MisplacedDot),
            ("a@[2001:db8::1]", Construct::InvalidLiteral),
            ("a@[x:y]", Construct::InvalidLiteral),
            ("a@[192.0.2.1]c", Construct::TrailingText),
            (&long_local, Construct::AddressTooLong),
            (&long_domain, Construct::AddressTooLong),
            (&long_address, Construct::AddressTooLong),
            ("\"A <a@b.example>", Construct::UnbalancedQuote),
            ("\"A\\", Construct::UnbalancedQuote),
            ("(A a@b.example", Construct::UnbalancedComment),
            ("A) <a@b.example>", Construct::UnbalancedComment),
            ("a@b.example)", Construct::UnbalancedComment),
            ("<a@b.example", Construct::UnbalancedBracket),
            ("<a", Construct::UnbalancedBracket),
            ("<", Construct::UnbalancedBracket),
            ("a@b.example>", Construct::UnbalancedBracket),
            ("> a@b.example", Construct::UnbalancedBracket),
            ("a@[192.0.2.1", Construct::UnbalancedBracket),
            ("G: a@b.example", Construct::GroupNotEnded),
            ("G:", Construct::GroupNotEnded),
            ("a@b.example;", Construct::StraySemicolon),
            (";", Construct::StraySemicolon),
            ("A [b] <a@b.example>", Construct::UnexpectedCharacter),
            ("A\\ <a@b.example>", Construct::UnexpectedCharacter),
            ("<mailto:a@b.example>", Construct::UnexpectedCharacter),
            ("\"\\\u{e9}\"@b.example", Construct::QuotedNonAscii),
        ] {
            assert_eq!(read(body), Err(construct), "{body:?}");
            if construct != Construct::TrailingText {
                assert_eq!(construct.class(), FieldClass::Syntax, "{construct}");
            }
        }
        let error = read_field(b"A\xc3 <a@b.example>", &Limits::default()).expect_err("not UTF-8");
        assert_eq!((error.construct(), error.offset()), (Construct::InvalidUtf8, 1));
    }

    #[test]
    fn a_field_of_empty_groups_only_has_its_own_class() {
        for body in ["G:;", "G: ;", "G: (x) ;", "G:;, H:;"] {
            assert_eq!(read(body), Err(Construct::EmptyGroup), "{body}");
        }
        assert_eq!(Construct::EmptyGroup.class(), FieldClass::GroupEmpty);
        assert_eq!(read("G:;, H"), Err(Construct::MissingAddress));
    }

    #[test]
    fn limits_hold_at_their_bound() {
        let limits = Limits { field_octets: 40, mailboxes: 2, comment_depth: 2, ..Limits::default() };
        let class = |body: &str| read_field(body.as_bytes(), &limits).map_err(|error| error.construct().class());
        assert!(class("a@b.example, c@d.example").is_ok());
        assert_eq!(class("a@b.example, c@d.example, e@f.example"), Err(FieldClass::TooManyMailboxes));
        assert!(class("((x))a@b.example").is_ok());
        assert_eq!(class("(((x)))a@b.example"), Err(FieldClass::Limit));
        assert!(class(&format!("{:40}", "a@b.example")).is_ok());
        assert_eq!(class(&format!("{:41}", "a@b.example")), Err(FieldClass::Limit));
    }

    #[test]
    fn a_field_is_plain_if_no_name_can_show_an_address() {
        for (body, plain) in [
            ("a@b.example", true),
            ("J. Doe (x) <a@b.example>, \"y\" <c@d.example>", true),
            ("\"a@b.example\" <a@b.example>", false),
            ("(a@b.example) <a@b.example>", false),
            ("=?utf-8?q?a?= <a@b.example>", false),
            ("\"=?utf-8?q?a?=\" <a@b.example>", false),
            ("\"\\=?\" <a@b.example>", false),
            ("=\"?utf-8?q?a?=\" <a@b.example>", false),
            ("A =\"?utf-8?q?a\" <a@b.example>", false),
            ("\"=\"?utf-8?q?a?= <a@b.example>", false),
            ("\u{e9} <a@b.example>", false),
            ("(\u{e9}) <a@b.example>", false),
        ] {
            let summary = read_field(body.as_bytes(), &Limits::default()).expect(body);
            assert_eq!(summary.plain, plain, "{body}");
        }
    }
}
