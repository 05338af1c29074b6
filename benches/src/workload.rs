//! Which rules are asked: the data, and the engines that decide it.

use clap::ValueEnum;
use sendas::Policy;
use sendas::policy::Tenant;

use crate::data::{Accounts, Attempt, Size, full, plain};
use crate::engine::{FULL_KINDS, KINDS, Kind};

/// Which rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the measurements' own data")]
pub enum Workload {
    /// The rules that every engine can be asked
    Plain,
    /// Every rule that there is
    Full,
}

impl Workload {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Full];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Full => "full",
        }
    }

    /// The identities that it is measured with at most: beyond, hash maps for all rules do not fit beside the policy.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::Plain => usize::MAX,
            Self::Full => 1_000_000,
        }
    }

    /// The engines that decide it.
    #[must_use]
    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Plain => KINDS,
            Self::Full => FULL_KINDS,
        }
    }

    /// Finds the engine that decides it under the name of this one.
    ///
    /// # Errors
    ///
    /// If this one does not know its rules.
    pub fn kind(self, engine: &Kind) -> Result<&'static Kind, String> {
        let found = self.kinds().iter().find(|kind| kind.name == engine.name);
        found.ok_or_else(|| format!("`{}` does not know the rules of the {} workload", engine.name, self.name()))
    }

    /// Makes the whole policy.
    #[must_use]
    pub fn policy(self, size: Size) -> Policy {
        let mut policy = self.provider();
        policy.tenants.extend(self.tenants(size));
        policy
    }

    /// Makes the policy without its tenants.
    #[must_use]
    pub fn provider(self) -> Policy {
        match self {
            Self::Plain => Policy::default(),
            Self::Full => full::provider(),
        }
    }

    /// Makes the tenants, one after the other.
    #[must_use]
    pub fn tenants(self, size: Size) -> Box<dyn Iterator<Item = Tenant>> {
        match self {
            Self::Plain => Box::new(plain::tenants(size)),
            Self::Full => Box::new(full::tenants(size)),
        }
    }

    /// Makes requests, the same for the same arguments.
    #[must_use]
    pub fn attempts(self, size: Size, accounts: Accounts, seed: u64) -> Box<dyn Iterator<Item = Attempt>> {
        match self {
            Self::Plain => Box::new(plain::attempts(size, accounts, seed)),
            Self::Full => Box::new(full::attempts(size, accounts, seed)),
        }
    }
}
