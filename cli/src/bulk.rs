//! Recorded requests in bulk: a record a line in, a decision a line out, and no more than a line in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use sendas::record::RequestRecord;
use sendas::{Diagnostic, Profile, RecordError, Snapshot, Stage, Verdict};
use serde_json::json;

use crate::failure::{BAD_INPUT, Failure, say};

pub(crate) fn run(snapshot: &Snapshot, file: &Path, stage: Stage, profile: Profile) -> Result<ExitCode, Failure> {
    let progress = progress(file);
    let decide = Decide { snapshot, file, stage, profile };
    let out = BufWriter::new(io::stdout().lock());
    let decided = if file == Path::new("-") {
        decide.all(io::stdin().lock(), out, &progress)
    } else {
        let open = File::open(file).map_err(|error| Failure::read(file, error))?;
        decide.all(BufReader::new(open), out, &progress)
    };
    progress.finish_and_clear();
    let tally = decided?;
    say(format_args!(
        "decided {} request(s): {} allowed, {} denied, {} deferred",
        tally.allowed + tally.denied + tally.deferred,
        tally.allowed,
        tally.denied,
        tally.deferred
    ))?;
    if tally.unread == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!("error: {}: {} line(s) could not be read", file.display(), tally.unread))?;
    Ok(ExitCode::from(BAD_INPUT))
}

struct Decide<'a> {
    snapshot: &'a Snapshot,
    file: &'a Path,
    stage: Stage,
    profile: Profile,
}

#[derive(Debug, Default)]
struct Tally {
    allowed: u64,
    denied: u64,
    deferred: u64,
    unread: u64,
}

impl Decide<'_> {
    /// Answers every line; a reader of the answers that has seen enough ends it early.
    fn all(&self, mut records: impl BufRead, mut out: impl Write, progress: &ProgressBar) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let mut line = Vec::new();
        let not_read = |error| Failure::read(self.file, error);
        for number in 1_u64.. {
            line.clear();
            let octets = records.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(not_read)?;
            if octets == 0 {
                break;
            }
            progress.inc(octets as u64);
            let whole = line.ends_with(b"\n") || (octets as u64) < LONGEST_LINE;
            let answer = if whole {
                self.one(&line, &mut tally)
            } else {
                progress.inc(records.skip_until(b'\n').map_err(not_read)? as u64);
                Err(format!("column 1: the line is too long; right would be at most {LONGEST_LINE} octets"))
            };
            let answer = answer.unwrap_or_else(|message| {
                tally.unread += 1;
                // The same is said on standard output and by the exit code.
                progress.suspend(|| _ = say(format_args!("error: line {number}, {message}")));
                json!({ "line": number, "error": message }).to_string()
            });
            if let Err(error) = writeln!(out, "{answer}") {
                return if error.kind() == io::ErrorKind::BrokenPipe { Ok(tally) } else { Err(error.into()) };
            }
        }
        out.flush()?;
        Ok(tally)
    }

    fn one(&self, line: &[u8], tally: &mut Tally) -> Result<String, String> {
        let record = RequestRecord::from_json(line).map_err(|error| problems(&error))?;
        Ok(record.with_request(|request| {
            let decision = self.snapshot.evaluate_stage(request, self.stage);
            *match decision.verdict() {
                Verdict::Allow => &mut tally.allowed,
                Verdict::Deny => &mut tally.denied,
                Verdict::Defer => &mut tally.deferred,
            } += 1;
            decision.to_json(request, self.profile)
        }))
    }
}

/// Says everything that is wrong with a record, on one line.
pub(crate) fn problems(error: &RecordError) -> String {
    let problem = |problem: &Diagnostic| {
        let path = if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("column {}: {path}{}{help}", problem.column, problem.message)
    };
    error.diagnostics().iter().map(problem).collect::<Vec<_>>().join("; ")
}

/// A bar on standard error, hidden where that is no terminal.
pub(crate) fn progress(file: &Path) -> ProgressBar {
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:40} {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A header of 1 MiB, the library's limit, in which JSON escapes every octet.
pub(crate) const LONGEST_LINE: u64 = 8 * 1024 * 1024;
