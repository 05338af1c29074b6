//! The snapshot in force, and its replacement when the policy file changes.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use sendas::{CompileError, HashKey, Options, Policy, PolicyError, Snapshot};

use crate::log;

/// Hands out the snapshot in force; publishes a new one when the file has changed.
///
/// Whoever asks gets a snapshot of its own to keep for a whole transaction: publishing a new one disturbs nobody.
/// A file that cannot be used changes nothing: a policy with problems is reported once, a file that cannot be read at
/// each look, until it can be.
pub(crate) struct Gate {
    file: PathBuf,
    options: Options,
    current: ArcSwap<Snapshot>,
    /// The version of the file that was read last, whether its policy could be used or not.
    seen: Mutex<Version>,
}

/// Why a policy file is not in force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    #[error("{}: {error}", .file.display())]
    File { file: PathBuf, error: io::Error },
    #[error("{}: the policy has problems:\n{error}", .file.display())]
    Policy { file: PathBuf, error: PolicyError },
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error("no random octets for the key of the hash tables: {0}")]
    Random(#[from] getrandom::Error),
}

/// What differs between two versions of a file, a replacement by rename included.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Gate {
    /// Puts the policy in force.
    pub(crate) fn open(file: &Path) -> Result<Self, GateError> {
        let mut key = [0; 16];
        getrandom::fill(&mut key)?;
        let options = Options::new(HashKey(key));
        let seen = version(file)?;
        let snapshot = read(file, &options)?;
        log(format_args!("policy {} is in force", snapshot.id()));
        Ok(Self { file: file.into(), options, current: ArcSwap::from_pointee(snapshot), seen: Mutex::new(seen) })
    }

    /// Returns the snapshot in force now, after a look at the file.
    pub(crate) fn current(&self) -> Arc<Snapshot> {
        if let Err(error) = self.refresh() {
            log(format_args!("error: {error}\nthe policy in force stays: {}", self.current.load().id()));
        }
        self.current.load_full()
    }

    fn refresh(&self) -> Result<(), GateError> {
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            // Another connection is reading the new version.
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        // The version is taken before the text, so that a change in between is seen the next time.
        let found = version(&self.file)?;
        if *seen == found {
            return Ok(());
        }
        let read = read(&self.file, &self.options);
        // A version whose text was not read is asked for again: the cause may pass, and the version stay the same.
        if !matches!(read, Err(GateError::File { .. })) {
            *seen = found;
        }
        let snapshot = read?;
        log(format_args!("policy {} is in force", snapshot.id()));
        self.current.store(Arc::new(snapshot));
        Ok(())
    }
}

fn version(file: &Path) -> Result<Version, GateError> {
    let metadata = fs::metadata(file).map_err(|error| GateError::File { file: file.into(), error })?;
    Ok(Version {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        #[cfg(unix)]
        inode: inode(&metadata),
    })
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

fn read(file: &Path, options: &Options) -> Result<Snapshot, GateError> {
    let text = fs::read(file).map_err(|error| GateError::File { file: file.into(), error })?;
    let policy = Policy::from_toml(text).map_err(|error| GateError::Policy { file: file.into(), error })?;
    Ok(Snapshot::compile(&policy, options)?)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const POLICY: &str = "schema = 1\n[[tenant]]\nid = \"acme\"\n";

    fn opened() -> (TempDir, Gate) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("policy.toml");
        fs::write(&file, POLICY).unwrap();
        (folder, Gate::open(&file).unwrap())
    }

    fn replace(gate: &Gate, text: &str) {
        let beside = gate.file.with_extension("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, &gate.file).unwrap();
    }

    #[test]
    fn a_version_that_cannot_be_read_is_tried_again() {
        let (_folder, gate) = opened();
        let first = gate.current().id();
        fs::remove_file(&gate.file).unwrap();
        fs::create_dir(&gate.file).unwrap(); // it has a version, and no text
        for _ in 0..2 {
            assert!(matches!(gate.refresh(), Err(GateError::File { .. })));
        }
        assert_eq!(gate.current().id(), first);
        fs::remove_dir(&gate.file).unwrap();
        replace(&gate, &POLICY.replace("acme", "globex"));
        assert!(gate.refresh().is_ok());
        assert_ne!(gate.current().id(), first);
    }

    #[test]
    fn a_policy_with_problems_is_reported_once() {
        let (_folder, gate) = opened();
        replace(&gate, "schema = 2");
        assert!(matches!(gate.refresh(), Err(GateError::Policy { .. })));
        assert!(gate.refresh().is_ok());
    }
}
