//! Finds the originator fields of a header: their names, and the fields of a raw block.

use super::octet::{self, CASE};
use super::span::{Span, position};
use crate::options::Limits;

/// What a field's name says, compared ASCII case-insensitively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the originator fields are the model")]
pub enum FieldName {
    /// `From` (RFC 5322 §3.6.2).
    From,
    /// `Sender` (RFC 5322 §3.6.2).
    Sender,
    /// A resent field (RFC 5322 §3.6.6).
    Resent(ResentName),
    /// A name that is one of these only after white space, controls or characters that are not shown are removed.
    Ambiguous,
    /// Any other name.
    Other,
}

/// A resent field (RFC 5322 §3.6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 5322 §3.6.6 names seven")]
pub enum ResentName {
    /// `Resent-Date`.
    Date,
    /// `Resent-From`.
    From,
    /// `Resent-Sender`.
    Sender,
    /// `Resent-To`.
    To,
    /// `Resent-Cc`.
    Cc,
    /// `Resent-Bcc`.
    Bcc,
    /// `Resent-Message-ID`.
    MessageId,
}

/// Tells what a field's name says.
///
/// A lenient reader might drop white space, control characters, Unicode spaces and characters that are not shown;
/// a name that becomes one of ours without them is [`FieldName::Ambiguous`].
#[must_use]
pub fn classify(name: &[u8]) -> FieldName {
    let exact = lookup(name);
    if exact != FieldName::Other || octet::is_field_name(name) {
        return exact;
    }
    let mut kept = [0; LONGEST];
    let mut len = 0;
    let mut keep = |octets: &[u8]| {
        for &octet in octets {
            let Some(target) = kept.get_mut(len) else { return false };
            *target = octet;
            len += 1;
        }
        true
    };
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            let dropped = character == ' '
                || character.is_control()
                || character.is_whitespace()
                || super::unicode::is_default_ignorable(character);
            if !dropped && !keep(character.encode_utf8(&mut [0; 4]).as_bytes()) {
                return FieldName::Other;
            }
        }
        // Latin-1's C1 controls, no-break space and soft hyphen, for readers that know no UTF-8.
        for &octet in chunk.invalid() {
            if !matches!(octet, 0x80..=0xa0 | 0xad) && !keep(&[octet]) {
                return FieldName::Other;
            }
        }
    }
    match kept.get(..len).map(lookup) {
        Some(FieldName::Other) | None => FieldName::Other,
        Some(_) => FieldName::Ambiguous,
    }
}

/// One field of a raw header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a plain pair of ranges")]
pub struct RawField {
    /// The octets before the colon, white space before it included.
    pub name: Span,
    /// The octets after the colon, folds included, without the CRLF that ends the field.
    pub body: Span,
}

/// Reads a raw header block up to the empty line that ends it, or to its end.
///
/// # Errors
///
/// [`BlockError`] if any line is not ended by CRLF, is no field or continuation of one, or holds white space only, if
/// there is a NUL, or if the block is longer than `limits.header_octets`.
///
/// Time is linear and nothing is allocated. What follows the empty line, as the body of a whole message, is not looked at.
pub fn read_block<'a>(block: &'a [u8], limits: &Limits) -> Result<BlockFields<'a>, BlockError> {
    let limit = limits.header_octets as usize;
    let mut at = 0;
    let mut first = true;
    loop {
        let line = match next_line(block, at, limit)? {
            Line::Empty(end) => return Ok(BlockFields { block: block.get(..at).unwrap_or_default(), at: 0, end }),
            Line::Text { end, next } => (end, next),
        };
        match block.get(at) {
            Some(b' ' | b'\t') if first => return Err(BlockError::at(BlockErrorKind::LeadingFold, at)),
            Some(b' ' | b'\t') => check_continuation(block.get(at..line.0).unwrap_or_default(), at)?,
            _ => check_name(block.get(at..line.0).unwrap_or_default(), at)?,
        }
        first = false;
        at = line.1;
    }
}

