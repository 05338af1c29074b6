//! The engines that are compared.

mod by_hand;
mod read;
mod sendas;

pub use self::by_hand::ByHand;
pub use self::sendas::{KEY, Sendas};

use std::error::Error;

use ::sendas::Policy;

use crate::data::Attempt;

/// Something that decides the attempts of the plain workload.
pub trait Engine {
    /// Whether the attempt may be sent.
    fn allows(&self, attempt: &Attempt) -> bool;

    /// Octets that it holds outside of the Rust allocator.
    fn octets_elsewhere(&self) -> usize {
        0
    }
}

/// An engine that can be built.
#[expect(clippy::exhaustive_structs, reason = "the measurements' own data")]
pub struct Kind {
    /// The name in tables and options.
    pub name: &'static str,
    /// The identities that it is asked to hold at most; beyond, `limit` says why not.
    pub most: usize,
    /// Why it is asked for no more.
    pub limit: &'static str,
    /// Builds it.
    pub build: fn(&Policy) -> Built,
}

/// An engine, or why it could not be built.
pub type Built = Result<Box<dyn Engine>, Box<dyn Error>>;

/// Every engine of the plain workload, the library first.
pub const KINDS: &[Kind] = &[
    Kind { name: "sendas", most: usize::MAX, limit: "", build: |policy| Ok(Box::new(Sendas::new(policy)?)) },
    Kind { name: "by_hand", most: usize::MAX, limit: "", build: |policy| Ok(Box::new(ByHand::new(policy))) },
    Kind {
        name: "by_hand_inner",
        most: usize::MAX,
        limit: "",
        build: |policy| Ok(Box::new(ByHand::with_inner_reader(policy))),
    },
];
