//! What must hold for every input of a reader: one function for each fuzz target.

mod block;
mod canonical;
mod field;
mod ip;
mod path;

pub use block::read_block;
pub use canonical::canonical;
pub use field::{names, read_field};
pub use ip::ip;
pub use path::read_path;

/// Every target with its name.
pub const TARGETS: [(&str, fn(&[u8])); 6] = [
    ("canonical", canonical),
    ("ip", ip),
    ("names", names),
    ("read_block", read_block),
    ("read_field", read_field),
    ("read_path", read_path),
];
