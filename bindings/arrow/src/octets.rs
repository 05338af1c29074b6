//! A column of octets.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::wrong::Wrong;

/// Octets or nothing, row by row.
pub(crate) struct Octets {
    octets: Vec<u8>,
    ends: Vec<i32>,
    is_there: Vec<bool>,
}

impl Octets {
    /// Begins a column, with room for this many rows and octets.
    pub(crate) fn with_capacity(rows: usize, octets: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { octets: Vec::with_capacity(octets), ends, is_there: Vec::with_capacity(rows) }
    }

    /// Adds a row.
    #[inline]
    pub(crate) fn push(&mut self, octets: Option<&[u8]>) {
        self.octets.extend_from_slice(octets.unwrap_or_default());
        self.ends.push(end(self.octets.len()));
        self.is_there.push(octets.is_some());
    }

    /// Returns the column.
    pub(crate) fn finish(self) -> Result<ArrayRef, Wrong> {
        let nulls = if self.is_there.contains(&false) { nulls(self.is_there.into_iter()) } else { None };
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        Ok(Arc::new(BinaryArray::try_new(offsets, self.octets.into(), nulls)?))
    }
}

/// Returns where something ends in a column; columns end before there is too much for that.
pub(crate) fn end(at: usize) -> i32 {
    i32::try_from(at).unwrap_or(i32::MAX)
}

/// Returns which rows are null.
pub(crate) fn nulls(mut is_there: impl ExactSizeIterator<Item = bool>) -> Option<NullBuffer> {
    Some(NullBuffer::new(BooleanBuffer::collect_bool(is_there.len(), |_| is_there.next() == Some(true))))
}
