//! Recorded traffic as Apache Arrow: `sendas-arrow` decides, and batches cross by Arrow's PyCapsule interface, so that the
//! requests are read where another library has them.

mod capsule;
mod decide;
mod sound;

pub(crate) use decide::{DecisionBatch, DecisionStream, evaluate};
