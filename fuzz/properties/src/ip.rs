use std::net::IpAddr;

use sendas::net::{IpRange, parse_ip};

/// What a range shows reads back as that range, and it holds its ends and not their neighbours.
pub fn ip(input: &[u8]) {
    let address = parse_ip(input);
    let Ok(text) = std::str::from_utf8(input) else { return assert_eq!(address, None) };
    assert_eq!(address, text.parse::<IpAddr>().ok().map(|address| address.to_canonical()));
    assert_eq!(
        IpRange::address(text).ok().map(|range| (range.first(), range.last())),
        address.map(|address| (address, address))
    );
    for range in [IpRange::address(text), IpRange::cidr(text), IpRange::range(text)].into_iter().flatten() {
        let (first, last) = (range.first(), range.last());
        assert!(first <= last && first.is_ipv4() == last.is_ipv4());
        // A range of IPv6 may end among the IPv4-mapped addresses, which as clients are IPv4.
        for end in [first, last] {
            assert_eq!(range.contains(end), end.to_canonical().is_ipv4() == first.is_ipv4());
        }
        let shown = range.to_string();
        let again = match range.prefix_length() {
            _ if first == last => IpRange::address(&shown),
            Some(_) => IpRange::cidr(&shown),
            None => IpRange::range(&shown),
        };
        assert_eq!(again, Ok(range), "{shown}");
        assert_eq!(IpRange::new(first, last), Ok(range));
        for outside in [step(first, u128::MAX), step(last, 1)].into_iter().flatten() {
            assert!(!range.contains(outside), "{outside} in {range}");
        }
        if let IpAddr::V4(v4) = first {
            assert!(range.contains(IpAddr::V6(v4.to_ipv6_mapped())));
        }
    }
}

/// The address one after, or with `u128::MAX` one before, in the same family.
fn step(address: IpAddr, by: u128) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => {
            let bits = u128::from(v4.to_bits()).wrapping_add(by);
            u32::try_from(bits).ok().map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(v6) => {
            let bits = v6.to_bits().wrapping_add(by);
            let wraps = (by == 1) == (bits == 0) && (bits == 0 || bits == u128::MAX);
            (!wraps).then(|| IpAddr::V6(bits.into()))
        }
    }
}
