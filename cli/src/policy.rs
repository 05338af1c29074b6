//! From a policy file to a snapshot.

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::{iter, thread};

use sendas::{HashKey, LinesError, Options, Policy, PolicyError, Snapshot, SnapshotLines};

use crate::failure::Failure;
use crate::{render, sealed};

/// A policy file as it was read.
pub(crate) struct PolicyText {
    pub(crate) octets: Vec<u8>,
    format: Format,
}

#[derive(Clone, Copy)]
enum Format {
    Toml,
    Json,
    JsonLines,
}

impl Format {
    /// Tells the format of a text by the name of the file.
    fn of(file: &Path) -> Result<Self, Failure> {
        if sealed::open(file)?.is_some() {
            return Err(Failure::NoText(file.into()));
        }
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => Ok(Self::Toml),
            Some("json") => Ok(Self::Json),
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            _ => Err(Failure::Format(file.into())),
        }
    }
}

impl PolicyText {
    pub(crate) fn open(file: &Path) -> Result<Self, Failure> {
        let format = Format::of(file)?;
        let octets = fs::read(file).map_err(|error| Failure::read(file, error))?;
        Ok(Self { octets, format })
    }

    pub(crate) fn read(&self) -> Result<Policy, PolicyError> {
        match self.format {
            Format::Toml => Policy::from_toml(&self.octets),
            Format::Json => Policy::from_json(&self.octets),
            Format::JsonLines => Policy::from_json_lines(&self.octets),
        }
    }
}

/// Reads a policy; its problems are shown on standard error.
pub(crate) fn read(file: &Path, text: &PolicyText) -> Result<Policy, Failure> {
    text.read().or_else(|error| {
        let problems = error.diagnostics().len();
        anstream::stderr().write_all(&render::problems(file, &text.octets, &error)?)?;
        Err(Failure::Policy { file: file.into(), problems })
    })
}

/// Opens a sealed snapshot, or reads and compiles a policy; its problems are shown on standard error.
pub(crate) fn load(file: &Path) -> Result<Snapshot, Failure> {
    if let Some(snapshot) = sealed::open(file)? {
        return Ok(snapshot);
    }
    compile(file, &options()?)
}

/// Reads and compiles a policy; its problems are shown on standard error.
pub(crate) fn compile(file: &Path, options: &Options) -> Result<Snapshot, Failure> {
    let format = Format::of(file)?;
    if let Format::JsonLines = format {
        if let Some(snapshot) = compile_lines(file, options)? {
            return Ok(snapshot);
        }
    }
    let policy = read(file, &PolicyText::open(file)?)?;
    Ok(Snapshot::compile_on(threads(), &policy, options)?)
}

/// Compiles JSON Lines as they are read, on all cores.
///
/// `None` where the whole text is needed after all: it has problems, which are shown in their lines, or is a pipe, which cannot
/// be read twice.
fn compile_lines(file: &Path, options: &Options) -> Result<Option<Snapshot>, Failure> {
    let not_read = |error| Failure::read(file, error);
    let mut open = File::open(file).map_err(not_read)?;
    if !open.metadata().map_err(not_read)?.is_file() {
        return Ok(None);
    }
    let mut failed = None;
    let pieces = iter::from_fn(|| {
        let mut piece = Vec::with_capacity(PIECE);
        match Read::by_ref(&mut open).take(PIECE as u64).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(piece),
            Err(error) => {
                failed = Some(error);
                None
            }
        }
    });
    let compiled = SnapshotLines::compile_on(threads(), pieces, options);
    match (failed, compiled) {
        (Some(error), _) => Err(not_read(error)),
        (None, Ok(snapshot)) => Ok(Some(snapshot)),
        (None, Err(LinesError::Snapshot(error))) => Err(error.into()),
        (None, Err(_)) => Ok(None),
    }
}

/// As many threads as the processor runs at once.
fn threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// So many octets are read at once.
const PIECE: usize = 256 * 1024;

/// Options with a random key.
pub(crate) fn options() -> Result<Options, Failure> {
    let mut key = [0; 16];
    getrandom::fill(&mut key)?;
    Ok(Options::new(HashKey(key)))
}
