//! Recorded requests as JSON, and what is wrong with them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::record::RequestRecord;

use super::diagnostic::{Diagnostic, lines, place};
use super::output::Output;
use super::read::decode;
use super::{json, request};

impl RequestRecord {
    /// Reads a record from JSON (RFC 8259), such as a line of a file of records; [`record`](crate::record) has its form.
    ///
    /// ```
    /// use sendas::record::RequestRecord;
    /// let record = RequestRecord::from_json(r#"{"now":"2026-12-07T09:30:00Z","channel":"smtp","account":"alice"}"#)?;
    /// assert_eq!(record.account.as_deref(), Some(&b"alice"[..]));
    ///
    /// let error = RequestRecord::from_json(r#"{"now":"2026-12-07T09:30:00Z","chanel":"smtp"}"#).unwrap_err();
    /// assert_eq!(error.diagnostics()[0].help.as_deref(), Some("it is required"));
    /// assert_eq!(error.diagnostics()[1].help.as_deref(), Some("did you mean `channel`?"));
    /// # Ok::<(), sendas::RecordError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: octets that are no UTF-8, JSON syntax, unknown or missing members, unreadable values.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        let octets = text.as_ref();
        let read = || {
            let (text, start) = decode(octets)?;
            request::read(&json::read(text, start)?)
        };
        read().map_err(|reports| RecordError { diagnostics: place(reports, octets, 1, 0) })
    }

    /// Writes the record as JSON, on one line without its end.
    ///
    /// [`from_json`](Self::from_json) reads it back as an equal record, if `now` is within the years 0 to 9999.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| request::write(output, self))
    }
}

/// Everything that is wrong with a record, in the order of the text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    diagnostics: Vec<Diagnostic>,
}

impl RecordError {
    /// Returns the problems in the order of the text; each line is counted from the start of the record.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl fmt::Display for RecordError {
    /// Writes one line for each problem.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(&self.diagnostics, formatter)
    }
}

impl core::error::Error for RecordError {}
