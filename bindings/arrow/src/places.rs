//! A column of what was found, and where: a list of structs.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};
use sendas::{Place, Request};

use crate::wrong::Wrong;

/// Findings or grants, row by row.
pub(crate) struct Places {
    word: &'static str,
    ends: Vec<i32>,
    words: StringBuilder,
    subjects: StringBuilder,
    fields: Int64Builder,
    starts: Int64Builder,
    limits: Int64Builder,
    octets: BinaryBuilder,
}

impl Places {
    /// Begins a column, with room for this many rows and elements; `word` is what stands beside the place.
    pub(crate) fn with_capacity(word: &'static str, rows: usize, elements: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        let numbers = || Int64Builder::with_capacity(elements);
        Self {
            word,
            ends,
            words: StringBuilder::with_capacity(elements, elements * USUAL_WORD),
            subjects: StringBuilder::with_capacity(elements, elements * USUAL_WORD),
            fields: numbers(),
            starts: numbers(),
            limits: numbers(),
            octets: BinaryBuilder::with_capacity(elements, elements * USUAL_ADDRESS),
        }
    }

    /// The type of the column.
    pub(crate) fn data_type(word: &str) -> DataType {
        DataType::List(element(word))
    }

    /// Adds an element to the current row.
    pub(crate) fn push(&mut self, word: &str, place: Place, request: &Request<'_>) {
        self.words.append_value(word);
        self.subjects.append_value(place.subject.name());
        self.fields.append_value(place.field.into());
        self.starts.append_value(place.span.start.into());
        self.limits.append_value(place.span.end.into());
        self.octets.append_option(place.octets(request));
    }

    /// Ends the current row.
    pub(crate) fn end_row(&mut self) {
        let end = i32::try_from(self.fields.values_slice().len()).unwrap_or(i32::MAX);
        self.ends.push(end);
    }

    /// How many elements there are in all rows.
    pub(crate) fn len(&self) -> usize {
        self.fields.values_slice().len()
    }

    /// How many octets stand at all places.
    pub(crate) fn octets(&self) -> usize {
        self.octets.values_slice().len()
    }

    /// Returns the column.
    pub(crate) fn finish(mut self) -> Result<ArrayRef, Wrong> {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(self.words.finish()),
            Arc::new(self.subjects.finish()),
            Arc::new(self.fields.finish()),
            Arc::new(self.starts.finish()),
            Arc::new(self.limits.finish()),
            Arc::new(self.octets.finish()),
        ];
        let elements = StructArray::try_new(members(self.word), arrays, None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
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

/// As long as words and addresses mostly are, in octets.
const USUAL_WORD: usize = 12;
const USUAL_ADDRESS: usize = 24;
