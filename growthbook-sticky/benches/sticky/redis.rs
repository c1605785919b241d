//! Redis on loopback, beside what the library under it takes for the same bytes.

use std::slice;
use std::time::Duration;

use growthbook_core::{StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_redis::Redis;
use growthbook_sticky::RedisStickyBuckets;
use growthbook_testkit::RedisServer;
use redis::{Client, Connection, Pipeline, Script};

use crate::measure::{BATCH, at, identity, line, rounds, timed};

pub(crate) fn run() {
    let server = RedisServer::builder().start().expect("a server");
    let builder = RedisStickyBuckets::builder(server.url()).timeout(LIMIT);
    let buckets = builder.build().expect("a URL");
    let client = Client::open(server.url()).expect("a URL");
    let mut bare = client.get_connection().expect("a connection");
    let users: Vec<_> = (0..rounds(20_000)).map(identity).collect();
    println!("{} users, Redis on loopback", users.len());
    writes(&buckets, &mut bare, &users);
    let connections = Redis::builder(server.url()).timeout(LIMIT);
    let connections = connections.build().expect("a URL");
    lookups(&buckets, &connections, &mut bare, &users);
}

fn writes(buckets: &RedisStickyBuckets, bare: &mut Connection, users: &[StickyIdentity]) {
    let batches: Vec<_> = users.chunks(BATCH).collect();
    let save = |key: &str| {
        timed(batches.len(), |round| {
            let identities = batches.get(round).copied().unwrap_or_default();
            let writes = identities
                .iter()
                .map(|it| StickyWrite::new(it, key, "treatment"));
            let saved = buckets.save_all(&writes.collect::<Vec<_>>());
            assert!(saved.iter().all(Result::is_ok), "all are stored");
        })
    };
    let ours = save("one__0");
    // As much on the wire, and as much for the server to do, under other keys.
    let script = Script::new(COMPARE_AND_SET);
    let _ = script.prepare_invoke().load(bare).expect("a script");
    let theirs = timed(batches.len(), |round| {
        let mut pipeline = Pipeline::new();
        for identity in batches.get(round).copied().unwrap_or_default() {
            let value = document(identity);
            pipeline.cmd("EVALSHA").arg(script.get_hash()).arg(1);
            pipeline.arg(format!("bare:{identity}")).arg("").arg(value);
        }
        let set: Vec<Option<Vec<u8>>> = pipeline.query(bare).expect("answers");
        assert!(set.iter().all(Option::is_none), "all are stored");
    });
    compared("new documents in batches of 100", BATCH, ours, theirs);
    let ours = save("two__0");
    line(
        "into documents, in batches of 100",
        &each(BATCH, &ours),
        ours,
    );
}

fn lookups(
    buckets: &RedisStickyBuckets,
    connections: &Redis,
    bare: &mut Connection,
    users: &[StickyIdentity],
) {
    let ours = timed(users.len(), |round| {
        let identity = users.get(round).expect("a user");
        let found = buckets.load(slice::from_ref(identity)).expect("documents");
        assert_eq!(found.len(), 1, "everybody has a document");
    });
    let theirs = timed(users.len(), |round| {
        let key = users.get(round).expect("a user").to_string();
        let found: Vec<Option<Vec<u8>>> = redis::cmd("MGET").arg(&[key]).query(bare).expect("it");
        assert_eq!(found.len(), 1, "everybody has a document");
    });
    compared("lookups", 1, ours, theirs);
    let batches: Vec<_> = users.chunks(BATCH).collect();
    let batch = |round: usize| batches.get(round).copied().unwrap_or_default();
    let keys = |round| {
        batch(round)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let ours = timed(batches.len(), |round| {
        let found = buckets.load(batch(round)).expect("documents");
        assert_eq!(found.len(), BATCH, "everybody has a document");
    });
    let theirs = timed(batches.len(), |round| {
        let mut command = redis::cmd("MGET");
        let found: Vec<Option<Vec<u8>>> = command.arg(keys(round)).query(bare).expect("them");
        assert_eq!(found.len(), BATCH, "everybody has a document");
    });
    let unread = timed(batches.len(), |round| {
        let found = connections.call().values(&keys(round));
        assert!(found.iter().all(Result::is_ok), "everybody has a document");
    });
    compared("values, 100 at once, unread", BATCH, unread, theirs.clone());
    compared("lookups of 100 at once", BATCH, ours, theirs);
}

/// By medians, so that what else the machine does counts for neither.
fn compared(what: &str, batch: usize, ours: Vec<Duration>, theirs: Vec<Duration>) {
    let [own, bare] = [&ours, &theirs].map(|times| at(times, 500).as_secs_f64());
    let times = own / bare;
    let mark = if times > 1.3 { " !" } else { "" };
    let figure = format!(
        "{}, {times:.2} times the library (bar 1.3){mark}",
        each(batch, &ours)
    );
    line(what, &figure, ours);
    line("  by the library alone", &each(batch, &theirs), theirs);
}

fn each(batch: usize, times: &[Duration]) -> String {
    let all: Duration = times.iter().sum();
    format!("{:.0}/s", crate::measure::rate(times.len() * batch, all))
}

fn document(identity: &StickyIdentity) -> String {
    format!(
        r#"{{"attributeName":"{}","attributeValue":"{}","assignments":{{"one__0":"treatment"}}}}"#,
        identity.attribute(),
        identity.value()
    )
}

const LIMIT: Duration = Duration::from_secs(5);

const COMPARE_AND_SET: &str = "\
local value = redis.call('GET', KEYS[1]) or ''
if value ~= ARGV[1] then return value end
redis.call('SET', KEYS[1], ARGV[2])
return false";
