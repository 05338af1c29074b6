//! The hash that tables are addressed by.
//!
//! Strangers choose what is looked up, and tenants what is entered, so that the hash depends on a key that neither knows. It
//! is a universal one: for any two different texts, few keys in 2^64 give them one hash, whoever chose the texts, as long as
//! no hash is shown, and none is. That is proved for words drawn at random; here SipHash makes them of the key. What a hash
//! leads to is compared in full, so that no answer depends on it.
//!
//! A text is taken as pairs of words of 64 bits, the first of them its length and what it is hashed below. With a word `k` of
//! the key for every word `m`, the products `(m + k) * (m' + k')` of all pairs are added modulo 2^128 (NH, of the UMAC
//! paper and RFC 4418). Of the 128 bits `x, y` of the sum `x * a + y * b + c` is taken, modulo 2^128 with `a`, `b` and `c`
//! of the key, and of that the upper half: that is strongly universal, so that any bits of the hash may choose a place.

use core::fmt;

use siphasher::sip::SipHasher13;

use crate::address::octet;
use crate::options::HashKey;

/// The hash of a key of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(pub(super) u64);

impl Hash {
    /// Hashes one text.
    #[inline]
    pub(crate) fn of(hasher: &Hasher, text: &[u8]) -> Self {
        Self(hasher.hash(0, text, |word| word))
    }

    /// Makes of a domain's hash that of an address in it: its local part, as it is or folded, hashed below the domain.
    #[inline]
    pub(crate) fn of_local(self, hasher: &Hasher, local: &[u8], exact_case: bool) -> Self {
        if exact_case {
            Self(hasher.hash(self.0, local, |word| word))
        } else {
            Self(hasher.hash(self.0, local, octet::folded))
        }
    }

    /// Makes a further key of this one and a number, such as a holder's.
    pub(crate) const fn with(self, number: u32) -> Self {
        let mixed = (self.0 ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mixed ^ (mixed >> 29))
    }

    /// All of it.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// The words that a key is expanded to.
#[derive(Clone)]
pub(crate) struct Hasher {
    /// What is added to the words of a text, but for the first pair and the last one.
    inner: [[u64; 2]; MOST / PAIR],
    /// What is added to the first pair, which holds the length.
    length: [u64; 2],
    /// What is added to the last octets of a text.
    last: [u64; 2],
    /// What makes one word of two.
    fold: [u128; 3],
}

/// The octets of a pair of words.
const PAIR: usize = 16;
/// No key of a table is longer. Of what is asked for, octets behind these do not count, but the length does.
const MOST: usize = 256;

impl Hasher {
    /// Expands a key, by SipHash-1-3 of the numbers from 0 on.
    pub(crate) fn new(key: &HashKey) -> Self {
        let [first, second] = key.words();
        let mut number = 0_u64;
        let mut word = || {
            let word = SipHasher13::new_with_keys(first, second).hash(&number.to_le_bytes());
            number += 1;
            word
        };
        let mut pair = || [word(), word()];
        let (length, last) = (pair(), pair());
        let fold = [(); 3].map(|()| {
            let [low, high] = pair();
            u128::from(high) << 64 | u128::from(low)
        });
        Self { inner: [(); MOST / PAIR].map(|()| pair()), length, last, fold }
    }

    /// Hashes a text below a number; of eight octets, or those that fewer are, each word is what `fold` makes of it.
    #[inline(always)]
    fn hash(&self, below: u64, text: &[u8], fold: impl Fn(u64) -> u64) -> u64 {
        let mut sum = product([below, text.len() as u64], self.length);
        let text = text.get(..MOST).unwrap_or(text);
        // The last octets may have been added with those before them. For texts of one length that is as good as once.
        let last = if let Some(last) = text.last_chunk() {
            let before = text.get(..text.len() - 1).unwrap_or_default();
            for (octets, key) in before.chunks_exact(PAIR).zip(&self.inner) {
                if let Ok(octets) = octets.try_into() {
                    sum = sum.wrapping_add(product(words(octets).map(&fold), *key));
                }
            }
            words(last)
        } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            [u64::from_le_bytes(*first), u64::from_le_bytes(*last)]
        } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            [u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))]
        } else {
            [text.iter().fold(0, |word, octet| word << 8 | u64::from(*octet)), 0]
        };
        sum = sum.wrapping_add(product(last.map(&fold), self.last));
        let [a, b, c] = self.fold;
        let [low, high] = halves(sum);
        let [_, hash] = halves(a.wrapping_mul(low.into()).wrapping_add(b.wrapping_mul(high.into())).wrapping_add(c));
        hash
    }
}

impl fmt::Debug for Hasher {
    /// Shows nothing of the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hasher(..)")
    }
}

