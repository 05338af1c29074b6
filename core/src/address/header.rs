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
//! Accepted: `a@b.example`, `J. Doe <a@b.example>`, `"a@c.example" <a@b.example> (note)`, `Team: a@b.example, c@d.example;`.
//! Refused: `a@c.example <a@b.example>`, `<a@c.example> <a@b.example>`, `<@c.example:a@b.example>`, `a @b.example`, `,a@b.example`.

use core::fmt;

use super::canonical::{AddrSpec, LocalForm, MAX_ADDRESS};
use super::domain::MAX_DOMAIN;
use super::literal::Literal;
use super::local::MAX_LOCAL;
use super::octet::{self, ATEXT, CONTROL, CTEXT, HIGH, QTEXT, WSP};
use super::span::{Span, position};
use super::unicode;
use crate::options::Limits;

pub use super::name::{Name, NameKind, Names, names};

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
    let mut reader = Reader::new(body, limits)?;
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
    let mut reader = Reader::new(body, limits).ok();
    core::iter::from_fn(move || reader.as_mut()?.next_mailbox().ok()?)
}

/// The reason why a field cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{construct}")]
pub struct FieldError {
    construct: Construct,
    offset: u32,
}

impl FieldError {
    /// Returns the construct that was found.
    #[must_use]
    pub const fn construct(&self) -> Construct {
        self.construct
    }

