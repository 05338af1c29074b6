//! Finding the originator fields of a header, however the host hands it over (docs/semantics.md 6.1-6.3, 6.9).

use crate::address::Span;
use crate::address::fields::{BlockErrorKind, FieldName, ResentName, classify, classify_apart, read_block};
use crate::options::Limits;
use crate::request::Header;

/// One header field, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct FieldAt<'a> {
    /// The 0-based number of the field.
    pub(crate) number: u32,
    /// Where the body starts in what the host handed over.
    pub(crate) base: u32,
    /// The raw body.
    pub(crate) body: &'a [u8],
}

impl FieldAt<'_> {
    /// The octets of the whole body, from its own start.
    pub(crate) fn whole(&self) -> Span {
        Span { start: 0, end: u32::try_from(self.body.len()).unwrap_or(u32::MAX) }
    }
}

/// The originator fields of a header.
#[derive(Clone, Copy, Default)]
pub(crate) struct Originators<'a> {
    pub(crate) from: Repeated<'a>,
    pub(crate) sender: Repeated<'a>,
    /// The first Resent field.
    pub(crate) resent: Option<FieldAt<'a>>,
    /// The first field with an ambiguous name or body.
    pub(crate) ambiguous: Option<FieldAt<'a>>,
}

/// A field that should stand once.
#[derive(Clone, Copy, Default)]
pub(crate) struct Repeated<'a> {
    pub(crate) first: Option<FieldAt<'a>>,
    pub(crate) second: Option<FieldAt<'a>>,
}

impl<'a> Repeated<'a> {
    /// The field, if it stands exactly once.
    pub(crate) fn single(&self) -> Option<FieldAt<'a>> {
        self.first.filter(|_| self.second.is_none())
    }

    fn add(&mut self, field: FieldAt<'a>) {
        if self.first.is_none() {
            self.first = Some(field);
        } else if self.second.is_none() {
            self.second = Some(field);
        }
    }
}

/// The topmost block of Resent fields (RFC 5322 §3.6.6).
#[derive(Clone, Copy, Default)]
pub(crate) struct ResentBlock<'a> {
    pub(crate) date: Repeated<'a>,
    pub(crate) from: Repeated<'a>,
    pub(crate) sender: Repeated<'a>,
}

/// Why a header cannot be taken apart.
#[derive(Clone, Copy)]
pub(crate) enum HeaderFault {
    /// Readers disagree on its fields, from this octet on.
    Ambiguous(u32),
    /// It is over the limit.
    TooLong,
}

/// Calls `each` with every field of the header, and with whether its body stays one field when it is written.
#[inline(always)]
pub(crate) fn visit<'a>(
    header: &Header<'a>,
    limits: &Limits,
    mut each: impl FnMut(FieldName, FieldAt<'a>, bool),
) -> Result<(), HeaderFault> {
    match *header {
        Header::NotGiven => Ok(()),
        Header::Fields(fields) => {
            let mut left = limits.header_octets as usize;
            for (&(name, body), number) in fields.iter().zip(0..) {
                left = left
                    .checked_sub(name.len())
                    .and_then(|left| left.checked_sub(body.len()))
                    .ok_or(HeaderFault::TooLong)?;
                let field = FieldAt { number, base: 0, body };
                let (found, is_one_field) = classify_apart(name, body);
                each(found, field, is_one_field);
            }
            Ok(())
        }
        Header::Block(block) => visit_block(block, limits, each),
    }
}

#[inline(never)]
fn visit_block<'a>(
    block: &'a [u8],
    limits: &Limits,
    mut each: impl FnMut(FieldName, FieldAt<'a>, bool),
) -> Result<(), HeaderFault> {
    let fields = read_block(block, limits).map_err(|error| match error.kind() {
        BlockErrorKind::TooLong => HeaderFault::TooLong,
        _ => HeaderFault::Ambiguous(error.offset()),
    })?;
    for (field, number) in fields.zip(0..) {
        let at = FieldAt { number, base: field.body.start, body: field.body.of(block) };
        // A block in which one would not is no header.
        each(classify(field.name.of(block)), at, true);
    }
    Ok(())
}

impl<'a> Originators<'a> {
    /// Enters the next field.
    #[inline]
    pub(crate) fn add(&mut self, name: FieldName, field: FieldAt<'a>, is_one_field: bool) {
        match (name, is_one_field) {
            // Most fields are none of ours.
            (FieldName::Other, true) => return,
            (FieldName::Ambiguous, _) | (_, false) => drop(self.ambiguous.get_or_insert(field)),
            (_, true) => {}
        }
        match name {
            FieldName::From => self.from.add(field),
            FieldName::Sender => self.sender.add(field),
            FieldName::Resent(_) => drop(self.resent.get_or_insert(field)),
            FieldName::Ambiguous | FieldName::Other => {}
        }
    }
}

impl<'a> ResentBlock<'a> {
    /// Finds it in a header that has been taken apart, and has no fault. A field whose name or body is ambiguous does not end
    /// it, so that such a field hides nothing behind it.
    pub(crate) fn topmost(header: &Header<'a>, limits: &Limits) -> Self {
        let mut block = Self::default();
        let (mut begun, mut ended) = (false, false);
        let _complete = visit(header, limits, |name, field, is_one_field| match name {
            FieldName::Resent(_) if ended => {}
            FieldName::Resent(name) => {
                begun = true;
                match name {
                    ResentName::Date => block.date.add(field),
                    ResentName::From => block.from.add(field),
                    ResentName::Sender => block.sender.add(field),
                    ResentName::To | ResentName::Cc | ResentName::Bcc | ResentName::MessageId => {}
                }
            }
            FieldName::Ambiguous => {}
            FieldName::From | FieldName::Sender | FieldName::Other => ended |= begun && is_one_field,
        });
        block
    }
}
