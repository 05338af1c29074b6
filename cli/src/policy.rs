//! From a policy file to a snapshot.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use sendas::{HashKey, Options, Policy, PolicyError, Snapshot};

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

impl PolicyText {
    pub(crate) fn open(file: &Path) -> Result<Self, Failure> {
        if sealed::open(file)?.is_some() {
            return Err(Failure::NoText(file.into()));
        }
        let format = match file.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => Format::Toml,
            Some("json") => Format::Json,
            Some("jsonl" | "ndjson") => Format::JsonLines,
            _ => return Err(Failure::Format(file.into())),
        };
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
    let policy = read(file, &PolicyText::open(file)?)?;
    Ok(Snapshot::compile(&policy, &options()?)?)
}

/// Options with a random key.
pub(crate) fn options() -> Result<Options, Failure> {
    let mut key = [0; 16];
    getrandom::fill(&mut key)?;
    Ok(Options::new(HashKey(key)))
}
