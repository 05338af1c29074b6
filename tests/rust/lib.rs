//! The oracle, the generators and what the property tests of every crate share.
#![expect(clippy::exhaustive_enums, clippy::exhaustive_structs, reason = "nothing outside of this workspace uses them")]

pub mod agree;
pub mod change;
pub mod generate;
pub mod oracle;
pub mod request;
pub mod vector_files;
pub mod walk;
pub mod written;
