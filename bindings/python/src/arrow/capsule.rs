//! Arrow's C data interface in Python's capsules: how batches come in and go out without being copied.
//!
//! All unsafe code for Arrow in this package stands here. It relies on what the interface lays down: a capsule of a
//! name holds the structure of that name, whose callbacks may be called from any thread, and whose buffers are as long
//! as their array says.
#![expect(unsafe_code, reason = "structures of C are taken out of capsules, and the callbacks of a stream are called")]

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use arrow_array::ffi::from_ffi_and_data_type;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatchReader, StructArray};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Fields, Schema};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use sendas_arrow::{Wrong, guarded};

use super::sound::{check_batch, check_schema, members};
use crate::text::wrong_type;

/// What was handed over.
pub(super) enum Given {
    /// One batch.
    Array(FFI_ArrowArray, Fields),
    /// Any number of batches.
    Stream(Upstream),
}

impl Given {
    /// Takes what an object exports: its one array, or else its stream.
    pub(super) fn take(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = data.py();
        if let Some(export) = data.getattr_opt("__arrow_c_array__")? {
            let exported = export.call0()?;
            let Ok((schema, array)) = exported.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
                return Err(wrong_type(&exported, "__arrow_c_array__()", "a pair of capsules"));
            };
            let (schema, array) = (contents(&schema, SCHEMA)?, contents(&array, ARRAY)?);
            // SAFETY: capsules of these names hold an `ArrowSchema` and an `ArrowArray`; both are borrowed while the
            // capsules live.
            let (schema, given) =
                unsafe { (schema.cast::<FFI_ArrowSchema>().as_ref(), array.cast::<FFI_ArrowArray>().as_ref()) };
            if given.is_released() {
                return Err(consumed("array"));
            }
            let fields = guarded("the schema cannot be read", || fields(schema, Some(given)));
            let fields = fields.map_err(|wrong| refused(&wrong))?;
            // SAFETY: as before. It is moved out, and what is left is marked as released.
            let array = unsafe { FFI_ArrowArray::from_raw(array.cast().as_ptr()) };
            return Ok(Self::Array(array, fields));
        }
        let Some(export) = data.getattr_opt("__arrow_c_stream__")? else {
            let right =
                "an object with `__arrow_c_stream__` or `__arrow_c_array__`, such as a table of pyarrow or polars";
            return Err(wrong_type(data, "data", right));
        };
        let exported = export.call0()?;
        let stream = contents(&exported, STREAM)?;
        // SAFETY: a capsule of this name holds a valid `ArrowArrayStream`. It is moved out, and what is left is marked
        // as released.
        let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.cast().as_ptr()) };
        if stream.release.is_none() {
            return Err(consumed("stream"));
        }
        // A producer may have to compute before it knows its schema, in threads that need the interpreter.
        py.detach(|| guarded("the stream cannot be opened", || Upstream::open(stream)))
            .map(Self::Stream)
            .map_err(|wrong| refused(&wrong))
    }
}

/// The batches that another library produces.
pub(super) struct Upstream {
    stream: FFI_ArrowArrayStream,
    fields: Fields,
}

impl Upstream {
    /// Asks a stream that is not released for its columns.
    pub(super) fn open(mut stream: FFI_ArrowArrayStream) -> Result<Self, Wrong> {
        let mut schema = FFI_ArrowSchema::empty();
        let get_schema = stream.get_schema.ok_or_else(|| Wrong::new("the stream has no schema"))?;
        // SAFETY: the stream is not released, and both pointers are valid for this call.
        let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
        if code != 0 {
            return Err(said(&mut stream, code));
        }
        let fields = fields(&schema, None)?;
        Ok(Self { stream, fields })
    }

    /// The columns of every batch.
    pub(super) const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Returns the next batch that has rows, or `None` after the last.
    fn advance(&mut self) -> Result<Option<StructArray>, Wrong> {
        let get_next = self.stream.get_next.ok_or_else(|| Wrong::new("the stream has no batches"))?;
        loop {
            let mut array = FFI_ArrowArray::empty();
            // SAFETY: the stream is not released, and both pointers are valid for this call.
            let code = unsafe { get_next(&raw mut self.stream, &raw mut array) };
            if code != 0 {
                return Err(said(&mut self.stream, code));
            }
            if array.is_released() {
                return Ok(None);
            }
            if let Some(batch) = import(array, &self.fields)? {
                return Ok(Some(batch));
            }
        }
    }
}

impl Iterator for Upstream {
    type Item = Result<StructArray, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// Takes an array of C as a batch with these columns; `None` where it has no rows, whose buffers may be missing.
pub(super) fn import(array: FFI_ArrowArray, fields: &Fields) -> Result<Option<StructArray>, Wrong> {
    if array.is_empty() {
        return Ok(None);
    }
    check_batch(&array, fields)?;
    for (number, field) in fields.iter().enumerate() {
        if !lengths_hold(array.child(number), field.data_type()) {
            return Err(Wrong::broken(field.name()));
        }
    }
    // SAFETY: the schema came with the array, which its producer warrants to agree with it. What an array says of
    // itself and of the length of its buffers is checked above, offsets, keys and views where they are used.
    let data = unsafe { from_ffi_and_data_type(array, DataType::Struct(fields.clone())) }?;
    let batch = StructArray::from(data);
    match batch.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => {
            let row = nulls.iter().position(|is_there| !is_there).unwrap_or_default();
            Err(Wrong::new("the row is null as a whole, so that nothing can be decided").in_row(row as u64))
        }
        None => Ok(Some(batch)),
    }
}

