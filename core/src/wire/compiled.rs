//! Policies as JSON Lines, compiled as they come.

use alloc::vec::Vec;
use core::fmt;
use core::mem;

use crate::options::Options;
use crate::policy::Provider;
use crate::snapshot::build::join::{Both, InTurn};
use crate::snapshot::build::tenants::CompiledTenants;
use crate::snapshot::{CompileError, Snapshot, SnapshotBuilder, TenantCompiler};

use super::diagnostic::{Diagnostic, PolicyError};
use super::lines::{Line, Object, Place, diagnose, each_line, read_line, without_columns};

/// Compiles a policy as JSON Lines without the whole of it in memory, neither as text nor as objects: the octets come piece by
/// piece, then [`finish`](Self::finish).
///
/// It holds 256 KiB of text and the line at hand: bound the length of lines where strangers write them.
///
/// ```
/// use sendas::{HashKey, Options, SnapshotLines};
///
/// let mut lines = SnapshotLines::new(&Options::new(HashKey(*b"sixteen random!!")));
/// for piece in ["{\"schema\":1}\n{\"id\":", "\"acme\"}\n{\"id\":\"zebra\"}"] {
///     lines.push(piece.as_bytes());
/// }
/// assert_eq!(lines.finish()?.tenant_count(), 2);
/// # Ok::<(), sendas::LinesError>(())
/// ```
pub struct SnapshotLines {
    pub(crate) cutter: Cutter,
    pub(crate) compiled: Compiled,
}

impl SnapshotLines {
    /// So many octets are read and compiled at once: more than handing them to a thread costs.
    pub(crate) const ENOUGH: usize = 256 * 1024;

    /// Begins with a text that is to be compiled with these options.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { cutter: Cutter::default(), compiled: Compiled::new(options) }
    }

    /// Takes the next octets, wherever they are cut: unlike in [`PolicyLines::push`](crate::PolicyLines::push), a line ends at
    /// its line ending only.
    pub fn push(&mut self, octets: &[u8]) {
        for octets in octets.chunks(Self::ENOUGH) {
            if let Some(cut) = self.cutter.push(octets) {
                self.compiled.add(cut.compile(&self.compiled.compiler));
            }
        }
    }

    /// Returns the snapshot. It is that of [`Snapshot::compile`] for the policy that the text says, octet for octet.
    ///
    /// # Errors
    ///
    /// [`LinesError::Text`] with what [`PolicyLines::finish`](crate::PolicyLines::finish) finds, and [`LinesError::Snapshot`] for
    /// what [`Snapshot::compile`] refuses besides.
    pub fn finish(mut self) -> Result<Snapshot, LinesError> {
        let last = self.cutter.last();
        self.compiled.add(last.compile(&self.compiled.compiler));
        self.compiled.finish_by(&InTurn)
    }
}

impl fmt::Debug for SnapshotLines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SnapshotLines").field("tenants", &self.compiled.tenants.len()).finish_non_exhaustive()
    }
}

/// Cuts a text into whole lines.
#[derive(Default)]
pub(crate) struct Cutter {
    /// What has come, and was not cut off yet.
    text: Vec<u8>,
    /// The octet behind its last line ending.
    end: usize,
    /// The lines before it, and their octets.
    lines: usize,
    octets: usize,
}

/// How many line endings are among octets. So many as an octet can count are counted at a time, which goes for many at once.
fn line_endings(octets: &[u8]) -> usize {
    let count = |octets: &[u8]| octets.iter().map(|&octet| u8::from(octet == b'\n')).sum::<u8>();
    let chunks = octets.chunks_exact(240);
    let rest = chunks.remainder();
    chunks.chain([rest]).map(|chunk| usize::from(count(chunk))).sum()
}

/// Some whole lines of a text, the first of which stands at a place. The last may lack its line ending.
pub(crate) struct Cut {
    text: Vec<u8>,
    line: usize,
    start: usize,
}

impl Cutter {
    /// Takes the next octets; returns lines once there are enough.
    pub(crate) fn push(&mut self, octets: &[u8]) -> Option<Cut> {
        if let Some(at) = octets.iter().rposition(|&octet| octet == b'\n') {
            self.end = self.text.len() + at + 1;
        }
        self.text.extend_from_slice(octets);
        if self.end < SnapshotLines::ENOUGH { None } else { Some(self.cut()) }
    }

    /// Returns what is left.
    pub(crate) fn last(&mut self) -> Cut {
        self.end = self.text.len();
        self.cut()
    }

