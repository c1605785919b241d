//! Writes that wait for a server to come back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use growthbook_core::testing::ManualClock;
use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::{RedisStickyBuckets, WriteBehind};
use growthbook_testkit::{RedisServer, RedisServerBuilder};

use super::super::faulty::{SOON, eventually, user};
use super::{KEY, patient, save, standing, start};

#[test]
fn an_outage_loses_nothing_that_was_acknowledged() {
    let Some((_server, store, users, flushed)) = outage(RedisServer::builder().durable()) else {
        return;
    };
    let documents = store.load(&users).unwrap();
    assert!(
        users.iter().all(|user| documents[user][KEY] == "a"),
        "before it, in it and after it"
    );
    assert!(documents.len() > flushed);
    assert_eq!(
        standing(&store, &users[0], "other__0").as_deref(),
        Some("b"),
        "merged"
    );
}

/// What the server has lost is lost; what is assigned in the outage is not.
#[test]
fn a_server_that_comes_back_empty_gets_what_it_has_not_acknowledged() {
    let Some((_server, store, users, flushed)) = outage(RedisServer::builder()) else {
        return;
    };
    let documents = store.load(&users).unwrap();
    let later = &users[flushed..];
    assert!(later.iter().all(|user| documents[user][KEY] == "a"));
    assert_eq!(
        standing(&store, &users[0], "other__0").as_deref(),
        Some("b")
    );
}

/// Assigns users, in order, kills the server in the middle, and starts it again. Gives all users, and how many of them were
/// flushed before.
fn outage(
    builder: RedisServerBuilder,
) -> Option<(RedisServer, RedisStickyBuckets, Vec<StickyIdentity>, usize)> {
    let mut server = start(builder)?;
    let (clock, is_over) = (ManualClock::new(), AtomicBool::new(false));
    let redis = patient(&server).clock(clock.clone()).build().unwrap();
    let buckets = WriteBehind::builder(redis);
    let buckets = buckets
        .delays(Duration::from_millis(5), Duration::from_millis(20))
        .build();
    let users: Vec<_> = (0..900).map(|number| user(&number.to_string())).collect();
    let assign = |users: &[StickyIdentity]| {
        for user in users {
            assert_eq!(save(&buckets, user, "a"), Saved::Stored);
        }
    };
    thread::scope(|scope| {
        // The breaker's time runs fast.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                clock.advance(Duration::from_secs(1));
                thread::park_timeout(Duration::from_millis(5));
            }
        });
        assign(&users[..300]);
        buckets.flush(SOON).unwrap();
        let running = scope.spawn(|| assign(&users[300..600]));
        server.kill();
        running.join().unwrap();
        assign(&users[600..]);
        eventually("a failure", || buckets.report().failures() > 3);
        assert!(buckets.report().pending() > 0);
        server.restart().unwrap();
        // Somebody else is faster.
        let other = patient(&server).build().unwrap();
        other
            .save(&StickyWrite::new(&users[0], "other__0", "b"))
            .unwrap();
        buckets.flush(SOON).unwrap();
        assert_eq!(buckets.report().pending(), 0);
        is_over.store(true, Ordering::Relaxed);
    });
    let left = patient(&server).build().unwrap();
    Some((server, left, users, 300))
}
