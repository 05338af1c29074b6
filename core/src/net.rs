//! Client addresses: text forms and inclusive ranges.

use core::net::IpAddr;

/// An inclusive range of addresses of one family; IPv4-mapped IPv6 is IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    first: IpAddr,
    last: IpAddr,
}

impl IpRange {
    /// Returns the first address.
    #[must_use]
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// Returns the last address.
    #[must_use]
    pub const fn last(&self) -> IpAddr {
        self.last
    }
}
