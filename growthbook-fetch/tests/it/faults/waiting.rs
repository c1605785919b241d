//! Servers that take their time.

use std::time::{Duration, Instant};

use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_fetch::{Endpoint, HttpFetcher};
use growthbook_testkit::Relay;

use crate::support::{PAYLOAD, SHORT, SOON, endpoint, server};

/// Fetches, and checks that it ends with its time.
fn times_out(endpoint: Endpoint) {
    times_out_after(endpoint, SHORT);
}

fn times_out_after(endpoint: Endpoint, limit: Duration) {
    let fetcher = HttpFetcher::new(endpoint.timeout(limit)).unwrap();
    let started = Instant::now();
    let failed = fetcher.fetch(None);
    let took = started.elapsed();
    assert!(matches!(failed, Err(FetchError::TimedOut)), "{failed:?}");
    assert!(took >= limit && took < limit + SOON, "{took:?}");
}

/// F3.
#[test]
fn a_server_that_says_nothing_has_so_long() {
    let server = server(|_, reply| {
        reply.hold();
        Ok(())
    });
    // Where the machine is busy, the time may be over before anything was asked.
    let mut fetches = 0;
    while server.requests().is_empty() {
        times_out(endpoint(server.url()));
        fetches += 1;
    }
    assert!(fetches < 100 && server.requests().len() <= fetches);
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
    // An answer of some sixty bytes takes a third of the time, and there may be four. It is a longer time than elsewhere, and
    // longer still where the machine is so busy that there was but one.
    for times in [10, 40, 160] {
        relay.drip(Some(Duration::from_millis(times.into())));
        let before = server.requests().len();
        times_out_after(endpoint(relay.url()), times * SHORT);
        if server.requests().len() > before + 1 {
            return;
        }
    }
    panic!("no redirect was followed");
}
