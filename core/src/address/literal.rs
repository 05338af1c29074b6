//! Address literals (RFC 5321 §4.1.3), compared by value.

use core::fmt::{self, Write};
use core::net::{Ipv4Addr, Ipv6Addr};

/// The value of an address literal; no other tags exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Literal {
    /// Reads `[192.0.2.1]` or `[IPv6:2001:db8::1]`, the tag in any case.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let inner = core::str::from_utf8(text.strip_prefix(b"[")?.strip_suffix(b"]")?).ok()?;
        match inner.split_at_checked(5) {
            Some((tag, address)) if tag.eq_ignore_ascii_case("ipv6:") => address.parse().ok().map(Self::V6),
            _ => inner.parse().ok().map(Self::V4),
        }
    }
}

impl fmt::Display for Literal {
    /// Writes the canonical spelling (RFC 5952 for IPv6).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(formatter, "[{address}]"),
            Self::V6(address) => write!(formatter, "[IPv6:{address}]"),
        }
    }
}

/// Writes into a fixed buffer and fails when it is full.
pub(crate) struct Fill<'a> {
    pub(crate) buffer: &'a mut [u8],
    pub(crate) len: usize,
}

impl Write for Fill<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let target = self.buffer.get_mut(self.len..end).ok_or(fmt::Error)?;
        target.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Literal;

    #[test]
    fn a_literal_is_read_by_value() {
        for (text, canonical) in [
            ("[192.0.2.1]", Some("[192.0.2.1]")),
            ("[IPv6:2001:db8::1]", Some("[IPv6:2001:db8::1]")),
            ("[ipv6:2001:0DB8:0:0:0:0:0:1]", Some("[IPv6:2001:db8::1]")),
            ("[IPv6:::ffff:192.0.2.1]", Some("[IPv6:::ffff:192.0.2.1]")),
            ("[192.0.2.01]", None),
            ("[192.0.2]", None),
            ("[ 192.0.2.1]", None),
            ("[2001:db8::1]", None),
            ("[IPv6:192.0.2.1]", None),
            ("[IPv6:fe80::1%eth0]", None),
            ("[x-tag:abc]", None),
            ("[]", None),
            ("[192.0.2.1", None),
        ] {
            assert_eq!(Literal::parse(text.as_bytes()).map(|value| value.to_string()).as_deref(), canonical, "{text}");
        }
    }
}
