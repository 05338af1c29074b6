//! Client addresses: text forms and inclusive ranges.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// An inclusive range of addresses of one family; IPv4-mapped IPv6 is IPv4 (RFC 4291 §2.5.5.2).
///
/// ```
/// use sendas::net::IpRange;
/// assert_eq!(IpRange::cidr("::ffff:192.0.2.0/120")?.to_string(), "192.0.2.0/24");
/// assert_eq!(IpRange::cidr("192.0.2.1/24").unwrap_err().to_string(), "host bits are set; the network is `192.0.2.0/24`");
/// # Ok::<(), sendas::net::IpRangeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    first: IpAddr,
    last: IpAddr,
}

impl IpRange {
    /// Creates the range from `first` to `last`, both included.
    ///
    /// # Errors
    ///
    /// [`IpRangeError::Families`] if one is IPv4 and the other IPv6, [`IpRangeError::Reversed`] if `first` is
    /// the higher one. IPv4-mapped addresses are IPv4, save where a range of IPv6 ends among them, as `::/80` does.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, IpRangeError> {
        let ends_among_mapped =
            first.is_ipv6() && last.is_ipv6() && first.to_canonical().is_ipv4() != last.to_canonical().is_ipv4();
        let (first, last) = if ends_among_mapped { (first, last) } else { (first.to_canonical(), last.to_canonical()) };
        if first.is_ipv4() != last.is_ipv4() {
            Err(IpRangeError::Families)
        } else if first > last {
            Err(IpRangeError::Reversed { first, last })
        } else {
            Ok(Self { first, last })
        }
    }

    /// Reads a single address.
    ///
    /// # Errors
    ///
    /// [`IpRangeError::Address`] if the text is none.
    pub fn address(text: &str) -> Result<Self, IpRangeError> {
        let address = parse(text)?.to_canonical();
        Ok(Self { first: address, last: address })
    }

    /// Reads a network in CIDR form, such as `192.0.2.0/24` or `2001:db8::/32`.
    ///
    /// # Errors
    ///
    /// [`IpRangeError::Address`] and [`IpRangeError::PrefixLength`] if a part is none,
    /// [`IpRangeError::HostBits`] if the address is not the first of its network, and
    /// [`IpRangeError::MappedPrefix`] for an IPv4-mapped prefix shorter than /96.
    pub fn cidr(text: &str) -> Result<Self, IpRangeError> {
        let (address, length) = text.split_once('/').ok_or(IpRangeError::PrefixLength)?;
        let address = parse(address)?;
        let length = prefix_length(length).ok_or(IpRangeError::PrefixLength)?;
        let (address, length) = match address {
            IpAddr::V6(v6) => match (v6.to_ipv4_mapped(), length.checked_sub(96)) {
                (Some(v4), Some(length)) => (IpAddr::V4(v4), length),
                (Some(_), None) => return Err(IpRangeError::MappedPrefix),
                (None, _) => (address, length),
            },
            IpAddr::V4(_) => (address, length),
        };
        let network = IpNet::new(address, length).map_err(|_| IpRangeError::PrefixLength)?;
        if network.addr() != network.network() {
            return Err(IpRangeError::HostBits { network: network.network(), length });
        }
        // A prefix such as `::/64` takes in all of `::ffff:0:0/96`, which clients never have: they are IPv4 by then.
        Ok(Self { first: network.network(), last: network.broadcast() })
    }

    /// Reads an inclusive range, such as `192.0.2.1-192.0.2.9`.
    ///
    /// # Errors
    ///
    /// [`IpRangeError::Dash`] if there is no dash, [`IpRangeError::Address`] if a part is no address, and the
    /// errors of [`IpRange::new`].
    pub fn range(text: &str) -> Result<Self, IpRangeError> {
        let (first, last) = text.split_once('-').ok_or(IpRangeError::Dash)?;
        Self::new(parse(first)?.to_canonical(), parse(last)?.to_canonical())
    }

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

    /// Tells whether the address is in the range; an IPv4-mapped address is IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }

    /// Returns the prefix length if the range is exactly one network.
    #[must_use]
    pub fn prefix_length(&self) -> Option<u8> {
        let (first, last, bits) = match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => (u128::from(first.to_bits()), u128::from(last.to_bits()), 32),
            (IpAddr::V6(first), IpAddr::V6(last)) => (first.to_bits(), last.to_bits(), 128_u8),
            _ => return None,
        };
        let host = first ^ last;
        let width = u8::try_from(128 - host.leading_zeros()).ok()?;
        let mask = if width == 128 { u128::MAX } else { (1 << width) - 1 };
        (first & mask == 0 && last & mask == mask).then(|| bits - width)
    }
}

