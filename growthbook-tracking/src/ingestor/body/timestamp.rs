use std::fmt;

use serde::ser::{Serialize, Serializer};

/// Milliseconds since 1970, written as RFC 3339 has it: `2026-01-02T03:04:05.678Z`.
#[derive(Clone, Copy)]
pub(super) struct Timestamp(pub(super) u64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.min(LAST);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (year, month, day) = date(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Year, month and day so many days after the first of 1970, in years that begin in March, so that the day which only some
/// years have comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// From the first of March of the year 0.
const DAYS_BEFORE_1970: u64 = 719_468;

/// The days of 400 years.
const ERA: u64 = 146_097;

/// The end of the year 9999, after which years have five digits.
const LAST: u64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn is_as_rfc_3339_has_it() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp(millis).to_string(), text);
        }
    }

    #[test]
    fn is_the_date_that_http_dates_say() {
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        for days in (0..60_000).chain((60_000..2_900_000).step_by(997)) {
            let text = Timestamp(days * 86_400_000).to_string();
            let at = UNIX_EPOCH + Duration::from_secs(days * 86_400);
            let http = httpdate::fmt_http_date(at);
            let mut words = http.split(' ').skip(1);
            let [day, month, year] = [(); 3].map(|()| words.next().unwrap());
            let month = months.find(month).unwrap() / 3 + 1;
            let expected = format!("{year}-{month:02}-{day}T00:00:00.000Z");
            assert_eq!(text, expected);
        }
    }
}
