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
/// A file that cannot be used is reported once and changes nothing.
pub(crate) struct Gate {
    file: PathBuf,
    options: Options,
    current: ArcSwap<Snapshot>,
    /// The version of the file that was looked at last, whether it could be used or not.
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
        *seen = found;
        let snapshot = read(&self.file, &self.options)?;
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
