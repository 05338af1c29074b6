//! How addresses compare: folding and sub-addresses (docs/semantics.md 4.1, 7.5).

use crate::address::octet;

/// How local parts compare under a domain entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Byte for byte instead of ASCII-folded.
    pub(crate) exact_case: bool,
    /// What begins a sub-address.
    pub(crate) separators: Separators,
}

/// A set of octets that begin a sub-address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Separators([u8; 4]);

impl Separators {
    /// Every octet that can begin one.
    pub(crate) const ALL: [u8; 4] = *b"+-=#";

    /// Adds a separator; 0 is none.
    pub(crate) fn with(mut self, separator: u8) -> Self {
        if separator != 0 && !self.0.contains(&separator) {
            if let Some(slot) = self.0.iter_mut().find(|slot| **slot == 0) {
                *slot = separator;
            }
        }
        self
    }

    /// Joins two sets.
    #[inline]
    pub(crate) fn union(self, other: Self) -> Self {
        if other.is_empty() { self } else { other.0.into_iter().fold(self, Self::with) }
    }

    /// Whether the set has none.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == [0; 4]
    }

    /// Returns the octets of the set.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().filter(|octet| *octet != 0)
    }

    /// Returns what stands before the first separator that is not at position 0, or all of it.
    #[inline]
    pub(crate) fn base(self, local: &[u8]) -> &[u8] {
        if self.is_empty() {
            return local;
        }
        let end = local.iter().enumerate().skip(1).find(|(_, octet)| self.0.contains(octet)).map(|(at, _)| at);
        end.and_then(|end| local.get(..end)).unwrap_or(local)
    }
}

impl Rule {
    /// Whether two local parts are the same mailbox.
    #[inline(always)]
    pub(crate) fn same(self, a: &[u8], b: &[u8]) -> bool {
        // Most that are the same are so in their case, too.
        octet::same(a, b) || !self.exact_case && octet::same_but_for_case(a, b)
    }

    /// The base of a local part, if it is a sub-address.
    #[inline]
    pub(crate) fn sub_address_base(self, local: &[u8]) -> Option<&[u8]> {
        let base = self.separators.base(local);
        (base.len() < local.len()).then_some(base)
    }
}

/// Each domain above this one that an entry can name, the closest first: none is a single label, which is a public suffix.
pub(crate) fn above(domain: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut name = domain;
    // An address literal has none above it.
    let mut dot = octet::position(name, b'.').filter(|_| name.first() != Some(&b'['));
    core::iter::from_fn(move || {
        name = name.get(dot? + 1..)?;
        dot = octet::position(name, b'.');
        dot.map(|_| name)
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_separator_at_position_0_is_none() {
        let plus = Separators::default().with(b'+');
        for (local, base) in
            [("joe+x", "joe"), ("+x", "+x"), ("+x+y", "+x"), ("joe", "joe"), ("joe+", "joe"), ("j-x", "j-x")]
        {
            assert_eq!(plus.base(local.as_bytes()), base.as_bytes(), "{local}");
        }
        assert_eq!(plus.with(b'-').base(b"a-b+c"), b"a");
    }

    #[test]
    fn folding_is_ascii_only() {
        let rule = Rule::default();
        assert!(rule.same(b"Joe", b"jOE"));
        assert!(!rule.same("\u{212a}".as_bytes(), b"k"));
    }

    #[test]
    fn walks_up_to_the_last_two_labels() {
        let names: Vec<&[u8]> = above(b"a.b.c.example").collect();
        assert_eq!(names, [&b"b.c.example"[..], b"c.example"]);
        for domain in [&b"b.example"[..], b"example", b"[192.0.2.1]"] {
            assert_eq!(above(domain).count(), 0);
        }
    }
}
