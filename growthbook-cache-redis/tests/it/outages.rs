//! Servers that are gone, silent or slow, or lose what they have: the API is asked, and evaluations go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_cache_redis::RedisCache;
use growthbook_core::{Freshness, GrowthBookClient, Refresh};
use growthbook_fetch::{Endpoint, HttpSource};
use growthbook_testkit::{RedisServer, Server};

use crate::support::{Rig, SOON, fresh, patient, start, stored, unchanged};

const MINUTE: Duration = Duration::from_secs(61);

/// R1.
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

/// R4.
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

/// R12.
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

/// R14.
#[test]
fn r14_commands_that_are_held_up() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(RedisCache::builder(server.url()));
    rig.script.push(Ok(fresh(1)));
    rig.client.refresh().unwrap();
    rig.clock.advance(MINUTE);
    server.ask(&["CLIENT", "PAUSE", "60000"]).unwrap();
    rig.script.push(Ok(fresh(2)));
    let started = Instant::now();
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert!(started.elapsed() < SOON);
    assert_eq!(rig.value(), 2);
    assert!(rig.told("no answer in time") > 0);
}

/// R14: connections are made when there is something to say, and no others.
#[test]
fn r14_connections_that_are_cut_all_the_time_are_not_made_all_the_time() {
    const KILLS: u32 = 40;
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let api = Server::start(|_, reply| reply.respond(200, &[], br#"{"features":{}}"#)).unwrap();
    let endpoint = Endpoint::new("sdk-cut").api_host(api.url()).no_proxy();
    let connections = || {
        let stats = server.ask(&["INFO", "stats"]).unwrap();
        let mut lines = stats.lines();
        let received = lines.find_map(|line| line.strip_prefix("total_connections_received:"));
        received.unwrap().trim().parse::<u64>().unwrap()
    };
    let (before, started) = (connections(), Instant::now());
    let client = GrowthBookClient::builder()
        .source(HttpSource::new(endpoint).polling(Duration::from_secs(2)))
        .freshness(Freshness::default().stale_after(Duration::from_secs(1)))
        .cache(patient(&server.url()).build().unwrap())
        .build()
        .unwrap();
    for _ in 0..KILLS {
        server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        thread::park_timeout(Duration::from_millis(100));
    }
    // All but those of the test itself.
    let made = connections() - before - u64::from(KILLS) - 1;
    let allowed = started.elapsed().as_secs() + 1;
    assert!((1..=allowed).contains(&made), "{made} connections");
    let asked = api.requests().len();
    assert!(asked > 1, "there was more than one refresh");
    client.close(SOON);
}
