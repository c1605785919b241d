//! Servers that are gone, silent, full, locked or slow: the API is asked, evaluations go on, and nothing secret is said.

use std::error::Error;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_cache_redis::RedisCache;
use growthbook_core::{CachedPayload, FeatureCache, Fetched, Lease, Refresh};
use growthbook_testkit::RedisServer;

use crate::support::{Rig, SOON, fresh, key, patient, payload, start};

const MINUTE: Duration = Duration::from_secs(61);

fn words<T: std::fmt::Debug>(outcome: Result<T, growthbook_core::BackendError>) -> String {
    let error = outcome.unwrap_err();
    error.source().unwrap().to_string()
}

fn unchanged() -> Fetched {
    Fetched::Unchanged { max_age: None }
}

/// What a new process finds.
fn stored(server: &RedisServer, rig: &Rig) -> Option<CachedPayload> {
    let cache = patient(&server.url()).build().unwrap();
    cache.load(&rig.key()).unwrap()
}

#[test]
fn r1_a_redis_that_was_never_there_costs_nothing_but_itself() {
    let rig = Rig::new(patient("redis://127.0.0.1:1/"));
    for value in 1..=3 {
        rig.script.push(Ok(fresh(value)));
        assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
        assert_eq!(rig.value(), i32::try_from(value).unwrap());
        rig.clock.advance(Duration::from_secs(61));
    }
    assert!(rig.told("refused") > 0);
    // The breaker is open: the fourth within its pause is not even tried.
    for _ in 0..3 {
        rig.script.push(Ok(unchanged()));
        rig.client.force_refresh().unwrap();
    }
    assert!(rig.told("left alone") > 0);
}

/// R2 with connections that are open, R3 before there are any. When it goes on, what is in force is stored.
#[test]
fn r2_r3_a_silent_redis_is_not_waited_for() {
    for has_connection in [true, false] {
        let Some(server) = start(RedisServer::builder()) else {
            return;
        };
        let rig = Rig::new(RedisCache::builder(server.url()));
        if has_connection {
            rig.script.push(Ok(fresh(1)));
            rig.client.refresh().unwrap();
            rig.clock.advance(MINUTE);
        }
        server.pause().unwrap();
        rig.script.push(Ok(fresh(2)));
        let started = Instant::now();
        assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
        assert!(started.elapsed() < SOON);
        // Nothing answers until `resume`, so what returns has not waited for an answer.
        assert_eq!(rig.value(), 2);
        assert!(rig.told("no answer in time") > 0);
        server.resume().unwrap();
        rig.clock.advance(MINUTE);
        rig.script.push(Ok(unchanged()));
        assert_eq!(rig.client.refresh().unwrap(), Refresh::Unchanged);
        let stored = stored(&server, &rig).unwrap();
        assert_eq!(&stored.bytes()[..], rig.client.ruleset().payload().as_ref());
    }
}

#[test]
fn r4_a_redis_that_comes_back_empty_is_filled_by_the_next_refresh() {
    let Some(mut server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    rig.script.push(Ok(fresh(1)));
    rig.client.refresh().unwrap();
    let before = stored(&server, &rig).unwrap();
    server.restart().unwrap();
    assert_eq!(stored(&server, &rig), None);
    rig.clock.advance(MINUTE);
    rig.script.push(Ok(unchanged()));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Unchanged);
    let after = stored(&server, &rig).unwrap();
    assert_eq!(
        (after.bytes(), after.validator()),
        (before.bytes(), before.validator())
    );
    assert!(after.fetched_at() > before.fetched_at());
}

#[test]
fn r5_a_full_redis_is_read_and_not_written() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    rig.script.push(Ok(fresh(1)));
    rig.client.refresh().unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let cache = patient(&server.url()).build().unwrap();
    assert_eq!(
        words(cache.store(&rig.key(), &payload(2, 2))),
        "it is out of memory"
    );
    assert!(stored(&server, &rig).is_some());
    rig.clock.advance(MINUTE);
    rig.script.push(Ok(fresh(2)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), 2);
    assert!(rig.told("out of memory") > 0);
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    cache.store(&rig.key(), &payload(2, 2)).unwrap();
}

#[test]
fn r6_what_a_redis_refuses_has_a_name() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    cache.store(&key(), &payload(1, 1)).unwrap();
    server.ask(&["SCRIPT", "FLUSH"]).unwrap();
    cache.store(&key(), &payload(2, 2)).unwrap();
    server.ask(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    assert_eq!(
        words(cache.store(&key(), &payload(3, 3))),
        "it takes no writes"
    );
    assert_eq!(cache.load(&key()).unwrap(), Some(payload(2, 2)));
    server
        .ask(&["CONFIG", "SET", "replica-serve-stale-data", "no"])
        .unwrap();
    assert_eq!(words(cache.load(&key())), "its cluster is down");
    server.ask(&["REPLICAOF", "NO", "ONE"]).unwrap();
    cache.store(&key(), &payload(3, 3)).unwrap();
}

#[test]
fn r6_nothing_that_is_said_is_secret() {
    let Some(mut server) = start(RedisServer::builder().password("s3cret-right")) else {
        return;
    };
    let url = |password: &str| format!("redis://:{password}@{}/", server.address());
    let right = patient(&url("s3cret-right")).build().unwrap();
    let secret = CachedPayload::new(*br#"{"features":{"s3cret":{}}}"#);
    right.store(&key(), &secret).unwrap();
    let wrong = RedisCache::builder(url("s3cret-wrong")).prefix("s3cret:");
    let mut said = format!("{wrong:?} {right:?} {secret:?}");
    let none = RedisCache::new(server.url()).unwrap();
    let wrong = wrong.build().unwrap();
    let mut hear = |cache: &RedisCache| {
        let outcomes = [
            cache.load(&key()).map(|_| ()),
            cache.store(&key(), &secret),
            cache.lease(&key(), MINUTE).map(|lease| {
                if let Lease::Granted(token) = lease {
                    drop(cache.release(&key(), &token));
                }
            }),
        ];
        for error in outcomes.into_iter().filter_map(Result::err) {
            let cause = error.source().unwrap();
            write!(said, "{error} {error:?} {cause} {cause:?} {cache:?}").unwrap();
        }
    };
    for cache in [&wrong, &none, &right] {
        hear(cache);
    }
    server.kill();
    hear(&right);
    assert!(
        said.contains("password") && said.contains("redis could not"),
        "{said}"
    );
    for secret in ["s3cret", &server.address().port().to_string()] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn r12_what_is_evicted_at_any_moment_is_asked_for() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (rig, is_over) = (Rig::new(patient(&server.url())), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                server.ask(&["FLUSHALL"]).unwrap();
            }
        });
        for value in 1..=50 {
            rig.script.push(Ok(fresh(value)));
            assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
            rig.clock.advance(MINUTE);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!((rig.value(), rig.script.calls()), (50, 50));
}

#[test]
fn r14_connections_that_are_cut_and_commands_that_are_held_up() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(RedisCache::builder(server.url()));
    for value in 1..=10 {
        server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        rig.script.push(Ok(fresh(value)));
        assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
        rig.clock.advance(MINUTE);
    }
    server.ask(&["CLIENT", "PAUSE", "5000"]).unwrap();
    rig.script.push(Ok(fresh(11)));
    let started = Instant::now();
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert!(started.elapsed() < SOON);
    assert_eq!(rig.value(), 11);
    assert!(rig.told("no answer in time") > 0);
}
