//! Whatever goes wrong, nothing secret is said: in a process of its own, with a logger that hears everything.

use std::env;
use std::io::{self, Write};
use std::process::Command;
use std::time::Duration;

use growthbook_cache_redis::{RedisCache, RedisCacheBuilder};
use growthbook_core::{Attributes, CachedPayload, FetchError, Fetched, UserContext};
use growthbook_testkit::RedisServer;
use log::{LevelFilter, Log, Metadata, Record};

use crate::support::{Rig, start};

const ALONE: &str = "GROWTHBOOK_TEST_PRIVACY";
const MINUTE: Duration = Duration::from_secs(61);
/// The client key of scripted servers, the password, an attribute, and what payloads hold.
const CANARIES: [&str; 6] = [
    "sdk-scripted",
    "canary-password",
    "canary-attribute",
    "canary-payload",
    "canary-prefix",
    "canary-user",
];

#[test]
fn nothing_secret_is_said_whatever_goes_wrong() {
    if RedisServer::program().is_none() {
        return drop(start(RedisServer::builder()));
    }
    let mut alone = Command::new(env::current_exe().unwrap());
    alone.args(["privacy::outages_that_are_heard", "--exact", "--ignored"]);
    let output = alone.arg("--nocapture").env(ALONE, "1").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("growthbook::cache"),
        "the logger hears nothing: {said}"
    );
    for canary in CANARIES {
        assert!(!said.contains(canary), "{canary}: {said}");
    }
}

struct Ear;

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let (target, level) = (record.target(), record.level());
        let _ = writeln!(io::stderr(), "{target} {level} {}", record.args());
    }

    fn flush(&self) {}
}

fn cache(server: &RedisServer, password: &str) -> RedisCacheBuilder {
    let url = format!("redis://:{password}@{}/0", server.address());
    RedisCache::builder(url).prefix("canary-prefix:")
}

fn features(value: u32) -> Fetched {
    let body = format!(
        r#"{{"features":{{"canary-payload":{{"defaultValue":{value}}}}},"dateUpdated":"2026-01-02T03:04:05Z"}}"#
    );
    Fetched::Fresh(CachedPayload::new(body.into_bytes()))
}

/// Answers, failures, and evaluations of a user.
fn live_with(rig: &Rig) {
    for value in 1..=4 {
        rig.script.push(Ok(features(value)));
        let _ = rig.client.refresh();
        rig.script.push(Err(FetchError::TimedOut));
        let _ = rig.client.force_refresh();
        let user = Attributes::new().with("id", "canary-attribute");
        let _ = rig.client.is_on("f", &UserContext::new(user));
        rig.clock.advance(MINUTE);
    }
    let _ = writeln!(io::stderr(), "{:?} {:?}", rig.client, rig.client.status());
    let _ = writeln!(io::stderr(), "{}", rig.said.lock().unwrap());
}

#[test]
#[ignore = "is the process that the test above listens to"]
fn outages_that_are_heard() {
    if env::var_os(ALONE).is_none() {
        return;
    }
    log::set_logger(&Ear).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let builder = RedisServer::builder().password("canary-password");
    let mut server = builder.start().unwrap();
    let right = Rig::new(cache(&server, "canary-password"));
    live_with(&right);
    live_with(&Rig::new(cache(&server, "canary-password-wrong")));
    live_with(&Rig::new(RedisCache::builder(server.url())));
    let name = format!("canary-prefix:{}", right.key().as_str());
    server.ask(&["SET", &name, "canary-payload"]).unwrap();
    live_with(&Rig::new(cache(&server, "canary-password")));
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    live_with(&right);
    server.pause().unwrap();
    live_with(&right);
    server.kill();
    live_with(&right);
}
