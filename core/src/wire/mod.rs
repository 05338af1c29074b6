//! The edge: policies, decisions and explanations as text.

mod admin;
mod answer;
mod build;
mod compiled;
mod diagnostic;
mod json;
#[cfg(test)]
mod key_tests;
mod keys;
mod lines;
mod locate;
mod nearest;
mod output;
mod path;
pub mod postfix;
#[cfg(test)]
mod problem_tests;
mod read;
mod record;
#[cfg(test)]
mod reference;
mod request;
mod schema;
mod shape;
#[cfg(feature = "toml")]
mod toml;
mod tree;
mod write;

pub use admin::ReadError;
pub use admin::log as event_log;
pub use compiled::{LinesError, SnapshotLines};
pub use diagnostic::{Diagnostic, PolicyError};
pub use lines::PolicyLines;
pub use record::RecordError;
pub use schema::policy_schema;
