//! A Redis Cluster.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::testing::{ManualClock, sticky_contract};
use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::{RedisStickyBuckets, RedisStickyBucketsBuilder};
use growthbook_testkit::{RedisCluster, RedisServer};

use super::super::faulty::{SOON, user};
use super::{KEY, is_there, save, standing};

fn cluster() -> Option<RedisCluster> {
    is_there().then(|| RedisCluster::start(RedisServer::builder()).unwrap())
}

fn patient(cluster: &RedisCluster) -> RedisStickyBucketsBuilder {
    RedisStickyBuckets::builder(cluster.url()).timeout(SOON)
}

fn users(count: usize) -> Vec<StickyIdentity> {
    (0..count)
        .map(|number| user(&format!("u-{number}")))
        .collect()
}

fn slot(cluster: &RedisCluster, user: &StickyIdentity) -> u16 {
    cluster.slot(&user.to_string()).unwrap()
}

fn node(cluster: &RedisCluster, user: &StickyIdentity) -> usize {
    cluster.owner(slot(cluster, user)).unwrap()
}

#[test]
fn it_keeps_the_contract_on_a_cluster() {
    let Some(cluster) = cluster() else { return };
    let stores = AtomicUsize::new(0);
    sticky_contract(|| {
        let number = stores.fetch_add(1, Ordering::Relaxed);
        let builder = patient(&cluster).prefix(format!("{number}:"));
        builder.build().unwrap()
    });
}

#[test]
fn documents_of_many_nodes_are_read_and_written_together() {
    let Some(mut cluster) = cluster() else { return };
    let (store, users) = (patient(&cluster).build().unwrap(), users(300));
    let writes: Vec<_> = users
        .iter()
        .map(|user| StickyWrite::new(user, KEY, user.value()))
        .collect();
    let saved = store.save_all(&writes);
    assert!(
        saved
            .iter()
            .all(|saved| saved.as_ref().unwrap() == &Saved::Stored)
    );
    for number in 0..3 {
        let count = cluster.node(number).ask(&["DBSIZE"]).unwrap();
        assert!(count.parse::<u32>().unwrap() > 50, "{number}: {count}");
    }
    for store in [&store, &patient(&cluster).build().unwrap()] {
        let documents = store.load(&users).unwrap();
        assert!(
            users
                .iter()
                .all(|user| documents[user][KEY] == user.value())
        );
        let writes: Vec<_> = users
            .iter()
            .map(|user| StickyWrite::new(user, KEY, "x"))
            .collect();
        for (user, saved) in users.iter().zip(store.save_all(&writes)) {
            assert_eq!(saved.unwrap(), Saved::Kept(user.value().to_owned()));
        }
    }
}

/// Slots go from node to node while several threads write documents in them.
#[test]
fn nothing_is_lost_while_slots_move() {
    let Some(cluster) = cluster() else { return };
    let (users, is_over) = (users(20), AtomicBool::new(false));
    let work = |thread: usize| {
        let store = patient(&cluster).build().unwrap();
        let (mut round, mut acknowledged) = (0, Vec::new());
        while !is_over.load(Ordering::Relaxed) || round == 0 {
            let key = format!("{thread}-{round}__0");
            // Only what was acknowledged counts: a slot may move faster than a command can follow it.
            let writes = users.iter().map(|user| StickyWrite::new(user, &key, "a"));
            let saved = store.save_all(&writes.collect::<Vec<_>>());
            let stored = users.iter().zip(saved).filter_map(|(user, saved)| {
                let saved = saved.ok()?;
                assert_eq!(saved, Saved::Stored);
                Some((user.clone(), key.clone()))
            });
            acknowledged.extend(stored);
            round += 1;
        }
        acknowledged
    };
    let written = thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..3)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        for user in &users {
            let (slot, from) = (slot(&cluster, user), node(&cluster, user));
            for (from, to) in [(from, (from + 1) % 3), ((from + 1) % 3, (from + 2) % 3)] {
                cluster.begin_move(slot, from, to).unwrap();
                let store = patient(&cluster).build().unwrap();
                let key = format!("half-way-{to}__0");
                let write = StickyWrite::new(user, &key, "a");
                assert_eq!(store.save(&write).unwrap(), Saved::Stored);
                cluster.finish_move(slot, from, to).unwrap();
            }
        }
        is_over.store(true, Ordering::Relaxed);
        let written = running.into_iter().map(|thread| thread.join().unwrap());
        written.collect::<Vec<_>>()
    });
    let documents = patient(&cluster).build().unwrap().load(&users).unwrap();
    for acknowledged in written {
        assert!(!acknowledged.is_empty(), "no thread could write at all");
        for (user, key) in acknowledged {
            assert_eq!(documents[&user][&key], "a", "{key}");
        }
    }
}

