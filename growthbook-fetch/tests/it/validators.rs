//! Tags, and answers that there is nothing new.

use growthbook_core::{FeatureFetcher, FetchError, Fetched, Validator};
use growthbook_fetch::HttpFetcher;

use crate::support::{PAYLOAD, body, endpoint, fetcher, server, validator};

/// F23: a 304 that nobody asked for.
#[test]
fn an_unasked_304_is_asked_about_once() {
    let server = server(|request, reply| {
        match request.connection() {
            // The first request, whatever the connection: this server closes after each.
            0 => reply.raw(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")?,
            _ => reply.respond(200, &[], PAYLOAD)?,
        }
        reply.close();
        Ok(())
    });
    assert_eq!(body(fetcher(&server).fetch(None)).unwrap(), PAYLOAD);
    assert_eq!(server.requests().len(), 2);
}

/// F23, F25: a server that knows nothing else makes no loop.
#[test]
fn a_server_that_says_304_to_everything_is_an_error() {
    let server = server(|_, reply| reply.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"));
    let failed = fetcher(&server).fetch(None);
    assert!(
        matches!(failed, Err(FetchError::Status { status: 304, .. })),
        "{failed:?}"
    );
    assert_eq!(server.requests().len(), 2);
    // One that could not be sent is as good as none.
    let unsendable = Validator::new("\"\r\n\"");
    assert!(fetcher(&server).fetch(Some(&unsendable)).is_err());
}

/// F24: a tag that is another one each time, and strong or weak by turns.
#[test]
fn a_tag_that_changes_each_time_changes_nothing() {
    let server = server(|request, reply| {
        let tag = match request.header("if-none-match") {
            None => "\"1\"",
            Some("\"1\"") => "W/\"1\"",
            Some(_) => "\"2\"",
        };
        reply.respond(200, &[("ETag", tag)], PAYLOAD)
    });
    let fetcher = fetcher(&server);
    let mut known = None;
    for expected in ["\"1\"", "W/\"1\"", "\"2\"", "\"2\""] {
        let answer = fetcher.fetch(known.as_ref());
        known = validator(&answer).cloned();
        assert_eq!(known.as_ref().map(Validator::as_str), Some(expected));
    }
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn whether_streaming_is_offered_is_learnt_and_kept() {
    let server = server(|request, reply| {
        let (status, headers): (u16, &[(&str, &str)]) = match request.header("x-case") {
            Some("offered") => (200, &[("X-SSE-Support", "Enabled")]),
            Some("failed") => (500, &[("x-sse-support", "enabled")]),
            Some("silent") => (304, &[]),
            Some("offered anew") => (304, &[("x-sse-support", "enabled")]),
            _ => (200, &[]),
        };
        reply.respond(status, headers, if status == 304 { b"" } else { PAYLOAD })
    });
    let known = Validator::new("\"v\"");
    let fetched = |cases: &[&str]| {
        let mut said = Vec::new();
        for case in cases {
            let endpoint = endpoint(server.url()).header("X-Case", *case);
            let fetcher = HttpFetcher::new(endpoint).unwrap();
            assert_eq!(fetcher.offers_streaming(), None);
            let _ = fetcher.fetch(Some(&known));
            said.push(fetcher.offers_streaming());
        }
        said
    };
    assert_eq!(
        fetched(&["offered", "failed", "silent", "offered anew", "absent"]),
        [Some(true), None, None, Some(true), Some(false)]
    );
}

#[test]
fn a_304_without_a_word_of_streaming_keeps_what_was_known() {
    let server = server(|request, reply| match request.header("if-none-match") {
        Some(_) => reply.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        None => reply.respond(200, &[("x-sse-support", "enabled")], PAYLOAD),
    });
    let fetcher = fetcher(&server);
    fetcher.fetch(None).unwrap();
    let known = Validator::new("\"v\"");
    let unchanged = fetcher.fetch(Some(&known)).unwrap();
    assert_eq!(unchanged, Fetched::Unchanged { max_age: None });
    assert_eq!(fetcher.offers_streaming(), Some(true));
}
