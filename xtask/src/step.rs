use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use thiserror::Error;

/// Why a command of this package failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("call this as `cargo xtask`")]
    NotUnderCargo,
    #[error("step `{step}` failed: `{command}` could not be started: {source}")]
    Start { step: String, command: String, source: io::Error },
    #[error("step `{step}` failed: `{command}` ended with {status}")]
    Ended { step: String, command: String, status: String },
    #[error("`{}`: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Unmet(String),
}

impl Failure {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

/// Runs commands one after the other, shows what they print, and adds up the counts of vectors that they report.
#[derive(Default)]
pub(crate) struct Steps {
    counts: BTreeMap<String, u64>,
}

impl Steps {
    /// Runs a command to its end; its standard output is passed on and searched for `vectors LANGUAGE=COUNT`.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> Result<(), Failure> {
        self.run_into(name, command, io::stdout())
    }

    /// Runs a command to its end and returns what it writes to its standard output.
    pub(crate) fn capture(&mut self, name: &str, command: &mut Command) -> Result<String, Failure> {
        let mut output = Vec::new();
        self.run_into(name, command, &mut output)?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    fn run_into(&mut self, name: &str, command: &mut Command, shown_in: impl io::Write) -> Result<(), Failure> {
        let shown = show(command);
        eprintln!("\n==> {name}\n    {shown}");
        let started = Instant::now();
        let start = |source| Failure::Start { step: name.to_owned(), command: shown.clone(), source };
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(start)?;
        if let Some(output) = child.stdout.take() {
            self.pass_on(output, shown_in).map_err(start)?;
        }
        let status = child.wait().map_err(start)?;
        if !status.success() {
            return Err(Failure::Ended { step: name.to_owned(), command: shown, status: status.to_string() });
        }
        eprintln!("    {name}: {:.1} s", started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Returns `vectors rust=N python=N node=N`, which needs one equal count above zero from each language.
    pub(crate) fn vectors(&self, languages: &[&str]) -> Result<String, Failure> {
        let count = |language| self.counts.get(language).copied().unwrap_or(0);
        let counts: Vec<_> = languages.iter().map(|&language| format!("{language}={}", count(language))).collect();
        let line = format!("vectors {}", counts.join(" "));
        let first = languages.first().map_or(0, |&language| count(language));
        if first == 0 || languages.iter().any(|&language| count(language) != first) {
            return Err(Failure::Unmet(format!("every language must run the same vectors, and at least one: {line}")));
        }
        Ok(line)
    }

    fn pass_on(&mut self, output: impl io::Read, mut shown: impl io::Write) -> io::Result<()> {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line)? > 0 {
            shown.write_all(&line)?;
            if let Some((language, count)) = reported(&String::from_utf8_lossy(&line)) {
                *self.counts.entry(language).or_default() += count;
            }
            line.clear();
        }
        shown.flush()
    }
}

/// Runs a command silently and returns what it printed, or `None` if it failed or does not exist.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads `vectors LANGUAGE=COUNT`, which a runner may print within a line of its own framework.
fn reported(line: &str) -> Option<(String, u64)> {
    let (_, rest) = line.split_once("vectors ")?;
    let (language, rest) = rest.split_once('=')?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).map_or(rest, |end| rest.split_at(end).0);
    let known = language.bytes().all(|byte| byte.is_ascii_lowercase()) && !language.is_empty();
    if known { digits.parse().ok().map(|count| (language.to_owned(), count)) } else { None }
}

fn show(command: &Command) -> String {
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(output: &str) -> Result<String, String> {
        let mut steps = Steps::default();
        steps.pass_on(output.as_bytes(), io::sink()).unwrap();
        steps.vectors(&["rust", "node"]).map_err(|failure| failure.to_string())
    }

    #[test]
    fn counts_are_found_inside_other_output() {
        let output = "test a ... vectors rust=12\nok\n# vectors node=12 (1.2 s)\n";
        assert_eq!(counted(output), Ok("vectors rust=12 node=12".to_owned()));
    }

    #[test]
    fn a_different_count_fails() {
        assert!(counted("vectors rust=12\nvectors node=11\n").is_err());
    }

    #[test]
    fn a_language_that_ran_nothing_fails() {
        assert!(counted("vectors rust=12\n").is_err());
        assert!(counted("vectors rust=0\nvectors node=0\n").is_err());
    }
}
