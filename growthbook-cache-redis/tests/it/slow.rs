//! A Redis that is far away, or silent: what a refresh and a start wait for before they ask the server.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use growthbook_cache_redis::RedisCacheBuilder;
use growthbook_core::testing::ManualClock;
use growthbook_core::{
    CacheKey, ClientKey, Clock, FeatureCache, GrowthBookClient, Lease, LeaseToken, Origin,
    Readiness, Refresh,
};
use growthbook_fetch::{Endpoint, HttpSource};
use growthbook_testkit::{RedisServer, Relay, Server};

use crate::support::{LEASE, SOON, eventually, key, patient, payload, start};

const LATE: Duration = Duration::from_millis(200);
const MINUTE: Duration = Duration::from_secs(61);
/// Of a Redis that says nothing. Long beside what all else takes, so that one wait can be told from two.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A server that notes when it was asked, and how often Redis had answered by then.
struct Api {
    server: Server,
    asked: Arc<Mutex<Vec<(Instant, usize)>>>,
}

impl Api {
    fn start(answers_of_redis: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let asks = Arc::clone(&asked);
        let server = Server::start(move |_, reply| {
            let mut asked = asks.lock().unwrap();
            asked.push((Instant::now(), answers_of_redis()));
            let body = format!(
                r#"{{"features":{{"f":{{"defaultValue":{}}}}}}}"#,
                asked.len()
            );
            drop(asked);
            reply.respond(200, &[], body.as_bytes())
        });
        let server = server.unwrap();
        Self { server, asked }
    }

    fn source(&self) -> HttpSource {
        let endpoint = Endpoint::new("sdk-slow").api_host(self.server.url());
        HttpSource::new(endpoint.no_proxy())
    }

    fn asked(&self) -> Vec<(Instant, usize)> {
        self.asked.lock().unwrap().clone()
    }
}

/// The relay to a Redis that answers late.
fn far_away(server: &RedisServer) -> Arc<Relay> {
    run_scripts_once(server);
    let relay = Relay::start(server.address()).unwrap();
    relay.delay(Some(LATE));
    Arc::new(relay)
}

/// One in use knows the scripts.
fn run_scripts_once(server: &RedisServer) {
    let cache = patient(&server.url()).prefix("other:").build().unwrap();
    cache.store(&key(), &payload(1, 1)).unwrap();
    let (_, lease) = cache.load_and_lease(&key(), SOON).unwrap();
    assert_ne!(lease, Lease::Free, "whoever has it");
    let token = LeaseToken::new("of nobody");
    cache.release(&key(), &token).unwrap();
}

fn through(relay: &Relay) -> RedisCacheBuilder {
    patient(&format!("redis://{}/", relay.address()))
}

/// R16: whatever a refresh has to say to Redis before it asks the server, it says at once.
#[test]
fn r16_a_slow_redis_makes_a_refresh_slower_by_one_round_trip() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let relay = far_away(&server);
    let of_api = Arc::clone(&relay);
    let api = Api::start(move || of_api.answers());
    let clock = ManualClock::new();
    let client = GrowthBookClient::builder()
        .source(api.source().manual())
        .cache(through(&relay).clock(clock.clone()).build().unwrap())
        .clock(clock.clone())
        .build()
        .unwrap();
    for number in 1..=3 {
        let (before, started) = (relay.answers(), Instant::now());
        assert_eq!(client.refresh().unwrap(), Refresh::Updated);
        let (asked_at, answers) = api.asked().pop().unwrap();
        assert_eq!((api.asked().len(), answers - before), (number, 1));
        assert!(asked_at - started >= LATE, "the relay holds nothing back");
        assert_eq!(
            relay.answers() - before,
            3,
            "afterwards it stores, and gives its turn back"
        );
        clock.advance(MINUTE);
    }
}

/// R16 at the start: stale features are there after one answer of Redis, and then the server is asked.
#[test]
fn r16_a_slow_redis_makes_a_start_slower_by_one_round_trip() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let clock = ManualClock::new();
    for has_entry in [false, true] {
        let relay = far_away(&server);
        let of_api = Arc::clone(&relay);
        let api = Api::start(move || of_api.answers());
        let cache = through(&relay).clock(clock.clone()).build().unwrap();
        if has_entry {
            let key = CacheKey::new(api.server.url(), &ClientKey::new("sdk-slow"));
            let stale = payload(7, 7).with_fetched_at(clock.now() - MINUTE);
            cache.store(&key, &stale).unwrap();
        }
        let origins = Arc::<Mutex<Vec<Origin>>>::default();
        let heard = Arc::clone(&origins);
        let before = relay.answers();
        let client = GrowthBookClient::builder()
            .source(api.source())
            .cache(cache)
            .clock(clock.clone())
            .on_refresh(move |event| heard.lock().unwrap().push(event.origin()))
            .build()
            .unwrap();
        eventually("features of the server", || {
            client.status().readiness() == Readiness::Live
        });
        assert_eq!(api.asked()[0].1 - before, 1, "has an entry: {has_entry}");
        client.close(SOON);
        let before_that: &[_] = if has_entry { &[Origin::Cache] } else { &[] };
        let expected = [before_that, &[Origin::Fetched]].concat();
        assert_eq!(*origins.lock().unwrap(), expected);
    }
}

/// R2 and R3: one that is silent is waited for once.
#[test]
fn r2_r3_a_silent_redis_is_waited_for_once_before_the_server_is_asked() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    server.pause().unwrap();
    for at_start in [true, false] {
        let api = Api::start(|| 0);
        let source = api.source();
        let source = if at_start { source } else { source.manual() };
        let client = GrowthBookClient::builder()
            .source(source)
            .cache(patient(&server.url()).timeout(TIMEOUT).build().unwrap());
        let (client, started) = (client.build().unwrap(), Instant::now());
        if !at_start {
            assert_eq!(client.refresh().unwrap(), Refresh::Updated);
        }
        eventually("features of the server", || {
            client.status().readiness() == Readiness::Live
        });
        let waited = api.asked()[0].0 - started;
        assert!(
            waited < TIMEOUT * 7 / 4,
            "{waited:.1?}, at start: {at_start}"
        );
        client.close(SOON);
    }
}

/// A lease that a silent Redis grants when it wakes up, to one who has stopped waiting for it, holds nobody up.
#[test]
fn what_is_granted_too_late_is_not_lost() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let clock = ManualClock::new();
    let cache = patient(&server.url()).clock(clock.clone());
    let cache = cache.timeout(LATE).build().unwrap();
    let own = key();
    run_scripts_once(&server);
    server.pause().unwrap();
    cache.load_and_lease(&own, SOON * 10).unwrap_err();
    server.resume().unwrap();
    let held = || server.ask(&["EXISTS", LEASE]).unwrap() == "1";
    eventually("a lease that nobody waits for", held);
    let patient = patient(&server.url()).build().unwrap();
    let (_, of_another) = patient.load_and_lease(&own, SOON).unwrap();
    assert_eq!(of_another, Lease::Taken);
    eventually("the one who wished for it to have it", || {
        // Another wish may have got no answer in time, on a machine that has other things to do.
        clock.advance(MINUTE);
        let answer = cache.load_and_lease(&own, SOON);
        matches!(answer, Ok((_, Lease::Granted(_))))
    });
}
