//! The log of records as a file: read under a lock, appended whole, mended where the last line was torn.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sendas::admin::{Directory, Record};
use sendas::event_log::LogReader;

use crate::failure::{Failure, say};

/// A log that is open, and locked as long as it is.
pub(crate) struct Log {
    file: File,
    path: PathBuf,
    /// What the records say.
    pub(crate) directory: Directory,
    /// The octets of whole lines.
    whole: u64,
    /// Whether something stands after them: a line that a crash has cut short, whose command was never answered.
    torn: bool,
}

impl Log {
    /// Opens a log to read it; others may read it meanwhile.
    ///
    /// Where a line is no record, or one that does not fit, the log says what stands before that line, and the failure why no
    /// more of it is read.
    pub(crate) fn read(path: &Path) -> Result<(Self, Option<Failure>), Failure> {
        let (log, broken) = Self::open(path)?;
        Ok((log, broken.map(|problem| Failure::log(path, problem, "what stands before it is shown"))))
    }

    /// Opens a log to read it as a whole; others may read it meanwhile.
    pub(crate) fn read_whole(path: &Path) -> Result<Self, Failure> {
        match Self::open(path)? {
            (log, None) => Ok(log),
            (_, Some(problem)) => Err(Failure::log(path, problem, "nothing was decided")),
        }
    }

    fn open(path: &Path) -> Result<(Self, Option<String>), Failure> {
        let file = File::open(path).map_err(|error| Failure::read(path, error))?;
        regular(&file, path)?;
        fs4::FileExt::lock_shared(&file).map_err(|error| Failure::read(path, error))?;
        Self::fold(file, path)
    }

    /// Opens a log to append to it, or makes a new one; nobody else has it open meanwhile.
    pub(crate) fn append(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        // Not in append mode: a torn line is cut off first.
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| Failure::write(path, error))?;
        regular(&file, path)?;
        fs4::FileExt::lock(&file).map_err(|error| Failure::write(path, error))?;
        match Self::fold(file, path)? {
            (log, None) => {
                if log.whole == 0 {
                    // A new name is lost in a crash until its folder is written; whoever made it may have crashed before.
                    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                    let folder = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
                    folder.map_err(|error| Failure::write(path, error))?;
                }
                Ok(log)
            }
            (_, Some(problem)) => Err(Failure::log(path, problem, "nothing was written")),
        }
    }

    /// Reads the log; beside it stands what is wrong with it, if anything is.
    fn fold(file: File, path: &Path) -> Result<(Self, Option<String>), Failure> {
        let mut lines = BufReader::new(&file);
        let (mut reader, mut line) = (LogReader::new(), Vec::new());
        let (mut whole, mut broken) = (0_u64, None);
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(|error| Failure::read(path, error))?;
            if !line.ends_with(b"\n") {
                break;
            }
            if let Err(error) = reader.push(&line) {
                broken = Some(error.to_string());
                break;
            }
            whole = whole.saturating_add(length(&line));
        }
        let torn = broken.is_none() && !line.is_empty();
        if torn {
            say(format_args!(
                "warning: {}: the last line is torn: {} octet(s) without a line end are left out; the command that \
                 they were written for was not carried out",
                path.display(),
                line.len()
            ))?;
        }
        let directory = reader.into_directory();
        let broken = broken.or_else(|| directory.check().err().map(|unfit| unfit.to_string()));
        Ok((Self { file, path: path.into(), directory, whole, torn }, broken))
    }

    /// Writes a record as a line and applies it. When this returns, the line is on the disk.
    pub(crate) fn write(&mut self, record: &Record) -> Result<(), Failure> {
        let mut line = record.to_json();
        line.push('\n');
        self.put(line.as_bytes()).map_err(|error| match self.cut() {
            Ok(()) => Failure::write(&self.path, error),
            // What stands there now is told by whoever reads it next.
            Err(_) => Failure::Unknown { file: self.path.clone(), error },
        })?;
        self.whole = self.whole.saturating_add(length(line.as_bytes()));
        let applied = self.directory.apply(record);
        applied.map_err(|unfit| Failure::log(&self.path, unfit.to_string(), "the record stands there now"))
    }

    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.cut()?;
        }
        self.file.seek(SeekFrom::Start(self.whole))?;
        self.file.write_all(line)?;
        self.file.sync_all()
    }

    /// Cuts off what stands after the whole lines.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.whole)?;
        self.file.sync_all()?;
        self.torn = false;
        Ok(())
    }
}

/// Refuses what is no regular file: a device has no end, and a pipe cannot be read again.
fn regular(file: &File, path: &Path) -> Result<(), Failure> {
    let kind = file.metadata().map_err(|error| Failure::read(path, error))?.file_type();
    if kind.is_file() { Ok(()) } else { Err(Failure::NoFile(path.into())) }
}

fn length(octets: &[u8]) -> u64 {
    u64::try_from(octets.len()).unwrap_or(u64::MAX)
}
