use sendas::address::Canonical;
use sendas::address::suffix::{is_public_suffix, organizational_domain};
use sendas::{Address, DomainName};

use crate::path::mailbox;

/// An administrator's address or domain reads back from what it shows, and equals the request's.
pub fn canonical(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(address) = Address::parse(text) {
        let shown = address.to_string();
        assert_eq!(Address::parse(&shown).as_ref(), Ok(&address));
        assert!(shown.len() <= 254);
        assert_eq!(mailbox(shown.as_bytes()).canonical(shown.as_bytes()), Ok(Canonical::from(&address)));
    }
    if let Ok(domain) = DomainName::parse(text) {
        let name = domain.as_str();
        assert_eq!(DomainName::parse(name).as_ref(), Ok(&domain));
        assert!(
            name.len() <= 253 && name.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        );
        assert_eq!(DomainName::parse(&name.to_ascii_uppercase()).as_ref(), Ok(&domain));
        match organizational_domain(name) {
            // Not always a domain by itself: that of `a.1.2` is `1.2`.
            Some(organizational) => {
                assert!(!is_public_suffix(organizational));
                let below = name.strip_suffix(organizational).expect("the end of the name");
                assert!(below.is_empty() || below.ends_with('.'));
            }
            None => assert!(is_public_suffix(name)),
        }
    }
}
