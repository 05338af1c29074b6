//! Recorded traffic as Apache Arrow: requests in columns go in, decisions in columns come out.
//!
//! The packages for Python and Node hand batches over in the way that their languages have; what a column means, and
//! what is refused, is said here, once. `docs/arrow.md` says the same to people.

mod columns;
mod decisions;
mod instants;
mod judge;
#[cfg(feature = "ipc")]
mod lent;
mod lists;
mod octets;
mod places;
mod reading;
mod rows;
#[cfg(feature = "ipc")]
mod stream;
#[cfg(test)]
mod tests;
mod texts;
mod words;
mod wrong;

pub use columns::Problems;
pub use judge::{Asked, Decided, Judge};
#[cfg(feature = "ipc")]
pub use stream::{Refused, decide_stream};
pub use wrong::{Wrong, guarded};
