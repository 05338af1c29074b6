//! Recorded traffic as Apache Arrow: requests in columns go in, decisions in columns come out.
//!
//! Batches cross by Arrow's PyCapsule interface, so that the requests are read where another library has them.

mod capsule;
mod columns;
mod decide;
mod decisions;
mod instants;
mod lists;
mod places;
mod rows;
#[cfg(test)]
mod tests;
mod texts;
mod wrong;

pub(crate) use decide::{Asked, DecisionBatch, DecisionStream, evaluate};