    fn cut(&mut self) -> Cut {
        let rest = self.text.split_off(self.end);
        let text = mem::replace(&mut self.text, rest);
        let cut = Cut { line: self.lines + 1, start: self.octets, text };
        self.lines += line_endings(&cut.text);
        self.octets += cut.text.len();
        self.end = 0;
        cut
    }
}

impl Cut {
    /// Reads and compiles the lines.
    pub(crate) fn compile(&self, compiler: &TenantCompiler) -> Part {
        let mut part = Part::default();
        // A text without any line has an empty first one, which is a problem.
        let none = (self.text.is_empty() && self.line == 1).then_some(&b""[..]);
        let lines = none.into_iter().chain(each_line(&self.text));
        let (mut line, mut start) = (self.line, self.start);
        for octets in lines {
            let text = octets.strip_suffix(b"\n").unwrap_or(octets);
            let place = Place { line, start, end: start + text.len() };
            part.read(text, place, compiler);
            (line, start) = (line + 1, start + octets.len());
        }
        part
    }
}

/// Lines that were read and compiled.
#[derive(Default)]
pub(crate) struct Part {
    head: Option<(Provider, Place)>,
    compiled: CompiledTenants,
    tenants: Vec<Place>,
    diagnostics: Vec<Diagnostic>,
}

impl Part {
    fn read(&mut self, text: &[u8], place: Place, compiler: &TenantCompiler) {
        let reports = match read_line(text, place) {
            Ok(Line { object, reports, .. }) => {
                match object {
                    Object::Head(provider) => self.head = Some((provider, place)),
                    Object::Tenant(Some(tenant)) => {
                        compiler.add(&tenant, &mut self.compiled);
                        self.tenants.push(place);
                    }
                    Object::Tenant(None) => {}
                }
                reports
            }
            Err(reports) => reports,
        };
        self.diagnostics.extend(place.diagnostics(text, reports));
    }
}

/// What has been compiled so far.
pub(crate) struct Compiled {
    options: Options,
    pub(crate) compiler: TenantCompiler,
    builder: SnapshotBuilder,
    head: Place,
    /// Where each tenant stands.
    tenants: Vec<Place>,
    diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    fn new(options: &Options) -> Self {
        let compiler = TenantCompiler::new(&options.hash_key);
        let builder = SnapshotBuilder::new(&Provider::default(), options, compiler.clone());
        let (tenants, diagnostics) = (Vec::new(), Vec::new());
        Self { options: *options, compiler, builder, head: Place::default(), tenants, diagnostics }
    }

    /// Adds the next lines.
    pub(crate) fn add(&mut self, mut part: Part) {
        // The head is in the first part, before all tenants.
        if let Some((provider, place)) = part.head {
            self.builder = SnapshotBuilder::new(&provider, &self.options, self.compiler.clone());
            self.head = place;
        }
        self.builder.add(&mut part.compiled);
        self.tenants.append(&mut part.tenants);
        self.diagnostics.extend(part.diagnostics);
    }

    pub(crate) fn finish_by(self, both: &impl Both) -> Result<Snapshot, LinesError> {
        let (built, problems) = match self.builder.finish_by(both) {
            Err(CompileError::Policy(problems)) => (None, problems),
            built => (Some(built), Vec::new()),
        };
        let diagnostics = diagnose(self.diagnostics, &problems, (self.head, &self.tenants), without_columns);
        match built {
            Some(built) if diagnostics.is_empty() => built.map_err(LinesError::Snapshot),
            _ => Err(LinesError::Text(PolicyError::new(diagnostics))),
        }
    }
}

/// Why JSON Lines were not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinesError {
    /// The text, or the policy that it says, has problems; all of them are named.
    #[error(transparent)]
    Text(PolicyError),
    /// The policy is sound, but no snapshot can be made of it.
    #[error(transparent)]
    Snapshot(CompileError),
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::line_endings;
    use crate::wire::lines::each_line;

    #[test]
    fn lines_are_counted_and_cut_as_the_standard_library_does() {
        for length in [0, 1, 7, 8, 9, 239, 240, 241, 1_000] {
            for every in [1, 2, 3, 8, 255, 2_000] {
                let text: Vec<u8> = (1..=length).map(|at| if at % every == 0 { b'\n' } else { 0x8A }).collect();
                assert_eq!(line_endings(&text), text.iter().filter(|&&octet| octet == b'\n').count());
                assert!(each_line(&text).eq(text.split_inclusive(|&octet| octet == b'\n')), "{length} {every}");
            }
        }
    }
}
