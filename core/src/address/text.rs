//! Text as it is decoded.

use smallvec::SmallVec;

/// Text that is put together piece by piece: a short one, as nearly all are, without an allocation.
#[derive(Default)]
pub(super) struct Text(SmallVec<[u8; SHORT]>);

/// More octets than most names have.
const SHORT: usize = 256;

impl Text {
    /// Appends a character.
    pub(super) fn push(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    /// Appends a text.
    pub(super) fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Whether nothing has been appended.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all of it; nothing but texts was appended, so that it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }
}