/// The fields of a raw header block, in their order.
#[derive(Clone, Debug)]
pub struct BlockFields<'a> {
    block: &'a [u8],
    at: usize,
    end: usize,
}

impl BlockFields<'_> {
    /// Returns the length of the header in the block, with the empty line that ends it.
    #[must_use]
    pub fn header_len(&self) -> usize {
        self.end
    }
}

impl Iterator for BlockFields<'_> {
    type Item = RawField;

    fn next(&mut self) -> Option<RawField> {
        let start = self.at;
        let colon = start + octet::position(self.block.get(start..)?, b':')?;
        let mut end = colon + 1;
        loop {
            end += octet::position(self.block.get(end..)?, b'\n').unwrap_or(self.block.len() - end);
            self.at = end + 1;
            match self.block.get(end + 1) {
                Some(b' ' | b'\t') => end += 1,
                _ => break,
            }
        }
        if end < self.block.len() {
            end -= 1;
        }
        Some(RawField { name: Span::between(start, colon), body: Span::between(colon + 1, end) })
    }
}

/// The reason why a raw header block cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .kind.text())]
pub struct BlockError {
    kind: BlockErrorKind,
    offset: u32,
}

impl BlockError {
    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> BlockErrorKind {
        self.kind
    }

    /// Returns the octet of the block at which it shows.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    fn at(kind: BlockErrorKind, at: usize) -> Self {
        Self { kind, offset: position(at) }
    }
}

/// What is wrong with a raw header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BlockErrorKind {
    /// A CR without LF, or an LF without CR.
    BareLineEnd,
    /// A line of white space only, which some readers take for the end of the header (RFC 5322 §3.2.2).
    BlankFold,
    /// The first line begins with white space, and there is nothing that it could continue.
    LeadingFold,
    /// A line that begins like a mailbox file's `From ` line.
    MboxFrom,
    /// A line without a colon, or with a name that is no field name (RFC 5322 §2.2).
    NoField,
    /// A NUL.
    Nul,
    /// Longer than the limit.
    TooLong,
}

impl BlockErrorKind {
    /// Returns the description, such as `a line is no header field`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BareLineEnd => "a line is not ended by CRLF",
            Self::BlankFold => "a line holds nothing but white space",
            Self::LeadingFold => "the header begins with white space",
            Self::MboxFrom => "a line begins with `From ` as in a mailbox file",
            Self::NoField => "a line is no header field",
            Self::Nul => "the header holds a NUL",
            Self::TooLong => "the header is over the limit",
        }
    }
}

/// Tells what the name of a field says that was handed over apart from its header, and whether it stays one field
/// when it is written: its name is a field name, and its body has no NUL and no line end but a CRLF before white space
/// and text.
#[inline]
pub(crate) fn classify_apart(name: &[u8], body: &[u8]) -> (FieldName, bool) {
    // The reader of From refuses such a body itself, and says why.
    if is_from(name) { (FieldName::From, true) } else { classify_other_apart(name, body) }
}

#[inline(never)]
fn classify_other_apart(name: &[u8], body: &[u8]) -> (FieldName, bool) {
    let is_one_body = octet::all_are_over(body, b'\r') || is_folded(body);
    if octet::is_field_name(name) {
        (lookup_longer(name), is_one_body)
    } else {
        (classify(name), is_one_body && octet::is_field_name(name.trim_ascii_end()))
    }
}

