//! Angle addresses.

use super::{At, Gap, Mode, Reader, Result, inside, may_be_encoded, unexpected};
use crate::address::construct::{Construct, FieldError};
use crate::address::header::Mailbox;
use crate::address::span::{Span, position};

impl<M: Mode> Reader<'_, M> {
    /// Reads an angle address; `None` for brackets that hold no address.
    pub(super) fn angle_address(&mut self) -> Result<Option<Mailbox>> {
        let open = self.at;
        self.at += 1;
        if let Some(addr_spec) = self.everyday(|next| next == Some(b'>')) {
            self.at += 1;
            return Ok(Some(Mailbox { addr_spec, group: self.group }));
        }
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

    /// Skips white space and folds between an angle bracket and the address; a comment there is refused.
    pub(super) fn skip_space_in_brackets(&mut self) -> Result<()> {
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
}
