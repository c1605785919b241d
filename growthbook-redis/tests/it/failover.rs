//! Nodes that hang or die.

use std::time::{Duration, Instant};

use growthbook_core::testing::ManualClock;
use growthbook_redis::{Command, Redis};

use super::{SOON, cluster, get, keys, patient, set, words};

/// The first key of each node.
fn one_of_each(cluster: &growthbook_testkit::RedisCluster) -> [String; 3] {
    [0, 1, 2].map(|number| {
        let owner = |key: &String| cluster.owner(cluster.slot(key).unwrap()).unwrap();
        keys(1_000)
            .into_iter()
            .find(|key| owner(key) == number)
            .unwrap()
    })
}

#[test]
fn a_node_that_hangs_holds_up_no_other() {
    let Some(mut cluster) = cluster() else { return };
    // So long that the others answer within it where the machine is busy.
    let timeout = Duration::from_secs(5);
    let clock = ManualClock::new();
    let builder = Redis::builder(cluster.url()).timeout(timeout);
    let redis = builder.clock(clock.clone()).build().unwrap();
    let mine = one_of_each(&cluster);
    // Patiently, until the cluster is known and there is a connection to each.
    while !mine.iter().all(|key| set(&redis, key, "a").is_ok()) {
        clock.advance(Duration::from_secs(60));
    }
    cluster.node(1).pause().unwrap();
    // Over idle connections, over new ones to that node, and while it is left alone.
    for round in 0..5 {
        let started = Instant::now();
        let values = redis.call().values(&mine);
        assert!(started.elapsed() < SOON, "{round}");
        assert_eq!(values[0], Ok(Some(b"a".to_vec())), "{round}");
        assert_eq!(values[2], Ok(Some(b"a".to_vec())), "{round}");
        let said = words(values[1].clone());
        let expected = if round < 3 {
            "no answer in time"
        } else {
            "left alone"
        };
        assert!(said.contains(expected), "{round}: {said}");
        // Those who ask for nothing of it do not notice.
        assert_eq!(get(&redis, &mine[0]).unwrap().as_deref(), Some("a"));
        clock.advance(Duration::from_secs(1));
    }
    let status = redis.status();
    assert_eq!([status.nodes(), status.left_alone()], [3, 1]);
    cluster.node(1).resume().unwrap();
    clock.advance(Duration::from_secs(60));
    assert_eq!(get(&redis, &mine[1]).unwrap().as_deref(), Some("a"));
    assert_eq!(redis.status().left_alone(), 0);
}

#[test]
fn the_master_that_takes_over_is_found() {
    let Some(mut cluster) = cluster() else { return };
    let replica = cluster.add_replica(0).unwrap();
    let clock = ManualClock::new();
    let builder = Redis::builder(cluster.url()).timeout(SOON);
    let redis = builder.clock(clock.clone()).build().unwrap();
    let mine = one_of_each(&cluster);
    for key in &mine {
        set(&redis, key, "a").unwrap();
    }
    let port = cluster.node(replica).address().port().to_string();
    // `WAIT` would wait for what was written over its own connection.
    let deadline = Instant::now() + SOON;
    let mut size = |number| cluster.node(number).ask(&["DBSIZE"]).unwrap();
    while size(replica) != size(0) {
        assert!(Instant::now() < deadline, "the replica does not get it");
    }
    cluster.node(0).kill();
    // It is the one that the URL names, and nobody has taken over yet.
    for _ in 0..5 {
        clock.advance(Duration::from_secs(1));
        let error = get(&redis, &mine[0]).unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_eq!(get(&redis, &mine[1]).unwrap().as_deref(), Some("a"));
    }
    cluster.promote(replica).unwrap();
    // Within a second nobody asks again.
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        get(&redis, &mine[0]).unwrap().as_deref(),
        Some("a"),
        "{port}"
    );
    let values = redis.call().values(&mine);
    assert!(values.iter().all(|value| value == &Ok(Some(b"a".to_vec()))));
    set(&redis, &mine[0], "b").unwrap();
    // The old one comes back as a replica of the new one.
    cluster.node(0).restart().unwrap();
    let fresh = patient(&cluster.url());
    let is_moved = || get(&fresh, &mine[0]).is_ok_and(|value| value.as_deref() == Some("b"));
    let deadline = Instant::now() + SOON;
    while !is_moved() {
        assert!(
            Instant::now() < deadline,
            "the old master still thinks it is one"
        );
    }
    assert_eq!(get(&redis, &mine[0]).unwrap().as_deref(), Some("b"));
    assert_eq!(redis.status().left_alone(), 0);
}

#[test]
fn a_cluster_is_found_while_one_of_its_hosts_is_there() {
    let Some(mut cluster) = cluster() else { return };
    let hosts = cluster.hosts();
    let key = one_of_each(&cluster)[2].clone();
    cluster.node(0).kill();
    let redis = patient(&format!("redis://127.0.0.1:1,{}/", hosts.join(",")));
    set(&redis, &key, "a").unwrap();
    assert_eq!(redis.status().nodes(), 3, "with the one that is down");
    let builder = Redis::builder("redis://127.0.0.1:1/").seed(&*hosts[1]);
    let redis = builder.timeout(SOON).build().unwrap();
    let both = [&*key, "key-0"].map(|key| Command::new("GET").key(key));
    assert!(redis.call().send(&both)[0].is_ok());
}
