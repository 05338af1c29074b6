//! The grammar of a field's body, for both readings.

mod addr_spec;
mod angle;
mod obsolete;
mod words;

use super::canonical::AddrSpec;
use super::construct::{Construct, FieldError};
use super::header::Mailbox;
use super::octet::{self, ATEXT, CONTROL, HIGH, INSIDE};
use super::plain;
use super::span::{Span, position};
use crate::options::Limits;

use obsolete::spaced_run;
use words::is_gap;

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
    /// Whether everyday addresses are read at once.
    const IS_QUICK: bool = true;

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

/// The same, by the grammar alone.
#[cfg(test)]
pub(super) struct Thorough;

#[cfg(test)]
impl Mode for Thorough {
    const GOES_ON: bool = false;
    const IS_QUICK: bool = false;

    fn forbid(&mut self, construct: Construct, offset: u32) -> Result<()> {
        Strict.forbid(construct, offset)
    }

    fn forget_from(&mut self, _: u32) {}

    fn name(&mut self, _: Span) {}

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
    /// Whether a fold, and whether an at sign, was read within quotes or comments.
    has_inner_fold: bool,
    has_inner_at_sign: bool,
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
            has_inner_fold: false,
            has_inner_at_sign: false,
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

    /// Reads an everyday address at once, if what follows ends it.
    #[inline]
    fn everyday(&mut self, ends: impl FnOnce(Option<u8>) -> bool) -> Option<AddrSpec> {
        if !M::IS_QUICK {
            return None;
        }
        let end = self.at + octet::leading(self.rest(), INSIDE);
        let addr_spec =
            if ends(self.body.get(end).copied()) { plain::address(self.body, self.at, end)? } else { return None };
        self.at = end;
        Some(addr_spec)
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
        // What goes on reads a dot behind white space as one of the domain.
        let is_end = |octet| matches!(octet, b',' | b';') || !M::GOES_ON && is_gap(octet);
        if let Some(last) = self.skip_phrase() {
            // Where there are several, an at sign has the place of each read again.
            (words, end) = (2, last);
        } else if let Some(addr_spec) = self.everyday(|next| next.is_none_or(is_end)) {
            return self.bare_address(addr_spec);
        }
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
                    return self.bare_address(addr_spec);
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

    /// Takes an address for one without brackets, unless what follows shows it to be a name.
    fn bare_address(&mut self, addr_spec: AddrSpec) -> Result<Option<Mailbox>> {
        if self.is_name_after_all()? {
            self.mode.name(addr_spec.span);
            return self.angle_address();
        }
        Ok(Some(Mailbox { addr_spec, group: self.group }))
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
