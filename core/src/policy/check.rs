//! What must hold between the objects of a policy.

use alloc::string::String;
use alloc::vec::Vec;

use super::Policy;

/// One step from a policy to the value that a problem is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a path has two kinds of steps")]
pub enum PathStep {
    /// A key of a table, as in the policy text.
    Key(&'static str),
    /// A 0-based element of an array.
    Index(usize),
}

/// Something that must not stand in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyProblem {
    /// Where.
    pub path: Vec<PathStep>,
    /// What.
    pub kind: ProblemKind,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The tenant id stands for two tenants.
    DuplicateTenant(String),
}

impl Policy {
    /// Finds everything that must not stand in this policy, in the order of its text.
    #[must_use]
    pub fn check(&self) -> Vec<PolicyProblem> {
        Vec::new()
    }
}