impl fmt::Display for IpRange {
    /// Writes `192.0.2.1`, or `192.0.2.0/24` if the range is exactly a network, or `192.0.2.1-192.0.2.9`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix_length() {
            _ if self.first == self.last => write!(formatter, "{}", self.first),
            Some(length) => write!(formatter, "{}/{length}", self.first),
            None => write!(formatter, "{}-{}", self.first, self.last),
        }
    }
}

/// The reason why a text or a pair is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IpRangeError {
    /// A part is no IP address in its plain form.
    #[error("not an IP address; write `192.0.2.1` without leading zeros, or `2001:db8::1` without a zone")]
    Address,
    /// There is no dash between two addresses.
    #[error("a range is written `192.0.2.1-192.0.2.9`")]
    Dash,
    /// The ends are of different families.
    #[error("a range has two IPv4 or two IPv6 addresses")]
    Families,
    /// The address is not the first of its network.
    #[error("host bits are set; the network is `{network}/{length}`")]
    HostBits {
        /// The first address of the network.
        network: IpAddr,
        /// The prefix length.
        length: u8,
    },
    /// An IPv4-mapped prefix that is shorter than /96 and so holds more than IPv4.
    #[error("an IPv4-mapped prefix is at least /96 long; write the IPv4 network itself")]
    MappedPrefix,
    /// The prefix length is missing, not a plain number, or longer than the address.
    #[error("a network is written `192.0.2.0/24`, its prefix length a number from 0 to 32, or to 128 for IPv6")]
    PrefixLength,
    /// The first address is the higher one.
    #[error("the first address is the higher one; write `{last}-{first}`")]
    Reversed {
        /// The first address as given.
        first: IpAddr,
        /// The last address as given.
        last: IpAddr,
    },
}

/// Reads a client's address: no leading zeros, no zone; an IPv4-mapped address becomes IPv4.
#[must_use]
pub fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    // Longer than any address, so that hostile text costs nothing.
    if text.len() > 45 {
        return None;
    }
    if let Some(address) = plain_v4(text) {
        return Some(IpAddr::V4(address));
    }
    let address = match plain_v6(text) {
        Some(address) => IpAddr::V6(address),
        None => core::str::from_utf8(text).ok()?.parse().ok()?,
    };
    Some(address.to_canonical())
}

/// Reads four decimal numbers without leading zeros; whatever else there is, `FromStr` reads.
fn plain_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let (a, rest) = number(text)?;
    let (b, rest) = number(rest.strip_prefix(b".")?)?;
    let (c, rest) = number(rest.strip_prefix(b".")?)?;
    let (d, rest) = number(rest.strip_prefix(b".")?)?;
    rest.is_empty().then_some(Ipv4Addr::new(a, b, c, d))
}

/// Reads a decimal number below 256, without leading zeros, up to what cannot belong to it.
#[inline]
fn number(text: &[u8]) -> Option<(u8, &[u8])> {
    let (a, rest) = digit(text)?;
    let Some((b, rest)) = digit(rest).filter(|_| a > 0) else { return Some((a, rest)) };
    let tens = 10 * a + b;
    let Some((c, rest)) = digit(rest) else { return Some((tens, rest)) };
    let value = 10 * u16::from(tens) + u16::from(c);
    Some((u8::try_from(value).ok()?, rest))
}

#[inline]
fn digit(text: &[u8]) -> Option<(u8, &[u8])> {
    let (octet, rest) = text.split_first()?;
    let digit = octet.wrapping_sub(b'0');
    (digit < 10).then_some((digit, rest))
}

