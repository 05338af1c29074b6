//! Time as an argument: the core has no clock.

use core::fmt;

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
    /// Reads an RFC 3339 §5.6 date-time with its offset, such as `2026-12-01T00:00:00Z`; a fraction of a second is refused.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |range: core::ops::Range<usize>| -> Option<i64> {
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
        Some(Self(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset))
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

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn reads_and_writes() {
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
    fn refuses_what_is_no_instant() {
        for text in [
            "",
            "2011-04-12",
            "2011-04-12T00:00:00",
            "2011-02-29T00:00:00Z",
            "2011-04-12T24:00:00Z",
            "2011-04-12T00:00:00.5Z",
            "2011-04-12T00:00:00+2:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
