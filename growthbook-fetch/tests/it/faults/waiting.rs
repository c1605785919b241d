//! Servers that take their time.

use std::time::{Duration, Instant};

use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_fetch::{Endpoint, HttpFetcher};
use growthbook_testkit::Relay;

use crate::support::{PAYLOAD, SHORT, endpoint, server};

/// Fetches, and checks that it ends with its time and not much later.
fn times_out(endpoint: Endpoint) {
    times_out_after(endpoint, SHORT);
}

fn times_out_after(endpoint: Endpoint, limit: Duration) {
    let fetcher = HttpFetcher::new(endpoint.timeout(limit)).unwrap();
    let started = Instant::now();
    let failed = fetcher.fetch(None);
    let took = started.elapsed();
    assert!(matches!(failed, Err(FetchError::TimedOut)), "{failed:?}");
    assert!(took >= limit && took < limit * 10, "{took:?}");
}

/// F3.
#[test]
fn a_server_that_says_nothing_has_so_long() {
    let server = server(|_, reply| {
        reply.hold();
        Ok(())
    });
    times_out(endpoint(server.url()));
    assert_eq!(server.requests().len(), 1);
}

/// F5.
#[test]
fn a_head_that_drips_has_so_long() {
    let server = server(|_, reply| reply.respond(200, &[("X-Long", &"x".repeat(1000))], PAYLOAD));
    let relay = Relay::start(server.address()).unwrap();
    relay.drip(Some(Duration::from_millis(10)));
    times_out(endpoint(relay.url()));
}

/// F6.
#[test]
fn a_body_that_drips_has_so_long() {
    for chunked in [false, true] {
        let server = server(move |_, reply| {
            if chunked {
                reply.begin(200, &[])?;
            } else {
                reply.raw(b"HTTP/1.1 200 OK\r\n\r\n")?;
            }
            loop {
                reply.chunk(b"x")?;
            }
        });
        let relay = Relay::start(server.address()).unwrap();
        relay.drip(Some(Duration::from_millis(1)));
        times_out(endpoint(relay.url()));
    }
}

#[test]
fn redirects_have_so_long_together() {
    let server = server(|_, reply| reply.respond(302, &[("Location", "/again")], b""));
    let relay = Relay::start(server.address()).unwrap();
    // An answer of some sixty bytes takes a third of the time, and there may be four. It is a longer time than elsewhere, so
    // that what the system adds to each byte's delay matters less.
    relay.drip(Some(Duration::from_millis(10)));
    times_out_after(endpoint(relay.url()), 10 * SHORT);
    assert!(server.requests().len() > 1);
}
