//! GrowthBook's own proxy, if there is one: `GB_PROXY_URL` names it, and `GB_PROXY_KEY` is a client key that it serves.

use std::env;
use std::time::{Duration, Instant};

use growthbook_core::{GrowthBookClient, Readiness, StreamState};
use growthbook_fetch::{Endpoint, HttpSource};

use super::api::SOON;

/// It pings every 30 s and ends each stream after a minute, which the client is to survive without a failure.
#[test]
fn the_proxy_is_streamed_from() {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(url), Some(key)) = (variable("GB_PROXY_URL"), variable("GB_PROXY_KEY")) else {
        println!("skipped: GrowthBook's proxy, because GB_PROXY_URL and GB_PROXY_KEY name none");
        return;
    };
    let endpoint = Endpoint::new(key)
        .api_host(url)
        .allow_insecure_http()
        .no_proxy()
        // Longer than the pause between two pings, and shorter than the one between three.
        .stream_idle_timeout(Duration::from_secs(45));
    let client = GrowthBookClient::builder()
        .source(HttpSource::new(endpoint).streaming())
        .on_error(|error| println!("{error:?}"))
        .build();
    let client = client.unwrap();
    assert_eq!(client.wait_ready(SOON), Readiness::Live);
    let count = client.status().ruleset().feature_keys().count();
    let (streams, breaks) = watch(&client, Duration::from_secs(100));
    println!("{count} features; {streams} streams, {breaks} of which broke");
    assert!(streams >= 1, "no stream was opened");
    assert_eq!(breaks, 0);
    assert_eq!(client.status().refresh_failures(), 0);
    let started = Instant::now();
    assert!(client.close(SOON).is_complete());
    assert!(started.elapsed() <= Duration::from_secs(1));
}

/// How many streams are open within this time, one after the other, and how many of them break.
fn watch(client: &GrowthBookClient, time: Duration) -> (u32, u32) {
    let started = Instant::now();
    let (mut streams, mut breaks) = (0, 0);
    let (mut was_open, mut was_broken) = (false, false);
    while started.elapsed() < time {
        let status = client.status();
        let Some(source) = status.source() else {
            break;
        };
        let is_open = source.stream() == StreamState::Open;
        let is_broken = source.stream_error().is_some();
        streams += u32::from(is_open && !was_open);
        breaks += u32::from(is_broken && !was_broken);
        (was_open, was_broken) = (is_open, is_broken);
        std::thread::park_timeout(Duration::from_millis(10));
    }
    (streams, breaks)
}