/// Reads groups of hexadecimal digits, `::` once at most; whatever else there is, `FromStr` reads.
#[inline(never)]
fn plain_v6(text: &[u8]) -> Option<Ipv6Addr> {
    // All groups, and those before the `::`.
    let (mut bits, mut count) = (0_u128, 0);
    let (mut before, mut rest) = match text {
        [b':', b':', rest @ ..] => (Some(0), rest),
        _ => (None, text),
    };
    while !rest.is_empty() {
        let (group, after) = group(rest)?;
        (bits, count) = (bits << 16 | u128::from(group), count + 1);
        rest = match after {
            [b':', b':', after @ ..] if before.is_none() => {
                before = Some(count);
                after
            }
            [b':', after @ ..] if !after.is_empty() => after,
            [] => after,
            _ => return None,
        };
    }
    match before {
        None if count == 8 => Some(Ipv6Addr::from_bits(bits)),
        Some(before) if count < 8 => {
            let behind = 16 * (count - before);
            let head = (bits >> behind).checked_shl(128 - 16 * before).unwrap_or(0);
            Some(Ipv6Addr::from_bits(head | bits & !(u128::MAX << behind)))
        }
        _ => None,
    }
}

/// Reads up to four hexadecimal digits, up to what is none.
#[inline]
fn group(text: &[u8]) -> Option<(u16, &[u8])> {
    let (mut value, mut rest) = (0_u16, text);
    while let [octet, after @ ..] = rest {
        let Some(digit) = char::from(*octet).to_digit(16) else { break };
        if text.len() - rest.len() == 4 {
            return None;
        }
        value = value << 4 | u16::try_from(digit).unwrap_or(0);
        rest = after;
    }
    (rest.len() < text.len()).then_some((value, rest))
}

fn parse(text: &str) -> Result<IpAddr, IpRangeError> {
    if text.contains(':') {
        text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| IpRangeError::Address)
    } else {
        text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| IpRangeError::Address)
    }
}

