//! Words, and what stands between them: white space, folds and comments.

use super::{Gap, Mode, Reader, Result, Run, unexpected};
use crate::address::construct::{Construct, FieldError};
use crate::address::octet::{self, ATEXT, CONTROL, CTEXT, HIGH, INNER, QTEXT, WORDS};
use crate::address::plain::begins_encoded_word;
use crate::address::span::position;
use crate::address::unicode;

impl<M: Mode> Reader<'_, M> {
    /// Reads words and dots up to the next gap or special.
    pub(super) fn run(&mut self) -> Result<Run> {
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

    pub(super) fn atom(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            let (octets, rest) = rest.split_at_checked(octet::leading(rest, ATEXT)).unwrap_or_default();
            self.at += octets.len();
            if begins_encoded_word(octets) || matches!((octets, rest), ([.., b'='], [b'"', ..])) {
                self.plain = false;
            }
            match rest.first() {
                Some(&octet) if octet::is(octet, HIGH) => self.wide()?,
                _ => return Ok(()),
            }
        }
    }

    /// Skips white space, folds and comments, and says which there were.
    #[inline]
    pub(super) fn skip_gap(&mut self) -> Result<Gap> {
        match self.peek() {
            Some(octet) if is_gap(octet) => self.skip_some_gap(),
            _ => Ok(Gap::None),
        }
    }

    /// Skips words and the spaces behind each, up to an angle bracket or the last of the words, and returns where those that
    /// were skipped end.
    pub(super) fn skip_phrase(&mut self) -> Option<usize> {
        if !M::IS_QUICK || !octet::is(self.peek()?, ATEXT) {
            return None;
        }
        let (words, rest) = self.rest().split_at_checked(octet::leading(self.rest(), WORDS))?;
        // The last may be the local part of an address, and is read as any other.
        let skipped = match (words.trim_ascii_end(), rest.first()) {
            (_, Some(b'<')) => words,
            (trimmed, _) => trimmed.get(..=trimmed.iter().rposition(|&octet| octet == b' ')?)?,
        };
        let end = self.at + skipped.trim_ascii_end().len();
        self.at += skipped.len();
        Some(end)
    }

    fn skip_some_gap(&mut self) -> Result<Gap> {
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

    /// Skips a CRLF and the white space after it, which must be followed by something on its line.
    pub(super) fn fold(&mut self) -> Result<()> {
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

    pub(super) fn comment(&mut self) -> Result<()> {
        let open = self.at;
        let mut depth = 0;
        loop {
            self.at += octet::leading(self.rest(), INNER);
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
            self.at += octet::leading(self.rest(), INNER);
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
            if matches!(octet, b'@' | b'(') {
                self.check_quoted(octet)?;
            }
            self.at += 1;
            if octet == b'@' || (octet == b'=' && self.may_begin_encoded_word()) {
                self.plain = false;
            }
            return Ok(());
        }
        match octet {
            b' ' | b'\t' => self.at += 1,
            b'\r' => {
                self.has_inner_fold = true;
                if self.has_inner_at_sign {
                    self.forbid(Construct::AtSignAndFold)?;
                }
                self.fold()?;
            }
            b'\\' => {
                self.plain = false;
                self.at += 1;
                match self.peek() {
                    Some(octet) if octet::is(octet, HIGH) => self.wide()?,
                    Some(octet @ (b'@' | b'(')) => {
                        self.check_quoted(octet)?;
                        self.at += 1;
                    }
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

    /// Refuses an at sign or an opening parenthesis in which a reader finds an address that ends quotes and comments at a
    /// fold.
    fn check_quoted(&mut self, octet: u8) -> Result<()> {
        self.has_inner_at_sign |= octet == b'@';
        match octet {
            _ if !self.has_inner_fold => Ok(()),
            b'@' => self.forbid(Construct::AtSignAndFold),
            _ => self.forbid(Construct::ParenthesisBehindFold),
        }
    }

    /// Skips a character that is not ASCII.
    pub(super) fn wide(&mut self) -> Result<()> {
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
}

/// Tells whether white space, a fold or a comment begins with the octet.
pub(super) const fn is_gap(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'(')
}
