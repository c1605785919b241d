//! What goes wrong between a server and the last byte of its answer. "F1" and the like name rows of the fault matrix.

mod bodies;
mod encodings;
mod proxies;
mod waiting;

use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_fetch::{Endpoint, HttpFetcher};

use crate::api::NOBODY;
use crate::support::{PAYLOAD, SHORT, answer, body, endpoint, fetch, fetcher, raw, server, words};

/// F1.
#[test]
fn nobody_listens() {
    let fetcher = HttpFetcher::new(endpoint(NOBODY.to_owned())).unwrap();
    let refused = fetcher.fetch(None).unwrap_err();
    assert!(refused.is_transient());
    assert_eq!(words(Err(refused)), "the connection was refused");
}

/// F2, as far as a name that never resolves goes.
#[test]
fn a_host_that_does_not_exist_is_said_to_be_unknown() {
    let nowhere = Endpoint::new("k").api_host("http://growthbook.invalid");
    let fetcher = HttpFetcher::new(nowhere.no_proxy().allow_insecure_http()).unwrap();
    match fetcher.fetch(None) {
        Err(FetchError::TimedOut) => {}
        failed => assert_eq!(words(body(failed)), "the host is not known"),
    }
}

/// F14, F15, F16, F19, F20, F21: what the bytes are worth is for the client to say, and they come as they are.
#[test]
fn a_body_with_status_200_passes_unchanged() {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let bodies: [&[u8]; 14] = [
        b"",
        b"Error fetching proxied request: aborted",
        b"<!doctype html><title>Log in</title>",
        b"{}",
        b"[]",
        b"null",
        b"\"x\"",
        br#"{"features":null}"#,
        br#"{"features":[]}"#,
        br#"{"status":401,"error":"no"}"#,
        b"{\"features\":{\"\xFF\":{}}}",
        br#"{"features":{"\ud800":{}}}"#,
        b"\xEF\xBB\xBF{\"features\":{}}",
        &deep,
    ];
    for bytes in bodies {
        let sent = bytes.to_vec();
        let server =
            server(move |_, reply| reply.respond(200, &[("Content-Type", "text/plain")], &sent));
        assert_eq!(fetch(&server).unwrap(), bytes);
    }
}

/// F26. How long is too long, and what garbage comes to, is for the caller.
#[test]
fn a_busy_server_says_when_to_come_back() {
    for (value, seconds) in [
        ("3", Some(3)),
        ("Fri, 02 Jan 2026 03:04:05 GMT", Some(5)),
        ("Fri, 02 Jan 2026 03:03:00 GMT", Some(0)),
        ("1000000000", Some(1_000_000_000)),
        ("-1", None),
        ("garbage", None),
    ] {
        for status in [429, 503] {
            let date = ("Date", "Fri, 02 Jan 2026 03:04:00 GMT");
            let server = server(move |_, reply| {
                reply.respond(status, &[date, ("Retry-After", value)], PAYLOAD)
            });
            let busy = fetch(&server).unwrap_err();
            let told = busy.retry_after().map(|wait| wait.as_secs());
            assert_eq!((busy.is_transient(), told), (true, seconds), "{value}");
        }
    }
}

#[test]
fn a_status_that_is_no_success_is_no_payload() {
    for status in [201, 204, 206, 300, 400, 404, 410, 500] {
        let server = server(move |_, reply| {
            reply.respond(status, &[], if status == 204 { b"" } else { PAYLOAD })
        });
        let failed = fetch(&server);
        assert!(
            matches!(failed, Err(FetchError::Status { status: told, .. }) if told == status),
            "{failed:?}"
        );
    }
    for (status, unrecoverable) in [(400, "1"), (401, "0"), (403, "0")] {
        let server = server(move |_, reply| {
            reply.respond(status, &[("x-unrecoverable", unrecoverable)], PAYLOAD)
        });
        let refused = fetch(&server);
        assert!(
            matches!(refused, Err(FetchError::Unauthorized { status: told }) if told == status),
            "{refused:?}"
        );
    }
}

/// F35: the server gave up a connection that was kept, between two requests.
#[test]
fn a_connection_that_was_given_up_is_made_anew() {
    let server = server(|_, reply| {
        reply.respond(200, &[], PAYLOAD)?;
        reply.close();
        Ok(())
    });
    let fetcher = fetcher(&server);
    for round in 1..=3 {
        assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
        assert!(server.wait_for_ends(round, crate::support::SOON));
    }
    assert_eq!(server.connections(), 3);
}

/// F35, at the worst moment: the request is under way already.
#[test]
fn a_request_that_met_a_closing_connection_is_made_once_more() {
    for reset in [false, true] {
        let answered = std::sync::Mutex::new(Vec::new());
        let server = server(move |request, reply| {
            let mut answered = answered.lock().unwrap();
            if answered.contains(&request.connection()) {
                if reset {
                    reply.reset();
                }
                reply.close();
                return Ok(());
            }
            answered.push(request.connection());
            reply.respond(200, &[], PAYLOAD)
        });
        let fetcher = fetcher(&server);
        for _ in 0..3 {
            assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
        }
        assert_eq!((server.connections(), server.requests().len()), (3, 5));
    }
}

/// F35, with more than one connection that was kept: the second attempt takes none of those.
#[test]
fn the_second_attempt_has_a_connection_of_its_own() {
    let both = std::sync::Barrier::new(2);
    let answered = std::sync::Mutex::new(Vec::new());
    let server = server(move |request, reply| {
        let number = request.connection();
        let mut known = answered.lock().unwrap();
        if known.contains(&number) {
            reply.close();
            return Ok(());
        }
        known.push(number);
        drop(known);
        if number < 2 {
            both.wait();
        }
        reply.respond(200, &[], PAYLOAD)
    });
    let fetcher = fetcher(&server);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| fetcher.fetch(None).unwrap());
        }
    });
    assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
    assert_eq!((server.connections(), server.requests().len()), (3, 4));
}

#[test]
fn a_server_that_never_answers_is_asked_once() {
    let server = server(|_, reply| {
        reply.close();
        Ok(())
    });
    assert_eq!(words(fetch(&server)), "the answer was cut off");
    assert_eq!(server.requests().len(), 1);
}

/// F34.
#[test]
fn heads_without_an_end_are_cut_off() {
    let long = raw(answer(
        &format!("X-Long: {}\r\n", "x".repeat(1 << 20)),
        PAYLOAD,
    ));
    assert_eq!(
        words(fetch(&long)),
        "the headers of the answer are too long"
    );
    let lines = "x-many: 1\r\n".repeat(10_000);
    let failed = words(fetch(&raw(answer(&lines, PAYLOAD))));
    assert!(
        [
            "the answer is not HTTP",
            "the headers of the answer are too long"
        ]
        .contains(&&*failed),
        "{failed}"
    );
    let flood = server(|_, reply| {
        loop {
            reply.raw(&b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000))?;
        }
    });
    let fetcher = HttpFetcher::new(endpoint(flood.url()).timeout(SHORT)).unwrap();
    let failed = fetcher.fetch(None).unwrap_err();
    assert!(failed.is_transient(), "{failed:?}");
}

#[test]
fn what_is_not_http_is_said_so() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
        b"HTTP/1.1 abc\r\n\r\n",
        b"{}\r\n\r\n",
    ] {
        let failed = words(fetch(&raw(bytes)));
        assert_eq!(failed, "the answer is not HTTP", "{bytes:?}");
    }
}
