//! The host's clock as an argument: a conversion, compiled only with feature `std`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::time::Timestamp;

impl From<SystemTime> for Timestamp {
    /// Takes the whole seconds of the host's clock, rounded down; an instant beyond 64 bits becomes the last one.
    ///
    /// ```
    /// assert_eq!(sendas::Timestamp::from(std::time::UNIX_EPOCH), sendas::Timestamp(0));
    /// ```
    fn from(time: SystemTime) -> Self {
        let seconds = |length: Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(seconds(after)),
            Err(before) => {
                let length = before.duration();
                Self(-seconds(length) - i64::from(length.subsec_nanos() != 0))
            }
        }
    }
}
