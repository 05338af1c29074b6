//! The grammar of a field's body, for both readings.

mod obsolete;

use super::canonical::{AddrSpec, LocalForm, MAX_ADDRESS};
use super::construct::{Construct, FieldError};
use super::domain::MAX_DOMAIN;
use super::header::Mailbox;
use super::literal::Literal;
use super::local::MAX_LOCAL;
use super::octet::{self, ATEXT, CONTROL, CTEXT, HIGH, QTEXT, WSP};
use super::span::{Span, position};
use super::unicode;
use crate::options::Limits;

use obsolete::{is_dotted, spaced_run};

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

/// What becomes of a construct that may not be authorised: the two readings are one reader.
pub(super) trait Mode {
    /// Whether the reading goes on after such a construct.
    const GOES_ON: bool;

    /// Takes note of it, or fails.
    fn forbid(&mut self, construct: Construct, offset: u32) -> Result<()>;

    /// Forgets what was noted from an offset on, which is read again.
    fn forget_from(&mut self, offset: u32);

    /// Takes note of the phrase before an angle address.
    fn name(&mut self, span: Span);

    /// Takes note of the phrase before a group's colon.
    fn group(&mut self, span: Span);
}

/// The reading of [`read_field`]: the first such construct ends it.
pub(super) struct Strict;

impl Mode for Strict {
    const GOES_ON: bool = false;

    #[inline]
    fn forbid(&mut self, construct: Construct, offset: u32) -> Result<()> {
        Err(FieldError { construct, offset })
    }

    #[inline]
    fn forget_from(&mut self, _: u32) {}

    #[inline]
    fn name(&mut self, _: Span) {}

    #[inline]
    fn group(&mut self, _: Span) {}
}

/// Reads a body from left to right, one mailbox at a time.
pub(super) struct Reader<'a, M> {
    pub(super) mode: M,
    body: &'a [u8],
    /// The body as text if it is not ASCII; empty if it is.
    text: &'a str,
    at: usize,
    comment_depth: u32,
    place: At,
    group: Option<u32>,
    pub(super) groups: u32,
    pub(super) empty_group: Option<u32>,
    pub(super) plain: bool,
}

