//! A cluster that changes while clients refresh.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use growthbook_cache_redis::RedisCacheBuilder;
use growthbook_core::{FeatureCache, Refresh};
use growthbook_testkit::RedisCluster;

use crate::support::{Rig, fresh, patient, start_cluster};

const MINUTE: Duration = Duration::from_secs(61);

fn rig(cluster: &RedisCluster) -> Rig {
    let cache = patient(&cluster.url());
    let hosts = cluster.hosts().into_iter().skip(1);
    let cache = hosts.fold(cache, RedisCacheBuilder::seed);
    Rig::new(cache)
}

/// The next features of the server.
fn refresh(rig: &Rig, value: u32) {
    rig.clock.advance(MINUTE);
    rig.script.push(Ok(fresh(value)));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), i32::try_from(value).unwrap());
}

#[test]
fn a_slot_moves_while_clients_refresh() {
    let Some(cluster) = start_cluster() else {
        return;
    };
    let rig = rig(&cluster);
    refresh(&rig, 1);
    let name = format!("gb:{}", rig.key().as_str());
    let slot = cluster.slot(&name).unwrap();
    let from = cluster.owner(slot).unwrap();
    let to = (from + 1) % 3;
    let is_over = AtomicBool::new(false);
    let last = thread::scope(|scope| {
        let refreshing = scope.spawn(|| {
            let mut value = 1;
            while !is_over.load(Ordering::Relaxed) {
                value += 1;
                refresh(&rig, value);
            }
            value
        });
        for (from, to) in [(from, to), (to, from), (from, to)] {
            cluster.begin_move(slot, from, to).unwrap();
            cluster.finish_move(slot, from, to).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        refreshing.join().unwrap()
    });
    // Half way, keys that are at two nodes cannot be used together: that is told, and the server is asked.
    refresh(&rig, last + 1);
    let mut cluster = cluster;
    assert_eq!(cluster.node(to).ask(&["EXISTS", &name]).unwrap(), "1");
    let new = patient(&cluster.url()).build().unwrap();
    let stored = new.load(&rig.key()).unwrap().unwrap();
    assert_eq!(&stored.bytes()[..], rig.client.ruleset().payload().as_ref());
}

#[test]
fn a_node_fails_and_its_replica_takes_over() {
    let Some(mut cluster) = start_cluster() else {
        return;
    };
    let rig = rig(&cluster);
    refresh(&rig, 1);
    let name = format!("gb:{}", rig.key().as_str());
    let owner = cluster.owner(cluster.slot(&name).unwrap()).unwrap();
    let replica = cluster.add_replica(owner).unwrap();
    cluster.node(owner).kill();
    refresh(&rig, 2);
    assert!(rig.told("BackendError") > 0, "nobody has its slots yet");
    cluster.promote(replica).unwrap();
    let other = (owner + 1) % 3;
    let port = cluster.node(other).address().port();
    let new = || {
        patient(&format!("redis://127.0.0.1:{port}/"))
            .build()
            .unwrap()
    };
    for value in 3..=6 {
        refresh(&rig, value);
    }
    let stored = new().load(&rig.key()).unwrap().unwrap();
    assert_eq!(&stored.bytes()[..], rig.client.ruleset().payload().as_ref());
}
