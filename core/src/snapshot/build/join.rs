//! How two things are done that have nothing to do with each other.
//!
//! Threads are a thing of the edge: who has some says so by an implementation of its own.

/// Does two things, in any order or at the same time.
pub(crate) trait Both {
    /// Does both, and returns what they return.
    fn both<A: Send, B>(&self, one: impl FnMut() -> A + Send, other: impl FnOnce() -> B) -> (A, B);

    /// Whether it tries to do both at the same time: where not, what both would have to read is better read once.
    fn is_at_once(&self) -> bool;
}

/// One after the other.
pub(crate) struct InTurn;

impl Both for InTurn {
    fn both<A: Send, B>(&self, mut one: impl FnMut() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
        (one(), other())
    }

    fn is_at_once(&self) -> bool {
        false
    }
}
