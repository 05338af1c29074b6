//! Allowlists of client addresses.

use alloc::string::String;
use alloc::vec::Vec;

use crate::net::IpRange;
use crate::request::Channel;

/// The client addresses of one scope on one channel. Without a list, or with an empty one, the feature is off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Allowlist {
    /// The channel it binds.
    pub channel: Channel,
    /// Never empty in a checked policy.
    pub entries: Vec<AllowlistEntry>,
}

/// One entry of an allowlist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct AllowlistEntry {
    /// The addresses, from the first to the last.
    pub range: IpRange,
    /// What the administrator noted.
    pub remark: String,
}
