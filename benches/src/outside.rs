//! What a sealed snapshot costs the processes that use it, seen from outside of them.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use memmap2::Mmap;
use sendas::{Snapshot, Verdict};

use crate::data::{Accounts, Size, plain};
use crate::measure::quantile;

/// What a sealed snapshot costs.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Sealed {
    /// The octets of the file.
    pub octets: usize,
    /// Milliseconds from the start of a process until it has the file open, without those of one that opens nothing.
    pub open: f64,
    /// The same until it has verified the file too.
    pub verify: f64,
    /// The octets that two processes hold together once each has decided requests, where the system tells: what they share
    /// counts once.
    pub held: Option<usize>,
}

/// Seals a snapshot, and measures processes that use the file.
///
/// # Errors
///
/// Where the snapshot cannot be sealed, or a process fails.
pub fn sealed(snapshot: &Snapshot, size: Size, requests: usize) -> Result<Sealed, Box<dyn Error>> {
    let mut file = tempfile::NamedTempFile::new()?;
    let octets = snapshot.seal()?;
    file.write_all(&octets)?;
    file.flush()?;
    let until = |options: &[&str]| -> Result<f64, Box<dyn Error>> {
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let mut worker = Worker::start(file.path(), size, options)?;
            worker.line()?;
            all.push(started.elapsed().as_secs_f64() * 1e3);
            worker.end()?;
        }
        Ok(quantile(&mut all, 500))
    };
    let nothing = until(&["--nothing"])?;
    let (open, verify) = (until(&[])? - nothing, until(&["--verify"])? - nothing);
    let requests = requests.to_string();
    let options = ["--requests", requests.as_str()];
    let mut workers = [Worker::start(file.path(), size, &options)?, Worker::start(file.path(), size, &options)?];
    for worker in &mut workers {
        // It has opened the file, and then decided.
        worker.line()?;
        worker.line()?;
    }
    let held = workers.iter().map(Worker::held).sum();
    workers.into_iter().try_for_each(Worker::end)?;
    Ok(Sealed { octets: octets.len(), open, verify, held })
}

/// What a worker does: opens the file, says so, decides requests, says so, and waits until its input ends.
///
/// # Errors
///
/// Where the file cannot be used, or a request is not decided as it is meant.
pub fn work(file: Option<&Path>, size: Size, verify: bool, requests: usize) -> Result<(), Box<dyn Error>> {
    let snapshot = file.map(open).transpose()?;
    if let Some(snapshot) = snapshot.as_ref().filter(|_| verify) {
        snapshot.verify()?;
    }
    writeln!(io::stdout(), "open")?;
    if let Some(snapshot) = &snapshot {
        for attempt in plain::attempts(size, Accounts::Uniform, 7).take(requests) {
            let allowed = snapshot.evaluate(&attempt.given().request()).verdict() == Verdict::Allow;
            if allowed != attempt.case.allowed {
                return Err(format!("decided otherwise: {attempt:?}").into());
            }
        }
        writeln!(io::stdout(), "decided")?;
    }
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn open(file: &Path) -> Result<Snapshot, Box<dyn Error>> {
    let file = File::open(file)?;
    #[expect(unsafe_code, reason = "a file that is mapped can be changed from outside, which no type can forbid")]
    // SAFETY: the file is this program's own, and nobody writes into it.
    let octets = unsafe { Mmap::map(&file) }?;
    Ok(Snapshot::open(octets)?)
}

/// A process of this program that runs [`work`].
struct Worker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start(file: &Path, size: Size, options: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("worker").arg(file).args(["--identities", &size.identities().to_string()]);
        command.args(["--per-tenant", &size.per_tenant().to_string()]).args(options);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("a process without input and output".into());
        };
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// Waits for its next line.
    fn line(&mut self) -> Result<(), Box<dyn Error>> {
        if self.output.read_line(&mut String::new())? == 0 { Err("a worker ended too early".into()) } else { Ok(()) }
    }

    /// The octets that it holds, and its share of those that others hold too.
    fn held(&self) -> Option<usize> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
    }

    /// Ends it.
    fn end(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.input);
        if self.process.wait()?.success() { Ok(()) } else { Err("a worker failed".into()) }
    }
}

const ROUNDS: usize = 15;
