//! What keeps the program from answering.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file cannot be read or written.
    #[error("{}: {error}; {advice}", .file.display())]
    File { file: PathBuf, error: io::Error, advice: &'static str },
    /// The name of a policy file does not say its format.
    #[error(
        "{}: neither a sealed snapshot nor, by its name, the text of a policy; right would be a name that ends in `.toml`, `.json` or `.jsonl`",
        .0.display()
    )]
    Format(PathBuf),
    /// A sealed snapshot, or a delta of two, cannot be used.
    #[error("{}: {problem}", .file.display())]
    Sealed { file: PathBuf, problem: String },
    /// The text of a policy is asked for, and a sealed snapshot was given.
    #[error("{}: a sealed snapshot, which holds no policy text; right would be the policy that it was sealed from", .0.display())]
    NoText(PathBuf),
    /// The policy has problems, which have been shown.
    #[error("{}: {problems} problem(s) found; nothing else was done", .file.display())]
    Policy { file: PathBuf, problems: usize },
    /// An actor or a command cannot be read.
    #[error("the {what} cannot be read: {problems}")]
    Argument { what: &'static str, problems: String },
    /// A log of records does not fold.
    #[error("{}: {problem}; {outcome}", .file.display())]
    Log { file: PathBuf, problem: String, outcome: &'static str },
    /// What is to be written is no regular file.
    #[error("{}: not a regular file; right would be a file on a disk", .0.display())]
    NoFile(PathBuf),
    /// A record could not be written, and what was written of it could not be taken back.
    #[error(
        "{}: {error}; whether the command was carried out is not known: give it again with the same id, which tells",
        .file.display()
    )]
    Unknown { file: PathBuf, error: io::Error },
    /// Observations cannot be read.
    #[error("{}: {problem}; nothing else was done", .file.display())]
    Observations { file: PathBuf, problem: String },
    /// A mail log has timestamps without a year.
    #[error("{}: line {line}: a timestamp without a year; right would be `--year` with the year of the first one", .file.display())]
    Year { file: PathBuf, line: u64 },
    /// The policy cannot be compiled.
    #[error(transparent)]
    Compile(#[from] sendas::CompileError),
    /// There is no source of random octets.
    #[error("no random octets: {0}")]
    Random(#[from] getrandom::Error),
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn read(file: &Path, error: io::Error) -> Self {
        Self::File { file: file.into(), error, advice: "right would be a file that can be read" }
    }

    pub(crate) fn write(file: &Path, error: io::Error) -> Self {
        Self::File { file: file.into(), error, advice: "right would be a file that can be written" }
    }

    pub(crate) fn sealed(file: &Path, problem: impl Display) -> Self {
        Self::Sealed { file: file.into(), problem: problem.to_string() }
    }

    pub(crate) fn log(file: &Path, problem: impl Into<String>, outcome: &'static str) -> Self {
        Self::Log { file: file.into(), problem: problem.into(), outcome }
    }

    /// Says what went wrong on standard error and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Output(error) = self {
            if error.kind() == io::ErrorKind::BrokenPipe {
                // The reader has seen enough.
                return ExitCode::SUCCESS;
            }
        }
        // Where standard error cannot be written either, the exit code is all that can be said.
        let _said = say(format_args!("error: {self}"));
        ExitCode::from(BAD_INPUT)
    }
}

/// Writes a line on standard error in one piece, so that those of several processes do not mix.
pub(crate) fn say(line: impl Display) -> io::Result<()> {
    anstream::stderr().write_all(format!("{line}\n").as_bytes())
}

/// The exit code for input that cannot be used; clap's for bad arguments is the same.
pub(crate) const BAD_INPUT: u8 = 2;
