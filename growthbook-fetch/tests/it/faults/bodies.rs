//! Bodies that end too early, or never.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_fetch::HttpFetcher;

use crate::support::{PAYLOAD, SOON, answer, body, endpoint, fetch, raw, server, words};

/// F7.
#[test]
fn a_reset_within_a_body_is_no_payload() {
    for headers in ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let server = server(move |_, reply| {
            reply.raw(&answer(headers, b"400\r\n{\"features\": {}}"))?;
            reply.reset();
            Ok(())
        });
        assert_eq!(words(fetch(&server)), "the answer was cut off");
    }
}

/// F8.
#[test]
fn a_body_that_is_shorter_than_it_says_is_no_payload() {
    let server = raw(answer("Content-Length: 1000\r\n", PAYLOAD));
    assert_eq!(words(fetch(&server)), "the answer was cut off");
}

#[test]
fn a_body_that_is_longer_than_it_says_ends_where_it_says() {
    let server = raw(answer("Content-Length: 2\r\n", b"{}HTTP/1.1 200 OK\r\n"));
    assert_eq!(fetch(&server).unwrap(), b"{}");
}

/// F9.
#[test]
fn a_chunk_that_is_cut_off_is_no_payload() {
    for (chunks, expected) in [
        ("10\r\n{\"features\"", "the answer was cut off"),
        ("2\r\n{}\r\n", "the answer was cut off"),
        ("2\r\n{}", "the answer was cut off"),
        ("", "the answer was cut off"),
        ("zz\r\n{}\r\n0\r\n\r\n", "the answer is not HTTP"),
        ("2\r\n{}xx0\r\n\r\n", "the answer is not HTTP"),
        ("-2\r\n{}\r\n0\r\n\r\n", "the answer is not HTTP"),
        (
            "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            "the answer is not HTTP",
        ),
    ] {
        let server = raw(answer("Transfer-Encoding: chunked\r\n", chunks.as_bytes()));
        assert_eq!(words(fetch(&server)), expected, "{chunks:?}");
    }
}

#[test]
fn chunks_are_put_together() {
    let chunks = b"1;extension=x\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n";
    let server = raw(answer("Transfer-Encoding: chunked\r\n", chunks));
    assert_eq!(fetch(&server).unwrap(), b"{}");
}

/// F13, and that nobody waits for the rest of it.
#[test]
fn a_body_without_an_end_is_left_at_the_limit() {
    let limit = 1 << 20;
    for headers in [
        "",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 100000000\r\n",
    ] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let server = server(move |_, reply| {
            reply.raw(&answer(headers, b""))?;
            let chunk = [b"1000\r\n", &[b'x'; 4096][..], b"\r\n"].concat();
            loop {
                reply.raw(&chunk)?;
                counted.fetch_add(chunk.len(), Ordering::SeqCst);
            }
        });
        let limited = endpoint(server.url()).max_body_bytes(limit);
        let failed = HttpFetcher::new(limited).unwrap().fetch(None);
        assert!(matches!(failed, Err(FetchError::TooLarge { limit: told }) if told == limit));
        assert!(server.wait_for_ends(1, SOON), "the connection is closed");
        // What the system buffers on the way was sent and not read.
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < 64 << 20, "{sent} bytes");
    }
}

#[test]
fn a_body_may_be_as_long_as_the_limit() {
    let server = server(|_, reply| reply.respond(200, &[], PAYLOAD));
    for (limit, fits) in [
        (PAYLOAD.len(), true),
        (PAYLOAD.len() - 1, false),
        (0, false),
    ] {
        let limited = endpoint(server.url()).max_body_bytes(limit);
        let fetched = body(HttpFetcher::new(limited).unwrap().fetch(None));
        assert_eq!(fetched.is_ok(), fits, "{limit}");
    }
}

/// A body whose end is that of the connection may have lost its last bytes, and nobody can tell: not even from a reset,
/// which the HTTP library takes for an end. The client sees it, since what is cut off is not JSON.
#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    for reset in [false, true] {
        let server = server(move |_, reply| {
            reply.raw(&answer("", b"{\"features\": {"))?;
            if reset {
                reply.reset();
            }
            reply.close();
            Ok(())
        });
        assert_eq!(fetch(&server).unwrap(), b"{\"features\": {");
    }
}
