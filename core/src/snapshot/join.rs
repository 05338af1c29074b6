//! How two things are done that have nothing to do with each other.
//!
//! Threads are a thing of the edge: who has some says so by an implementation of its own.

/// Does two things, in any order or at the same time.
pub(crate) trait Both {
    /// Does both, and returns what they return.
    fn both<A: Send, B>(&self, one: impl FnMut() -> A + Send, other: impl FnOnce() -> B) -> (A, B);
}

/// One after the other.
pub(crate) struct InTurn;

impl Both for InTurn {
    fn both<A: Send, B>(&self, mut one: impl FnMut() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
        (one(), other())
    }
}
