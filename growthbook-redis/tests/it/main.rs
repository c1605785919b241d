//! Real servers and real clusters: found as `growthbook_testkit::RedisServer::program` says. Without one these tests pass and
//! say that they checked nothing, except in CI.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests may stop as tests do")]

mod cluster;
mod failover;
mod hostile;
mod server;
#[cfg(feature = "tls")]
mod tls;

use std::env;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use growthbook_redis::{Command, Redis, RedisError, Reply};
use growthbook_testkit::{RedisCluster, RedisServer, RedisServerBuilder};

/// How long to wait for what should be there at once, on a machine with other things to do.
const SOON: Duration = Duration::from_secs(60);

/// Whether there is a program, or the reason why there is none.
fn is_there() -> bool {
    if RedisServer::program().is_some() {
        return true;
    }
    assert!(env::var_os("CI").is_none(), "CI has no redis-server");
    let test = thread::current();
    let name = test.name().unwrap_or("a test");
    // Past the harness, which keeps what is printed by tests that pass.
    let _ = writeln!(io::stderr(), "SKIPPED: {name}: there is no redis-server");
    false
}

fn server(builder: RedisServerBuilder) -> Option<RedisServer> {
    is_there().then(|| builder.start().unwrap())
}

fn cluster() -> Option<RedisCluster> {
    is_there().then(|| RedisCluster::start(RedisServer::builder()).unwrap())
}

/// With a timeout that a machine with other things to do does not reach.
fn patient(url: &str) -> Redis {
    Redis::builder(url).timeout(SOON).build().unwrap()
}

fn set(redis: &Redis, key: &str, value: &str) -> Result<Reply, RedisError> {
    redis.call().query(&Command::new("SET").key(key).arg(value))
}

fn get(redis: &Redis, key: &str) -> Result<Option<String>, RedisError> {
    let reply = redis.call().query(&Command::new("GET").key(key))?;
    let data = reply.into_data()?;
    Ok(data.map(|data| String::from_utf8(data).unwrap()))
}

/// Keys in many slots.
fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("key-{number}")).collect()
}

fn words<T>(outcome: Result<T, RedisError>) -> String {
    outcome.err().unwrap().to_string()
}
