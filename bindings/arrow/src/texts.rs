//! A column of octets, in any of Arrow's layouts for text.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, BinaryArray, BinaryViewArray, LargeBinaryArray, OffsetSizeTrait};
use arrow_buffer::{ArrowNativeType, OffsetBuffer};
use arrow_data::{ByteView, MAX_INLINE_VIEW_LEN};
use arrow_schema::DataType;

use crate::wrong::Wrong;

/// Octets or nothing in each row. What is declared as UTF-8 is read as octets too: a producer may be wrong, and core
/// says so.
pub(crate) enum Texts {
    /// Not known in any row.
    Unknown,
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Dictionary {
        /// `None` in rows that are null.
        keys: Vec<Option<usize>>,
        values: Box<Texts>,
    },
}

impl Texts {
    /// What the types of such a column are, for those who handed over another.
    pub(crate) const RIGHT: &'static str = "string or binary";

    /// Whether a column of this type can be read.
    pub(crate) fn fits(data_type: &DataType) -> bool {
        match data_type {
            DataType::Dictionary(_, values) => Self::fits_plain(values),
            other => Self::fits_plain(other),
        }
    }

    fn fits_plain(data_type: &DataType) -> bool {
        use DataType::{Binary, BinaryView, LargeBinary, LargeUtf8, Null, Utf8, Utf8View};
        matches!(data_type, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | Null)
    }

    /// Takes a column of a type that fits; its octets are not copied.
    pub(crate) fn bind(array: &dyn Array, column: &str) -> Result<Self, Wrong> {
        let broken = || Wrong::broken(column);
        let texts = match array.data_type() {
            DataType::Null => return Ok(Self::Unknown),
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary_opt().ok_or_else(broken)?;
                let values = Box::new(Self::bind(dictionary.values().as_ref(), column)?);
                let keys = keys(dictionary.keys()).ok_or_else(broken)?;
                return Ok(Self::Dictionary { keys, values });
            }
            DataType::Utf8 => array.as_string_opt::<i32>().cloned().map(|array| Self::Small(array.into())),
            DataType::LargeUtf8 => array.as_string_opt::<i64>().cloned().map(|array| Self::Large(array.into())),
            DataType::Utf8View => array.as_string_view_opt().cloned().map(|array| Self::View(array.to_binary_view())),
            DataType::Binary => array.as_binary_opt::<i32>().cloned().map(Self::Small),
            DataType::LargeBinary => array.as_binary_opt::<i64>().cloned().map(Self::Large),
            DataType::BinaryView => array.as_binary_view_opt().cloned().map(Self::View),
            _ => None,
        };
        let texts = texts.ok_or_else(broken)?;
        let whole = match &texts {
            Self::Small(array) => ends_behind_start(array.offsets()),
            Self::Large(array) => ends_behind_start(array.offsets()),
            _ => true,
        };
        if whole { Ok(texts) } else { Err(broken()) }
    }

    /// Returns the octets of a row, or `None` where it is null.
    #[inline]
    pub(crate) fn get(&self, row: usize, column: &str) -> Result<Option<&[u8]>, Wrong> {
        match self {
            Self::Unknown => return Ok(None),
            // What most libraries have is read where it is asked for.
            Self::Small(array) if array.nulls().is_none() => {
                if let Some(octets) = between(array.value_data(), array.value_offsets(), row) {
                    return Ok(Some(octets));
                }
            }
            _ => {}
        }
        self.get_any(row, column)
    }

    /// Returns the octets of rows one behind the other, up to the first that is broken; `None` where [`Texts::get`] has
    /// to be asked for each.
    #[inline]
    pub(crate) fn run(&self, rows: Range<usize>) -> Option<impl Iterator<Item = &[u8]>> {
        let Self::Small(array) = self else { return None };
        if array.nulls().is_some() {
            return None;
        }
        let (octets, offsets) = (array.value_data(), array.value_offsets().get(rows.start..=rows.end)?);
        let (start, ends) = offsets.split_first()?;
        let mut start = start.to_usize()?;
        Some(ends.iter().map_while(move |end| {
            let end = end.to_usize()?;
            let text = octets.get(start..end)?;
            start = end;
            Some(text)
        }))
    }

    #[inline(never)]
    fn get_any(&self, row: usize, column: &str) -> Result<Option<&[u8]>, Wrong> {
        let octets = match self {
            Self::Unknown => return Ok(None),
            Self::Dictionary { keys, values } => {
                return match keys.get(row) {
                    Some(Some(key)) if *key < values.rows() => values.get(*key, column),
                    Some(None) => Ok(None),
                    _ => Err(Wrong::broken(column)),
                };
            }
            Self::Small(array) if array.is_valid(row) => between(array.value_data(), array.value_offsets(), row),
            Self::Large(array) if array.is_valid(row) => between(array.value_data(), array.value_offsets(), row),
            Self::View(array) if array.is_valid(row) => view(array, row),
            Self::Small(_) | Self::Large(_) | Self::View(_) => return Ok(None),
        };
        octets.map(Some).ok_or_else(|| Wrong::broken(column))
    }

    fn rows(&self) -> usize {
        match self {
            Self::Unknown => usize::MAX,
            Self::Small(array) => array.len(),
            Self::Large(array) => array.len(),
            Self::View(array) => array.len(),
            Self::Dictionary { keys, .. } => keys.len(),
        }
    }
}

/// Whether the octets of a column can be asked for at all: the first and the last offset say how many there are.
fn ends_behind_start<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> bool {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => first.to_usize().is_some() && first <= last,
        _ => false,
    }
}

#[inline]
fn between<'a, O: OffsetSizeTrait>(octets: &'a [u8], offsets: &[O], row: usize) -> Option<&'a [u8]> {
    let (start, end) = (offsets.get(row)?.to_usize()?, offsets.get(row + 1)?.to_usize()?);
    octets.get(start..end)
}

/// Reads a view: short octets stand in it, long ones in one of the buffers.
fn view(array: &BinaryViewArray, row: usize) -> Option<&[u8]> {
    const WIDTH: usize = size_of::<u128>();
    let view = ByteView::from(*array.views().get(row)?);
    let length = view.length as usize;
    if view.length <= MAX_INLINE_VIEW_LEN {
        let start = row * WIDTH + size_of::<u32>();
        return array.views().inner().get(start..start + length);
    }
    let start = view.offset as usize;
    array.data_buffers().get(view.buffer_index as usize)?.get(start..start.checked_add(length)?)
}

fn keys(array: &dyn Array) -> Option<Vec<Option<usize>>> {
    fn positions<K: ArrowDictionaryKeyType>(array: &dyn Array) -> Option<Vec<Option<usize>>> {
        // A negative key is outside of every dictionary.
        let position = |key: K::Native| key.to_usize().unwrap_or(usize::MAX);
        Some(array.as_primitive_opt::<K>()?.iter().map(|key| key.map(position)).collect())
    }
    match array.data_type() {
        DataType::Int8 => positions::<Int8Type>(array),
        DataType::Int16 => positions::<Int16Type>(array),
        DataType::Int32 => positions::<Int32Type>(array),
        DataType::Int64 => positions::<Int64Type>(array),
        DataType::UInt8 => positions::<UInt8Type>(array),
        DataType::UInt16 => positions::<UInt16Type>(array),
        DataType::UInt32 => positions::<UInt32Type>(array),
        DataType::UInt64 => positions::<UInt64Type>(array),
        _ => None,
    }
}
