//! Answers for people: problems and findings in the line where they stand.
//!
//! Everything is rendered with colour; what writes it to a stream without a terminal takes the colour away.

use std::io::{self, Write as _};
use std::path::Path;

use codespan_reporting::diagnostic::{Diagnostic, Label, Severity};
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term::{self, Chars, Config, termcolor::Ansi};
use sendas::record::{EnvelopeRecord, HeaderRecord, RequestRecord};
use sendas::{Place, PolicyError, Reason, Subject};

use crate::shown::{self, Shown};

/// Shows every problem of a policy text.
pub(crate) fn problems(file: &Path, text: &[u8], error: &PolicyError) -> io::Result<Vec<u8>> {
    let mut sources = Sources::default();
    let source = sources.add(&file.display().to_string(), text);
    for problem in error.diagnostics() {
        let mut diagnostic = Diagnostic::error().with_message(shown::line(&problem.message));
        diagnostic = diagnostic.with_label(source.label(problem.span.clone()).with_message(shown::line(&problem.path)));
        if let Some(help) = &problem.help {
            diagnostic = diagnostic.with_note(format!("help: {}", shown::line(help)));
        }
        sources.emit(&diagnostic)?;
    }
    Ok(sources.out)
}

/// The parts of a request that have lines to point at.
pub(crate) struct RequestView {
    sources: Sources,
    envelope: Option<Source>,
    header: Option<Source>,
}

impl RequestView {
    /// `message` is the name of the message file.
    pub(crate) fn new(record: &RequestRecord, message: Option<&Path>) -> Self {
        let mut sources = Sources::default();
        let envelope = match &record.envelope {
            EnvelopeRecord::Path(octets) | EnvelopeRecord::Unquoted(octets) => Some(sources.add("MAIL FROM", octets)),
            EnvelopeRecord::Null | EnvelopeRecord::Unknown => None,
        };
        let header = match (&record.header, message) {
            (HeaderRecord::Block(block), Some(file)) => Some(sources.add(&file.display().to_string(), block)),
            _ => None,
        };
        Self { sources, envelope, header }
    }

    /// Shows a finding where it stands.
    pub(crate) fn finding(&mut self, reason: Reason, place: Place, enforced: bool) -> io::Result<()> {
        let severity = if enforced { Severity::Error } else { Severity::Warning };
        let meaning = reason.doc().split_whitespace().collect::<Vec<_>>().join(" ");
        let meaning = meaning.trim_end_matches('.');
        let message = if enforced { meaning.to_owned() } else { format!("would deny: {meaning}") };
        let diagnostic = Diagnostic::new(severity).with_code(reason.slug()).with_message(message);
        let octets = place.span.start as usize..place.span.end as usize;
        let diagnostic = match self.source(place.subject) {
            Some(source) => diagnostic.with_label(source.label(octets)),
            None => diagnostic.with_note(format!("found at: {}", place.subject.name())),
        };
        self.sources.emit(&diagnostic)
    }

    /// Adds lines to what is shown.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.sources.out.write_all(text.as_bytes())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.sources.out
    }

    fn source(&self, subject: Subject) -> Option<&Source> {
        match subject {
            Subject::EnvelopeSender => self.envelope.as_ref(),
            Subject::From | Subject::Sender | Subject::Resent => self.header.as_ref(),
            _ => None,
        }
    }
}

/// Text to point into, and what has been rendered of it.
struct Sources {
    files: SimpleFiles<String, String>,
    config: Config,
    out: Vec<u8>,
}

struct Source {
    id: usize,
    shown: Shown,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            files: SimpleFiles::new(),
            config: Config { chars: Chars::ascii(), ..Config::default() },
            out: Vec::new(),
        }
    }
}

impl Sources {
    fn add(&mut self, name: &str, octets: &[u8]) -> Source {
        let shown = Shown::new(octets);
        let id = self.files.add(shown::line(name), shown.text().to_owned());
        Source { id, shown }
    }

    fn emit(&mut self, diagnostic: &Diagnostic<usize>) -> io::Result<()> {
        let mut writer = Ansi::new(&mut self.out);
        term::emit_to_write_style(&mut writer, &self.config, &self.files, diagnostic).map_err(io::Error::other)
    }
}

impl Source {
    fn label(&self, octets: std::ops::Range<usize>) -> Label<usize> {
        Label::primary(self.id, self.shown.place(octets))
    }
}
