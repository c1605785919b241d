//! Keys of a cluster, and slots that move under a client.

use std::fmt::Write;

use growthbook_redis::{Command, Redis, Script};
use growthbook_testkit::{RedisCluster, RedisServer};

use super::{SOON, cluster, get, is_there, keys, patient, set, words};

/// A key of the node with this number.
fn key_at(cluster: &RedisCluster, number: usize) -> String {
    let mut keys = keys(1_000).into_iter();
    let is_there = |key: &String| cluster.owner(cluster.slot(key).unwrap()).unwrap() == number;
    keys.find(is_there).unwrap()
}

#[test]
fn commands_go_where_their_keys_are() {
    let Some(mut cluster) = cluster() else { return };
    let redis = patient(&cluster.url());
    let keys = keys(300);
    let values = redis.call().values(&keys);
    assert!(values.iter().all(|value| value == &Ok(None)));
    let status = redis.status();
    assert!(status.is_cluster() && status.nodes() == 3, "{status:?}");
    let script = Script::new("return redis.call('SET', KEYS[1], ARGV[1])");
    let commands = keys.iter().map(|key| script.command(&[key]).arg(key));
    let answers = redis.call().send(&commands.collect::<Vec<_>>());
    assert!(answers.iter().all(Result::is_ok));
    for number in 0..3 {
        let count = cluster.node(number).ask(&["DBSIZE"]).unwrap();
        assert!(count.parse::<u32>().unwrap() > 50, "{number}: {count}");
    }
    // Also for one that knows nothing yet.
    for redis in [&redis, &patient(&cluster.url())] {
        let values = redis.call().values(&keys);
        for (key, value) in keys.iter().zip(values) {
            assert_eq!(value.unwrap().as_deref(), Some(key.as_bytes()));
        }
        let commands = keys.iter().map(|key| Command::new("GET").key(key));
        let answers = redis.call().send(&commands.collect::<Vec<_>>());
        for (key, answer) in keys.iter().zip(answers) {
            let value = answer.unwrap().into_data().unwrap();
            assert_eq!(value.as_deref(), Some(key.as_bytes()));
        }
    }
    let apart = [key_at(&cluster, 0), key_at(&cluster, 1)];
    let both = Command::new("MGET").key(&apart[0]).key(&apart[1]);
    assert!(words(redis.call().query(&both)).contains("several nodes"));
    assert!(redis.call().query(&Command::new("PING")).is_ok());
}

#[test]
fn a_node_that_was_asked_once_is_known() {
    let Some(mut cluster) = cluster() else { return };
    let redis = patient(&cluster.url());
    let keys = [0, 1, 2].map(|number| key_at(&cluster, number));
    for key in &keys {
        set(&redis, key, "a").unwrap();
    }
    let redirects = |cluster: &mut RedisCluster| {
        [0, 1, 2].map(|number| {
            let about = cluster.node(number).ask(&["INFO", "errorstats"]).unwrap();
            let moved = about.lines().find(|line| line.contains("MOVED"));
            moved.map(str::to_owned)
        })
    };
    let before = redirects(&mut cluster);
    for key in &keys {
        assert_eq!(get(&redis, key).unwrap().as_deref(), Some("a"));
    }
    assert_eq!(redirects(&mut cluster), before, "nobody was asked in vain");
}

#[test]
fn slots_that_move_are_followed() {
    let Some(mut cluster) = cluster() else { return };
    let redis = patient(&cluster.url());
    let key = key_at(&cluster, 0);
    let slot = cluster.slot(&key).unwrap();
    let [old, new] = [format!("{{{key}}}old"), format!("{{{key}}}new")];
    for key in [&old, &key_at(&cluster, 2)] {
        set(&redis, key, "a").unwrap();
    }
    // Half way: what is still there is there, and what is new is on the other side.
    cluster.begin_move(slot, 0, 1).unwrap();
    set(&redis, &new, "b").unwrap();
    assert_eq!(get(&redis, &old).unwrap().as_deref(), Some("a"));
    assert_eq!(get(&redis, &new).unwrap().as_deref(), Some("b"));
    let script = Script::new("return redis.call('GET', KEYS[1])");
    let both = [&old, &new].map(|key| script.command(&[key]));
    let answers = redis.call().send(&both);
    let values = answers
        .into_iter()
        .map(|answer| answer.unwrap().into_data());
    let values: Vec<_> = values.map(|value| value.unwrap().unwrap()).collect();
    assert_eq!(values, [b"a", b"b"]);
    let apart = Command::new("MGET").key(&old).key(&new);
    let moving = redis.call().query(&apart).unwrap_err();
    assert!(moving.to_string().contains("just being moved") && moving.is_transient());
    assert_eq!(cluster.node(1).ask(&["DBSIZE"]).unwrap(), "1");

    cluster.finish_move(slot, 0, 1).unwrap();
    assert_eq!(cluster.node(0).ask(&["DBSIZE"]).unwrap(), "0");
    for (key, value) in [(&old, "a"), (&new, "b")] {
        assert_eq!(get(&redis, key).unwrap().as_deref(), Some(value));
        set(&redis, key, "c").unwrap();
    }
    let values = redis.call().values(&[&old, &new, &key_at(&cluster, 2)]);
    let values = values.into_iter().map(|value| value.unwrap().unwrap());
    assert_eq!(values.collect::<Vec<_>>(), [b"c", b"c", b"a"]);
}

#[test]
fn all_nodes_are_talked_to_with_the_password_of_the_url() {
    if !is_there() {
        return;
    }
    let builder = RedisServer::builder().password("s3cret-right");
    let cluster = RedisCluster::start(builder).unwrap();
    let hosts = cluster.hosts();
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:1,{}/", hosts.join(","));
    let redis = patient(&url("s3cret-right"));
    for key in keys(50) {
        set(&redis, &key, &key).unwrap();
        assert_eq!(get(&redis, &key).unwrap(), Some(key));
    }
    assert_eq!(redis.status().nodes(), 3);
    let wrong = Redis::builder(url("s3cret-wrong")).timeout(SOON);
    let mut said = format!("{wrong:?} {redis:?}");
    let wrong = wrong.build().unwrap();
    let error = get(&wrong, "s3cret").unwrap_err();
    assert!(error.to_string().contains("password"), "{error}");
    write!(said, "{error} {error:?} {wrong:?}").unwrap();
    for word in ["s3cret", &hosts[0].replace("127.0.0.1:", "")] {
        assert!(!said.contains(word), "{said}");
    }
}
