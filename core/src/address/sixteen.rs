//! Sixteen octets at a time, of which all are asked at once what they are.

#[cfg(all(target_feature = "sse2", not(sendas_portable)))]
use safe_arch::{
    add_i8_m128i, cmp_gt_mask_i8_m128i, load_unaligned_m128i, m128i, move_mask_i8_m128i, set_splat_i8_m128i,
    shl_imm_u16_m128i,
};

use super::octet::CASE;

/// Sixteen octets.
#[cfg(all(target_feature = "sse2", not(sendas_portable)))]
#[derive(Clone, Copy)]
pub(super) struct Sixteen(m128i);

/// Sixteen octets.
#[cfg(any(not(target_feature = "sse2"), sendas_portable))]
#[derive(Clone, Copy)]
pub(super) struct Sixteen([u8; SIXTEEN]);

#[cfg(all(target_feature = "sse2", not(sendas_portable)))]
impl Sixteen {
    #[inline(always)]
    fn new(octets: &[u8; SIXTEEN]) -> Self {
        Self(load_unaligned_m128i(octets))
    }

    /// The same with the bit on in which a small letter differs from its capital.
    #[inline(always)]
    fn folded(self) -> Self {
        Self(self.0 | set_splat_i8_m128i(CASE as i8))
    }

    /// Which octets are these two or between them, at most 128; the first octet has the lowest bit.
    #[inline(always)]
    pub(super) fn within(self, first: u8, last: u8) -> u32 {
        // Moved to the greatest numbers there are: octets are compared with their signs.
        let moved = add_i8_m128i(self.0, set_splat_i8_m128i(i8::MAX.wrapping_sub(last as i8)));
        let bound = set_splat_i8_m128i(i8::MAX.wrapping_sub((last - first) as i8).wrapping_sub(1));
        move_mask_i8_m128i(cmp_gt_mask_i8_m128i(moved, bound)) as u32
    }

    /// Which octets have the bit on in which a small letter differs from its capital.
    #[inline(always)]
    fn small(self) -> u32 {
        const TO_SIGN: i32 = CASE.leading_zeros() as i32;
        move_mask_i8_m128i(shl_imm_u16_m128i::<TO_SIGN>(self.0)) as u32
    }
}

#[cfg(any(not(target_feature = "sse2"), sendas_portable))]
impl Sixteen {
    #[inline(always)]
    fn new(octets: &[u8; SIXTEEN]) -> Self {
        Self(*octets)
    }

    /// The same with the bit on in which a small letter differs from its capital.
    #[inline(always)]
    fn folded(self) -> Self {
        Self(self.0.map(|octet| octet | CASE))
    }

    /// Which octets are these two or between them, at most 128; the first octet has the lowest bit.
    #[inline(always)]
    pub(super) fn within(self, first: u8, last: u8) -> u32 {
        one_by_one(&self.0, |octet| (first..=last).contains(&octet))
    }

    /// Which octets have the bit on in which a small letter differs from its capital.
    #[inline(always)]
    fn small(self) -> u32 {
        one_by_one(&self.0, |octet| octet & CASE != 0)
    }
}

/// Which of the octets are so, where no vector tells.
#[cfg(any(test, not(target_feature = "sse2"), sendas_portable))]
fn one_by_one(octets: &[u8; SIXTEEN], is: impl Fn(u8) -> bool) -> u32 {
    octets.iter().rev().fold(0, |bits, octet| bits << 1 | u32::from(is(*octet)))
}

impl Sixteen {
    /// Which are neither ASCII letters nor digits.
    #[inline(always)]
    pub(super) fn others(self) -> u32 {
        ALL & !(self.folded().within(b'a', b'z') | self.within(b'0', b'9'))
    }

    /// Which lack the bit in which a small letter differs from its capital: of letters, digits, hyphens and dots the capitals.
    #[inline(always)]
    pub(super) fn capitals(self) -> u32 {
        ALL & !self.small()
    }
}

/// The most octets of a text that are asked.
pub(super) const MOST: usize = 4 * SIXTEEN;

/// Asks all octets of a text, of one that is longer the first; the first octet has the lowest bit.
#[inline(always)]
pub(super) fn all<const N: usize>(text: &[u8], ask: impl Fn(Sixteen) -> [u32; N]) -> [u64; N] {
    let text = text.get(..MOST).unwrap_or(text);
    let at = |place: usize| match text.get(place..).and_then(<[u8]>::first_chunk) {
        Some(octets) => ask(Sixteen::new(octets)).map(|bits| u64::from(bits) << place),
        None => [0; N],
    };
    // Octets that are asked twice answer alike.
    match text.len().checked_sub(SIXTEEN) {
        None => few(text, ask),
        Some(last @ 0..=SIXTEEN) => both(at(0), at(last)),
        Some(_) => many(at, text.len()),
    }
}

/// Asks all octets of a text of more than 32. Few are so long, and what is kept for so many answers would have to be saved for all.
#[inline(never)]
fn many<const N: usize>(at: impl Fn(usize) -> [u64; N], octets: usize) -> [u64; N] {
    both(both(at(0), at(SIXTEEN)), both(at(octets - 2 * SIXTEEN), at(octets - SIXTEEN)))
}

/// Asks all octets of a text of fewer than sixteen.
#[inline(always)]
fn few<const N: usize>(text: &[u8], ask: impl Fn(Sixteen) -> [u32; N]) -> [u64; N] {
    let (octets, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            (u128::from(u64::from_le_bytes(*last)) << 64 | u128::from(u64::from_le_bytes(*first)), 8)
        }
        _ => (text.iter().rev().fold(0, |octets, octet| octets << 8 | u128::from(*octet)), 0),
    };
    ask(Sixteen::new(&octets.to_le_bytes())).map(|bits| {
        let bits = u64::from(bits);
        if last == 8 { bits & 0xff | bits >> 8 << (text.len() - 8) } else { bits & ((1 << text.len()) - 1) }
    })
}

#[inline(always)]
fn both<const N: usize>(mut all: [u64; N], others: [u64; N]) -> [u64; N] {
    all.iter_mut().zip(others).for_each(|(all, others)| *all |= others);
    all
}

const SIXTEEN: usize = 16;

/// The bits of so many octets.
const ALL: u32 = 0xffff;

#[cfg(test)]
mod tests {
    use super::{Sixteen, one_by_one};

    #[test]
    fn octets_are_told_at_once_as_one_by_one() {
        for at in 0..16 {
            for octet in 0..=255 {
                let mut octets = *b"0aZ-./@[`{~\x7f\x80\xff :";
                octets[at] = octet;
                for (first, last) in [(b'a', b'z'), (b'0', b'9'), (b'-', b'.'), (b'A', b'Z'), (0, 0x7f), (0x80, 0xff)] {
                    let expected = one_by_one(&octets, |octet| (first..=last).contains(&octet));
                    assert_eq!(
                        Sixteen::new(&octets).within(first, last),
                        expected,
                        "{octet} at {at}: {first} to {last}"
                    );
                }
                let expected = one_by_one(&octets, |octet| octet & 0x20 != 0);
                assert_eq!(Sixteen::new(&octets).small(), expected, "{octet} at {at}");
            }
        }
    }
}