/// Reads a decimal prefix length without sign or leading zeros.
fn prefix_length(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [b'0'] => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.len() < 3 && rest.iter().all(u8::is_ascii_digit) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::net::{IpAddr, Ipv6Addr};

    use super::{IpRange, IpRangeError, parse_ip};
    use crate::address::rows;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn four_numbers_are_read_as_the_standard_library_reads_them() {
        let numbers = [
            "0", "1", "9", "10", "99", "100", "199", "255", "249", "250", "256", "260", "999", "00", "01", "1000", "",
            "a", "+1", " 1",
        ];
        let mut read = 0;
        for [a, b] in numbers.iter().flat_map(|a| numbers.map(|b| [*a, b])) {
            for text in [
                [a, b, "0", "255"].join("."),
                ["192", a, b, "1"].join("."),
                ["192", "0", a, b].join("."),
                [a, b, "1"].join("."),
                ["1", a, b, "1", "2"].join("."),
                [a, b].join("1.2.3"),
            ] {
                let expected = text.parse().ok();
                assert_eq!(super::plain_v4(text.as_bytes()), expected, "{text}");
                read += u32::from(expected.is_some());
            }
        }
        assert!(read > 150, "{read}");
    }

    #[test]
    fn groups_are_read_as_the_standard_library_reads_them() {
        let parts =
            ["0", "1", "ab", "F0f", "ffff", "00001", "0001", ":", "::", ":1:2:3:4:5", "1:2:3", "g", "1.2.3.4", ""];
        let (mut read, mut left) = (0, 0);
        for row in rows(&parts, 5) {
            let text = row.concat();
            let expected: Option<Ipv6Addr> = text.parse().ok();
            match super::plain_v6(text.as_bytes()) {
                Some(address) => assert_eq!((Some(address), read += 1), (expected, ()), "{text}"),
                // No more than those that end like an IPv4 address.
                None => assert_eq!((expected.is_some() && !text.contains('.'), left += 1), (false, ()), "{text}"),
            }
        }
        assert!(read > 10_000 && left > read, "{read} {left}");
    }

    #[test]
    fn a_client_address_is_read_strictly_and_mapped_is_ipv4() {
        for (text, address) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("::192.0.2.1", Some("::192.0.2.1")),
            ("::", Some("::")),
            ("192.0.2.01", None),
            ("192.0.2", None),
            ("0x7f.0.0.1", None),
            ("192.0.2.1 ", None),
            ("fe80::1%eth0", None),
            ("[2001:db8::1]", None),
            ("192.0.2.1:25", None),
            ("", None),
        ] {
            assert_eq!(parse_ip(text.as_bytes()), address.map(ip), "{text}");
        }
        assert_eq!(parse_ip(b"192.0.2.\xff"), None);
    }

    #[test]
    fn networks_are_read_and_shown() {
        for (text, shown, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.1/32", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "0.0.0.0/0", "192.0.2.1", "::1"),
            ("::/0", "::/0", "2001:db8::1", "192.0.2.1"),
            ("2001:db8::/32", "2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24", "192.0.2.9", "::192.0.2.9"),
            ("::ffff:0:0/96", "0.0.0.0/0", "192.0.2.1", "::1"),
            ("::/80", "::/80", "::1", "::ffff:192.0.2.1"),
        ] {
            let range = IpRange::cidr(text).expect(text);
            assert_eq!(range.to_string(), shown);
            assert!(range.contains(ip(inside)), "{text}");
            assert!(!range.contains(ip(outside)), "{text}");
            assert_eq!(IpRange::new(range.first(), range.last()), Ok(range));
        }
    }

    #[test]
    fn doubtful_networks_are_refused() {
        for (text, message) in [
            ("192.0.2.1/24", "host bits are set; the network is `192.0.2.0/24`"),
            ("2001:db8::1/32", "host bits are set; the network is `2001:db8::/32`"),
            ("::ffff:192.0.2.1/120", "host bits are set; the network is `192.0.2.0/24`"),
        ] {
            assert_eq!(IpRange::cidr(text).expect_err(text).to_string(), message);
        }
        for (text, error) in [
            ("192.0.2.0", IpRangeError::PrefixLength),
            ("192.0.2.0/", IpRangeError::PrefixLength),
            ("192.0.2.0/33", IpRangeError::PrefixLength),
            ("192.0.2.0/024", IpRangeError::PrefixLength),
            ("192.0.2.0/00", IpRangeError::PrefixLength),
            ("192.0.2.0/+24", IpRangeError::PrefixLength),
            ("192.0.2.0/-1", IpRangeError::PrefixLength),
            ("192.0.2.0/255.255.255.0", IpRangeError::PrefixLength),
            ("192.0.2.0/24/24", IpRangeError::PrefixLength),
            ("192.0.2.0/ 24", IpRangeError::PrefixLength),
            ("2001:db8::/129", IpRangeError::PrefixLength),
            ("2001:db8::/300", IpRangeError::PrefixLength),
            ("192.0.2.010/24", IpRangeError::Address),
            ("010.0.0.0/8", IpRangeError::Address),
            ("fe80::%1/64", IpRangeError::Address),
            ("192.0.2/24", IpRangeError::Address),
            ("/24", IpRangeError::Address),
            ("::ffff:0:0/95", IpRangeError::MappedPrefix),
            ("::ffff:192.0.2.0/24", IpRangeError::MappedPrefix),
        ] {
            assert_eq!(IpRange::cidr(text), Err(error), "{text}");
        }
    }

    #[test]
    fn ranges_have_one_family_and_are_ordered() {
        let range = IpRange::range("192.0.2.1-192.0.2.9").expect("a range");
        assert_eq!(range.to_string(), "192.0.2.1-192.0.2.9");
        assert!(range.contains(ip("192.0.2.1")) && range.contains(ip("::ffff:192.0.2.9")));
        assert!(!range.contains(ip("192.0.2.0")) && !range.contains(ip("192.0.2.10")));
        assert_eq!(IpRange::range("192.0.2.0-192.0.2.127").map(|range| range.to_string()), Ok("192.0.2.0/25".into()));
        assert_eq!(IpRange::range("::ffff:192.0.2.1-192.0.2.1").map(|range| range.to_string()), Ok("192.0.2.1".into()));
        assert_eq!(
            IpRange::range("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").map(|range| range.to_string()),
            Ok("::/0".into())
        );
        for (text, error) in [
            ("192.0.2.9-192.0.2.1", IpRangeError::Reversed { first: ip("192.0.2.9"), last: ip("192.0.2.1") }),
            ("192.0.2.1-2001:db8::1", IpRangeError::Families),
            ("::1-::ffff:192.0.2.1", IpRangeError::Families),
            ("192.0.2.1", IpRangeError::Dash),
            ("192.0.2.1-9", IpRangeError::Address),
            ("192.0.2.1 - 192.0.2.9", IpRangeError::Address),
            ("192.0.2.1-192.0.2.2-192.0.2.3", IpRangeError::Address),
            ("-", IpRangeError::Address),
        ] {
            assert_eq!(IpRange::range(text), Err(error), "{text}");
        }
        assert_eq!(IpRange::address("192.0.2.1/32"), Err(IpRangeError::Address));
        assert_eq!(IpRange::address("::ffff:192.0.2.1").map(|range| range.first()), Ok(ip("192.0.2.1")));
    }
}