/// The product of two words, to each of which one of the key is added.
#[inline]
fn product([a, b]: [u64; 2], [k, l]: [u64; 2]) -> u128 {
    u128::from(a.wrapping_add(k)) * u128::from(b.wrapping_add(l))
}

#[inline]
fn words(octets: &[u8; PAIR]) -> [u64; 2] {
    halves(u128::from_le_bytes(*octets))
}

/// The lower half, then the upper one.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half, then the high half")]
const fn halves(number: u128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::vec::Vec;

    use super::*;

    /// The hash as the head of this file has it, an octet after the other.
    fn defined(hasher: &Hasher, below: u64, text: &[u8]) -> u64 {
        let number = |octets: &[u8]| octets.iter().rev().fold(0_u64, |word, octet| word << 8 | u64::from(*octet));
        let mut pairs = std::vec![([below, text.len() as u64], hasher.length)];
        let length = text.len();
        match length {
            0..4 => pairs.push(([text.iter().fold(0, |word, octet| word * 256 + u64::from(*octet)), 0], hasher.last)),
            4..8 => pairs.push(([number(&text[..4]), number(&text[length - 4..])], hasher.last)),
            8..16 => pairs.push(([number(&text[..8]), number(&text[length - 8..])], hasher.last)),
            _ => {
                for at in 0..(length - 1) / 16 {
                    let part = &text[16 * at..];
                    pairs.push(([number(&part[..8]), number(&part[8..16])], hasher.inner[at]));
                }
                pairs.push(([number(&text[length - 16..length - 8]), number(&text[length - 8..])], hasher.last));
            }
        }
        let sum = pairs.iter().fold(0_u128, |sum, ([a, b], [k, l])| {
            let product = u128::from(a.wrapping_add(*k)).wrapping_mul(u128::from(b.wrapping_add(*l)));
            sum.wrapping_add(product)
        });
        let [a, b, c] = hasher.fold;
        let (low, high) = (sum & u128::from(u64::MAX), sum >> 64);
        u64::try_from(low.wrapping_mul(a).wrapping_add(high.wrapping_mul(b)).wrapping_add(c) >> 64).expect("64 bits")
    }

    #[test]
    fn a_hash_is_what_is_defined_and_every_octet_and_the_length_count() {
        let hasher = Hasher::new(&HashKey(*b"sixteen random!!"));
        let mut seen = BTreeMap::new();
        let long: Vec<u8> = (0..=255).collect();
        for length in 0..=256 {
            for change in 0..=length {
                let mut text = long[..length].to_vec();
                if let Some(octet) = text.get_mut(change) {
                    *octet ^= 0x80;
                }
                let hash = hasher.hash(7, &text, |word| word);
                assert_eq!(hash, defined(&hasher, 7, &text), "{text:?}");
                assert_eq!(seen.insert(hash, (length, change)), None);
            }
        }
        assert_ne!(hasher.hash(7, &long, |word| word), hasher.hash(8, &long, |word| word));
        assert_ne!(hasher.hash(7, &long, |word| word), Hasher::new(&HashKey([0; 16])).hash(7, &long, |word| word));
    }

    #[test]
    fn a_folded_hash_is_that_of_the_folded_text() {
        let hasher = Hasher::new(&HashKey([3; 16]));
        // Every octet at every place of every length that is hashed in a way of its own.
        for octet in 0..=255 {
            for length in 1..=33 {
                for place in 0..length {
                    let mut text = [b'Q'; 33];
                    text[place] = octet;
                    let folded = text.map(|octet| octet.to_ascii_lowercase());
                    let (text, folded) = (&text[..length], &folded[..length]);
                    assert_eq!(hasher.hash(7, text, octet::folded), hasher.hash(7, folded, |word| word), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_longer_than_any_key_has_a_hash_too() {
        let hasher = Hasher::new(&HashKey([1; 16]));
        let long = [b'a'; 300];
        assert_ne!(hasher.hash(0, &long, |word| word), hasher.hash(0, &long[..299], |word| word));
    }

    #[test]
    fn texts_that_differ_little_are_spread_over_all_places() {
        let hasher = Hasher::new(&HashKey([2; 16]));
        let mut places = [0_u32; 64];
        for number in 0..64_000_u32 {
            let hash = hasher.hash(0, std::format!("account-{number}").as_bytes(), |word| word);
            for bits in [hash >> 58, hash >> 26 & 63] {
                places[usize::try_from(bits).expect("six bits")] += 1;
            }
        }
        // Each is 2,000 on average, with a standard deviation of 45.
        assert!(places.iter().all(|count| (1_700..2_300).contains(count)), "{places:?}");
    }
}
