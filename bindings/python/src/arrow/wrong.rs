//! What is wrong with a batch, in words.

use std::fmt;

use arrow_schema::ArrowError;

/// Says what a host handed over that is no request; never what a client sent.
#[derive(Debug)]
pub(super) struct Wrong(String);

impl Wrong {
    /// A `NUL` would end the text too early in C, so it is shown.
    pub(super) fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string().replace('\0', "\\0"))
    }

    /// An array that contradicts itself: offsets, keys or views point to where it has nothing.
    pub(super) fn broken(column: &str) -> Self {
        Self::new(format_args!("`{column}` is no valid Arrow array: it points outside of its buffers"))
    }

    pub(super) fn in_row(self, row: u64) -> Self {
        Self(format!("row {row}, counted from 0: {}", self.0))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<ArrowError> for Wrong {
    fn from(error: ArrowError) -> Self {
        Self::new(error)
    }
}

impl From<Wrong> for ArrowError {
    fn from(wrong: Wrong) -> Self {
        Self::InvalidArgumentError(wrong.0)
    }
}

/// Shows what was given, so that an error stays one short line.
pub(super) fn shown(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let most = 60;
    let dots = if text.chars().count() > most { "…" } else { "" };
    format!("`{}`{dots}", text.chars().take(most).flat_map(char::escape_debug).collect::<String>())
}
