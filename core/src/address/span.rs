//! Where something stands among octets.

/// A range of octets, `start` included and `end` not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a plain range")]
pub struct Span {
    /// The first octet.
    pub start: u32,
    /// The octet after the last.
    pub end: u32,
}

impl Span {
    /// Returns the octets of this range; empty when the range is not within `bytes`.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or(&[])
    }

    /// Creates a span from positions in one buffer; positions past 4 GiB saturate, and then name nothing.
    pub(crate) fn between(start: usize, end: usize) -> Self {
        Self { start: position(start), end: position(end) }
    }
}

/// Converts a position to the width in which positions are reported.
pub(crate) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn a_span_outside_its_bytes_is_empty() {
        assert_eq!(Span { start: 1, end: 3 }.of(b"abcd"), b"bc");
        assert_eq!(Span { start: 3, end: 1 }.of(b"abcd"), b"");
        assert_eq!(Span { start: 1, end: 9 }.of(b"abcd"), b"");
    }
}
