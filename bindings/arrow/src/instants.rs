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
    /// Seconds since 1970, rounded down.
    Seconds(Vec<Option<i64>>),
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
        let seconds = match array.data_type() {
            DataType::Int32 => seconds::<Int32Type, 1>(array),
            DataType::Int64 => seconds::<Int64Type, 1>(array),
            DataType::UInt32 => seconds::<UInt32Type, 1>(array),
            DataType::UInt64 => seconds::<UInt64Type, 1>(array),
            DataType::Timestamp(TimeUnit::Second, _) => seconds::<TimestampSecondType, 1>(array),
            DataType::Timestamp(TimeUnit::Millisecond, _) => seconds::<TimestampMillisecondType, 1_000>(array),
            DataType::Timestamp(TimeUnit::Microsecond, _) => seconds::<TimestampMicrosecondType, 1_000_000>(array),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => seconds::<TimestampNanosecondType, 1_000_000_000>(array),
            _ => return Texts::bind(array, column).map(Self::Texts),
        };
        seconds.map(Self::Seconds).ok_or_else(|| Wrong::broken(column))
    }

    /// Returns the instant of a row.
    pub(crate) fn get(&self, row: usize, column: &str) -> Result<Timestamp, Wrong> {
        let null = || Wrong::new(format_args!("`{column}` is null, but every request is decided at an instant"));
        match self {
            Self::Seconds(seconds) => {
                let instant = Timestamp::from_seconds(seconds.get(row).copied().flatten().ok_or_else(null)?);
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

fn seconds<T, const IN_A_SECOND: i64>(array: &dyn Array) -> Option<Vec<Option<i64>>>
where
    T: ArrowPrimitiveType,
    T::Native: TryInto<i64>,
{
    // What has more than 63 bits is as wrong as this.
    let second = |count: T::Native| count.try_into().unwrap_or(i64::MIN).div_euclid(IN_A_SECOND);
    Some(array.as_primitive_opt::<T>()?.iter().map(|given| given.map(second)).collect())
}
