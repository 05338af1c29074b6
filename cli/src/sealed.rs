//! Sealed snapshots as files: mapped to be read, and replaced whole, as other files are, too.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use sendas::{OpenError, Snapshot};

use crate::failure::Failure;

/// Opens a sealed snapshot; `None` where the file is something else, such as the text of a policy.
pub(crate) fn open(file: &Path) -> Result<Option<Snapshot>, Failure> {
    let open = File::open(file).map_err(|error| Failure::read(file, error))?;
    let metadata = open.metadata().map_err(|error| Failure::read(file, error))?;
    // A pipe cannot be mapped, and nothing that is shorter is sealed.
    if !metadata.is_file() || metadata.len() < 8 {
        return Ok(None);
    }
    match Snapshot::open(map(&open).map_err(|error| Failure::read(file, error))?) {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(OpenError::NotSealed) => Ok(None),
        Err(error) => Err(Failure::sealed(file, error)),
    }
}

/// Opens a file that must be a sealed snapshot.
pub(crate) fn must_open(file: &Path) -> Result<Snapshot, Failure> {
    open(file)?.ok_or_else(|| Failure::sealed(file, OpenError::NotSealed))
}

/// Maps a file into memory.
#[expect(unsafe_code, reason = "a file that is mapped can be changed from outside, which no type can forbid")]
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the file is read only, and sealed files are replaced by renaming, never written into (SECURITY.md); what reads the
    // mapping checks every length, and takes no octet for anything but a number or text.
    unsafe { Mmap::map(file) }
}

/// Writes a file anew from its parts, whole or not at all: those that have the old one open keep it.
pub(crate) fn replace<'p>(file: &Path, parts: impl IntoIterator<Item = &'p [u8]>) -> Result<(), Failure> {
    let new = beside(file, ".new");
    let written = File::create(&new)
        .and_then(|mut open| parts.into_iter().try_for_each(|part| open.write_all(part)).and_then(|()| open.sync_all()))
        .and_then(|()| fs::rename(&new, file));
    written.map_err(|error| Failure::write(file, error))
}

/// The file whose name has an ending more.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    file.with_file_name(name)
}