#[test]
fn a_node_that_hangs_takes_only_its_own_documents_with_it() {
    let Some(mut cluster) = cluster() else { return };
    // So long that the others answer within it where the machine is busy.
    let (clock, timeout) = (ManualClock::new(), Duration::from_secs(5));
    let builder = patient(&cluster).timeout(timeout).clock(clock.clone());
    let (store, users) = (builder.build().unwrap(), users(30));
    let writes = |key| {
        users
            .iter()
            .map(move |user| StickyWrite::new(user, key, "a"))
    };
    let all = |key| store.save_all(&writes(key).collect::<Vec<_>>());
    // Patiently, until the cluster is known and there is a connection to each node.
    while !all(KEY).iter().all(Result::is_ok) {
        clock.advance(Duration::from_secs(60));
    }
    cluster.node(1).pause().unwrap();
    for key in ["a__0", "b__0", "c__0", "d__0", "e__0"] {
        let started = Instant::now();
        for (user, saved) in users.iter().zip(all(key)) {
            assert_eq!(saved.is_err(), node(&cluster, user) == 1, "{key} {user}");
        }
        let others = users.iter().filter(|user| node(&cluster, user) != 1);
        let others: Vec<_> = others.cloned().collect();
        assert_eq!(store.load(&others).unwrap().len(), others.len());
        store.load(&users).unwrap_err();
        assert!(started.elapsed() < SOON, "{key}");
        clock.advance(Duration::from_secs(1));
    }
    cluster.node(1).resume().unwrap();
    let started = Instant::now();
    clock.advance(Duration::from_secs(60));
    while !all("e__0").iter().all(Result::is_ok) {
        assert!(started.elapsed() < SOON);
        clock.advance(Duration::from_secs(60));
    }
    let of_node = users.iter().find(|user| node(&cluster, user) == 1).unwrap();
    assert_eq!(standing(&store, of_node, "e__0").as_deref(), Some("a"));
    assert_eq!(save(&store, of_node, "b"), Saved::Kept("a".to_owned()));
}

#[test]
fn the_url_can_name_several_hosts() {
    let Some(mut cluster) = cluster() else { return };
    let hosts = cluster.hosts();
    cluster.node(0).kill();
    let of_another = users(100)
        .into_iter()
        .find(|user| node(&cluster, user) == 2);
    let user = of_another.unwrap();
    for builder in [
        RedisStickyBuckets::builder(format!("redis://{}/", hosts.join(","))),
        RedisStickyBuckets::builder(format!("redis://{}/", hosts[0])).seed(&*hosts[1]),
    ] {
        let store = builder.timeout(SOON).build().unwrap();
        save(&store, &user, "a");
        assert_eq!(standing(&store, &user, KEY).as_deref(), Some("a"));
    }
    let no_host = RedisStickyBuckets::builder("redis://h/").seed("s3cret:port");
    assert!(!format!("{:?}", no_host.build().unwrap_err()).contains("s3cret"));
}
