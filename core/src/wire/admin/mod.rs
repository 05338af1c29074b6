//! Administration as JSON: commands, actors, records and what comes of them.

mod actor;
mod codec;
mod command;
mod desk;
mod entry;
mod event;
mod foreseen;
pub mod log;
mod observations;
mod outcome;
#[cfg(test)]
mod reference;

use alloc::vec::Vec;
use core::fmt;

use super::build::RecordBuilder;
use super::diagnostic::{Diagnostic, Report, lines, place};
use super::json;
use super::keys::Kind;
use super::path::Path;
use super::read::decode;
use super::shape;
use super::tree::Node;

/// Everything that is wrong with a command, an actor or a record as text, in the order of the text; never empty.
///
/// It displays as one line for each problem: `line:column: path: message; help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    diagnostics: Vec<Diagnostic>,
}

impl ReadError {
    /// Returns the problems in the order of the text.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(&self.diagnostics, formatter)
    }
}

impl core::error::Error for ReadError {}

/// Reads one JSON text whose shape is `kind`; `line` is the number of its first line.
fn read<T>(
    text: &[u8],
    line: usize,
    kind: &'static Kind,
    build: impl FnOnce(&mut RecordBuilder, &Node<'_>) -> Option<T>,
) -> Result<T, ReadError> {
    let read = || {
        let (decoded, start) = decode(text)?;
        let tree = json::read(decoded, start)?;
        let mut reports = shape::check_kind(&tree, kind, &Path::default());
        let mut builder = RecordBuilder::new(&Path::default());
        let built = build(&mut builder, &tree);
        reports.append(&mut builder.reports);
        match built {
            Some(built) if reports.is_empty() => Ok(built),
            // What the shape permits and no builder can make is a text that says two things at once.
            None if reports.is_empty() => Err([Report::new(tree.span.clone(), "", "this cannot be read")].into()),
            _ => Err(reports),
        }
    };
    read().map_err(|reports| ReadError { diagnostics: place(reports, text, line, 0) })
}