impl<'a, M: Mode> Reader<'a, M> {
    pub(super) fn new(body: &'a [u8], limits: &Limits, mode: M) -> Result<Self> {
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
            mode,
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
    pub(super) fn next_mailbox(&mut self) -> Result<Option<Mailbox>> {
        loop {
            self.skip_gap()?;
            match (self.peek(), self.place) {
                (None, _) if self.group.is_some() => {
                    self.forbid(Construct::GroupNotEnded)?;
                    self.close_group();
                }
                (None, At::Start) => {
                    self.forbid(Construct::MissingMailbox)?;
                    return Ok(None);
                }
                (None, At::Element) => return Ok(None),
                (None | Some(b',' | b';'), At::Comma) | (Some(b','), At::Start) => {
                    self.forbid(Construct::EmptyElement)?;
                    self.place = if self.peek() == Some(b',') { At::Comma } else { At::Element };
                    self.at += usize::from(self.place == At::Comma);
                }
                (Some(b','), At::Element) => {
                    self.at += 1;
                    self.place = At::Comma;
                }
                (Some(b';'), At::Start | At::Element) => {
                    if self.group.is_none() {
                        self.forbid(Construct::StraySemicolon)?;
                    }
                    self.close_group();
                    self.at += 1;
                }
                (Some(octet), place) => {
                    if place == At::Element {
                        self.forbid_trailing(octet)?;
                    }
                    if let Some(mailbox) = self.element()? {
                        self.place = At::Element;
                        return Ok(Some(mailbox));
                    }
                }
            }
        }
    }

    fn close_group(&mut self) {
        if self.group.take().is_some() && self.place == At::Start {
            self.empty_group.get_or_insert(position(self.at));
        }
        self.place = At::Element;
    }

    /// Reads a mailbox; `None` for the name of a group and its colon, and for an element without an address.
    fn element(&mut self) -> Result<Option<Mailbox>> {
        let first = self.at;
        let mut words = 0;
        let mut start = self.at;
        let mut end = self.at;
        let mut run = Run::Broken;
        let mut gap = Gap::None;
        loop {
            match self.peek() {
                Some(octet) if octet == b'"' || octet == b'.' || octet::is(octet, ATEXT | HIGH) => {
                    if octet == b'.' && words == 0 {
                        self.forbid(Construct::MisplacedDot)?;
                    }
                    start = self.at;
                    run = self.run()?;
                    end = self.at;
                    words += 1;
                    gap = self.skip_gap()?;
                }
                Some(b'@') => {
                    if words == 0 {
                        return Err(self.error(Construct::MissingLocalPart));
                    }
                    if words > 1 {
                        let local = self.local_part_of(first, end);
                        let inner = if local == first { Construct::SpaceInAddress } else { Construct::AtSignInPhrase };
                        self.forbid(inner)?;
                        (start, run) = (local, spaced_run(self.body.get(local..end).unwrap_or_default()));
                    }
                    let addr_spec = self.addr_spec(start, run, gap)?;
                    if self.is_name_after_all()? {
                        self.mode.name(addr_spec.span);
                        return self.angle_address();
                    }
                    return Ok(Some(Mailbox { addr_spec, group: self.group }));
                }
                Some(b'<') => {
                    self.mode.name(Span::between(first, end));
                    return self.angle_address();
                }
                Some(b':') => {
                    if words == 0 {
                        return Err(self.error(Construct::MissingGroupName));
                    }
                    if self.group.is_some() {
                        self.forbid(Construct::NestedGroup)?;
                    }
                    self.mode.group(Span::between(first, end));
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
                    self.mode.forbid(construct, position(first))?;
                    self.place = At::Element;
                    return Ok(None);
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

    /// Reads an angle address; `None` for brackets that hold no address.
    fn angle_address(&mut self) -> Result<Option<Mailbox>> {
        let open = self.at;
        self.at += 1;
        self.skip_space_in_brackets()?;
        match self.peek() {
            Some(b'>') => {
                self.forbid(Construct::MissingMailbox)?;
                return Ok(self.no_mailbox());
            }
            Some(b'@' | b',') => {
                self.forbid(Construct::Route)?;
                self.route()?;
            }
            _ => {}
        }
        let start = self.at;
        let mut run = self.run()?;
        if self.at == start {
            return Err(self.error(self.peek().map_or(Construct::UnbalancedBracket, unexpected)));
        }
        let mut gap = self.skip_gap()?;
        if M::GOES_ON && gap != Gap::None {
            (run, gap) = self.spaced_local_part(start, run, gap)?;
        }
        if self.peek() != Some(b'@') {
            let words = self.body.get(start..self.at).unwrap_or_default();
            let (construct, offset) = match self.peek() {
                None => (Construct::UnbalancedBracket, open),
                _ if may_be_encoded(words) => (Construct::EncodedWordInAddress, start),
                Some(b'>') => (Construct::MissingAddress, start),
                Some(_) if gap != Gap::None => (inside(gap), start),
                Some(octet) => (unexpected(octet), self.at),
            };
            let error = FieldError { construct, offset: position(offset) };
            if self.peek() != Some(b'>') {
                return Err(error);
            }
            self.mode.forbid(construct, error.offset)?;
            return Ok(self.no_mailbox());
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
        Ok(Some(Mailbox { addr_spec, group: self.group }))
    }

    /// Reads on after a bracket that closes on no address.
    fn no_mailbox(&mut self) -> Option<Mailbox> {
        self.mode.name(Span::default());
        self.at += 1;
        self.place = At::Element;
        None
    }

    /// Checks the local part that was read and reads on from the at sign to the end of the domain.
    fn addr_spec(&mut self, start: usize, run: Run, gap: Gap) -> Result<AddrSpec> {
        let at = self.at;
        if gap != Gap::None {
            self.mode.forbid(inside(gap), position(start))?;
        }
        let form = match run {
            Run::Atoms => LocalForm::DotAtom,
            Run::Quoted => LocalForm::Quoted,
            Run::Mixed => {
                let words = self.body.get(start..at).unwrap_or_default();
                let construct = if is_dotted(words) { Construct::MixedLocalPart } else { Construct::AdjacentWords };
                self.mode.forbid(construct, position(start))?;
                LocalForm::DotAtom
            }
            Run::Dot | Run::Broken => {
                self.mode.forbid(Construct::MisplacedDot, position(start))?;
                LocalForm::DotAtom
            }
        };
        self.at += 1;
        self.domain()?;
        let spec = AddrSpec::new(self.body, start, at, self.at, form);
        if at - start > MAX_LOCAL || self.at - at - 1 > MAX_DOMAIN || self.at - start > MAX_ADDRESS {
            self.mode.forbid(Construct::AddressTooLong, position(start))?;
        }
        self.check_address(spec)?;
        Ok(spec)
    }

    /// Refuses in an address what may stand in a name: encoded-words, folds and tabs in quotes, and, where the
    /// body is not ASCII, white space and bidirectional controls.
    fn check_address(&mut self, spec: AddrSpec) -> Result<()> {
        let octets = spec.span.of(self.body);
        let start = spec.span.start;
        if may_be_encoded(octets) {
            self.mode.forbid(Construct::EncodedWordInAddress, start)?;
        }
        let inner = spec.local.of(self.body);
        if spec.form == LocalForm::Quoted {
            if inner.iter().any(u8::is_ascii_control) {
                self.mode.forbid(Construct::SpaceInAddress, start)?;
            }
            // A reader that looks for brackets or at signs finds another address in there.
            if inner.iter().any(|octet| matches!(octet, b'<' | b'>' | b'@' | b',')) {
                self.mode.forbid(Construct::QuotedDelimiter, start)?;
            }
            // A backslash before a character that is not ASCII is no quoted-pairSMTP (RFC 5321 §4.1.2).
            if inner.windows(2).any(|pair| matches!(pair, [b'\\', octet] if !octet.is_ascii())) {
                self.mode.forbid(Construct::QuotedNonAscii, start)?;
            }
        }
        if !self.text.is_empty() {
            let text = self.text.get(start as usize..spec.span.end as usize).unwrap_or_default();
            for (at, character) in text.char_indices().filter(|(_, character)| !character.is_ascii()) {
                let offset = start.saturating_add(position(at));
                if unicode::is_bidi_control(character) {
                    self.mode.forbid(Construct::BidiControl, offset)?;
                }
                if unicode::is_white_space(character) {
                    self.mode.forbid(Construct::SpaceInAddress, offset)?;
                }
            }
        }
        Ok(())
    }

    fn domain(&mut self) -> Result<()> {
        let start = self.at;
        match self.peek() {
            Some(b'@') => return Err(self.error(Construct::SecondAtSign)),
            Some(octet) if octet::is(octet, WSP) || octet == b'\r' || octet == b'(' => {
                let gap = self.skip_gap()?;
                match self.peek() {
                    None | Some(b'>' | b',' | b';') if gap == Gap::Space => {
                        return Err(FieldError { construct: Construct::MissingDomain, offset: position(start) });
                    }
                    _ => self.mode.forbid(inside(gap), position(start))?,
                }
            }
            _ => {}
        }
        if self.peek() == Some(b'[') {
            return self.literal();
        }
        let first = self.at;
        loop {
            let label = self.at;
            self.atom()?;
            if self.at == label {
                match self.peek() {
                    Some(b'.') => self.forbid(Construct::MisplacedDot)?,
                    _ if label == first => return Err(self.error(Construct::MissingDomain)),
                    // A dot that ends the domain.
                    _ => {
                        self.mode.forbid(Construct::MisplacedDot, position(label))?;
                        return Ok(());
                    }
                }
            }
            if !self.dot_of_domain()? {
                return Ok(());
            }
        }
    }

    /// Reads the dot between two labels and what stands around it; `false` where the domain ends.
    #[inline]
    fn dot_of_domain(&mut self) -> Result<bool> {
        if M::GOES_ON {
            return self.spaced_dot();
        }
        if self.peek() != Some(b'.') {
            return Ok(false);
        }
        self.at += 1;
        match self.peek() {
            Some(octet) if octet::is(octet, WSP) || octet == b'\r' || octet == b'(' => self.spaced_label(),
            _ => Ok(true),
        }
    }

    fn literal(&mut self) -> Result<()> {
        let start = self.at;
        let mut inner = self.rest().iter().enumerate().skip(1);
        let end = loop {
            match inner.next() {
                Some((at, b']')) => break at,
                Some((_, b'[')) | None => return Err(self.error(Construct::UnbalancedBracket)),
                // RFC 5322 §4.4 `obs-dtext` knows quoted pairs.
                Some((_, b'\\')) => {
                    inner.next();
                }
                Some(_) => {}
            }
        };
        let literal = self.rest().get(..=end).unwrap_or_default();
        if literal.iter().any(|&octet| octet::is(octet, WSP | CONTROL)) {
            self.forbid(Construct::SpaceInAddress)?;
            while self.at < start + end {
                match self.peek() {
                    Some(b'\r') => self.fold()?,
                    Some(octet @ (0 | b'\n')) => return Err(self.error(unexpected(octet))),
                    Some(b'\\') => self.at += 2,
                    _ => self.at += 1,
                }
            }
        } else if Literal::parse(literal).is_none() {
            self.forbid(Construct::InvalidLiteral)?;
        }
        self.at = start + end + 1;
        Ok(())
    }

    /// Checks what follows a bare address: the end of its element, or the angle address whose name it is.
    fn is_name_after_all(&mut self) -> Result<bool> {
        let gap = self.skip_gap()?;
        match self.peek() {
            None | Some(b',' | b';') => Ok(false),
            Some(b'.') => Err(self.error(if gap == Gap::None { Construct::MisplacedDot } else { inside(gap) })),
            Some(b'<') => {
                self.forbid(Construct::AtSignInPhrase)?;
                Ok(true)
            }
            Some(b':') => Err(self.error(Construct::AtSignInPhrase)),
            Some(b'@') => Err(self.error(Construct::SecondAtSign)),
            // It is then read as an element of its own.
            Some(_) if M::GOES_ON => Ok(false),
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
                Some(b'(') => {
                    self.forbid(Construct::CommentInAddress)?;
                    self.comment()?;
                }
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
            [] | [b'\r', b'\n', ..] => self.forbid(Construct::BlankFold),
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
                    Some(_) => {
                        self.forbid(Construct::QuotedControl)?;
                        self.at += 1;
                    }
                    // The end of the body: what is open shows as not ended.
                    None => {}
                }
            }
            _ if octet::is(octet, HIGH) => self.wide()?,
            _ => match unexpected(octet) {
                // RFC 5322 §4.1 `obs-NO-WS-CTL`.
                Construct::Control => {
                    self.forbid(Construct::Control)?;
                    self.at += 1;
                }
                construct => return Err(self.error(construct)),
            },
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
            self.forbid(Construct::Control)?;
        }
        if unicode::is_bidi_embedding(character) {
            self.forbid(Construct::BidiControl)?;
        }
        self.at += character.len_utf8();
        Ok(())
    }

    /// Refuses what follows a complete mailbox or group and is no separator.
    fn forbid_trailing(&mut self, octet: u8) -> Result<()> {
        match trailing(octet) {
            construct @ (Construct::TwoAngleAddresses | Construct::TrailingText) => self.forbid(construct),
            construct => Err(self.error(construct)),
        }
    }

    #[inline]
    fn forbid(&mut self, construct: Construct) -> Result<()> {
        self.mode.forbid(construct, position(self.at))
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
