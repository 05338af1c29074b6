//! What must hold for every input of a reader: one function for each fuzz target but `agree`.

mod block;
mod canonical;
mod field;
mod ip;
mod log;
mod observations;
mod open;
mod path;
mod policy;
mod record;

pub use block::read_block;
pub use canonical::canonical;
pub use field::{names, read_field};
pub use ip::ip;
pub use log::log;
pub use observations::{mail_log, observations};
pub use open::open;
pub use path::read_path;
pub use policy::policy;
pub use record::record;

/// Each of these targets with its name.
pub const TARGETS: [(&str, fn(&[u8])); 12] = [
    ("canonical", canonical),
    ("ip", ip),
    ("log", log),
    ("mail_log", mail_log),
    ("names", names),
    ("observations", observations),
    ("open", open),
    ("policy", policy),
    ("read_block", read_block),
    ("read_field", read_field),
    ("read_path", read_path),
    ("record", record),
];
