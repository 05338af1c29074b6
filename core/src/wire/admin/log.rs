//! A log of records as JSON Lines, read a line at a time.

use alloc::vec::Vec;
use core::fmt;

use crate::admin::{Directory, Record, Unfit};

use super::ReadError;

/// Folds a log of records without the whole text in memory: a line at a time, then [`finish`](Self::finish).
///
/// After an error the directory is what the records before that line say, and the line can be given again when it is mended.
///
/// ```
/// use sendas::event_log::LogReader;
/// let line = br#"{"schema":1,"sequence":1,"at":"2026-12-01T00:00:00Z","by":{"kind":"provider","name":"setup"},"id":"c1",
///     "command":"add_tenant","tenant":"acme","version":1,"events":[{"event":"tenant_added"}]}"#;
/// let mut log = LogReader::new();
/// log.push(line)?;
/// assert!(log.push(line).unwrap_err().to_string().starts_with("line 2: record 1: the next record is 2"));
/// assert_eq!(log.finish()?.policy().tenants.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogReader {
    directory: Directory,
    lines: usize,
}

impl LogReader {
    /// Creates a reader that expects the first record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line, with its line ending or without, and returns its record.
    ///
    /// # Errors
    ///
    /// [`LogError`] if the line is no record, or one that does not fit.
    pub fn push(&mut self, line: &[u8]) -> Result<Record, LogError> {
        self.lines += 1;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let record = Record::read_line(text, self.lines)
            .map_err(|error| LogError { line: self.lines, kind: LogErrorKind::Text(error) })?;
        self.directory
            .apply(&record)
            .map_err(|unfit| LogError { line: self.lines, kind: LogErrorKind::Unfit(unfit) })?;
        Ok(record)
    }

    /// Returns what the records so far say; the policy in it has not been checked as a whole.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns what the records so far say, without checking the policy as a whole: where a log is broken, the last state that
    /// it says.
    #[must_use]
    pub fn into_directory(self) -> Directory {
        self.directory
    }

    /// Checks the policy as a whole and returns the directory.
    ///
    /// # Errors
    ///
    /// [`Unfit`] with every problem of the policy.
    pub fn finish(self) -> Result<Directory, Unfit> {
        self.directory.check()?;
        Ok(self.directory)
    }
}

impl Directory {
    /// Folds a whole log as JSON Lines; an empty text is an empty log.
    ///
    /// # Errors
    ///
    /// [`LogError`] with the first line that is no record or does not fit, or the last one if the policy has problems.
    pub fn from_log(text: impl AsRef<[u8]>) -> Result<Self, LogError> {
        let mut log = LogReader::new();
        for line in text.as_ref().split_inclusive(|&octet| octet == b'\n') {
            log.push(line)?;
        }
        let line = log.lines;
        log.finish().map_err(|unfit| LogError { line, kind: LogErrorKind::Unfit(unfit) })
    }
}

/// What is wrong with a line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogError {
    /// The line, 1-based.
    pub line: usize,
    /// What is wrong with it.
    pub kind: LogErrorKind,
}

/// What is wrong with a line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a line is no record, or does not fit")]
pub enum LogErrorKind {
    /// It is no record.
    Text(ReadError),
    /// It does not fit what stands before it.
    Unfit(Unfit),
}

impl LogError {
    /// Returns one text for each problem.
    #[must_use]
    pub fn problems(&self) -> Vec<alloc::string::String> {
        match &self.kind {
            LogErrorKind::Text(error) => error.diagnostics().iter().map(|one| alloc::format!("{one}")).collect(),
            LogErrorKind::Unfit(unfit) => [alloc::format!("line {}: {unfit}", self.line)].into(),
        }
    }
}

impl fmt::Display for LogError {
    /// Writes one line for each problem; that of a text begins with its line and column.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problems().join("\n"))
    }
}

impl core::error::Error for LogError {}
