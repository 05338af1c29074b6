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
use super::plain;
use super::span::position;
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
    if body.len() <= limits.field_octets as usize && limits.mailboxes > 0 {
        if let Some(addr_spec) = plain::field(body) {
            let first = Mailbox { addr_spec, group: None };
            return Ok(FieldSummary { mailboxes: 1, groups: 0, first, plain: true });
        }
    }
    read_any_field(body, limits)
}

/// The same for what need not be everyday.
pub(super) fn read_any_field(body: &[u8], limits: &Limits) -> Result<FieldSummary, FieldError> {
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
    /// An angle bracket, at sign or comma in a quoted local part, where a reader that looks for them finds another address.
    QuotedDelimiter, Ambiguous, "an angle bracket, at sign or comma in a quoted local part";
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
                        if may_be_encoded(words) { Construct::EncodedWordInAddress } else { Construct::MissingAddress };
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
                if octet == b'=' && self.may_begin_encoded_word() {
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
                _ if may_be_encoded(words) => {
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
        let spec = AddrSpec::new(self.body, start, at, self.at, form);
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
        if may_be_encoded(octets) {
            return Err(FieldError { construct: Construct::EncodedWordInAddress, offset: start });
        }
        if spec.form == LocalForm::Quoted && octets.iter().any(u8::is_ascii_control) {
            return Err(FieldError { construct: Construct::SpaceInAddress, offset: start });
        }
        // A reader that looks for brackets or at signs finds another address in there.
        let inner = spec.local.of(self.body);
        if spec.form == LocalForm::Quoted && inner.iter().any(|octet| matches!(octet, b'<' | b'>' | b'@' | b',')) {
            return Err(FieldError { construct: Construct::QuotedDelimiter, offset: start });
        }
        // A backslash before a character that is not ASCII is no quoted-pairSMTP (RFC 5321 §4.1.2).
        if spec.form == LocalForm::Quoted
            && octets.windows(2).any(|pair| matches!(pair, [b'\\', octet] if !octet.is_ascii()))
        {
            return Err(FieldError { construct: Construct::UnexpectedCharacter, offset: start });
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
    fn quotable(&mut self, octet: u8, text: u16) -> Result<()> {
        if octet::is(octet, text) {
            self.at += 1;
            if octet == b'@' || (octet == b'=' && self.may_begin_encoded_word()) {
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

    /// Tells whether an equals sign before this place could begin an encoded-word, quotes between them or not.
    fn may_begin_encoded_word(&self) -> bool {
        matches!(self.peek(), Some(b'?' | b'"'))
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

/// Tells whether a lenient reader could take part of the octets for an encoded-word: `=?` and a `?` after it.
fn may_be_encoded(octets: &[u8]) -> bool {
    match octets.windows(2).position(|pair| pair == b"=?") {
        Some(at) => octets.iter().skip(at + 2).any(|&octet| octet == b'?'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Construct, FieldClass, mailboxes, read_field};
    use crate::address::LocalForm;
    use crate::options::Limits;

    /// Reads a body and writes what it holds: `local|domain`, with a group's number before a member.
    fn read(body: &str) -> Result<String, Construct> {
        let limits = Limits::default();
        let body = body.as_bytes();
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
            ("a. b@b.example", Construct::AtSignInPhrase),
            ("\"a\".b@b.example", Construct::MixedLocalPart),
            ("a.\"b\"@b.example", Construct::MixedLocalPart),
            ("\"a\"\"b\"@b.example", Construct::MixedLocalPart),
            ("\"a\"b@b.example", Construct::MixedLocalPart),
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
            ("\"\\\u{e9}\"@b.example", Construct::UnexpectedCharacter),
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
            ("\"=\"?utf-8?q?a?= <a@b.example>", false),
            ("\u{e9} <a@b.example>", false),
            ("(\u{e9}) <a@b.example>", false),
        ] {
            let summary = read_field(body.as_bytes(), &Limits::default()).expect(body);
            assert_eq!(summary.plain, plain, "{body}");
        }
    }
}
