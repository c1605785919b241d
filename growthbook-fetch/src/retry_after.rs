//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

/// Reads a `Retry-After`: whole seconds, or an HTTP date, which counts from the answer's own `Date`, or else from `now`.
///
/// A date that has passed is no wait at all. What is neither says nothing. How long is too long is for the caller to say.
pub(crate) fn retry_after(
    value: &str,
    answered_at: Option<&str>,
    now: SystemTime,
) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let from = answered_at
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .unwrap_or(now);
    Some(date.duration_since(from).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Fri, 02 Jan 2026 03:04:05 GMT";

    fn read(value: &str, answered_at: Option<&str>) -> Option<Duration> {
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 03:03:05 GMT").unwrap();
        retry_after(value, answered_at, now)
    }

    #[test]
    fn seconds_are_seconds() {
        for (value, seconds) in [
            ("3", 3),
            (" 0 ", 0),
            ("1000000000", 1_000_000_000),
            ("99999999999999999999999", u64::MAX),
        ] {
            assert_eq!(
                read(value, None),
                Some(Duration::from_secs(seconds)),
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_date_counts_from_when_the_server_answered_by_its_own_clock() {
        let earlier = "Fri, 02 Jan 2026 03:03:55 GMT";
        let later = "Fri, 02 Jan 2026 03:05:00 GMT";
        for (answered_at, seconds) in [
            (None, 60),
            (Some(earlier), 10),
            (Some(later), 0),
            (Some(DATE), 0),
            (Some("yesterday"), 60),
        ] {
            let read = read(DATE, answered_at);
            assert_eq!(read, Some(Duration::from_secs(seconds)), "{answered_at:?}");
        }
        assert!(
            read("Friday, 02-Jan-26 03:04:05 GMT", None).is_some(),
            "the old form"
        );
    }

    #[test]
    fn what_is_neither_says_nothing() {
        for value in [
            "",
            " ",
            "-1",
            "+3",
            "1.5",
            "3s",
            "soon",
            "Fri, 32 Jan 2026 03:04:05 GMT",
            "٣",
        ] {
            assert_eq!(read(value, None), None, "{value:?}");
        }
    }
}
