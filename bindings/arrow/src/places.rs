//! A column of what was found, and where: a list of structs.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};
use sendas::{Place, Request, Subject};

use crate::octets::{Octets, end};
use crate::words::Words;
use crate::wrong::Wrong;

/// Findings or grants, row by row.
pub(crate) struct Places {
    word: &'static str,
    words: Words,
    found: Vec<Found>,
    octets: Octets,
    ends: Vec<i32>,
}

/// A finding or a grant: the number of its word, and its place.
struct Found {
    word: u8,
    place: Place,
}

impl Places {
    /// Begins a column, with room for this many rows and elements; `word` is what stands beside the place, one of `words`.
    pub(crate) fn new(word: &'static str, words: Words, rows: usize, elements: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        let octets = Octets::with_capacity(elements, elements * USUAL_ADDRESS);
        Self { word, words, found: Vec::with_capacity(elements), octets, ends }
    }

    /// The type of the column.
    pub(crate) fn data_type(word: &str) -> DataType {
        DataType::List(element(word))
    }

    /// Adds an element to the current row.
    #[inline]
    pub(crate) fn push(&mut self, word: u8, place: Place, request: &Request<'_>) {
        self.found.push(Found { word, place });
        self.octets.push(place.octets(request));
    }

    /// Ends the current row.
    #[inline]
    pub(crate) fn end_row(&mut self) {
        self.ends.push(end(self.found.len()));
    }

    /// Returns the column.
    pub(crate) fn finish(self) -> Result<ArrayRef, Wrong> {
        let Self { word, words, found, octets, ends } = self;
        let number = |of: fn(&Place) -> u32| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(found.iter().map(|found| i64::from(of(&found.place)))))
        };
        let subjects = Words::new(&Subject::ALL, |subject| subject as u8, Subject::name);
        let arrays = vec![
            words.column(found.iter().map(|found| found.word))?,
            subjects.column(found.iter().map(|found| found.place.subject as u8))?,
            number(|place| place.field),
            number(|place| place.span.start),
            number(|place| place.span.end),
            octets.finish()?,
        ];
        let elements = StructArray::try_new(members(word), arrays, None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        Ok(Arc::new(ListArray::try_new(element(word), offsets, Arc::new(elements), None)?))
    }
}

fn element(word: &str) -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(members(word)), false))
}

fn members(word: &str) -> Fields {
    Fields::from(vec![
        Field::new(word, DataType::Utf8, false),
        Field::new("subject", DataType::Utf8, false),
        Field::new("field", DataType::Int64, false),
        Field::new("start", DataType::Int64, false),
        Field::new("end", DataType::Int64, false),
        Field::new("octets", DataType::Binary, true),
    ])
}

/// As long as addresses mostly are, in octets.
const USUAL_ADDRESS: usize = 24;
