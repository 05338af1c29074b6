//! Time as an argument: the core has no clock.

use core::cell::Cell;
use core::fmt;
use core::ops::Range;

/// An instant, in whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// ```
/// use sendas::Timestamp;
/// assert_eq!(Timestamp(1_302_566_400).to_string(), "2011-04-12T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype without an invariant")]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Takes whole seconds since 1970, of an instant within the years 0 to 9999, which RFC 3339 can say.
    ///
    /// A host that is handed a number it cannot trust takes it so: a count of milliseconds is found out.
    ///
    /// ```
    /// use sendas::Timestamp;
    /// assert_eq!(Timestamp::from_seconds(1_796_083_200), Ok(Timestamp(1_796_083_200)));
    /// let error = Timestamp::from_seconds(1_796_083_200_000).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "whole seconds since 1970 within the years 0 to 9999 are expected; in milliseconds it would be 2026-12-01T00:00:00Z"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// For any other instant.
    pub const fn from_seconds(seconds: i64) -> Result<Self, InstantError> {
        if seconds < FIRST.0 || seconds > LAST.0 { Err(InstantError { seconds }) } else { Ok(Self(seconds)) }
    }

    /// Reads an RFC 3339 §5.6 date-time with its offset, such as `2026-12-01T00:00:00Z`.
    ///
    /// A fraction of a second is refused, and what the offset moves out of the years 0 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |range: Range<usize>| -> Option<i64> {
            let digits = bytes.get(range)?;
            digits
                .iter()
                .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
        };
        let is = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let month_days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => return None,
        };
        if day < 1 || day > month_days || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let offset = match bytes.get(19)? {
            b'Z' | b'z' if bytes.len() == 20 => 0,
            sign @ (b'+' | b'-') if bytes.len() == 25 && is(22, b":") => {
                let (hours, minutes) = (number(20..22)?, number(23..25)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 3600 + minutes * 60) * if *sign == b'+' { 1 } else { -1 }
            }
            _ => return None,
        };
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Self::from_seconds(seconds - offset).ok()
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl fmt::Display for Timestamp {
    /// Writes the instant as RFC 3339 in UTC.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(86_400) + 719_468, self.0.rem_euclid(86_400));
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Says that a number is no count of seconds within the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstantError {
    seconds: i64,
}

impl fmt::Display for InstantError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("whole seconds since 1970 within the years 0 to 9999 are expected")?;
        let units = [("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000)];
        let in_a_unit = |(unit, in_a_second)| Some((unit, Timestamp::from_seconds(self.seconds / in_a_second).ok()?));
        match units.into_iter().find_map(in_a_unit) {
            Some((unit, instant)) if self.seconds > 0 => write!(formatter, "; in {unit} it would be {instant}"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for InstantError {}

/// 0000-01-01T00:00:00Z.
const FIRST: Timestamp = Timestamp(-62_167_219_200);
/// 9999-12-31T23:59:59Z.
const LAST: Timestamp = Timestamp(253_402_300_799);

/// The instant of a decision, and for how long what was decided by it holds.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Timestamp,
    /// The first instant at which a comparison made so far would come out otherwise.
    turns: Cell<i64>,
}

impl Clock {
    /// Starts at an instant.
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self { now, turns: Cell::new(i64::MAX) }
    }

    /// Whether an instant, in seconds, is still to come.
    #[inline]
    pub(crate) fn is_before(&self, instant: i64) -> bool {
        let is_before = self.now.0 < instant;
        if is_before && instant < self.turns.get() {
            self.turns.set(instant);
        }
        is_before
    }

    /// The instants at which everything asked so far is answered alike: from now on, and before this one.
    pub(crate) fn holds(&self) -> Range<i64> {
        self.now.0..self.turns.get()
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn what_is_read_is_written_again() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2011-04-12T00:00:00Z", 1_302_566_400),
            ("2026-12-01T00:00:00Z", 1_796_083_200),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(seconds)), "{text}");
            assert_eq!(Timestamp(seconds).to_string(), text);
        }
        assert_eq!(Timestamp::parse("2011-04-12T02:00:00+02:00"), Some(Timestamp(1_302_566_400)));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2011-04-12",
            "2011-04-12T00:00:00",
            "2011-02-29T00:00:00Z",
            "2011-04-12T24:00:00Z",
            "2011-04-12T00:00:00.5Z",
            "2011-04-12T00:00:00+2:00",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:00-00:01",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn other_units_than_seconds_are_found_out() {
        for seconds in [FIRST.0, 0, LAST.0] {
            assert_eq!(Timestamp::from_seconds(seconds), Ok(Timestamp(seconds)));
        }
        for (number, unit) in [
            (LAST.0 + 1, "milliseconds it would be 1978-01-11T21:31:40Z"),
            (FIRST.0 - 1, "within the years 0 to 9999 are expected"),
            (1_796_083_200_000_000, "microseconds it would be 2026-12-01T00:00:00Z"),
            (i64::MIN, "within the years 0 to 9999 are expected"),
            (i64::MAX, "nanoseconds it would be 2262-04-11T23:47:16Z"),
        ] {
            let error = Timestamp::from_seconds(number).unwrap_err().to_string();
            assert!(error.ends_with(unit), "{error}");
        }
    }
}
