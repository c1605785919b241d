//! A fleet that shares its features in a Redis, asks the API once, and starts without it:
//! `cargo run -p growthbook --features cache-redis --example redis_fleet`.
//!
//! The processes are this program, started again. The Redis is a `redis-server` of the example's own, which
//! `GROWTHBOOK_TEST_REDIS_SERVER` or `PATH` leads to, and the API a stand-in that counts.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::error::Error;
use std::time::{Duration, Instant};

use growthbook::{Attributes, Endpoint, GrowthBookClient, HttpSource, RedisCache, UserContext};

/// What a process of the fleet does: all that a program of one's own needs is here.
pub(crate) fn member(redis: &str, api: &str) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let endpoint = Endpoint::new("sdk-abc123").api_host(api).no_proxy();
    let client = GrowthBookClient::builder()
        .cache(RedisCache::new(redis)?)
        .source(HttpSource::new(endpoint).polling(Duration::from_secs(60)))
        .build()?;
    client.wait_ready(Duration::from_secs(5));
    let took = started.elapsed();
    let user = UserContext::new(Attributes::new().with("id", "u-1"));
    let greeting = client.value("greeting", &user, "(no flags)".to_owned());
    let origin = client.status().origin();
    println!("  {greeting}, from {origin:?}, after {took:.1?}");
    client.close(Duration::from_secs(1));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [redis, api] = &*arguments {
        return member(redis, api);
    }
    fleet()
}

#[cfg(not(unix))]
fn fleet() -> Result<(), Box<dyn Error>> {
    println!("skipped: this example starts a redis-server, which takes a Unix");
    Ok(())
}

#[cfg(unix)]
fn fleet() -> Result<(), Box<dyn Error>> {
    use growthbook_testkit::{RedisServer, Server};
    use std::process::Command;

    if RedisServer::program().is_none() {
        println!("there is no redis-server on PATH, and GROWTHBOOK_TEST_REDIS_SERVER names none");
        return Ok(());
    }
    let redis = RedisServer::builder().start()?;
    let api = Server::start(|_, reply| reply.respond(200, &[], PAYLOAD))?;
    let (program, urls) = (std::env::current_exe()?, [redis.url(), api.url()]);
    let run = |count: usize| {
        let members = (0..count).map(|_| Command::new(&program).args(&urls).spawn());
        let members: Result<Vec<_>, _> = members.collect();
        members?
            .into_iter()
            .try_for_each(|mut it| it.wait().map(drop))
    };
    println!("eight processes start at once, with nothing in the Redis");
    run(8)?;
    println!("requests to the API: {}", api.requests().len());
    drop(api);
    println!("the API is gone, and three processes start");
    run(3)?;
    Ok(())
}

#[cfg(unix)]
const PAYLOAD: &[u8] = br#"{"features": {"greeting": {"defaultValue": "Hello"}}}"#;
