//! What is wrong with a batch, in words.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_schema::ArrowError;

/// Says what a host handed over that is no request; never what a client sent.
#[derive(Debug)]
pub struct Wrong(String);

impl Wrong {
    /// Takes what is to be said; a `NUL` would end the text too early in C, so it is shown.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string().replace('\0', "\\0"))
    }

    /// An array that contradicts itself: offsets, keys or views point to where it has nothing.
    #[must_use]
    pub fn broken(column: &str) -> Self {
        Self::new(format_args!("`{column}` is no valid Arrow array: it points outside of its buffers"))
    }

    /// Says of which row it is wrong, counted from 0 over all batches.
    #[must_use]
    pub fn in_row(self, row: u64) -> Self {
        Self(format!("row {row}, counted from 0: {}", self.0))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

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

/// Turns a panic into an error: the readers of arrays assert what a broken producer can get wrong.
///
/// # Errors
///
/// What `run` returns; where it panics, `failure`, which says what cannot be done.
pub fn guarded<T>(failure: &str, run: impl FnOnce() -> Result<T, Wrong>) -> Result<T, Wrong> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Wrong::new(format_args!("{failure}: what was handed over is no valid Arrow data"))))
}

/// Shows what was given, so that an error stays one short line.
pub(crate) fn shown(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let most = 60;
    let dots = if text.chars().count() > most { "…" } else { "" };
    format!("`{}`{dots}", text.chars().take(most).flat_map(char::escape_debug).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_says_what_cannot_be_done() {
        let outcome: Result<(), Wrong> = guarded("the schema cannot be read", || panic!("an assertion of a reader"));
        let right = "the schema cannot be read: what was handed over is no valid Arrow data";
        assert_eq!(outcome.unwrap_err().to_string(), right);
    }
}
