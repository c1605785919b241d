//! What an answer means for the events, by its status and headers alone.

use std::time::{Duration, SystemTime};

use ureq::http::header::{DATE, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName};

use super::failure::Failure;
use crate::DeliveryError;

/// What the head of an answer says.
#[derive(Debug)]
pub(super) enum Verdict<'h> {
    Delivered,
    Failed(DeliveryError),
    /// The server wants them elsewhere.
    Moved(&'h str),
}

/// Judges the head of an answer. `now` is for a server that does not say when it answered.
///
/// What is said of the events drops them (400, 422) or halves them (413); what is said of us or of the address keeps them,
/// since somebody may mend that: a wrong host is answered 404, and a proxy that wants a password answers 407.
pub(super) fn judge(status: u16, headers: &HeaderMap, now: SystemTime) -> Verdict<'_> {
    let failure = Failure::Status(status);
    Verdict::Failed(match status {
        200..=299 => return Verdict::Delivered,
        // 303 is where the answer to a request is that was accepted, and no place for events.
        301 | 302 | 307 | 308 => match text(headers, &LOCATION) {
            Some(location) => return Verdict::Moved(location),
            None => DeliveryError::refused(failure),
        },
        300..=399 | 401 | 403 | 404 | 407 => DeliveryError::refused(failure),
        400 | 422 => DeliveryError::rejected(failure),
        408 | 425 | 429 | 500..=599 => match retry_after(headers, now) {
            Some(wait) => DeliveryError::unavailable_for(wait, failure),
            None => DeliveryError::unavailable(failure),
        },
        413 => DeliveryError::too_large(failure),
        _ => DeliveryError::hopeless(failure),
    })
}

/// How long the server asks to be left alone: whole seconds, or a date, which counts from the answer's own `Date`. One that
/// has passed is no wait at all.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = |text| httpdate::parse_http_date(text).ok();
    let until = date(value)?;
    let from = text(headers, &DATE).and_then(date).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or_default())
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Failure as Kind;

    fn headers(list: &[(HeaderName, &str)]) -> HeaderMap {
        let header = |(name, value): &(HeaderName, &str)| (name.clone(), value.parse().unwrap());
        list.iter().map(header).collect()
    }

    fn kind(status: u16, list: &[(HeaderName, &str)]) -> Option<Kind> {
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 03:03:05 GMT").unwrap();
        match judge(status, &headers(list), now) {
            Verdict::Delivered => None,
            Verdict::Failed(error) => Some(error.kind()),
            Verdict::Moved(to) => panic!("{status}: to {to}"),
        }
    }

    #[test]
    fn every_status_means_something() {
        let later = Kind::Unavailable { retry_after: None };
        for status in 100..1000 {
            let expected = match status {
                200..=299 => None,
                300..=399 | 401 | 403 | 404 | 407 => Some(Kind::Refused),
                400 | 422 => Some(Kind::Rejected),
                408 | 425 | 429 | 500..=599 => Some(later),
                413 => Some(Kind::TooLarge),
                _ => Some(Kind::Hopeless),
            };
            assert_eq!(kind(status, &[]), expected, "{status}");
        }
    }

    #[test]
    fn only_what_is_a_redirect_is_one() {
        let location = headers(&[(LOCATION, "/x")]);
        let moved: Vec<u16> = (300..400)
            .filter(|&status| {
                let verdict = judge(status, &location, SystemTime::UNIX_EPOCH);
                matches!(verdict, Verdict::Moved("/x"))
            })
            .collect();
        assert_eq!(moved, [301, 302, 307, 308]);
    }

    #[test]
    fn a_wait_is_in_seconds_or_until_a_date_of_the_servers_clock() {
        let date = "Fri, 02 Jan 2026 03:04:05 GMT";
        let said = "Fri, 02 Jan 2026 03:03:55 GMT";
        let wait = |list: &[(HeaderName, &str)]| match kind(429, list) {
            Some(Kind::Unavailable { retry_after }) => retry_after.map(|it| it.as_secs()),
            kind => panic!("{kind:?}"),
        };
        for (value, seconds) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            (date, Some(60)),
            ("Fri, 02 Jan 2015 03:04:05 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(wait(&[(RETRY_AFTER, value)]), seconds, "{value:?}");
        }
        assert_eq!(wait(&[(RETRY_AFTER, date), (DATE, said)]), Some(10));
        assert_eq!(wait(&[(RETRY_AFTER, date), (DATE, "?")]), Some(60));
    }
}
