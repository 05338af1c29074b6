//! What must hold for every input of a reader: one function for each fuzz target but `agree`.

mod block;
mod canonical;
mod field;
mod ip;
mod lines;
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
pub use lines::lines;
pub use log::log;
pub use observations::{mail_log, observations};
pub use open::open;
pub use path::read_path;
pub use policy::policy;
pub use record::record;

/// A target, by its name, and what must hold for every input.
pub struct Target {
    /// As its file and its folders of inputs are called.
    pub name: &'static str,
    /// Panics where it does not hold.
    pub property: fn(&[u8]),
}

/// Each of these targets.
pub const TARGETS: [Target; 13] = [
    Target { name: "canonical", property: canonical },
    Target { name: "ip", property: ip },
    Target { name: "lines", property: lines },
    Target { name: "log", property: log },
    Target { name: "mail_log", property: mail_log },
    Target { name: "names", property: names },
    Target { name: "observations", property: observations },
    Target { name: "open", property: open },
    Target { name: "policy", property: policy },
    Target { name: "read_block", property: read_block },
    Target { name: "read_field", property: read_field },
    Target { name: "read_path", property: read_path },
    Target { name: "record", property: record },
];
