//! One entry of the log: what one command changed.

use alloc::string::String;
use alloc::vec::Vec;

use crate::time::Timestamp;

use super::{By, Event};

/// What one command changed: all of it, or nothing. A log of records is the whole history of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data; a new member is a new version of the log")]
pub struct Record {
    /// Its place in the log: 1 for the first record, then one more each.
    pub sequence: u64,
    /// When the command was given.
    pub at: Timestamp,
    /// Who gave it.
    pub by: By,
    /// The command's id, by which a retry is known.
    pub id: String,
    /// The command's name; `import` for a policy that was taken over.
    pub command: String,
    /// The tenant that changed; `None` for the provider's own settings.
    pub tenant: Option<String>,
    /// The version of that tenant, or of the provider's settings, after the change: 1 more each time.
    pub version: u64,
    /// What changed, in this order; never empty.
    pub events: Vec<Event>,
}
