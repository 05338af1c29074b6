//! Which octets of a short text are what, as bits of words: the rules of an everyday address are then a few
//! operations on them.

use super::sixteen;

/// What the octets of a text are; the first octet has the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// Neither ASCII letters nor digits.
    pub(super) others: u64,
    /// Dots and hyphens.
    pub(super) joints: u64,
    /// Without the bit in which a small letter differs from its capital: of letters, digits, hyphens and dots the capitals.
    pub(super) capitals: u64,
}

impl Marks {
    /// How many octets have a bit.
    pub(super) const MOST: usize = sixteen::MOST;

    /// Marks the octets of a text, of a longer one the first.
    #[inline(always)]
    pub(super) fn of(text: &[u8]) -> Self {
        let [others, joints, capitals] =
            sixteen::all(text, |octets| [octets.others(), octets.within(b'-', b'.'), octets.capitals()]);
        Self { others, joints, capitals }
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;
    use crate::address::rows;

    /// What the marks are said to be, one octet after another.
    fn expected(text: &[u8]) -> Marks {
        let marked = &text[..text.len().min(64)];
        let mark = |is: fn(&u8) -> bool| marked.iter().rev().fold(0, |marks, octet| marks << 1 | u64::from(is(octet)));
        let others = |octet: &u8| !octet.is_ascii_alphanumeric();
        let joints = |octet: &u8| matches!(octet, b'.' | b'-');
        let capitals = |octet: &u8| octet & 0x20 == 0;
        Marks { others: mark(others), joints: mark(joints), capitals: mark(capitals) }
    }

    #[test]
    fn every_octet_is_marked_wherever_it_stands() {
        for length in 0..=66 {
            for other in *b"a.@" {
                let mut text = [other; 66];
                let text = &mut text[..length];
                assert_eq!(Marks::of(text), expected(text), "{other} of {length}");
                for at in 0..length {
                    for octet in 0..=255 {
                        text[at] = octet;
                        assert_eq!(Marks::of(text), expected(text), "{octet} at {at} of {length}");
                    }
                    text[at] = other;
                }
            }
        }
    }

    #[test]
    fn short_texts_and_many_others_have_the_marks_of_each_octet() {
        let octets = b"aZ9.-@_\x80";
        for length in 0..=5 {
            for text in rows(octets, length) {
                assert_eq!(Marks::of(&text), expected(&text));
            }
        }
        // xorshift64, so that the texts are the same each time; it may begin with any number but zero.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        for _ in 0..20_000 {
            let mut text = [0; 64];
            text.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&next()));
            if next()[0] & 1 == 0 {
                text.iter_mut().for_each(|octet| *octet = octets[usize::from(*octet) % octets.len()]);
            }
            let text = &text[..usize::from(next()[0] % 65)];
            assert_eq!(Marks::of(text), expected(text), "{}", text.escape_ascii());
        }
    }
}
