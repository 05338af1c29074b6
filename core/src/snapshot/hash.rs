//! The hash that tables are addressed by.
//!
//! Strangers choose what is looked up, and tenants what is entered, so that the hash depends on a key that neither knows. It
//! is a universal one: for any two different texts, few keys in 2^64 give them one hash, whoever chose the texts, as long as
//! no hash is shown, and none is. That is proved for words drawn at random; here SipHash makes them of the key. What a hash
//! leads to is compared in full, so that no answer depends on it.
//!
//! A text is taken as pairs of words of 64 bits. With a word `k` of the key for every word `m`, the products
//! `(m + k) * (m' + k')` of all pairs and the length are added modulo 2^128 (NH, of the UMAC paper and RFC 4418). The local part
//! of an address has words of the key of its own, and what comes of it, with its length 2^64 times, is added to the sum of the
//! domain. Of the 128 bits `x, y` of the sum `x * a + y * b + c` is taken, modulo 2^128 with `a`, `b` and `c` of the key, and
//! of that the upper half: that is strongly universal, so that any bits of the hash may choose a place.
//!
//! Words may overlap, as long as those of a text and its length tell it. Then two texts (or two addresses) give different words
//! at some words of the key, or a different number of pairs, or the same pairs and different lengths. In the first
//! case one key in 2^64 gives them one sum, whatever the other pairs add; in the second, at most two in 2^64, which is how often
//! a product of two random words is any one number; in the third, none.

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
        Sum::of(hasher, text).hash(hasher)
    }

    /// Makes a further key of this one and a number, such as a holder's.
    pub(crate) const fn with(self, number: u32) -> Self {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4): 2^64 over the golden ratio, made odd. The shift
        // brings what the product has carried upwards back down.
        let mixed = (self.0 ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(mixed ^ (mixed >> 29))
    }

    /// All of it.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// What comes of a text before it is made a hash: of a domain, it begins that of every address in it.
#[derive(Clone, Copy)]
pub(crate) struct Sum(u128);

impl Sum {
    /// Sums up one text.
    #[inline]
    pub(crate) fn of(hasher: &Hasher, text: &[u8]) -> Self {
        Self(hasher.text.sum::<false>(text).wrapping_add(text.len() as u128))
    }

    /// Returns the hash of the text.
    #[inline]
    pub(crate) fn hash(self, hasher: &Hasher) -> Hash {
        let [a, b, c] = hasher.fold;
        let [low, high] = halves(self.0);
        let [_, hash] = halves(a.wrapping_mul(low.into()).wrapping_add(b.wrapping_mul(high.into())).wrapping_add(c));
        Hash(hash)
    }

    /// Returns the hash of the address that a local part, as it is or folded, makes with the domain that this is the sum of.
    #[inline(always)]
    pub(crate) fn hash_of(self, hasher: &Hasher, local: &[u8], exact_case: bool) -> Hash {
        let keys = &hasher.local;
        let sum = if exact_case { keys.sum::<false>(local) } else { keys.sum::<true>(local) };
        Self(self.0.wrapping_add(sum).wrapping_add((local.len() as u128) << 64)).hash(hasher)
    }
}

/// The words that a key is expanded to.
#[derive(Clone)]
pub(crate) struct Hasher {
    /// For a text by itself, which may be a domain.
    text: Keys,
    /// For a local part behind a domain.
    local: Keys,
    /// What makes one word of two.
    fold: [u128; 3],
}

/// What is added to the words of a text.
#[derive(Clone)]
struct Keys {
    /// For the last octets of it.
    last: [u64; 2],
    /// For those before them.
    inner: [[u64; 2]; MOST / PAIR],
}

/// With this key all texts have one hash, so that a test finds an answer that depends on it.
#[cfg(test)]
pub(crate) const ALL_ALIKE: HashKey = HashKey([0; 16]);

/// The octets of a pair of words.
const PAIR: usize = 16;
/// No key of a table is longer. Of what is asked for, octets behind these do not count, but the length does.
const MOST: usize = 256;

impl Hasher {
    /// Expands a key, by SipHash-1-3 of the numbers from 0 on.
    pub(crate) fn new(key: &HashKey) -> Self {
        let [first, second] = key.words();
        let mut number = 0_u64;
        let mut pair = || {
            [(); 2].map(|()| {
                let word = SipHasher13::new_with_keys(first, second).hash(&number.to_le_bytes());
                number += 1;
                word
            })
        };
        let fold = [(); 3].map(|()| {
            let [low, high] = pair();
            u128::from(high) << 64 | u128::from(low)
        });
        #[cfg(test)]
        let fold = if key.0 == ALL_ALIKE.0 { [0, 0, u128::MAX / 3] } else { fold };
        let [text, local] = [(); 2].map(|()| Keys { last: pair(), inner: [(); MOST / PAIR].map(|()| pair()) });
        Self { text, local, fold }
    }
}

