//! Addresses: what stands on both sides of an at sign.

use super::obsolete::is_dotted;
use super::{Gap, Mode, Reader, Result, Run, inside, may_be_encoded, unexpected};
use crate::address::LocalForm;
use crate::address::canonical::{AddrSpec, MAX_ADDRESS};
use crate::address::construct::{Construct, FieldError};
use crate::address::domain::MAX_DOMAIN;
use crate::address::literal::Literal;
use crate::address::local::MAX_LOCAL;
use crate::address::octet::{self, CONTROL, WSP};
use crate::address::span::position;
use crate::address::unicode;

impl<M: Mode> Reader<'_, M> {
    /// Checks the local part that was read and reads on from the at sign to the end of the domain.
    pub(super) fn addr_spec(&mut self, start: usize, run: Run, gap: Gap) -> Result<AddrSpec> {
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
            // A reader that trims what it takes out of the quotes finds another mailbox.
            if matches!(inner, [b'"', b' ', ..] | [b'"', b'\\', b' ', ..] | [.., b' ', b'"']) {
                self.mode.forbid(Construct::QuotedSpace, start)?;
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

    pub(super) fn domain(&mut self) -> Result<()> {
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
}
