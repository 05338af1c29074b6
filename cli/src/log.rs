//! The log of records as a file: read under a lock, appended whole, mended where the last line was torn.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sendas::admin::{Directory, Record};
use sendas::event_log::LogReader;

use crate::failure::Failure;

/// A log that is open, and locked as long as it is.
pub(crate) struct Log {
    file: File,
    path: PathBuf,
    /// What the records say.
    pub(crate) directory: Directory,
    /// The octets of whole lines.
    whole: u64,
    /// The octets after them: a line that a crash has cut short, whose command was never answered.
    torn: usize,
}

impl Log {
    /// Opens a log to read it; others may read it meanwhile.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::read(path, error))?;
        fs4::FileExt::lock_shared(&file).map_err(|error| Failure::read(path, error))?;
        Self::fold(file, path)
    }

    /// Opens a log to append to it, or makes a new one; nobody else has it open meanwhile.
    pub(crate) fn append(path: &Path) -> Result<Self, Failure> {
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        // Not in append mode: a torn line is cut off first.
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| Failure::write(path, error))?;
        fs4::FileExt::lock(&file).map_err(|error| Failure::write(path, error))?;
        if is_new {
            // A new name is lost in a crash until its folder is written.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Failure::write(path, error))?;
        }
        Self::fold(file, path)
    }

    fn fold(mut file: File, path: &Path) -> Result<Self, Failure> {
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|error| Failure::read(path, error))?;
        let whole = text.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
        let mut reader = LogReader::new();
        for line in text.get(..whole).unwrap_or_default().split_inclusive(|&octet| octet == b'\n') {
            reader.push(line).map_err(|error| Failure::log(path, &error))?;
        }
        let directory = reader.finish().map_err(|unfit| Failure::log(path, &unfit))?;
        let torn = text.len() - whole;
        if torn > 0 {
            writeln!(
                anstream::stderr(),
                "warning: {}: the last line is torn: {torn} octet(s) without a line end are left out; the command that \
                 they were written for was not carried out",
                path.display()
            )?;
        }
        let whole = u64::try_from(whole).unwrap_or(u64::MAX);
        Ok(Self { file, path: path.into(), directory, whole, torn })
    }

    /// Writes a record as a line and applies it. When this returns, the line is on the disk.
    pub(crate) fn write(&mut self, record: &Record) -> Result<(), Failure> {
        let mut line = record.to_json();
        line.push('\n');
        let mut next = self.directory.clone();
        next.apply(record).map_err(|unfit| Failure::log(&self.path, &unfit))?;
        self.put(line.as_bytes()).map_err(|error| Failure::write(&self.path, error))?;
        self.directory = next;
        Ok(())
    }

    fn put(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.torn > 0 {
            self.file.set_len(self.whole)?;
            self.torn = 0;
        }
        self.file.seek(SeekFrom::Start(self.whole))?;
        self.file.write_all(line)?;
        self.file.sync_all()?;
        self.whole = self.whole.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}
