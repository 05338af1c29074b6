//! Policies as JSON Lines, read a line at a time.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter;

use crate::address::octet;
use crate::policy::{PathStep, Policy, PolicyProblem, Provider, Tenant};

use super::build::RecordBuilder;
use super::diagnostic::{Diagnostic, PolicyError, Report, place};
use super::keys::{HEAD, TENANT};
use super::locate::Locator;
use super::path::{Path, push_steps};
use super::read::{add_problems, decode};
use super::tree::Node;
use super::{json, shape};

/// Reads a policy as JSON Lines without the whole text in memory: a line at a time, then [`finish`](Self::finish).
///
/// ```
/// let mut lines = sendas::PolicyLines::new();
/// lines.push(b"{\"schema\":1}\n");
/// lines.push(b"{\"id\":\"acme\"}\n");
/// assert_eq!(lines.finish()?.tenants.len(), 1);
/// # Ok::<(), sendas::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicyLines {
    policy: Policy,
    diagnostics: Vec<Diagnostic>,
    /// Where the head stands.
    head: Place,
    /// Where each tenant of `policy` stands.
    tenants: Vec<Place>,
    /// Lines taken so far.
    lines: usize,
    /// Octets taken so far.
    octets: usize,
}

impl PolicyLines {
    /// Creates a reader that expects the first line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line, with its line ending or without; one octet is counted for a missing one.
    pub fn push(&mut self, line: &[u8]) {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let place = Place { line: self.lines + 1, start: self.octets, end: self.octets + text.len() };
        self.lines = place.line;
        self.octets = place.end + 1;
        match read_line(text, place) {
            Ok(Line { object, tree: _, skipped: _, reports }) => {
                match object {
                    Object::Head(provider) => {
                        self.policy.provider = provider;
                        self.head = place;
                    }
                    Object::Tenant(Some(tenant)) => {
                        self.policy.tenants.push(*tenant);
                        self.tenants.push(place);
                    }
                    Object::Tenant(None) => {}
                }
                self.diagnostics.extend(place.diagnostics(text, reports));
            }
            Err(reports) => self.diagnostics.extend(place.diagnostics(text, reports)),
        }
    }

    /// Checks the policy as a whole and returns it.
    ///
    /// # Errors
    ///
    /// Every problem of every line, and what [`Policy::check`] finds; the latter with its line, but without its column.
    pub fn finish(self) -> Result<Policy, PolicyError> {
        self.finish_with(without_columns)
    }

    /// `show` finds the places of the problems of one line.
    fn finish_with(
        mut self,
        show: impl Fn(Place, &[PolicyProblem], bool) -> Vec<Diagnostic>,
    ) -> Result<Policy, PolicyError> {
        if self.lines == 0 {
            self.push(b"");
        }
        let places = (self.head, &*self.tenants);
        let diagnostics = diagnose(self.diagnostics, &self.policy.check(), places, show);
        if diagnostics.is_empty() { Ok(self.policy) } else { Err(PolicyError::new(diagnostics)) }
    }
}

/// Adds what must hold between tenants to what was found in the lines, each problem in the line of its tenant.
pub(super) fn diagnose(
    mut diagnostics: Vec<Diagnostic>,
    problems: &[PolicyProblem],
    (head, tenants): (Place, &[Place]),
    show: impl Fn(Place, &[PolicyProblem], bool) -> Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let whole = diagnostics.is_empty();
    for problems in problems.chunk_by(|a, b| tenant_of(a) == tenant_of(b)) {
        let tenant = problems.first().and_then(tenant_of);
        let place = tenant.and_then(|index| tenants.get(index)).unwrap_or(&head);
        diagnostics.extend(show(*place, problems, whole));
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    diagnostics
}

/// Shows the problems of a line that is not there any more: they are about all of it.
pub(super) fn without_columns(place: Place, problems: &[PolicyProblem], whole: bool) -> Vec<Diagnostic> {
    let mut reports = Vec::new();
    let everywhere = 0..place.end - place.start;
    add_problems(&mut reports, problems, whole, |steps| (everywhere.clone(), place.path(steps)));
    place.diagnostics(b"", reports)
}

/// Reads a whole text of JSON Lines; problems of the policy as a whole get their column too.
pub(super) fn read(text: &[u8]) -> Result<Policy, PolicyError> {
    let mut lines = PolicyLines::new();
    each_line(text).for_each(|line| lines.push(line));
    lines.finish_with(|place, problems, whole| {
        let line = text.get(place.start..place.end).unwrap_or_default();
        let Ok(Line { tree, skipped, mut reports, .. }) = read_line(line, place) else {
            return Vec::new();
        };
        let already = reports.len();
        let mut locator = Locator::new(&tree, &skipped);
        add_problems(&mut reports, problems, whole, |steps| {
            let (prefix, steps) = place.split(steps);
            locator.locate(steps, prefix)
        });
        place.diagnostics(line, reports.split_off(already))
    })
}

/// The lines of a text, each with its line ending if it has one.
pub(super) fn each_line(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    iter::from_fn(move || {
        let end = octet::position(rest, b'\n').map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        (!line.is_empty()).then_some(line)
    })
}

/// A line that is an object of the policy, more or less.
pub(super) struct Line<'t> {
    pub(super) object: Object,
    tree: Node<'t>,
    skipped: BTreeSet<usize>,
    pub(super) reports: Vec<Report>,
}

pub(super) enum Object {
    Head(Provider),
    Tenant(Option<Box<Tenant>>),
}

pub(super) fn read_line(line: &[u8], place: Place) -> Result<Line<'_>, Vec<Report>> {
    let (text, start) = decode(line)?;
    let tree = json::read(text, if place.is_head() { start } else { 0 })?;
    let path = place.above();
    let mut builder = RecordBuilder::new(&path);
    let (table, object) = if place.is_head() {
        (&HEAD, Object::Head(builder.provider(&tree)))
    } else {
        (&TENANT, Object::Tenant(builder.tenant(&tree).map(Box::new)))
    };
    let mut reports = shape::check(&tree, table, &path);
    reports.append(&mut builder.reports);
    Ok(Line { object, tree, skipped: builder.skipped, reports })
}

/// Where a line stands in the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// 1-based.
    pub(super) line: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Place {
    fn is_head(self) -> bool {
        self.line == 1
    }

    /// The path of the line's object.
    fn above(self) -> Path {
        let mut path = Path::default();
        if !self.is_head() {
            path.push("tenant");
            path.push_index(self.line - 2);
        }
        path
    }

    /// Returns the text of that path, and the steps that lead on from there.
    fn split(self, steps: &[PathStep]) -> (String, &[PathStep]) {
        (self.above().text(), if self.is_head() { steps } else { steps.get(2..).unwrap_or_default() })
    }

    fn path(self, steps: &[PathStep]) -> String {
        let (mut path, steps) = self.split(steps);
        push_steps(&mut path, steps);
        path
    }

    pub(super) fn diagnostics(self, text: &[u8], reports: Vec<Report>) -> Vec<Diagnostic> {
        place(reports, text, self.line, self.start)
    }
}

fn tenant_of(problem: &PolicyProblem) -> Option<usize> {
    match problem.path.get(..2) {
        Some([PathStep::Key("tenant"), PathStep::Index(index)]) => Some(*index),
        _ => None,
    }
}