#[inline(never)]
fn is_folded(mut body: &[u8]) -> bool {
    while let Some(at) = octet::line_end(body) {
        match body.get(at..) {
            Some([b'\r', b'\n', b' ' | b'\t', rest @ ..]) => {
                let text = rest.iter().position(|octet| !matches!(octet, b' ' | b'\t'));
                body = rest.get(text.unwrap_or(rest.len())..).unwrap_or_default();
                if matches!(body, [] | [b'\r', ..]) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

/// A line of a block.
enum Line {
    /// The empty line, or the end of the block; the position after it.
    Empty(usize),
    /// A line with text: the position of its end, and of the next line.
    Text { end: usize, next: usize },
}

/// Finds the end of the line at `at`.
fn next_line(block: &[u8], at: usize, limit: usize) -> Result<Line, BlockError> {
    let rest = block.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(Line::Empty(at));
    }
    // One octet more than the limit may hold is enough to know.
    let reach = rest.get(..limit.saturating_sub(at).saturating_add(2)).unwrap_or(rest);
    let Some(length) = octet::line_end(reach) else {
        return if at + rest.len() > limit {
            Err(BlockError::at(BlockErrorKind::TooLong, limit))
        } else {
            Ok(Line::Text { end: block.len(), next: block.len() })
        };
    };
    let end = at + length;
    if end + 2 > limit {
        return Err(BlockError::at(BlockErrorKind::TooLong, limit));
    }
    match rest.get(length..) {
        Some([0, ..]) => Err(BlockError::at(BlockErrorKind::Nul, end)),
        Some([b'\r', b'\n', ..]) if length == 0 => Ok(Line::Empty(end + 2)),
        Some([b'\r', b'\n', ..]) => Ok(Line::Text { end, next: end + 2 }),
        _ => Err(BlockError::at(BlockErrorKind::BareLineEnd, end)),
    }
}

/// Checks that a line that continues a field holds more than white space: some readers take it for the empty line.
fn check_continuation(line: &[u8], at: usize) -> Result<(), BlockError> {
    if line.iter().all(|octet| matches!(octet, b' ' | b'\t')) {
        return Err(BlockError::at(BlockErrorKind::BlankFold, at));
    }
    Ok(())
}

/// Checks that a line begins with a field name and a colon; white space before the colon is obsolete syntax
/// (RFC 5322 §4.5), which [`classify`] judges.
fn check_name(line: &[u8], at: usize) -> Result<(), BlockError> {
    let colon = octet::position(line, b':');
    let name = line.get(..colon.unwrap_or(line.len())).unwrap_or_default();
    let name = name.trim_ascii_end();
    if colon.is_some() && octet::is_field_name(name) {
        return Ok(());
    }
    let mbox = line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"From "));
    Err(BlockError::at(if mbox { BlockErrorKind::MboxFrom } else { BlockErrorKind::NoField }, at))
}

#[inline]
fn is_from(name: &[u8]) -> bool {
    let &[f, r, o, m] = name else { return false };
    // As one number: only a letter and its capital differ in that bit alone.
    let letters = u32::from_le_bytes([f, r, o, m]) | u32::from_le_bytes([CASE; 4]);
    letters == u32::from_le_bytes(*b"from")
}

fn lookup(name: &[u8]) -> FieldName {
    if is_from(name) { FieldName::From } else { lookup_longer(name) }
}

/// Looks a name up that is not `From`. Most are of another length than these, and most of the others begin with another letter.
#[inline]
fn lookup_longer(name: &[u8]) -> FieldName {
    let is_as_long = name.len() <= LONGEST && LENGTHS >> name.len() & 1 != 0;
    if is_as_long { lookup_by_letters(name) } else { FieldName::Other }
}

#[inline(never)]
fn lookup_by_letters(name: &[u8]) -> FieldName {
    if !name.first().is_some_and(|first| matches!(first | CASE, b'r' | b's')) {
        return FieldName::Other;
    }
    let found = LONGER.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    found.map_or(FieldName::Other, |&(_, field)| field)
}

/// The names but `From`.
const LONGER: [(&[u8], FieldName); 8] = [
    (b"Sender", FieldName::Sender),
    (b"Resent-Date", FieldName::Resent(ResentName::Date)),
    (b"Resent-From", FieldName::Resent(ResentName::From)),
    (b"Resent-Sender", FieldName::Resent(ResentName::Sender)),
    (b"Resent-To", FieldName::Resent(ResentName::To)),
    (b"Resent-Cc", FieldName::Resent(ResentName::Cc)),
    (b"Resent-Bcc", FieldName::Resent(ResentName::Bcc)),
    (b"Resent-Message-ID", FieldName::Resent(ResentName::MessageId)),
];

/// Their lengths, a bit each.
const LENGTHS: u32 = {
    let (mut lengths, mut rest) = (0, LONGER.as_slice());
    while let [(name, _), others @ ..] = rest {
        lengths |= 1 << name.len();
        rest = others;
    }
    lengths
};

/// The length of the longest.
const LONGEST: usize = LENGTHS.ilog2() as usize;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{BlockErrorKind, FieldName, LONGER, ResentName, classify, classify_apart, read_block};
    use crate::options::Limits;

    #[test]
    fn a_field_apart_must_stay_one_field() {
        for (name, body, is) in [
            ("Subject", " x", true),
            ("Subject", " x\r\n y\r\n\tz", true),
            ("Subject ", "", true),
            ("Subject", " x\nFrom: a@b.example", false),
            ("Subject", " x\r\nFrom: a@b.example", false),
            ("Subject", " x\r y", false),
            ("Subject", " x\r\n", false),
            ("Subject", " x\r\n ", false),
            ("Subject", " x\r\n \t\r\n y", false),
            ("Subject", "\r\n x", true),
            ("Subject", " \0", false),
            ("X: y\r\nFrom", " a@b.example", false),
            ("From:", " a@b.example", false),
            ("", " x", false),
            ("S\u{e4}", " x", false),
        ] {
            assert_eq!(classify_apart(name.as_bytes(), body.as_bytes()).1, is, "{name:?} {body:?}");
        }
    }

    #[test]
    fn every_name_is_told_in_any_case() {
        for (name, field) in [(&b"From"[..], FieldName::From)].into_iter().chain(LONGER) {
            for spelled in [name.to_vec(), name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
                assert_eq!(classify(&spelled), field, "{}", spelled.escape_ascii());
                assert_eq!(classify_apart(&spelled, b" x"), (field, true), "{}", spelled.escape_ascii());
                for at in 0..name.len() {
                    let mut other = spelled.clone();
                    // A letter or a hyphen becomes another sign, and never a letter of the other case.
                    other[at] ^= 1;
                    assert_eq!(classify(&other), FieldName::Other, "{}", other.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn names_compare_without_case_and_lookalikes_are_ambiguous() {
        for (name, expected) in [
            (&b"From"[..], FieldName::From),
            (b"fROM", FieldName::From),
            (b"SENDER", FieldName::Sender),
            (b"resent-message-id", FieldName::Resent(ResentName::MessageId)),
            (b"Resent-Date", FieldName::Resent(ResentName::Date)),
            (b"Resent-From", FieldName::Resent(ResentName::From)),
            (b"RESENT-SENDER", FieldName::Resent(ResentName::Sender)),
            (b"Resent-To", FieldName::Resent(ResentName::To)),
            (b"resent-cc", FieldName::Resent(ResentName::Cc)),
            (b"Resent-BCC", FieldName::Resent(ResentName::Bcc)),
            (b"From ", FieldName::Ambiguous),
            (b" From", FieldName::Ambiguous),
            (b"Fr om", FieldName::Ambiguous),
            (b"From\t", FieldName::Ambiguous),
            (b"\0From", FieldName::Ambiguous),
            (b"From\xc2\xa0", FieldName::Ambiguous),
            (b"From\xa0", FieldName::Ambiguous),
            (b"\xef\xbb\xbfFrom", FieldName::Ambiguous),
            (b"Fr\xe2\x80\x8bom", FieldName::Ambiguous),
            (b"Resent -Sender", FieldName::Ambiguous),
            (b"Resent-Message-ID ", FieldName::Ambiguous),
            (b"Resent-Reply-To", FieldName::Other),
            (b"Message-ID", FieldName::Other),
            (b"References", FieldName::Other),
            (b"Fromm", FieldName::Other),
            (b"X-From", FieldName::Other),
            (b"Subject ", FieldName::Other),
            (b"", FieldName::Other),
        ] {
            assert_eq!(classify(name), expected, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn a_block_is_cut_into_fields() {
        let block = b"From: a@b.example\r\nSubject : x\r\n y: z\r\n\r\nFrom: body\n";
        let fields = read_block(block, &Limits::default()).expect("a header");
        assert_eq!(fields.header_len(), block.len() - 11);
        let fields: Vec<_> = fields.map(|field| (field.name.of(block), field.body.of(block))).collect();
        assert_eq!(fields, [(&b"From"[..], &b" a@b.example"[..]), (b"Subject ", b" x\r\n y: z")]);
    }

    #[test]
    fn a_block_may_end_without_an_empty_line() {
        for block in [&b"From: a\r\nTo:"[..], b"From: a\r\nTo:\r\n", b"From: a\r\nTo:\r\n\r\n"] {
            let fields = read_block(block, &Limits::default()).expect("a header");
            let fields: Vec<_> = fields.map(|field| (field.name.of(block), field.body.of(block))).collect();
            assert_eq!(fields, [(&b"From"[..], &b" a"[..]), (b"To", b"")], "{}", block.escape_ascii());
        }
        for block in [&b""[..], b"\r\n", b"\r\nFrom: a\r\n"] {
            assert_eq!(read_block(block, &Limits::default()).expect("no fields").count(), 0);
        }
    }

    #[test]
    fn a_block_that_two_readers_could_cut_differently_is_refused() {
        for (block, flaw, offset) in [
            (&b"A: b\nFrom: c\r\n"[..], BlockErrorKind::BareLineEnd, 4),
            (b"A: b\rFrom: c\r\n", BlockErrorKind::BareLineEnd, 4),
            (b"A: b\r", BlockErrorKind::BareLineEnd, 4),
            (b"A: b\r\r\n", BlockErrorKind::BareLineEnd, 4),
            (b"\n", BlockErrorKind::BareLineEnd, 0),
            (b"A: b\r\n \t\r\nFrom: c\r\n", BlockErrorKind::BlankFold, 6),
            (b"A: b\r\n ", BlockErrorKind::BlankFold, 6),
            (b" A: b\r\n", BlockErrorKind::LeadingFold, 0),
            (b"\tA: b\r\n", BlockErrorKind::LeadingFold, 0),
            (b"A: b\0\r\n", BlockErrorKind::Nul, 4),
            (b"A: b\r\nno field\r\n", BlockErrorKind::NoField, 6),
            (b": b\r\n", BlockErrorKind::NoField, 0),
            (b"A b: c\r\n", BlockErrorKind::NoField, 0),
            (b"A\xc2\xa0: c\r\n", BlockErrorKind::NoField, 0),
            (b"From a@b.example Sat Nov 21 09:42:32 2026\r\n", BlockErrorKind::MboxFrom, 0),
            (b"A: b\r\nFrom a\r\n", BlockErrorKind::MboxFrom, 6),
        ] {
            let error = read_block(block, &Limits::default()).expect_err("refused");
            assert_eq!((error.kind(), error.offset()), (flaw, offset), "{}", block.escape_ascii());
        }
    }

    #[test]
    fn the_limit_counts_the_empty_line_and_not_what_follows() {
        let block = b"A: b\r\n\r\nbody";
        let at_most = |header_octets| Limits { header_octets, ..Limits::default() };
        assert!(read_block(block, &at_most(8)).is_ok());
        for octets in 0..8 {
            let limits = at_most(octets);
            assert_eq!(read_block(block, &limits).expect_err("too long").kind(), BlockErrorKind::TooLong, "{octets}");
        }
        assert!(read_block(b"A: b", &at_most(4)).is_ok());
    }
}
