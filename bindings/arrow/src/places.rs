//! A column of what was found, and where: a list of structs.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};
use sendas::{Place, Request, Subject};

use crate::octets::{Octets, end};
use crate::words::Words;
use crate::wrong::Wrong;

/// Findings or grants, row by row: of each the numbers of its word and its subject, and its place.
pub(crate) struct Places {
    word: &'static str,
    words: Words,
    numbers: Vec<u8>,
    subjects: Vec<u8>,
    fields: Vec<i64>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    octets: Octets,
    /// Where each row ends.
    rows: Vec<i32>,
}

impl Places {
    /// Begins a column, with room for this many rows and elements; `word` is what stands beside the place, one of `words`.
    pub(crate) fn new(word: &'static str, words: Words, rows: usize, elements: usize) -> Self {
        let mut row_ends = Vec::with_capacity(rows + 1);
        row_ends.push(0);
        Self {
            word,
            words,
            numbers: Vec::with_capacity(elements),
            subjects: Vec::with_capacity(elements),
            fields: Vec::with_capacity(elements),
            starts: Vec::with_capacity(elements),
            ends: Vec::with_capacity(elements),
            octets: Octets::with_capacity(elements, elements * USUAL_ADDRESS),
            rows: row_ends,
        }
    }

    /// The type of the column.
    pub(crate) fn data_type(word: &str) -> DataType {
        DataType::List(element(word))
    }

    /// Adds an element to the current row.
    #[inline]
    pub(crate) fn push(&mut self, word: u8, place: Place, request: &Request<'_>) {
        self.numbers.push(word);
        self.subjects.push(place.subject as u8);
        self.fields.push(place.field.into());
        self.starts.push(place.span.start.into());
        self.ends.push(place.span.end.into());
        self.octets.push(place.octets(request));
    }

    /// Ends the current row.
    #[inline]
    pub(crate) fn end_row(&mut self) {
        self.rows.push(end(self.numbers.len()));
    }

    /// Returns the column.
    pub(crate) fn finish(self) -> Result<ArrayRef, Wrong> {
        let number = |of: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(of)) };
        let subjects = Words::new(&Subject::ALL, |subject| subject as u8, Subject::name);
        let arrays = vec![
            self.words.column(&self.numbers)?,
            subjects.column(&self.subjects)?,
            number(self.fields),
            number(self.starts),
            number(self.ends),
            self.octets.finish()?,
        ];
        let elements = StructArray::try_new(members(self.word), arrays, None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.rows));
        Ok(Arc::new(ListArray::try_new(element(self.word), offsets, Arc::new(elements), None)?))
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
