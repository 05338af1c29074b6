//! A column of lists.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, GenericListArray, OffsetSizeTrait};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use crate::wrong::Wrong;

/// Where the elements of each row stand in the array of all elements.
pub(crate) struct Lists {
    offsets: Vec<usize>,
    nulls: Option<NullBuffer>,
}

impl Lists {
    /// Returns the type of the elements, where this is a type of lists that can be read.
    pub(crate) fn elements(data_type: &DataType) -> Option<&DataType> {
        match data_type {
            DataType::List(field) | DataType::LargeList(field) => Some(field.data_type()),
            _ => None,
        }
    }

    /// Takes a column of lists apart: where they are, and the elements of all of them.
    pub(crate) fn bind(array: &dyn Array, column: &str) -> Result<(Self, ArrayRef), Wrong> {
        let lists = match array.data_type() {
            DataType::List(_) => array.as_list_opt::<i32>().and_then(apart),
            _ => array.as_list_opt::<i64>().and_then(apart),
        };
        lists.ok_or_else(|| Wrong::broken(column))
    }

    /// Returns where the elements of a row stand, or `None` where it is null.
    pub(crate) fn get(&self, row: usize) -> Option<Range<usize>> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(*self.offsets.get(row)?..*self.offsets.get(row + 1)?)
    }

    /// Returns where the elements of some rows stand behind each other, or `None` where a null list has some.
    pub(crate) fn together(&self, rows: Range<usize>) -> Option<Range<usize>> {
        let end = |row: usize| self.offsets.get(row).copied().unwrap_or_default();
        let all = end(rows.start)..end(rows.end);
        let of_lists = || rows.filter_map(|row| self.get(row)).map(|list| list.len()).sum::<usize>();
        (self.nulls.is_none() || of_lists() == all.len()).then_some(all)
    }
}

/// Returns `None` where the offsets are not those of lists. Elements before the first row and after the last are left out.
fn apart<O: OffsetSizeTrait>(array: &GenericListArray<O>) -> Option<(Lists, ArrayRef)> {
    let offsets: Vec<usize> = array.offsets().iter().map(|offset| offset.to_usize()).collect::<Option<_>>()?;
    let (first, last) = (*offsets.first()?, *offsets.last()?);
    if !offsets.is_sorted() || last > array.values().len() {
        return None;
    }
    let elements = array.values().slice(first, last - first);
    let offsets = offsets.into_iter().map(|offset| offset - first).collect();
    Some((Lists { offsets, nulls: array.nulls().cloned() }, elements))
}
