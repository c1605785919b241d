use time::{OffsetDateTime, UtcOffset};

/// A moment as RFC 3339, in UTC and with milliseconds: what JavaScript's `toISOString` gives, so that the text sorts by time
/// and compares with what GrowthBook's editor writes into conditions.
///
/// What is finer than a millisecond is cut off. `None` for years that RFC 3339 cannot write: before 0 or after 9999.
pub(crate) fn rfc3339(at: OffsetDateTime) -> Option<String> {
    let at = at.checked_to_offset(UtcOffset::UTC)?;
    let year = u16::try_from(at.year()).ok().filter(|year| *year <= 9999)?;
    let (month, day) = (u8::from(at.month()), at.day());
    let (hour, minute, second, milli) = at.to_hms_milli();
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    ))
}

#[cfg(test)]
mod tests {
    use time::{Date, Month, PrimitiveDateTime, Time};

    use super::*;

    fn at(year: i32, (month, day): (u8, u8), time: (u8, u8, u8), nano: u32) -> PrimitiveDateTime {
        let month = Month::try_from(month).unwrap();
        let date = Date::from_calendar_date(year, month, day).unwrap();
        let (hour, minute, second) = time;
        let time = Time::from_hms_nano(hour, minute, second, nano).unwrap();
        PrimitiveDateTime::new(date, time)
    }

    fn check(moment: PrimitiveDateTime, offset: (i8, i8), text: Option<&str>) {
        let offset = UtcOffset::from_hms(offset.0, offset.1, 0).unwrap();
        assert_eq!(rfc3339(moment.assume_offset(offset)).as_deref(), text);
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let noon = at(2026, (11, 20), (12, 0, 0), 0);
        check(noon, (0, 0), Some("2026-11-20T12:00:00.000Z"));
        check(noon, (5, 30), Some("2026-11-20T06:30:00.000Z"));
        check(noon, (-12, 0), Some("2026-11-21T00:00:00.000Z"));
        let leap = at(2024, (2, 29), (23, 59, 59), 0);
        check(leap, (-1, 0), Some("2024-03-01T00:59:59.000Z"));
    }

    #[test]
    fn what_is_finer_than_a_millisecond_is_cut_off_before_1970_too() {
        let moment = at(1969, (12, 31), (23, 59, 59), 999_999_999);
        check(moment, (0, 0), Some("1969-12-31T23:59:59.999Z"));
        let moment = at(1883, (1, 2), (3, 4, 5), 67_890_123);
        check(moment, (0, 0), Some("1883-01-02T03:04:05.067Z"));
        check(moment, (0, -10), Some("1883-01-02T03:14:05.067Z"));
    }

    #[test]
    fn years_that_have_no_four_digits_have_no_text() {
        check(
            at(0, (1, 1), (0, 0, 0), 0),
            (0, 0),
            Some("0000-01-01T00:00:00.000Z"),
        );
        check(at(0, (1, 1), (0, 0, 0), 0), (1, 0), None);
        check(at(-1, (6, 1), (0, 0, 0), 0), (0, 0), None);
        // In UTC this is a year that the crate `time` does not have.
        check(at(9999, (12, 31), (23, 30, 0), 0), (-1, 0), None);
    }
}
