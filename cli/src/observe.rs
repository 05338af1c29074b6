//! `sendas observe`: requests and mail logs reduced to tallies, a line in memory at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::ProgressBar;
use sendas::Limits;
use sendas::analysis::{Observations, Table};
use sendas::postfix_log::{Counts, Fault, Line, LogReader, Timestamps};
use sendas::record::RequestRecord;

use crate::arguments::Observe;
use crate::bulk::{LONGEST_LINE, problems, progress};
use crate::evaluate::print;
use crate::failure::{Failure, say};
use crate::shown::Shown;
use crate::{sealed, state};

pub(crate) fn run(arguments: &Observe) -> Result<ExitCode, Failure> {
    // Standard input, which `-` is elsewhere, cannot be written back.
    let is_no_file = |file: &&PathBuf| **file == Path::new("-") || file.exists() && !file.is_file();
    if let Some(file) = arguments.into.as_ref().filter(is_no_file) {
        return Err(Failure::NoFile(file.clone()));
    }
    let mut reduce = Reduce { observations: Observations::new(arguments.most), lines: Lines::default(), shown: 0 };
    for log in &arguments.logs {
        let progress = progress(log);
        let mut reader = LogReader::new(Timestamps { year: arguments.year, offset: arguments.zone }, MOST_OPEN);
        let reduced = if log == Path::new("-") {
            reduce.all(log, io::stdin().lock(), &mut reader, &progress)
        } else {
            let open = File::open(log).map_err(|error| Failure::read(log, error))?;
            reduce.all(log, BufReader::new(open), &mut reader, &progress)
        };
        progress.finish_and_clear();
        reduced?;
        reduce.lines.add(reader.counts());
    }
    let Reduce { mut observations, lines, .. } = reduce;
    let observed = observations.requests();
    match &arguments.into {
        None => print(observations.to_json_lines().as_bytes())?,
        Some(file) => {
            // Until it is written again nobody else adds to it: what they added would be lost.
            let _locked = lock(file).map_err(|error| Failure::write(file, error))?;
            if file.exists() {
                let mut sum = state::observations(file)?;
                sum.merge(&observations);
                observations = sum;
            }
            sealed::replace(file, [observations.to_json_lines().as_bytes()])?;
        }
    }
    sum_up(observed, &lines, &observations)?;
    Ok(ExitCode::from(if lines.not_understood == 0 { 0 } else { SOME_NOT_UNDERSTOOD }))
}

struct Reduce {
    observations: Observations,
    lines: Lines,
    /// How many lines that are not understood have been shown.
    shown: u64,
}

/// What became of the lines of all logs.
#[derive(Default)]
struct Lines {
    read: u64,
    other: u64,
    not_understood: u64,
    not_submitted: u64,
    not_queued: u64,
}

impl Lines {
    /// Adds what a reader of a mail log counts for itself; lines that are not understood were counted one by one.
    fn add(&mut self, counts: Counts) {
        self.other += counts.other;
        self.not_submitted += counts.not_submitted;
        self.not_queued += counts.not_queued;
    }
}

impl Reduce {
    fn all(
        &mut self,
        log: &Path,
        mut lines: impl BufRead,
        reader: &mut LogReader,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let octets = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            let octets = octets.map_err(|error| Failure::read(log, error))?;
            if octets == 0 {
                break;
            }
            progress.inc(octets as u64);
            self.lines.read += 1;
            let whole = line.ends_with(b"\n") || (octets as u64) < LONGEST_LINE;
            let fault = if whole {
                self.one(&line, reader).map_err(|Undated| Failure::Year { file: log.into(), line: number })?
            } else {
                let skipped = lines.skip_until(b'\n').map_err(|error| Failure::read(log, error))?;
                progress.inc(skipped as u64);
                Some(format!("the line is too long; right would be at most {LONGEST_LINE} octets"))
            };
            if let Some(fault) = fault {
                self.lines.not_understood += 1;
                if self.shown < MOST_SHOWN {
                    self.shown += 1;
                    let begins = Shown::new(line.trim_ascii_end().get(..SHOWN_OCTETS).unwrap_or(line.trim_ascii_end()));
                    let said = format!("{}:{number}: {fault}: {}", log.display(), begins.text());
                    progress.suspend(|| _ = say(said));
                }
            }
        }
        Ok(())
    }

    /// Observes what one line says, or tells why it is not understood.
    fn one(&mut self, line: &[u8], reader: &mut LogReader) -> Result<Option<String>, Undated> {
        let record = if line.starts_with(b"{") {
            match RequestRecord::from_json(line) {
                Ok(record) => record,
                Err(error) => return Ok(Some(problems(&error))),
            }
        } else {
            match reader.push(line) {
                Line::Message(record) => record,
                Line::Taken | Line::Other => return Ok(None),
                Line::NotUnderstood(Fault::Year) => return Err(Undated),
                Line::NotUnderstood(fault) => return Ok(Some(fault.to_string())),
            }
        };
        record.with_request(|request| self.observations.observe(request, &Limits::default()));
        Ok(None)
    }
}

/// A line of a mail log has no year, and none was given: every line of it would be lost.
struct Undated;

fn sum_up(observed: u64, lines: &Lines, observations: &Observations) -> Result<(), Failure> {
    say(format_args!(
        "observed {observed} message(s) in {} line(s); {} line(s) say nothing of a message, {} are not understood",
        lines.read, lines.other, lines.not_understood
    ))?;
    if lines.not_submitted + lines.not_queued > 0 {
        say(format_args!(
            "of the mail log, {} message(s) were queued without having been handed over, {} handed over and not queued",
            lines.not_submitted, lines.not_queued
        ))?;
    }
    say(format_args!(
        "{} tally(s) of {} message(s) are kept; {} message(s) name no account",
        observations.tallies().count(),
        observations.requests(),
        observations.unattributed()
    ))?;
    for table in Table::ALL {
        let dropped = observations.dropped(table);
        if dropped > 0 {
            let most = observations.most();
            say(format_args!("warning: {dropped} fact(s) of the {} are in no tally; {most} are kept", table.name()))?;
        }
    }
    Ok(())
}

/// Locks the file beside it that stands for it, as long as the answer lives: the file itself is another one after each time.
///
/// Who names a link to it waits for the same.
fn lock(file: &Path) -> io::Result<File> {
    let target = if file.exists() { fs::canonicalize(file)? } else { file.into() };
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(sealed::beside(&target, ".lock"))?;
    fs4::FileExt::lock(&lock)?;
    Ok(lock)
}

/// The exit code where some lines were not understood.
const SOME_NOT_UNDERSTOOD: u8 = 1;
/// As many lines that are not understood are shown; all are counted.
const MOST_SHOWN: u64 = 10;
/// So much of each.
const SHOWN_OCTETS: usize = 80;
/// As many messages may have been handed over and not queued yet.
const MOST_OPEN: usize = 100_000;
