//! Sealed snapshots as files: mapped to be read, and replaced whole, as other files are, too.

use std::fs::{self, File, Metadata, OpenOptions};
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
///
/// Of a link, the file that it leads to is replaced. The parts are written to a file of their own beside it, under a name that nobody else
/// has: of several processes that write one file at once, each writes a whole one, and the last stays.
pub(crate) fn replace<'p>(file: &Path, parts: impl IntoIterator<Item = &'p [u8]>) -> Result<(), Failure> {
    let failed = |error| Failure::write(file, error);
    let old = match fs::metadata(file) {
        Ok(old) if old.is_file() => Some(old),
        // Renaming would put a file in the place of a device or a pipe.
        Ok(_) => return Err(Failure::NoFile(file.into())),
        // A link that leads nowhere names no file that could be made.
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(file).is_err() => None,
        Err(error) => return Err(failed(error)),
    };
    let target = if old.is_some() { fs::canonicalize(file).map_err(failed)? } else { file.into() };
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let new = beside(&target, &format!(".{:016x}.new", u64::from_ne_bytes(random)));
    let mut open = create(&new, old.as_ref()).map_err(failed)?;
    let written = old
        .map_or(Ok(()), |old| take_after(&open, &old))
        .and_then(|()| parts.into_iter().try_for_each(|part| open.write_all(part)))
        .and_then(|()| open.sync_all())
        .and_then(|()| fs::rename(&new, &target));
    written.map_err(|error| {
        // That it cannot be removed either is no second failure.
        let _removed = fs::remove_file(&new);
        failed(error)
    })
}

/// Creates a file that is to take after the old one, if there is one: until it does, nobody else can open it.
fn create(new: &Path, old: Option<&Metadata>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if old.is_some() {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(new)
}

/// Gives a file the mode of another one, and its owner and group where that is permitted.
#[cfg(unix)]
fn take_after(new: &File, old: &Metadata) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    // Who may not give it away may still give it to a group of theirs.
    let grouped = fchown(new, Some(old.uid()), Some(old.gid())).or_else(|_| fchown(new, None, Some(old.gid())));
    // What the old group may do is not for the group of whoever writes the file.
    let mode = if grouped.is_ok() { old.mode() } else { old.mode() & !0o070 };
    new.set_permissions(Permissions::from_mode(mode))
}

/// Gives a file the mode of another one.
#[cfg(not(unix))]
fn take_after(new: &File, old: &Metadata) -> io::Result<()> {
    new.set_permissions(old.permissions())
}

/// The file whose name has an ending more.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    file.with_file_name(name)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn nobody_else_can_open_a_file_before_it_has_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let (old, new) = (directory.path().join("old"), directory.path().join("new"));
        let old = File::create(old).and_then(|old| old.metadata()).unwrap();
        let created = create(&new, Some(&old)).and_then(|new| new.metadata()).unwrap();
        assert_eq!(created.permissions().mode() & 0o777, 0o600);
    }
}
