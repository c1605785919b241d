//! What every cache keeps, on a server and on a cluster.

use std::sync::atomic::{AtomicUsize, Ordering};

use growthbook_cache_redis::RedisCacheBuilder;
use growthbook_core::FeatureCache;
use growthbook_core::testing::cache_contract;
use growthbook_testkit::RedisServer;

use crate::support::{ABOUT, LEASE, SHARED, key, patient, payload, start, start_cluster};

fn check(builder: impl Fn() -> RedisCacheBuilder) {
    let caches = AtomicUsize::new(0);
    cache_contract(|| {
        let number = caches.fetch_add(1, Ordering::Relaxed);
        builder().prefix(format!("{number}:")).build().unwrap()
    });
}

#[test]
fn it_keeps_the_contract() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    check(|| patient(&server.url()));
}

#[test]
fn it_keeps_the_contract_on_a_cluster() {
    let Some(cluster) = start_cluster() else {
        return;
    };
    check(|| patient(&cluster.url()));
}

/// In tags of others, too.
#[test]
fn all_of_an_entry_is_in_one_slot() {
    let Some(mut cluster) = start_cluster() else {
        return;
    };
    let slot = cluster.slot(SHARED).unwrap();
    for beside in [ABOUT, LEASE] {
        assert_eq!(cluster.slot(beside).unwrap(), slot, "{beside}");
    }
    for prefix in ["gb:", "{shop}:", "{", ""] {
        let hosts = cluster.hosts();
        let cache = patient(&format!("redis://{}/", hosts[0])).seed(&*hosts[1]);
        let cache = cache.prefix(prefix).build().unwrap();
        cache.store(&key(), &payload(1, 1)).unwrap();
        assert_eq!(cache.load(&key()).unwrap(), Some(payload(1, 1)), "{prefix}");
    }
    // What cannot be a tag is refused, and nothing is stored by halves.
    let cache = patient(&cluster.url()).prefix("{}:").build().unwrap();
    cache.store(&key(), &payload(1, 1)).unwrap_err();
    assert!(cache.load(&key()).is_err());
    let name = "{}:https://h::sdk-s3cret";
    let owner = cluster.owner(cluster.slot(name).unwrap()).unwrap();
    assert_eq!(cluster.node(owner).ask(&["EXISTS", name]).unwrap(), "0");
}
