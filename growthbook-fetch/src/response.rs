//! What an answer means, by its status and headers alone.

use std::time::SystemTime;

use growthbook_core::{FetchError, Validator};
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, ETAG, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use crate::retry_after::retry_after;

/// What the head of an answer to a request says.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The body is what was asked for.
    Body,
    /// There is nothing to be had.
    Failed(FetchError),
    /// It is to be had elsewhere.
    Moved(HeaderValue),
    /// Nothing is new.
    Unchanged,
}

/// Judges the head of an answer. `now` is for a server that does not say when it answered.
pub(crate) fn judge(status: u16, headers: &HeaderMap, now: SystemTime) -> Verdict {
    match (status, headers.get(LOCATION)) {
        (200, _) => Verdict::Body,
        (301 | 302 | 303 | 307 | 308, Some(location)) => Verdict::Moved(location.clone()),
        (304, _) => Verdict::Unchanged,
        (401 | 403, _) => Verdict::Failed(FetchError::Unauthorized { status }),
        (400, _) if text(headers, &UNRECOVERABLE) == Some("1") => {
            Verdict::Failed(FetchError::Unauthorized { status })
        }
        _ => Verdict::Failed(FetchError::Status {
            status,
            retry_after: text(headers, &RETRY_AFTER)
                .and_then(|value| retry_after(value, text(headers, &DATE), now)),
        }),
    }
}

/// Whether the body is still encoded, after what could be decoded has been.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    let plain = |value: &HeaderValue| value.is_empty() || value.as_bytes() == b"identity";
    !headers.get_all(CONTENT_ENCODING).iter().all(plain)
}

/// Whether the body is a stream of events, whatever parameters the media type has.
pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = text(headers, &CONTENT_TYPE).and_then(|value| value.split(';').next());
    media_type.is_some_and(|it| it.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Whether the server says that changes can be streamed; `None` if it says nothing of it.
pub(crate) fn offers_streaming(headers: &HeaderMap) -> Option<bool> {
    text(headers, &SSE_SUPPORT).map(|value| value.eq_ignore_ascii_case("enabled"))
}

/// What the server calls this version of the payload, verbatim.
pub(crate) fn validator(headers: &HeaderMap) -> Option<Validator> {
    let tag = headers.get(ETAG)?.to_str().ok()?;
    (!tag.is_empty()).then(|| Validator::new(tag))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

static SSE_SUPPORT: HeaderName = HeaderName::from_static("x-sse-support");
static UNRECOVERABLE: HeaderName = HeaderName::from_static("x-unrecoverable");

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        list.iter().map(header).collect()
    }

    fn failure(status: u16, list: &[(&'static str, &str)]) -> FetchError {
        match judge(status, &headers(list), SystemTime::UNIX_EPOCH) {
            Verdict::Failed(error) => error,
            verdict => panic!("{status}: {verdict:?}"),
        }
    }

    #[test]
    fn only_a_200_has_a_payload() {
        let judged = |status| judge(status, &HeaderMap::new(), SystemTime::UNIX_EPOCH);
        assert!(matches!(judged(200), Verdict::Body));
        assert!(matches!(judged(304), Verdict::Unchanged));
        for status in [
            201, 204, 206, 300, 301, 302, 305, 400, 404, 410, 429, 500, 503,
        ] {
            assert!(
                matches!(failure(status, &[]), FetchError::Status { status: told, retry_after: None } if told == status)
            );
        }
    }

    #[test]
    fn a_refused_key_is_known_by_status_or_header() {
        let refused = [
            (401, &[][..]),
            (403, &[]),
            (400, &[("x-unrecoverable", "1")]),
        ];
        for (status, list) in refused {
            assert!(
                matches!(failure(status, list), FetchError::Unauthorized { status: told } if told == status),
                "{status}"
            );
        }
        for (status, list) in [
            (400, &[("x-unrecoverable", "0")][..]),
            (404, &[("x-unrecoverable", "1")]),
        ] {
            assert!(
                matches!(failure(status, list), FetchError::Status { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn a_redirect_says_where_to() {
        for status in [301, 302, 303, 307, 308] {
            let verdict = judge(
                status,
                &headers(&[("location", "/there")]),
                SystemTime::UNIX_EPOCH,
            );
            assert!(
                matches!(verdict, Verdict::Moved(to) if to == "/there"),
                "{status}"
            );
        }
        failure(300, &[("location", "/there")]);
    }

    #[test]
    fn a_failure_says_when_to_come_back() {
        assert_eq!(
            failure(503, &[("retry-after", "3")]).retry_after(),
            Some(Duration::from_secs(3))
        );
        assert_eq!(
            failure(
                429,
                &[
                    ("retry-after", "Thu, 01 Jan 1970 00:01:00 GMT"),
                    ("date", "Thu, 01 Jan 1970 00:00:50 GMT")
                ]
            )
            .retry_after(),
            Some(Duration::from_secs(10))
        );
        assert_eq!(failure(429, &[("retry-after", "soon")]).retry_after(), None);
    }

    #[test]
    fn an_encoding_that_is_left_is_seen() {
        assert!(!is_encoded(&headers(&[])));
        assert!(!is_encoded(&headers(&[("content-encoding", "identity")])));
        for encoding in ["gzip, gzip", "br", "GZIP", "identity, gzip", "x"] {
            assert!(
                is_encoded(&headers(&[("content-encoding", encoding)])),
                "{encoding}"
            );
        }
    }

    #[test]
    fn a_stream_is_known_by_its_media_type() {
        for (value, is_stream) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8", true),
            ("text/event-stream ;", true),
            ("text/event-streams", false),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(
                is_event_stream(&headers(&[("content-type", value)])),
                is_stream,
                "{value:?}"
            );
        }
        assert!(!is_event_stream(&headers(&[])));
    }

    #[test]
    fn streaming_is_offered_by_one_word() {
        for (value, offered) in [
            ("enabled", true),
            (" Enabled ", true),
            ("disabled", false),
            ("", false),
        ] {
            assert_eq!(
                offers_streaming(&headers(&[("x-sse-support", value)])),
                Some(offered)
            );
        }
        assert_eq!(offers_streaming(&headers(&[])), None);
    }

    #[test]
    fn a_validator_is_the_tag_verbatim() {
        let tag = |value| validator(&headers(&[("etag", value)]));
        assert_eq!(tag("W/\"3f1\""), Some(Validator::new("W/\"3f1\"")));
        assert_eq!(tag("3f1"), Some(Validator::new("3f1")));
        assert_eq!(tag(""), None);
        assert_eq!(
            tag("\"ä\""),
            None,
            "what could not be sent back is not kept"
        );
    }
}
