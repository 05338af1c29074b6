//! Some requests and what was decided of them, kept so that nothing is made of a decision until somebody asks for it.
//!
//! The packages for Python and Node read requests in the way that their languages have, and put them here. Plain requests in Node stay
//! with the script that has put them together, and are here as long as they are decided.

#[cfg(feature = "bench")]
mod bench;
mod decided;
mod lend;
mod outlines;
mod requests;
#[cfg(test)]
mod tests;

#[cfg(feature = "bench")]
pub use bench::core_nanoseconds;
pub use decided::{Decided, Summary};
pub use outlines::{Outline, Outlines};
pub use requests::{Requests, TooLong, which};
