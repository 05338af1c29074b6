//! What the structures of Arrow's C data interface say of themselves, looked at before anything that they point to: a
//! broken producer is refused where its numbers tell. Whether there is as much behind a pointer as is said, no consumer
//! can find out.

use arrow_data::ffi::FFI_ArrowArray;
use arrow_data::layout;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Fields};
use sendas_arrow::Wrong;

use super::capsule::entries;

/// Refuses a schema that cannot be read: one that is released, lacks a format, or whose children are too few, too many
/// or too deep. Where an array came with it, both must have as many children.
pub(super) fn check_schema(schema: &FFI_ArrowSchema, array: Option<&FFI_ArrowArray>) -> Result<(), Wrong> {
    let mut left = MOST_TYPES;
    check_type(schema, array, MOST_LEVELS, &mut left)
        .map_err(|fault| Wrong::new(format_args!("the schema cannot be read: {fault}")))
}

/// The same of one type and those in it, of which `levels` may be nested, and `left` are left in all.
fn check_type(
    schema: &FFI_ArrowSchema,
    array: Option<&FFI_ArrowArray>,
    levels: usize,
    left: &mut usize,
) -> Result<(), String> {
    let levels = levels.checked_sub(1).ok_or_else(|| format!("its types are nested over {MOST_LEVELS} levels deep"))?;
    *left = left.checked_sub(1).ok_or_else(|| format!("it has over {MOST_TYPES} types"))?;
    if schema.release.is_none() {
        return Err("it has been released".to_owned());
    }
    if schema.format.is_null() {
        return Err("a type in it has no format".to_owned());
    }
    let count = usize::try_from(schema.n_children).ok().filter(|count| *count == 0 || !schema.children.is_null());
    let count = count.ok_or_else(|| format!("a type in it cannot have {} children", schema.n_children))?;
    if let Some(entries) = Some(entries(schema)).filter(|entries| *entries > MOST_ENTRIES) {
        return Err(format!("a type in it cannot have {entries} entries of metadata"));
    }
    if let Some(array) = array.filter(|array| array.n_children != schema.n_children) {
        return Err(format!("a type in it has {count} children, and its array {}", array.n_children));
    }
    for number in 0..count {
        check_type(schema.child(number), array.map(|array| array.child(number)), levels, left)?;
    }
    match schema.dictionary() {
        Some(values) => check_type(values, array.and_then(FFI_ArrowArray::dictionary), levels, left),
        None => Ok(()),
    }
}

/// Refuses a batch that contradicts its columns, however deep in them.
pub(super) fn check_batch(batch: &FFI_ArrowArray, columns: &Fields) -> Result<(), Wrong> {
    let broken = |what, fault| Wrong::new(format_args!("{what} is no valid Arrow array: {fault}"));
    check_own(batch, &DataType::Struct(columns.clone())).map_err(|fault| broken("the batch".to_owned(), fault))?;
    columns.iter().enumerate().try_for_each(|(number, column)| {
        let checked = check_array(batch.child(number), column.data_type());
        checked.map_err(|fault| broken(format!("`{}`", column.name()), fault))
    })
}

/// Refuses an array that contradicts its type, and what is in it.
fn check_array(array: &FFI_ArrowArray, data_type: &DataType) -> Result<(), String> {
    check_own(array, data_type)?;
    for (number, member) in members(data_type).into_iter().enumerate() {
        check_array(array.child(number), member)?;
    }
    match (array.dictionary(), data_type) {
        (Some(values), DataType::Dictionary(_, data_type)) => check_array(values, data_type),
        // Importing says that one is missing, or is too much.
        _ => Ok(()),
    }
}

/// The same without what is in it.
fn check_own(array: &FFI_ArrowArray, data_type: &DataType) -> Result<(), String> {
    if array.is_released() {
        return Err("it has been released".to_owned());
    }
    let rows = if array.offset < 0 || array.length < 0 { None } else { array.offset.checked_add(array.length) };
    if rows.is_none_or(|rows| rows > MOST_ROWS) {
        return Err(format!("it cannot have {} rows from number {} on", array.length, array.offset));
    }
    match data_type {
        DataType::Dictionary(keys, _) if !keys.is_dictionary_key_type() => {
            return Err(format!("{keys} cannot be the type of a dictionary's keys"));
        }
        DataType::FixedSizeBinary(size) | DataType::FixedSizeList(_, size) if *size < 0 => {
            return Err(format!("a value cannot have the size {size}"));
        }
        _ => {}
    }
    let layout = layout(data_type);
    let least = layout.buffers.len() + usize::from(layout.can_contain_null_mask) + usize::from(layout.variadic);
    if usize::try_from(array.n_buffers).map_or(true, |count| count < least || count > MOST_BUFFERS) {
        return Err(format!("it has {} buffers, and its type needs {least}", array.n_buffers));
    }
    let children = members(data_type).len();
    if usize::try_from(array.n_children) != Ok(children) {
        return Err(format!("it has {} children, and its type {children}", array.n_children));
    }
    Ok(())
}

/// The types of the children of an array.
pub(super) fn members(data_type: &DataType) -> Vec<&DataType> {
    match data_type {
        DataType::FixedSizeList(element, _)
        | DataType::LargeList(element)
        | DataType::LargeListView(element)
        | DataType::List(element)
        | DataType::ListView(element)
        | DataType::Map(element, _) => vec![element.data_type()],
        DataType::RunEndEncoded(ends, values) => vec![ends.data_type(), values.data_type()],
        DataType::Struct(members) => members.iter().map(|member| member.data_type()).collect(),
        DataType::Union(members, _) => members.iter().map(|(_, member)| member.data_type()).collect(),
        _ => Vec::new(),
    }
}

/// Arrow's own reader in C++ goes no deeper.
const MOST_LEVELS: usize = 64;

/// No table has more; a schema that stands in itself has more than any.
const MOST_TYPES: usize = 1 << 20;

/// Room for all of them is asked for before the first is read.
const MOST_ENTRIES: i32 = 1 << 20;

/// Not even their bits would have room in the addresses of a process.
const MOST_ROWS: i64 = 1 << 50;

/// The numbers of buffers behind views have 31 bits.
const MOST_BUFFERS: usize = 1 << 31;
