//! Reads a policy from text: tree, table of keys, objects, and what must hold between them.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::policy::{PathStep, Policy, PolicyProblem, ProblemKind};

use super::build::RecordBuilder;
use super::diagnostic::{BYTE_ORDER_MARK, PolicyError, Report, place};
use super::keys::POLICY;
use super::locate::Locator;
use super::path::Path;
use super::shape;
use super::tree::Node;
use super::{json, lines};

impl Policy {
    /// Reads a policy from TOML; the keys are listed in `docs/policy.md`.
    ///
    /// ```
    /// let text = "schema = 1\n[[tenant]]\nid = \"acme\"\nsuspendet = true\n";
    /// let error = sendas::Policy::from_toml(text).unwrap_err();
    /// let first = &error.diagnostics()[0];
    /// assert_eq!((first.line, first.column, first.path.as_str()), (4, 1, "tenant[0].suspendet"));
    /// assert_eq!(first.help.as_deref(), Some("did you mean `suspended`?"));
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: octets that are no UTF-8, TOML syntax, unknown or missing keys, unreadable
    /// values, and what [`check`](Self::check) finds. A byte order mark at the start is skipped.
    #[cfg(feature = "toml")]
    pub fn from_toml(text: impl AsRef<[u8]>) -> Result<Self, PolicyError> {
        document(text.as_ref(), super::toml::read)
    }

    /// Reads a policy from JSON (RFC 8259); the keys are listed in `docs/policy.md`.
    ///
    /// ```
    /// let policy = sendas::Policy::from_json(r#"{"schema": 1, "tenant": [{"id": "acme"}]}"#)?;
    /// assert_eq!(policy.tenants[0].id, "acme");
    /// # Ok::<(), sendas::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: octets that are no UTF-8, JSON syntax, keys that stand twice, unknown or
    /// missing keys, unreadable values, and what [`check`](Self::check) finds. A byte order mark at the start is skipped.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, PolicyError> {
        document(text.as_ref(), json::read)
    }

    /// Reads a policy from JSON Lines: first `{"schema":1,"provider":{…}}`, then one tenant a line.
    ///
    /// [`PolicyLines`](crate::PolicyLines) reads the same without the whole text in memory.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json), for all lines at once; an empty line is a problem too.
    pub fn from_json_lines(text: impl AsRef<[u8]>) -> Result<Self, PolicyError> {
        lines::read(text.as_ref())
    }
}

type Parse = for<'t> fn(&'t str, usize) -> Result<Node<'t>, Vec<Report>>;

fn document(bytes: &[u8], parse: Parse) -> Result<Policy, PolicyError> {
    let read = || {
        let (text, start) = decode(bytes)?;
        let tree = parse(text, start)?;
        let mut builder = RecordBuilder::new(&Path::default());
        let policy = builder.policy(&tree);
        let mut reports = shape::check(&tree, &POLICY, &Path::default());
        reports.append(&mut builder.reports);
        let whole = reports.is_empty();
        let mut locator = Locator::new(&tree, &builder.skipped);
        add_problems(&mut reports, &policy.check(), whole, |path| locator.locate(path, String::new()));
        if reports.is_empty() { Ok(policy) } else { Err(reports) }
    };
    read().map_err(|reports| PolicyError::new(place(reports, bytes, 1, 0)))
}

/// Returns the text and where it begins after a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<(&str, usize), Vec<Report>> {
    let start = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok((text, start)),
        Err(error) => {
            let at = error.valid_up_to();
            let length = error.error_len().unwrap_or(bytes.len() - at);
            let report = Report::new(at..at + length, "", "these octets are no UTF-8");
            Err([report.help("save the text as UTF-8")].into())
        }
    }
}

/// Adds what must hold between objects to what was found in the text.
///
/// Where not the `whole` policy could be read, problems that may only follow from what is left out are not added.
pub(super) fn add_problems(
    reports: &mut Vec<Report>,
    problems: &[PolicyProblem],
    whole: bool,
    mut locate: impl FnMut(&[PathStep]) -> (Range<usize>, String),
) {
    let known: BTreeSet<(usize, usize)> = reports.iter().map(|report| (report.span.start, report.span.end)).collect();
    for problem in problems {
        if !whole && may_follow_from_another(&problem.kind) {
            continue;
        }
        let (span, path) = locate(&problem.path);
        if !known.contains(&(span.start, span.end)) {
            reports.push(Report::new(span, path, &problem.kind).help(problem.kind.help()));
        }
    }
}

/// Whether this may only be because another part of the text could not be read.
fn may_follow_from_another(kind: &ProblemKind) -> bool {
    match kind {
        ProblemKind::AddressAssignedWithoutAddress
        | ProblemKind::EmptyAllowlist
        | ProblemKind::EmptyChannels
        | ProblemKind::GrandfatheredWithoutEnd
        | ProblemKind::UnknownAccount { .. }
        | ProblemKind::UnknownParent(_)
        | ProblemKind::UnknownRole(_) => true,
        ProblemKind::AddressClaimedTwice { .. }
        | ProblemKind::DuplicateAccount { .. }
        | ProblemKind::DuplicateAllowlist(_)
        | ProblemKind::DuplicateCredential { .. }
        | ProblemKind::DuplicateDomain(_)
        | ProblemKind::DuplicateIdentity { .. }
        | ProblemKind::DuplicateName(_)
        | ProblemKind::DuplicateRole(_)
        | ProblemKind::DuplicateTenant(_)
        | ProblemKind::EmptyId
        | ProblemKind::EmptyName
        | ProblemKind::EmptyNote
        | ProblemKind::ExemptionOf(_)
        | ProblemKind::IdTooLong { .. }
        | ProblemKind::InstantOutOfRange
        | ProblemKind::ParentCycle
        | ProblemKind::ParentTooDeep { .. }
        | ProblemKind::PublicSuffix(_)
        | ProblemKind::RoleRedefined(_)
        | ProblemKind::SendersOfAccountIdentity => false,
    }
}
