//! A real Redis: found as `growthbook_testkit::RedisServer::program` says. Without one these tests pass and say that they
//! checked nothing, except in CI.

#![expect(
    clippy::indexing_slicing,
    reason = "helpers of tests may stop as tests do"
)]

mod client;
mod cluster;
mod documents;
mod javascript;
mod outages;
mod processes;
#[cfg(feature = "redis-tls")]
mod tls;
mod write_behind;

use std::env;
use std::io::{self, Write};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use growthbook_core::testing::sticky_contract;
use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::{RedisStickyBuckets, RedisStickyBucketsBuilder};
use growthbook_testkit::{RedisServer, RedisServerBuilder};
use redis::Connection;

use super::faulty::SOON;

const KEY: &str = "exp__0";

#[test]
fn it_keeps_the_contract() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let stores = AtomicUsize::new(0);
    sticky_contract(|| {
        let number = stores.fetch_add(1, Ordering::Relaxed);
        patient(&server)
            .prefix(format!("{number}:"))
            .build()
            .unwrap()
    });
}

/// A server, or the reason why there is none.
fn start(builder: RedisServerBuilder) -> Option<RedisServer> {
    is_there().then(|| builder.start().unwrap())
}

/// Whether there is a program, or the reason why there is none.
fn is_there() -> bool {
    if RedisServer::program().is_some() {
        return true;
    }
    assert!(env::var_os("CI").is_none(), "CI has no redis-server");
    skipped("there is no redis-server; `cargo xtask test` provides one");
    false
}

/// Says so past the harness, which keeps what is printed by tests that pass.
fn skipped(why: &str) {
    let test = thread::current();
    let name = test.name().unwrap_or("a test");
    let _ = writeln!(io::stderr(), "SKIPPED: {name}: {why}");
}

/// With a timeout that a machine with other things to do does not reach.
fn patient(server: &RedisServer) -> RedisStickyBucketsBuilder {
    RedisStickyBuckets::builder(server.url()).timeout(SOON)
}

/// A connection past the store.
fn connection(server: &RedisServer) -> Connection {
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_connection_with_timeout(SOON).unwrap();
    connection.set_read_timeout(Some(SOON)).unwrap();
    connection
}

fn save(store: &impl StickyBucketService, user: &StickyIdentity, variation: &str) -> Saved {
    store.save(&StickyWrite::new(user, KEY, variation)).unwrap()
}

fn standing(store: &impl StickyBucketService, user: &StickyIdentity, key: &str) -> Option<String> {
    let documents = store.load(slice::from_ref(user)).unwrap();
    documents.get(user)?.get(key).cloned()
}

const TIMEOUT: Duration = Duration::from_millis(250);
