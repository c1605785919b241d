//! Clients that share a Redis, and take turns in asking the server.

use std::thread;
use std::time::Duration;

use growthbook_cache_redis::RedisCache;
use growthbook_core::testing::ScriptedFetcher;
use growthbook_core::{Clock, FeatureCache, FetchError, Lease, Origin, Refresh};
use growthbook_testkit::RedisServer;

use crate::support::{LEASE, Rig, SOON, eventually, fresh, key, patient, payload, start};

const TEN: Duration = Duration::from_secs(10);

#[test]
fn who_has_something_goes_on_with_it_while_another_one_asks() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    let other = patient(&server.url()).build().unwrap();
    rig.script.push(Ok(fresh(1)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    rig.clock.advance(Duration::from_secs(61));
    let Lease::Granted(token) = other.lease(&rig.key(), SOON).unwrap() else {
        panic!("the client gave it back");
    };
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Fresh);
    assert_eq!((rig.script.calls(), rig.value()), (1, 1));
    // Whoever knows of a change does not wait for anybody.
    rig.script.push(Ok(fresh(2)));
    assert_eq!(rig.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!((rig.script.calls(), rig.value()), (2, 2));
    rig.clock.advance(Duration::from_secs(61));
    other.release(&rig.key(), &token).unwrap();
    rig.script.push(Ok(fresh(3)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), 3);
}

#[test]
fn who_waits_takes_what_the_other_one_stores() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    let other = patient(&server.url()).build().unwrap();
    let answer = thread::scope(|scope| {
        assert!(matches!(
            other.lease(&rig.key(), SOON).unwrap(),
            Lease::Granted(_)
        ));
        let waiting = scope.spawn(|| rig.client.refresh());
        let asked = || {
            let stats = server.ask(&["INFO", "commandstats"]).unwrap();
            let (_, calls) = stats.split_once("cmdstat_set:calls=").unwrap();
            calls.split(',').next().unwrap().parse::<u32>().unwrap()
        };
        eventually("two who ask for the lease", || asked() >= 2);
        let stored = payload(5, 5).with_fetched_at(rig.clock.now() - Duration::from_secs(1));
        other.store(&rig.key(), &stored).unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(answer.unwrap(), Refresh::FromCache);
    assert_eq!((rig.script.calls(), rig.value()), (0, 5));
    assert_eq!(rig.client.status().origin(), Origin::Cache);
}

#[test]
fn who_has_nothing_asks_in_the_end() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    let other = patient(&server.url()).build().unwrap();
    assert!(matches!(
        other.lease(&rig.key(), SOON).unwrap(),
        Lease::Granted(_)
    ));
    rig.script.push(Ok(fresh(1)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), 1);
    assert_eq!(
        other.lease(&rig.key(), TEN).unwrap(),
        Lease::Taken,
        "it is not ended for that"
    );
}

#[test]
fn whoever_fails_lets_the_next_one_ask() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let rig = Rig::new(patient(&server.url()));
    rig.script.push(Err(FetchError::TimedOut));
    rig.client.refresh().unwrap_err();
    let next = Rig::with(patient(&server.url()), ScriptedFetcher::new([Ok(fresh(1))]));
    assert_eq!(next.client.refresh().unwrap(), Refresh::Updated);
    // And the first one finds it.
    assert_eq!(rig.client.refresh().unwrap(), Refresh::FromCache);
    assert_eq!(rig.script.calls(), 1);
}

/// When a lease ends is a date by the clock of Redis.
#[test]
fn a_redis_whose_clock_was_set_back_holds_nobody_up() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let [one, other] = [(); 2].map(|()| patient(&server.url()).build().unwrap());
    let lease = |cache: &RedisCache| cache.load_and_lease(&key(), SOON).unwrap().1;
    let Lease::Granted(first) = lease(&one) else {
        panic!("nobody has it");
    };
    // An hour ago it looked like this.
    let left = (SOON + Duration::from_secs(3_600)).as_millis().to_string();
    assert_eq!(server.ask(&["PEXPIRE", LEASE, &left]).unwrap(), "1");
    let second = lease(&other);
    assert!(matches!(second, Lease::Granted(_)), "{second:?}");
    one.release(&key(), &first).unwrap();
    assert_eq!(lease(&one), Lease::Taken, "it is the other one's now");
}
