//! What is wrong with a policy text, and where.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

/// Everything that is wrong with a policy text, in the order of the text; never empty.
///
/// It displays as one line for each problem: `line:column: path: message; help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    diagnostics: Vec<Diagnostic>,
}

impl PolicyError {
    pub(super) fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics }
    }

    /// Returns the problems in the order of the text.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(&self.diagnostics, formatter)
    }
}

impl core::error::Error for PolicyError {}

/// One problem of a policy text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The line, 1-based; lines end with LF.
    pub line: usize,
    /// The column, 1-based, in characters (Unicode scalar values).
    pub column: usize,
    /// The octets of the text that the problem is about.
    pub span: Range<usize>,
    /// Where in the policy, such as `tenant[2].account[0].address`, 0-based; empty for the text as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right, where that can be said.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Writes one line for each problem.
pub(super) fn lines(diagnostics: &[Diagnostic], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        let separator = if index == 0 { "" } else { "\n" };
        write!(formatter, "{separator}{diagnostic}")?;
    }
    Ok(())
}

/// A problem before its line and column are looked up.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) span: Range<usize>,
    pub(super) path: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Report {
    pub(super) fn new(span: Range<usize>, path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { span, path: path.into(), message: message.to_string(), help: None }
    }

    pub(super) fn help(mut self, help: impl fmt::Display) -> Self {
        self.help = Some(help.to_string());
        self
    }
}

/// Sorts the reports by their place and finds the lines and columns in one walk over `text`.
///
/// `first_line` is the number of the text's first line, `offset` the octets of the file before the text.
pub(super) fn place(mut reports: Vec<Report>, text: &[u8], first_line: usize, offset: usize) -> Vec<Diagnostic> {
    reports.sort_by_key(|report| (report.span.start, report.span.end));
    let (mut at, mut line, mut column) = (0, first_line, 1);
    reports
        .into_iter()
        .map(|report| {
            while at < report.span.start {
                match text.get(at) {
                    None => break,
                    Some(b'\n') => (line, column) = (line + 1, 1),
                    // A continuation octet belongs to the character before it; a byte order mark is no character.
                    Some(0x80..=0xBF) => {}
                    Some(_) if at == 0 && text.starts_with(BYTE_ORDER_MARK) => {}
                    Some(_) => column += 1,
                }
                at += 1;
            }
            Diagnostic {
                line,
                column,
                span: report.span.start + offset..report.span.end + offset,
                path: report.path,
                message: report.message,
                help: report.help,
            }
        })
        .collect()
}

/// Shows text of strangers within a message: quoted, on one line, and not too long.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`")?;
        for character in self.0.chars().take(QUOTED_CHARACTERS) {
            // Backticks delimit; controls and invisible characters would make the line lie.
            match character {
                '`' => formatter.write_str("\\u{60}")?,
                ' '..='~' => write!(formatter, "{character}")?,
                _ => write!(formatter, "{}", character.escape_debug())?,
            }
        }
        let cut = self.0.chars().nth(QUOTED_CHARACTERS).is_some();
        formatter.write_str(if cut { "…`" } else { "`" })
    }
}

pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
const QUOTED_CHARACTERS: usize = 80;
