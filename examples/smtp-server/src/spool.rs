//! Where messages go: a file for the message, octet by octet as it came, and one for its envelope.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The directory for messages.
pub(crate) struct Spool {
    directory: PathBuf,
    next: AtomicU64,
}

/// Which part of the spool a message goes to.
#[derive(Clone, Copy)]
pub(crate) enum Shelf {
    Accepted,
    /// In quarantine, until somebody looks.
    Held,
}

impl Spool {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        for shelf in [Shelf::Accepted, Shelf::Held] {
            fs::create_dir_all(directory.join(shelf.name()))?;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { directory: directory.into(), next: AtomicU64::new(since.as_secs() << 20) })
    }

    /// Stores a message and returns its id; `envelope` is what MAIL FROM and RCPT TO said.
    pub(crate) fn store(&self, shelf: Shelf, envelope: &[u8], message: &[u8]) -> io::Result<String> {
        let id = format!("{:x}", self.next.fetch_add(1, Ordering::Relaxed));
        let file = self.directory.join(shelf.name()).join(&id);
        fs::write(file.with_extension("envelope"), envelope)?;
        // The message appears whole, and last.
        fs::write(file.with_extension("part"), message)?;
        fs::rename(file.with_extension("part"), file.with_extension("eml"))?;
        Ok(id)
    }
}

impl Shelf {
    const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held => "held",
        }
    }
}