impl Keys {
    /// Adds the products of a text up. What is `FOLDED` counts without the case of its letters.
    #[inline(always)]
    fn sum<const FOLDED: bool>(&self, text: &[u8]) -> u128 {
        // Few texts are longer or shorter than these.
        match text.len() {
            17..=32 => self.ends::<16, FOLDED>(text, |first, last| {
                let [inner, ..] = self.inner;
                let ([a, b], [c, d]) = (words(first), words(last));
                let [a, b, c, d] = fold::<FOLDED, 4>([a, b, c, d]);
                product([a, b], inner).wrapping_add(product([c, d], self.last))
            }),
            8..=16 => self.ends::<8, FOLDED>(text, |first, last| {
                let ends = [first, last].map(|octets| u64::from_le_bytes(*octets));
                product(fold::<FOLDED, 2>(ends), self.last)
            }),
            4..8 => self.ends::<4, FOLDED>(text, |first, last| {
                let ends = [first, last].map(|octets| u32::from_le_bytes(*octets));
                let [both] = fold::<FOLDED, 1>([u64::from(ends[0]) | u64::from(ends[1]) << 32]);
                product([both, 0], self.last)
            }),
            _ => self.sum_of_other::<FOLDED>(text),
        }
    }

    /// Takes the first `N` octets of a text and the last `N`, which are all of one of `N` to twice as many.
    #[inline(always)]
    fn ends<const N: usize, const FOLDED: bool>(&self, text: &[u8], sum: impl Fn(&[u8; N], &[u8; N]) -> u128) -> u128 {
        match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => sum(first, last),
            _ => self.sum_of_other::<FOLDED>(text),
        }
    }

    /// The same for texts that are longer or shorter than most.
    #[inline(never)]
    fn sum_of_other<const FOLDED: bool>(&self, text: &[u8]) -> u128 {
        let text = text.get(..MOST).unwrap_or(text);
        let Some(last) = text.last_chunk() else {
            let word = text.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
            return product(fold::<FOLDED, 2>([word, 0]), self.last);
        };
        let before = text.get(..text.len() - 1).unwrap_or_default();
        let mut sum = product(fold::<FOLDED, 2>(words(last)), self.last);
        for (octets, key) in before.chunks_exact(PAIR).zip(&self.inner) {
            if let Ok(octets) = octets.try_into() {
                sum = sum.wrapping_add(product(fold::<FOLDED, 2>(words(octets)), *key));
            }
        }
        sum
    }
}

impl fmt::Debug for Hasher {
    /// Shows nothing of the key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hasher(..)")
    }
}

