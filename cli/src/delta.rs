//! `sendas delta`: what changed between two sealed snapshots.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use sendas::Snapshot;

use crate::arguments::Delta;
use crate::failure::{Failure, say};
use crate::sealed;

pub(crate) fn run(arguments: &Delta) -> Result<ExitCode, Failure> {
    let Delta { old, other, output, apply } = arguments;
    let base = sound(old)?;
    let (octets, id) = if *apply {
        let delta = fs::read(other).map_err(|error| Failure::read(other, error))?;
        let new = base.apply_delta(&delta).map_err(|error| Failure::sealed(other, error))?;
        (new.seal()?, new.id())
    } else {
        let new = sound(other)?;
        (base.delta(&new).map_err(|error| Failure::sealed(other, error))?, new.id())
    };
    sealed::replace(output, [&*octets])?;
    say(format_args!("{}: {} octets, to snapshot {id}", output.display(), octets.len()))?;
    Ok(ExitCode::SUCCESS)
}

/// Opens a sealed snapshot and reads all of it, so that what is damaged is said of the file that it stands in.
fn sound(file: &Path) -> Result<Snapshot, Failure> {
    let snapshot = sealed::must_open(file)?;
    snapshot.verify().map_err(|damaged| Failure::sealed(file, damaged))?;
    Ok(snapshot)
}
