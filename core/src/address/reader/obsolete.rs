//! Obsolete forms (RFC 5322 §4.4), which the strict reading refuses and the other goes through.

use super::{Gap, Mode, Reader, Result, Run, inside};
use crate::address::construct::{Construct, FieldError};
use crate::address::name::skip_token;
use crate::address::octet::{self, ATEXT, HIGH};
use crate::address::span::position;

impl<M: Mode> Reader<'_, M> {
    /// Returns where the local part begins that ends these words: the words before it have no dot between them and it.
    #[cold]
    pub(super) fn local_part_of(&self, first: usize, end: usize) -> usize {
        let octets = self.body.get(..end).unwrap_or_default();
        let mut start = first;
        let mut dot = true;
        let mut gap = false;
        let mut at = first;
        while let Some(&octet) = octets.get(at) {
            let next = skip_token(octets, at);
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b'(' => gap = true,
                b'.' => dot = true,
                _ => {
                    if gap && !dot {
                        start = at;
                    }
                    (gap, dot) = (false, false);
                }
            }
            at = next;
        }
        start
    }

    /// Reads the rest of a local part that has gaps beside its dots (RFC 5322 §4.4 `obs-local-part`), up to the at sign.
    #[cold]
    pub(super) fn spaced_local_part(&mut self, start: usize, run: Run, gap: Gap) -> Result<(Run, Gap)> {
        let first = self.at;
        let mut end = first;
        let mut gap = gap;
        while self.peek().is_some_and(|octet| octet == b'"' || octet == b'.' || octet::is(octet, ATEXT | HIGH)) {
            self.run()?;
            end = self.at;
            self.mode.forbid(inside(gap), position(start))?;
            gap = self.skip_gap()?;
        }
        let run = if end == first { run } else { spaced_run(self.body.get(start..end).unwrap_or_default()) };
        if self.peek() == Some(b'@') && self.local_part_of(start, end) != start {
            return Err(FieldError { construct: Construct::SpaceInAddress, offset: position(start) });
        }
        Ok((run, gap))
    }

    /// Reads a source route up to the address (RFC 5322 §4.4 `obs-route`).
    #[cold]
    pub(super) fn route(&mut self) -> Result<()> {
        loop {
            self.skip_space_in_brackets()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'@') => {
                    self.at += 1;
                    self.domain()?;
                }
                Some(b':') => {
                    self.at += 1;
                    return self.skip_space_in_brackets();
                }
                _ => return Err(self.error(Construct::Route)),
            }
        }
    }

    /// Reads a dot between two labels with gaps around it (RFC 5322 §4.4 `obs-domain`).
    pub(super) fn spaced_dot(&mut self) -> Result<bool> {
        let end = self.at;
        let gap = self.skip_gap()?;
        if self.peek() != Some(b'.') {
            // What stands there follows the address, and is read again with what follows.
            self.mode.forget_from(position(end));
            self.at = end;
            return Ok(false);
        }
        if gap != Gap::None {
            self.mode.forbid(inside(gap), position(end))?;
        }
        self.at += 1;
        self.spaced_label()
    }

    /// Reads the gap after a dot; `false` where no label follows.
    pub(super) fn spaced_label(&mut self) -> Result<bool> {
        let start = self.at;
        let gap = self.skip_gap()?;
        let is_label = self.peek().is_some_and(|octet| octet == b'.' || octet::is(octet, ATEXT | HIGH));
        let construct = if is_label { inside(gap) } else { Construct::MisplacedDot };
        if gap != Gap::None || !is_label {
            self.mode.forbid(construct, position(start))?;
        }
        if !is_label {
            self.mode.forget_from(position(start).saturating_add(1));
            self.at = start;
        }
        Ok(is_label)
    }
}

/// Tells what the words, dots and gaps of a local part amount to.
pub(super) fn spaced_run(octets: &[u8]) -> Run {
    let words = words(octets);
    let quoted = words.clone().filter(|&octet| octet == b'"').count();
    match (quoted, words.clone().count()) {
        (1, 1) => Run::Quoted,
        (0, _) if is_dotted(octets) => Run::Atoms,
        (0, _) => Run::Broken,
        _ => Run::Mixed,
    }
}

/// Tells whether single dots, and nothing else, stand between the words.
pub(super) fn is_dotted(octets: &[u8]) -> bool {
    let mut word = false;
    for octet in words(octets) {
        if word == (octet != b'.') {
            return false;
        }
        word = octet != b'.';
    }
    word
}

/// Returns the first octet of each word and every dot, without the gaps between them.
fn words(octets: &[u8]) -> impl Iterator<Item = u8> + Clone {
    let mut at = 0;
    core::iter::from_fn(move || {
        loop {
            let octet = *octets.get(at)?;
            at = match octet {
                b'"' | b'(' | b'.' | b' ' | b'\t' | b'\r' | b'\n' => skip_token(octets, at),
                _ => {
                    let rest = octets.get(at..).unwrap_or_default();
                    let end = rest.iter().position(|octet| b"\"(. \t\r\n".contains(octet));
                    end.map_or(octets.len(), |end| at + end)
                }
            };
            if !matches!(octet, b'(' | b' ' | b'\t' | b'\r' | b'\n') {
                return Some(octet);
            }
        }
    })
}