/// Words of a text, or those of the text that it is when folded.
#[inline]
fn fold<const FOLDED: bool, const N: usize>(words: [u64; N]) -> [u64; N] {
    if FOLDED { octet::folded(words) } else { words }
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
    use crate::snapshot::rows::VERSION;

    /// The hash as the head of this file has it, an octet after the other: of a local part at a domain, or of a text alone.
    fn defined(hasher: &Hasher, domain: &[u8], local: Option<&[u8]>) -> Hash {
        let mut sum = defined_sum(&hasher.text, domain).wrapping_add(u128::try_from(domain.len()).expect("a length"));
        if let Some(local) = local {
            let length = u128::try_from(local.len()).expect("a length") << 64;
            sum = sum.wrapping_add(defined_sum(&hasher.local, local)).wrapping_add(length);
        }
        let [a, b, c] = hasher.fold;
        let (low, high) = (sum & u128::from(u64::MAX), sum >> 64);
        let hash = low.wrapping_mul(a).wrapping_add(high.wrapping_mul(b)).wrapping_add(c) >> 64;
        Hash(u64::try_from(hash).expect("64 bits"))
    }

    fn defined_sum(keys: &Keys, text: &[u8]) -> u128 {
        let number = |octets: &[u8]| octets.iter().rev().fold(0_u64, |word, octet| word << 8 | u64::from(*octet));
        let eight = |at: usize| number(&text[at..at + 8]);
        let length = text.len();
        let mut pairs = Vec::new();
        match length {
            0..4 => pairs.push(([text.iter().fold(0, |word, octet| word * 256 + u64::from(*octet)), 0], keys.last)),
            4..8 => pairs.push(([number(&text[..4]) + (number(&text[length - 4..]) << 32), 0], keys.last)),
            8..=16 => pairs.push(([eight(0), eight(length - 8)], keys.last)),
            _ => {
                for at in 0..(length - 1) / 16 {
                    pairs.push(([eight(16 * at), eight(16 * at + 8)], keys.inner[at]));
                }
                pairs.push(([eight(length - 16), eight(length - 8)], keys.last));
            }
        }
        pairs.iter().fold(0, |sum: u128, ([a, b], [k, l])| {
            let product = u128::from(a.wrapping_add(*k)).wrapping_mul(u128::from(b.wrapping_add(*l)));
            sum.wrapping_add(product)
        })
    }

    #[test]
    fn a_hash_is_what_is_defined_and_every_octet_and_the_length_count() {
        let hasher = Hasher::new(&HashKey(*b"sixteen random!!"));
        let (mut texts, mut locals, mut domains) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let long: Vec<u8> = (0..=255).collect();
        let below = Sum::of(&hasher, b"a.example");
        for length in 0..=256 {
            for change in 0..=length {
                let mut text = long[..length].to_vec();
                if let Some(octet) = text.get_mut(change) {
                    *octet ^= 0x80;
                }
                let hash = Hash::of(&hasher, &text);
                assert_eq!(hash, defined(&hasher, &text, None), "{text:?}");
                assert_eq!(texts.insert(hash.0, (length, change)), None);
                let hash = below.hash_of(&hasher, &text, true);
                assert_eq!(hash, defined(&hasher, b"a.example", Some(&text)), "{text:?}");
                assert_eq!(locals.insert(hash.0, (length, change)), None);
                let hash = Sum::of(&hasher, &text).hash_of(&hasher, b"joe", true);
                assert_eq!(domains.insert(hash.0, (length, change)), None);
            }
        }
        assert_ne!(Hash::of(&hasher, &long), Hash::of(&Hasher::new(&HashKey([1; 16])), &long));
    }

    #[test]
    fn where_a_domain_begins_counts() {
        let hasher = Hasher::new(&HashKey([4; 16]));
        let long: Vec<u8> = (0..=255).collect();
        let mut seen = BTreeMap::new();
        for length in 0..=255 {
            // All of these are the same octets, one behind the other.
            let (local, domain) = long.split_at(length);
            assert_eq!(seen.insert(Sum::of(&hasher, domain).hash_of(&hasher, local, true).0, length), None);
        }
        // Nothing but zeros, which in each part are the same words at every length up to seven.
        let mut seen = BTreeMap::new();
        for (local, domain) in (0..8).flat_map(|local| (0..8).map(move |domain| (local, domain))) {
            let hash = Sum::of(&hasher, &[0; 8][..domain]).hash_of(&hasher, &[0; 8][..local], true);
            assert_eq!(seen.insert(hash.0, (local, domain)), None);
        }
    }

    #[test]
    fn a_folded_hash_is_that_of_the_folded_text() {
        let hasher = Hasher::new(&HashKey([3; 16]));
        let below = Sum::of(&hasher, b"a.example");
        // Every octet at every place of every length that is hashed in a way of its own.
        for octet in 0..=255 {
            for length in 1..=33 {
                for place in 0..length {
                    let mut text = [b'Q'; 33];
                    text[place] = octet;
                    let folded = text.map(|octet| octet.to_ascii_lowercase());
                    let (text, folded) = (&text[..length], &folded[..length]);
                    assert_eq!(below.hash_of(&hasher, text, false), below.hash_of(&hasher, folded, true), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_longer_than_any_key_has_a_hash_too() {
        let hasher = Hasher::new(&HashKey([1; 16]));
        let long = [b'a'; 300];
        assert_ne!(Hash::of(&hasher, &long), Hash::of(&hasher, &long[..299]));
    }

    /// In a sealed snapshot everything stands where its hash led when it was sealed. Another hash finds nothing of it, neither
    /// accounts nor what protects addresses, so that it must not be opened.
    #[test]
    fn another_hash_is_another_version_of_the_format() {
        let hasher = Hasher::new(&HashKey(*b"sixteen random!!"));
        let domain = Sum::of(&hasher, b"a.example");
        let long: Vec<u8> = (0..=255).collect();
        let mut all = 0_u64;
        for length in 0..=long.len() {
            let text = &long[..length];
            let hash = Hash::of(&hasher, text);
            let [exact, folded] = [true, false].map(|exact_case| domain.hash_of(&hasher, text, exact_case));
            for Hash(hash) in [hash, hash.with(7), exact, folded] {
                all = all.rotate_left(7) ^ hash;
            }
        }
        assert_eq!((VERSION, all), (11, 0x4ab8_0e45_5e5a_82f0));
    }

    #[test]
    fn texts_that_differ_little_are_spread_over_all_places() {
        let hasher = Hasher::new(&HashKey([2; 16]));
        let mut places = [0_u32; 64];
        for number in 0..64_000_u32 {
            let Hash(hash) = Hash::of(&hasher, std::format!("account-{number}").as_bytes());
            for bits in [hash >> 58, hash >> 26 & 63] {
                places[usize::try_from(bits).expect("six bits")] += 1;
            }
        }
        // Each is 2,000 on average, with a standard deviation of 45.
        assert!(places.iter().all(|count| (1_700..2_300).contains(count)), "{places:?}");
    }
}
