//! Servers that answer, but not what they are asked for: full, locked, loading, or a replica. Nothing secret is said.

use std::error::Error;
use std::fmt::Write;
use std::thread;
use std::time::Duration;

use growthbook_cache_redis::RedisCache;
use growthbook_core::{CachedPayload, Clock, FeatureCache, Lease, Refresh};
use growthbook_testkit::{RedisServer, RedisServerBuilder};

use crate::support::{
    Rig, eventually, fresh, key, patient, payload, start, stored, unchanged, words,
};

const MINUTE: Duration = Duration::from_secs(61);

/// R5.
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

/// R6.
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

/// R6.
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

/// R6: a server that is reading its data, as after a restart.
#[test]
fn r6_a_redis_that_is_loading_is_gone_without() {
    let settings = ["--enable-debug-command", "yes", "--key-load-delay", "1000"];
    let settings = settings.into_iter();
    let settings = settings.chain(["--loading-process-events-interval-bytes", "1024"]);
    let builder = settings.fold(RedisServer::builder(), RedisServerBuilder::setting);
    let Some(server) = start(builder) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    rig.script.push(Ok(fresh(1)));
    rig.client.refresh().unwrap();
    server.ask(&["DEBUG", "POPULATE", "2000"]).unwrap();
    thread::scope(|scope| {
        // Which does not answer before it is over.
        scope.spawn(|| drop(server.ask(&["DEBUG", "RELOAD"])));
        let cache = patient(&server.url()).build().unwrap();
        eventually("a server that is loading", || {
            let loaded = cache.load(&rig.key());
            loaded
                .is_err_and(|error| error.source().unwrap().to_string() == "it is loading its data")
        });
        rig.clock.advance(MINUTE);
        rig.script.push(Ok(fresh(2)));
        assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
        assert_eq!(rig.value(), 2);
        assert!(rig.told("it is loading its data") > 0);
        eventually("a server that has loaded", || {
            cache.load(&rig.key()).is_ok()
        });
    });
    rig.clock.advance(MINUTE);
    rig.script.push(Ok(unchanged()));
    rig.client.refresh().unwrap();
    let stored = stored(&server, &rig).unwrap();
    assert_eq!(&stored.bytes()[..], rig.client.ruleset().payload().as_ref());
}

/// R6: a replica takes no writes, and one that has lost its master says nothing at all if it is told not to.
#[test]
fn r6_a_replica_is_read_and_not_written() {
    let (Some(mut master), Some(replica)) =
        (start(RedisServer::builder()), start(RedisServer::builder()))
    else {
        return;
    };
    let filled = patient(&master.url()).build().unwrap();
    let rig = Rig::new(patient(&replica.url()));
    let stored = payload(7, 7).with_fetched_at(rig.clock.now());
    filled.store(&rig.key(), &stored).unwrap();
    let port = master.address().port().to_string();
    replica.ask(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    let link = |state: &str| {
        let about = replica.ask(&["INFO", "replication"]).unwrap();
        about.contains(&format!("master_link_status:{state}"))
    };
    eventually("a replica that has all", || link("up"));
    let cache = patient(&replica.url()).build().unwrap();
    let (entry, lease) = cache.load_and_lease(&rig.key(), MINUTE).unwrap();
    assert_eq!((entry.as_ref(), lease), (Some(&stored), Lease::Free));
    let refused = cache.store(&rig.key(), &payload(8, 8));
    assert_eq!(words(refused), "it takes no writes");
    assert_eq!(rig.client.refresh().unwrap(), Refresh::FromCache);
    rig.clock.advance(MINUTE);
    rig.script.push(Ok(fresh(8)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert_eq!((rig.value(), rig.told("it takes no writes")), (8, 1));
    master.kill();
    eventually("a replica without a master", || link("down"));
    replica
        .ask(&["CONFIG", "SET", "replica-serve-stale-data", "no"])
        .unwrap();
    assert_eq!(words(cache.load(&rig.key())), "its cluster is down");
    rig.clock.advance(MINUTE);
    rig.script.push(Ok(fresh(9)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), 9);
}
