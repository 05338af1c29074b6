//! The column of instants.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};
use sendas::Timestamp;

use crate::texts::Texts;
use crate::wrong::{Wrong, shown};

/// The instant of each request.
pub(crate) enum Instants {
    /// Counts since 1970, and how many of them are in a second.
    Counts {
        counts: Vec<Option<i64>>,
        in_a_second: i64,
    },
    Texts(Texts),
}

impl Instants {
    /// What the types of such a column are.
    pub(crate) const RIGHT: &'static str =
        "a timestamp with a time zone, an integer of seconds since 1970, or an RFC 3339 string";

    /// Whether a column of this type can be read.
    pub(crate) fn fits(data_type: &DataType) -> bool {
        match data_type {
            DataType::Int32 | DataType::Int64 | DataType::UInt32 | DataType::UInt64 => true,
            DataType::Timestamp(_, zone) => zone.is_some(),
            other => Texts::fits(other),
        }
    }

    /// Takes a column of a type that fits.
    pub(crate) fn bind(array: &dyn Array, column: &str) -> Result<Self, Wrong> {
        let (counts, in_a_second) = match array.data_type() {
            DataType::Int32 => (counts::<Int32Type>(array), 1),
            DataType::Int64 => (counts::<Int64Type>(array), 1),
            DataType::UInt32 => (counts::<UInt32Type>(array), 1),
            DataType::UInt64 => (counts::<UInt64Type>(array), 1),
            DataType::Timestamp(TimeUnit::Second, _) => (counts::<TimestampSecondType>(array), 1),
            DataType::Timestamp(TimeUnit::Millisecond, _) => (counts::<TimestampMillisecondType>(array), 1_000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => (counts::<TimestampMicrosecondType>(array), 1_000_000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => (counts::<TimestampNanosecondType>(array), 1_000_000_000),
            _ => return Texts::bind(array, column).map(Self::Texts),
        };
        let counts = counts.ok_or_else(|| Wrong::broken(column))?;
        Ok(Self::Counts { counts, in_a_second })
    }

    /// Returns the instant of a row, rounded down to whole seconds.
    pub(crate) fn get(&self, row: usize, column: &str) -> Result<Timestamp, Wrong> {
        let null = || Wrong::new(format_args!("`{column}` is null, but every request is decided at an instant"));
        match self {
            Self::Counts { counts, in_a_second } => {
                let count = counts.get(row).copied().flatten().ok_or_else(null)?;
                let instant = Timestamp::from_seconds(count.div_euclid(*in_a_second));
                instant.map_err(|error| Wrong::new(format_args!("`{column}`: {error}")))
            }
            Self::Texts(texts) => {
                let octets = texts.get(row, column)?.ok_or_else(null)?;
                let instant = std::str::from_utf8(octets).ok().and_then(Timestamp::parse);
                instant.ok_or_else(|| {
                    let given = shown(octets);
                    Wrong::new(format_args!(
                        "`{column}` must be an RFC 3339 date-time in whole seconds, such as `2026-12-07T09:30:00Z`, not {given}"
                    ))
                })
            }
        }
    }
}

fn counts<T>(array: &dyn Array) -> Option<Vec<Option<i64>>>
where
    T: ArrowPrimitiveType,
    T::Native: TryInto<i64>,
{
    // What has more than 63 bits is as wrong as this.
    let count = |count: T::Native| count.try_into().unwrap_or(i64::MIN);
    Some(array.as_primitive_opt::<T>()?.iter().map(|given| given.map(count)).collect())
}
