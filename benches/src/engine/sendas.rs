//! The library itself.

use sendas::{CompileError, HashKey, Options, Policy, Snapshot, Verdict};

use super::Engine;
use crate::data::Given;

/// The hash key of every measurement, so that two runs do the same.
pub const KEY: HashKey = HashKey(*b"a key for a test");

/// The library itself.
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Sendas(pub Snapshot);

impl Sendas {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::compile`].
    pub fn new(policy: &Policy) -> Result<Self, CompileError> {
        Snapshot::compile(policy, &Options::new(KEY)).map(Self)
    }
}

impl Engine for Sendas {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        self.0.evaluate(&attempt.request()).verdict() == Verdict::Allow
    }
}
