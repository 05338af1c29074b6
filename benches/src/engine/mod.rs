//! The engines that are compared.

mod by_hand;
#[cfg(feature = "casbin")]
mod casbin;
#[cfg(feature = "cdb")]
mod cdb;
#[cfg(feature = "cedar")]
mod cedar;
mod facts;
mod full;
#[cfg(any(feature = "cdb", feature = "lmdb"))]
mod keyed;
#[cfg(feature = "lmdb")]
mod lmdb;
mod read;
#[cfg(feature = "rego")]
mod rego;
mod sendas;
#[cfg(any(feature = "casbin", feature = "cedar"))]
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use self::by_hand::ByHand;
pub use self::full::ByHandFull;
pub use self::sendas::{KEY, Sendas};

use std::error::Error;

use ::sendas::Policy;

use crate::data::Given;

/// Something that decides the attempts of a workload.
pub trait Engine {
    /// Whether the attempt may be sent.
    fn allows(&self, attempt: &Given<'_>) -> bool;

    /// Octets that it holds outside of the Rust allocator.
    fn octets_elsewhere(&self) -> usize {
        0
    }
}

/// An engine that can be built.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Kind {
    /// The name in tables and options.
    pub name: &'static str,
    /// The identities that it is asked to hold at most; beyond, `limit` says why not.
    pub most: usize,
    /// Why it is asked for no more.
    pub limit: &'static str,
    /// The identities up to which its instructions are counted: building it is fifty times as slow then.
    pub most_counted: usize,
    /// Builds it.
    pub build: fn(&Policy) -> Built,
}

/// An engine, or why it could not be built.
pub type Built = Result<Box<dyn Engine>, Box<dyn Error>>;

impl Kind {
    /// Finds an engine by its name.
    ///
    /// # Errors
    ///
    /// If none that was compiled in has that name: the names of those that were.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        let names = || KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect::<Vec<_>>().join(", ");
        KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| format!("the engines are {}", names()))
    }

    const fn any_size(name: &'static str, build: fn(&Policy) -> Built) -> Self {
        Self { name, most: usize::MAX, limit: "", most_counted: 100_000, build }
    }

    #[cfg(any(feature = "casbin", feature = "cedar", feature = "rego"))]
    const fn up_to_a_million(name: &'static str, limit: &'static str, build: fn(&Policy) -> Built) -> Self {
        Self { name, most: 1_000_000, limit, most_counted: 1_000, build }
    }
}

/// Every engine of the plain workload, the library first.
pub const KINDS: &[Kind] = &[
    Kind::any_size("sendas", |policy| Ok(Box::new(Sendas::new(policy)?))),
    Kind::any_size("by_hand", |policy| Ok(Box::new(ByHand::new(policy)))),
    Kind::any_size("by_hand_inner", |policy| Ok(Box::new(ByHand::with_inner_reader(policy)))),
    #[cfg(feature = "cdb")]
    Kind::any_size("cdb", cdb::build),
    #[cfg(feature = "lmdb")]
    Kind::any_size("lmdb", lmdb::build),
    #[cfg(feature = "sqlite")]
    Kind::any_size("sqlite", sqlite::build),
    #[cfg(feature = "cedar")]
    Kind::up_to_a_million("cedar_lean", CEDAR, cedar::build_lean),
    #[cfg(feature = "cedar")]
    Kind::up_to_a_million("cedar_rules", CEDAR, cedar::build_rules),
    #[cfg(feature = "rego")]
    Kind::up_to_a_million("rego", "its values of 10 M identities do not fit", rego::build),
    #[cfg(feature = "casbin")]
    Kind::up_to_a_million(
        "casbin",
        "each decision clears a bit for every address, which takes milliseconds",
        casbin::build,
    ),
];

/// Every engine of the full workload, the library first.
pub const FULL_KINDS: &[Kind] = &[
    Kind::any_size("sendas", |policy| Ok(Box::new(Sendas::new(policy)?))),
    Kind::any_size("by_hand", |policy| Ok(Box::new(ByHandFull::new(policy)))),
    Kind::any_size("by_hand_inner", |policy| Ok(Box::new(ByHandFull::with_inner_reader(policy)))),
];

#[cfg(feature = "cedar")]
const CEDAR: &str = "10 M entities of some 4 kB each do not fit";