/// Whether no buffer of an array is said to be shorter than nothing: one of texts is as long as the last offset says,
/// those behind views as the last buffer does. No slice can have such a length, not even to be looked at.
fn lengths_hold(array: &FFI_ArrowArray, data_type: &DataType) -> bool {
    let last = array.offset() + array.len();
    let own = match data_type {
        DataType::Binary | DataType::Utf8 => {
            array.is_empty() || number(array, 1, last).map(i32::from_ne_bytes).is_none_or(|end| end >= 0)
        }
        DataType::LargeBinary | DataType::LargeUtf8 => {
            array.is_empty() || number(array, 1, last).map(i64::from_ne_bytes).is_none_or(|end| end >= 0)
        }
        DataType::BinaryView | DataType::Utf8View => {
            // The validity, the views, and the lengths of all others.
            let buffers = array.num_buffers();
            let length = |at| number(array, buffers - 1, at).map(i64::from_ne_bytes);
            (0..buffers.saturating_sub(3)).all(|at| length(at).is_some_and(|length| length >= 0))
        }
        DataType::Dictionary(_, values) => array.dictionary().is_none_or(|array| lengths_hold(array, values)),
        // Theirs follow from the number of rows.
        _ => true,
    };
    own && members(data_type).into_iter().enumerate().all(|(at, member)| lengths_hold(array.child(at), member))
}

/// The octets of a number in a buffer; none where the buffer is missing, which importing refuses.
fn number<const N: usize>(array: &FFI_ArrowArray, buffer: usize, at: usize) -> Option<[u8; N]> {
    let buffer = array.buffer(buffer).cast::<[u8; N]>();
    // SAFETY: the producer warrants that the buffer is as long as its array says: there is an offset behind the last
    // row, and a length for each buffer behind views.
    (!buffer.is_null()).then(|| unsafe { buffer.add(at).read() })
}

/// How many entries of metadata a type says that it has.
pub(super) fn entries(schema: &FFI_ArrowSchema) -> i32 {
    let metadata = schema.metadata.cast::<i32>();
    // SAFETY: the producer warrants that metadata, where it is there, begins with the number of its entries.
    if metadata.is_null() { 0 } else { unsafe { metadata.read_unaligned() } }
}

/// Exports a schema.
pub(super) fn export_schema<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema).map_err(|error| refused(&error.into()))?;
    PyCapsule::new_with_value(py, schema, SCHEMA)
}

/// Exports one array, with its schema before it.
pub(super) fn export_array<'py>(
    py: Python<'py>,
    schema: &Schema,
    array: &StructArray,
) -> PyResult<Bound<'py, PyTuple>> {
    let exported = PyCapsule::new_with_value(py, FFI_ArrowArray::new(&array.to_data()), ARRAY)?;
    PyTuple::new(py, [export_schema(py, schema)?, exported])
}

/// Exports batches.
pub(super) fn export_stream<'py>(
    py: Python<'py>,
    batches: impl RecordBatchReader + Send + 'static,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), STREAM)
}

/// Says that what was handed over cannot be used.
pub(super) fn refused(wrong: &Wrong) -> PyErr {
    PyValueError::new_err(wrong.to_string())
}

/// Says that what was handed over has been read by somebody else.
pub(super) fn consumed(what: &str) -> PyErr {
    PyValueError::new_err(format!("the {what} has been consumed already; it is read once, so make it anew"))
}

fn contents(object: &Bound<'_, PyAny>, name: &'static CStr) -> PyResult<NonNull<c_void>> {
    match object.cast::<PyCapsule>() {
        Ok(capsule) => capsule.pointer_checked(Some(name)),
        Err(_) => Err(PyTypeError::new_err(format!("a capsule of the name `{}` is expected", name.to_string_lossy()))),
    }
}

/// Returns the columns of a schema, which must be that of a table, and fit the array that came with it.
fn fields(schema: &FFI_ArrowSchema, array: Option<&FFI_ArrowArray>) -> Result<Fields, Wrong> {
    check_schema(schema, array)?;
    match DataType::try_from(schema)? {
        DataType::Struct(fields) => Ok(fields),
        other => Err(Wrong::new(format_args!("a table or an array of structs is expected, not one of type {other}"))),
    }
}

/// Returns what a stream says of its latest error.
fn said(stream: &mut FFI_ArrowArrayStream, code: i32) -> Wrong {
    // SAFETY: the stream is not released, and its latest call failed.
    let text = stream.get_last_error.map(|get_last_error| unsafe { get_last_error(&raw mut *stream) });
    let Some(text) = text.filter(|text| !text.is_null()) else {
        return Wrong::new(format_args!("the stream failed with error {code}"));
    };
    // SAFETY: the text ends with NUL and lives until the next call; it is copied before.
    let text = unsafe { CStr::from_ptr(text) };
    Wrong::new(format_args!("the stream failed: {}", text.to_string_lossy()))
}

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";