    /// Returns the octet of the body at which it shows.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}

/// What a construct means for the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each is a reason of its own; a new one is a breaking change")]
pub enum FieldClass {
    /// The field is over a limit.
    Limit,
    /// Not RFC 5322.
    Syntax,
    /// Known to some standard, but two readers could read it differently.
    Ambiguous,
    /// The field has groups, and none has a member.
    GroupEmpty,
    /// More mailboxes than the limit.
    TooManyMailboxes,
}

macro_rules! constructs {
    ($( $(#[doc = $doc:literal])+ $variant:ident, $class:ident, $text:literal; )+) => {
        /// What keeps a field from being read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Construct { $( $(#[doc = $doc])+ $variant, )+ }

        impl Construct {
            /// Every construct.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Returns the description, such as `a second angle address after the first`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }

            /// Returns what it means for the decision.
            #[must_use]
            pub const fn class(self) -> FieldClass {
                match self { $( Self::$variant => FieldClass::$class, )+ }
            }
        }
    };
}

constructs! {
    /// The body is over the limit of octets.
    FieldTooLong, Limit, "a field over the limit of octets";
    /// Comments are nested deeper than the limit.
    CommentTooDeep, Limit, "comments nested deeper than the limit";
    /// More mailboxes than the limit.
    TooManyMailboxes, TooManyMailboxes, "more mailboxes than the limit";
    /// There are groups, and none has a member (RFC 6854).
    EmptyGroup, GroupEmpty, "a group without a member";

    /// An octet sequence that is not UTF-8 (RFC 6532 §3.1).
    InvalidUtf8, Syntax, "octets that are not UTF-8";
    /// The field, or a pair of angle brackets, holds nothing.
    MissingMailbox, Syntax, "no mailbox";
    /// Words without an address.
    MissingAddress, Syntax, "words without an address";
    /// An at sign with nothing before it.
    MissingLocalPart, Syntax, "an at sign with nothing before it";
    /// An at sign with no domain after it.
    MissingDomain, Syntax, "an at sign without a domain after it";
    /// A colon with no group name before it.
    MissingGroupName, Syntax, "a colon without a group name before it";
    /// A dot at the start or end of a name, local part or domain, or next to another dot.
    MisplacedDot, Syntax, "a dot at an edge or beside another dot";
    /// An address literal that is neither IPv4 nor tagged IPv6.
    InvalidLiteral, Syntax, "an address literal that is neither IPv4 nor tagged IPv6";
    /// A local part over 64 octets, a domain over 255, or an address over 254 (RFC 5321 §4.5.3.1).
    AddressTooLong, Syntax, "an address over the lengths of RFC 5321";
    /// A quoted string that does not end.
    UnbalancedQuote, Syntax, "a quoted string that does not end";
    /// A comment that does not end, or one that ends and has not begun.
    UnbalancedComment, Syntax, "an unbalanced parenthesis";
    /// An angle bracket or square bracket without its partner.
    UnbalancedBracket, Syntax, "an unbalanced bracket";
    /// A group that is never ended.
    GroupNotEnded, Syntax, "a group that is not ended";
    /// A semicolon outside of a group.
    StraySemicolon, Syntax, "a semicolon outside of a group";
    /// A character that may not stand there.
    UnexpectedCharacter, Syntax, "a character that may not stand there";

    /// A second angle address after the first.
    TwoAngleAddresses, Ambiguous, "a second angle address after the first";
    /// Words or an address after a complete mailbox.
    TrailingText, Ambiguous, "text after a complete mailbox";
    /// An at sign among words without quotes.
    AtSignInPhrase, Ambiguous, "an at sign in a name without quotes";
    /// A second at sign after an address.
    SecondAtSign, Ambiguous, "a second at sign in an address";
    /// A source route (RFC 5322 §4.4 `obs-route`).
    Route, Ambiguous, "a source route";
    /// A comment inside an addr-spec, or between angle brackets.
    CommentInAddress, Ambiguous, "a comment inside an address";
    /// White space inside an addr-spec, other than a space in quotes.
    SpaceInAddress, Ambiguous, "white space inside an address";
    /// Quoted strings and atoms mixed in a local part (RFC 5322 §4.4 `obs-local-part`).
    MixedLocalPart, Ambiguous, "a local part of both atoms and quoted strings";
    /// Something like an encoded-word where an address stands (RFC 2047 §5).
    EncodedWordInAddress, Ambiguous, "an encoded-word where an address stands";
    /// Nothing between two commas, or before the first or after the last.
    EmptyElement, Ambiguous, "an empty element of the list";
    /// A group without a member beside mailboxes or other groups with members.
    EmptyGroupAmongOthers, Ambiguous, "a group without a member beside mailboxes";
    /// A group inside a group.
    NestedGroup, Ambiguous, "a group inside a group";
    /// A NUL.
    Nul, Ambiguous, "a NUL";
    /// A CR or LF that folds no line.
    BareLineEnd, Ambiguous, "a CR or LF that folds no line";
    /// A fold that leaves a line of white space only (RFC 5322 §3.2.2).
    BlankFold, Ambiguous, "a folded line of white space only";
    /// A control character other than those.
    Control, Ambiguous, "a control character";
    /// A control character after a backslash (RFC 5322 §4.1 `obs-qp`).
    QuotedControl, Ambiguous, "a control character after a backslash";
    /// A bidirectional control: in an address any, in a name one that embeds, overrides or isolates.
    BidiControl, Ambiguous, "a bidirectional control character";
}

impl fmt::Display for Construct {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

type Result<T, E = FieldError> = core::result::Result<T, E>;

/// What stands between two tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Comment,
}

/// What a run of words and dots, with nothing between them, amounts to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    /// Dot-separated atoms, complete: `dot-atom-text`.
    Atoms,
    /// Dot-separated atoms and a dot at the end.
    Dot,
    /// One quoted string.
    Quoted,
    /// Quoted strings among atoms, dots and each other.
    Mixed,
    /// A dot at the start, or two together.
    Broken,
}

/// Where the reader stands in the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first element of the field or of a group.
    Start,
    /// After a comma.
    Comma,
    /// After an element.
    Element,
}

/// Reads a body from left to right, one mailbox at a time.
struct Reader<'a> {
    body: &'a [u8],
    /// The body as text if it is not ASCII; empty if it is.
    text: &'a str,
    at: usize,
    comment_depth: u32,
    place: At,
    group: Option<u32>,
    groups: u32,
    empty_group: Option<u32>,
    plain: bool,
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8], limits: &Limits) -> Result<Self> {
        if body.len() > limits.field_octets as usize {
            return Err(FieldError { construct: Construct::FieldTooLong, offset: limits.field_octets });
        }
        let text = if body.is_ascii() {
            ""
        } else {
            core::str::from_utf8(body).map_err(|error| FieldError {
                construct: Construct::InvalidUtf8,
                offset: position(error.valid_up_to()),
            })?
        };
        Ok(Self {
            body,
            text,
            at: 0,
            comment_depth: limits.comment_depth,
            place: At::Start,
            group: None,
            groups: 0,
            empty_group: None,
            plain: true,
        })
    }

    /// Reads on to the next mailbox; `None` at the end of the field.
    fn next_mailbox(&mut self) -> Result<Option<Mailbox>> {
        loop {
            self.skip_gap()?;
            match (self.peek(), self.place) {
                (None, _) if self.group.is_some() => return Err(self.error(Construct::GroupNotEnded)),
                (None, At::Start) => return Err(self.error(Construct::MissingMailbox)),
                (None, At::Element) => return Ok(None),
                (None | Some(b',' | b';'), At::Comma) | (Some(b','), At::Start) => {
                    return Err(self.error(Construct::EmptyElement));
                }
                (Some(b','), At::Element) => {
                    self.at += 1;
                    self.place = At::Comma;
                }
                (Some(b';'), At::Start | At::Element) => self.end_group()?,
                (Some(octet), At::Element) => return Err(self.error(trailing(octet))),
                (Some(_), At::Start | At::Comma) => {
                    if let Some(mailbox) = self.element()? {
                        self.place = At::Element;
                        return Ok(Some(mailbox));
                    }
                }
            }
        }
    }

    fn end_group(&mut self) -> Result<()> {
        if self.group.take().is_none() {
            return Err(self.error(Construct::StraySemicolon));
        }
        if self.place == At::Start {
            self.empty_group.get_or_insert(position(self.at));
        }
        self.at += 1;
        self.place = At::Element;
        Ok(())
    }

    /// Reads a mailbox, or the name of a group and its colon, of which it returns `None`.
    fn element(&mut self) -> Result<Option<Mailbox>> {
        let first = self.at;
        let mut words = 0;
        let mut start = self.at;
        let mut run = Run::Broken;
        let mut gap = Gap::None;
        loop {
            match self.peek() {
                Some(octet) if octet == b'"' || octet == b'.' || octet::is(octet, ATEXT | HIGH) => {
                    if octet == b'.' && words == 0 {
                        return Err(self.error(Construct::MisplacedDot));
                    }
                    start = self.at;
                    run = self.run()?;
                    words += 1;
                    gap = self.skip_gap()?;
                }
                Some(b'@') => {
                    if words == 0 {
                        return Err(self.error(Construct::MissingLocalPart));
                    }
                    if words > 1 {
                        return Err(self.error(Construct::AtSignInPhrase));
                    }
                    let addr_spec = self.addr_spec(start, run, gap)?;
                    self.after_bare_address()?;
                    return Ok(Some(Mailbox { addr_spec, group: self.group }));
                }
                Some(b'<') => return self.angle_address().map(Some),
                Some(b':') => {
                    if words == 0 {
                        return Err(self.error(Construct::MissingGroupName));
                    }
                    if self.group.is_some() {
                        return Err(self.error(Construct::NestedGroup));
                    }
                    self.at += 1;
                    self.group = Some(self.groups);
                    self.groups += 1;
                    self.place = At::Start;
                    return Ok(None);
                }
                None | Some(b',' | b';') => {
                    let words = self.body.get(first..self.at).unwrap_or_default();
                    let construct =
                        if holds(words, b"=?") { Construct::EncodedWordInAddress } else { Construct::MissingAddress };
                    return Err(FieldError { construct, offset: position(first) });
                }
                Some(octet) => return Err(self.error(unexpected(octet))),
            }
        }
    }

    /// Reads words and dots up to the next gap or special.
    fn run(&mut self) -> Result<Run> {
        let mut run = None;
        loop {
            run = Some(match (self.peek(), run) {
                (Some(b'"'), run) => {
                    self.quoted_string()?;
                    if run.is_none() { Run::Quoted } else { Run::Mixed }
                }
                (Some(b'.'), run) => {
                    self.at += 1;
                    match run {
                        Some(Run::Atoms) => Run::Dot,
                        Some(Run::Quoted | Run::Mixed) => Run::Mixed,
                        Some(Run::Dot | Run::Broken) | None => Run::Broken,
                    }
                }
                (Some(octet), run) if octet::is(octet, ATEXT | HIGH) => {
                    self.atom()?;
                    match run {
                        Some(Run::Atoms | Run::Dot) | None => Run::Atoms,
                        Some(Run::Quoted | Run::Mixed) => Run::Mixed,
                        Some(Run::Broken) => Run::Broken,
                    }
                }
                (_, run) => return Ok(run.unwrap_or(Run::Broken)),
            });
        }
    }

    fn atom(&mut self) -> Result<()> {
        while let Some(octet) = self.peek() {
            if octet::is(octet, ATEXT) {
                self.at += 1;
                if octet == b'=' && self.peek() == Some(b'?') {
                    self.plain = false;
                }
            } else if octet::is(octet, HIGH) {
                self.wide()?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn angle_address(&mut self) -> Result<Mailbox> {
        let open = self.at;
        self.at += 1;
        self.skip_space_in_brackets()?;
        let start = self.at;
        match self.peek() {
            Some(b'>') => return Err(self.error(Construct::MissingMailbox)),
            Some(b'@' | b',') => return Err(self.error(Construct::Route)),
            _ => {}
        }
        let run = self.run()?;
        if self.at == start {
            return Err(self.error(self.peek().map_or(Construct::UnbalancedBracket, unexpected)));
        }
        let gap = self.skip_gap()?;
        if self.peek() != Some(b'@') {
            let words = self.body.get(start..self.at).unwrap_or_default();
            return Err(match self.peek() {
                None => FieldError { construct: Construct::UnbalancedBracket, offset: position(open) },
                _ if holds(words, b"=?") => {
                    FieldError { construct: Construct::EncodedWordInAddress, offset: position(start) }
                }
                Some(b'>') => FieldError { construct: Construct::MissingAddress, offset: position(start) },
                Some(_) if gap != Gap::None => FieldError { construct: inside(gap), offset: position(start) },
                Some(octet) => self.error(unexpected(octet)),
            });
        }
        let addr_spec = self.addr_spec(start, run, gap)?;
        let before = self.at;
        self.skip_space_in_brackets()?;
        match self.peek() {
            Some(b'>') => self.at += 1,
            None => return Err(FieldError { construct: Construct::UnbalancedBracket, offset: position(open) }),
            Some(b'@') => return Err(self.error(Construct::SecondAtSign)),
            Some(b':' | b',') => return Err(self.error(Construct::Route)),
            Some(octet) if self.at > before && !matches!(octet, b'<' | b')') => {
                return Err(self.error(Construct::SpaceInAddress));
            }
            Some(octet) => return Err(self.error(unexpected(octet))),
        }
        Ok(Mailbox { addr_spec, group: self.group })
    }

    /// Checks the local part that was read and reads on from the at sign to the end of the domain.
    fn addr_spec(&mut self, start: usize, run: Run, gap: Gap) -> Result<AddrSpec> {
        let at = self.at;
        if gap != Gap::None {
            return Err(FieldError { construct: inside(gap), offset: position(start) });
        }
        let form = match run {
            Run::Atoms => LocalForm::DotAtom,
            Run::Quoted => LocalForm::Quoted,
            Run::Mixed => return Err(FieldError { construct: Construct::MixedLocalPart, offset: position(start) }),
            Run::Dot | Run::Broken => {
                return Err(FieldError { construct: Construct::MisplacedDot, offset: position(start) });
            }
        };
        self.at += 1;
        self.domain()?;
        let spec = AddrSpec {
            span: Span::between(start, self.at),
            local: Span::between(start, at),
            domain: Span::between(at + 1, self.at),
            form,
        };
        if at - start > MAX_LOCAL || self.at - at - 1 > MAX_DOMAIN || self.at - start > MAX_ADDRESS {
            return Err(FieldError { construct: Construct::AddressTooLong, offset: position(start) });
        }
        self.check_address(spec)?;
        Ok(spec)
    }

    /// Refuses in an address what may stand in a name: encoded-words, folds and tabs in quotes, and, where the
    /// body is not ASCII, white space and bidirectional controls.
    fn check_address(&self, spec: AddrSpec) -> Result<()> {
        let octets = spec.span.of(self.body);
        let start = spec.span.start;
        if holds(octets, b"=?") {
            return Err(FieldError { construct: Construct::EncodedWordInAddress, offset: start });
        }
        if spec.form == LocalForm::Quoted && octets.iter().any(u8::is_ascii_control) {
            return Err(FieldError { construct: Construct::SpaceInAddress, offset: start });
        }
        if !self.text.is_empty() {
            let text = self.text.get(start as usize..spec.span.end as usize).unwrap_or_default();
            for (at, character) in text.char_indices().filter(|(_, character)| !character.is_ascii()) {
                let offset = start.saturating_add(position(at));
                if unicode::is_bidi_control(character) {
                    return Err(FieldError { construct: Construct::BidiControl, offset });
                }
                if unicode::is_white_space(character) {
                    return Err(FieldError { construct: Construct::SpaceInAddress, offset });
                }
            }
        }
        Ok(())
    }

    fn domain(&mut self) -> Result<()> {
        let start = self.at;
        match self.peek() {
            Some(b'[') => {
                let length = self.rest().iter().position(|&octet| octet == b']');
                let Some(length) = length else { return Err(self.error(Construct::UnbalancedBracket)) };
                let literal = self.rest().get(..=length).unwrap_or_default();
                if literal.iter().any(|&octet| octet::is(octet, WSP | CONTROL)) {
                    return Err(self.error(Construct::SpaceInAddress));
                }
                if Literal::parse(literal).is_none() {
                    return Err(self.error(Construct::InvalidLiteral));
                }
                self.at += length + 1;
                return Ok(());
            }
            Some(b'.') => return Err(self.error(Construct::MisplacedDot)),
            Some(b'(') => return Err(self.error(Construct::CommentInAddress)),
            Some(b'@') => return Err(self.error(Construct::SecondAtSign)),
            Some(octet) if octet::is(octet, WSP) || octet == b'\r' => {
                let gap = self.skip_gap()?;
                let end = matches!(self.peek(), None | Some(b'>' | b',' | b';'));
                return Err(FieldError {
                    construct: if end { Construct::MissingDomain } else { inside(gap) },
                    offset: position(start),
                });
            }
            _ => {}
        }
        loop {
            let label = self.at;
            self.atom()?;
            if self.at == label {
                return Err(match self.peek() {
                    _ if label == start => self.error(Construct::MissingDomain),
                    Some(b'(') => self.error(Construct::CommentInAddress),
                    Some(octet) if octet::is(octet, WSP) || octet == b'\r' => match self.skip_gap()? {
                        gap if self.peek().is_some_and(|octet| octet::is(octet, ATEXT | HIGH)) => {
                            self.error(inside(gap))
                        }
                        _ => FieldError { construct: Construct::MisplacedDot, offset: position(label) },
                    },
                    _ => self.error(Construct::MisplacedDot),
                });
            }
            if self.peek() != Some(b'.') {
                return Ok(());
            }
            self.at += 1;
        }
    }

    /// Checks that a bare address is followed by the end of its element.
    fn after_bare_address(&mut self) -> Result<()> {
        let gap = self.skip_gap()?;
        match self.peek() {
            None | Some(b',' | b';') => Ok(()),
            Some(b'.') => Err(self.error(if gap == Gap::None { Construct::MisplacedDot } else { inside(gap) })),
            Some(b'<' | b':') => Err(self.error(Construct::AtSignInPhrase)),
            Some(b'@') => Err(self.error(Construct::SecondAtSign)),
            Some(octet) => Err(self.error(trailing(octet))),
        }
    }

    /// Skips white space, folds and comments, and says which there were.
    fn skip_gap(&mut self) -> Result<Gap> {
        let mut gap = Gap::None;
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') => self.fold()?,
                Some(b'(') => {
                    self.comment()?;
                    gap = Gap::Comment;
                    continue;
                }
                _ => return Ok(gap),
            }
            if gap == Gap::None {
                gap = Gap::Space;
            }
        }
    }

    /// Skips white space and folds between an angle bracket and the address; a comment there is refused.
    fn skip_space_in_brackets(&mut self) -> Result<()> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') => self.fold()?,
                Some(b'(') => return Err(self.error(Construct::CommentInAddress)),
                _ => return Ok(()),
            }
        }
    }

    /// Skips a CRLF and the white space after it, which must be followed by something on its line.
    fn fold(&mut self) -> Result<()> {
        let [b'\r', b'\n', b' ' | b'\t', ..] = self.rest() else {
            return Err(self.error(Construct::BareLineEnd));
        };
        self.at += 3;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        match self.rest() {
            [] | [b'\r', b'\n', ..] => Err(self.error(Construct::BlankFold)),
            _ => Ok(()),
        }
    }

    fn comment(&mut self) -> Result<()> {
        let open = self.at;
        let mut depth = 0;
        loop {
            match self.peek() {
                Some(b'(') => {
                    depth += 1;
                    if depth > self.comment_depth {
                        return Err(self.error(Construct::CommentTooDeep));
                    }
                    self.at += 1;
                }
                Some(b')') => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                Some(octet) => self.quotable(octet, CTEXT)?,
                None => return Err(FieldError { construct: Construct::UnbalancedComment, offset: position(open) }),
            }
        }
    }

    fn quoted_string(&mut self) -> Result<()> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(octet) => self.quotable(octet, QTEXT)?,
                None => return Err(FieldError { construct: Construct::UnbalancedQuote, offset: position(open) }),
            }
        }
    }

    /// Skips one character, quoted pair or fold of a quoted string or comment.
    #[inline]
    fn quotable(&mut self, octet: u8, text: u8) -> Result<()> {
        if octet::is(octet, text) {
            self.at += 1;
            if octet == b'@' || (octet == b'=' && self.peek() == Some(b'?')) {
                self.plain = false;
            }
            return Ok(());
        }
        match octet {
            b' ' | b'\t' => self.at += 1,
            b'\r' => self.fold()?,
            b'\\' => {
                self.plain = false;
                self.at += 1;
                match self.peek() {
                    Some(octet) if octet::is(octet, HIGH) => self.wide()?,
                    Some(octet) if octet == b'\t' || !octet::is(octet, CONTROL) => self.at += 1,
                    Some(_) => return Err(self.error(Construct::QuotedControl)),
                    // The end of the body: what is open shows as not ended.
                    None => {}
                }
            }
            _ if octet::is(octet, HIGH) => self.wide()?,
            _ => return Err(self.error(unexpected(octet))),
        }
        Ok(())
    }

    /// Skips a character that is not ASCII.
    fn wide(&mut self) -> Result<()> {
        self.plain = false;
        let Some(character) = self.text.get(self.at..).and_then(|text| text.chars().next()) else {
            return Err(self.error(Construct::InvalidUtf8));
        };
        if character.is_control() {
            return Err(self.error(Construct::Control));
        }
        if unicode::is_bidi_embedding(character) {
            return Err(self.error(Construct::BidiControl));
        }
        self.at += character.len_utf8();
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn error(&self, construct: Construct) -> FieldError {
        FieldError { construct, offset: position(self.at) }
    }
}

/// Names an octet that no rule of the grammar takes where it stands.
fn unexpected(octet: u8) -> Construct {
    match octet {
        0 => Construct::Nul,
        b'\r' | b'\n' => Construct::BareLineEnd,
        b')' => Construct::UnbalancedComment,
        b'<' => Construct::TwoAngleAddresses,
        b'>' | b']' => Construct::UnbalancedBracket,
        _ if octet::is(octet, CONTROL) => Construct::Control,
        _ => Construct::UnexpectedCharacter,
    }
}

/// Names what follows a complete mailbox or group and is no separator.
fn trailing(octet: u8) -> Construct {
    match octet {
        b'<' => Construct::TwoAngleAddresses,
        b'"' | b'.' | b'@' | b':' => Construct::TrailingText,
        _ if octet::is(octet, ATEXT | HIGH) => Construct::TrailingText,
        _ => unexpected(octet),
    }
}

/// Names a gap inside an address.
fn inside(gap: Gap) -> Construct {
    if gap == Gap::Comment { Construct::CommentInAddress } else { Construct::SpaceInAddress }
}

fn holds(octets: &[u8], pair: &[u8; 2]) -> bool {
    octets.windows(2).any(|window| window == pair)
}
