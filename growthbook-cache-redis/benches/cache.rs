//! What it takes to load and store features in a Redis on the same machine, beside the library under it, and to start.
//!
//! Bars stand in brackets behind what they are for. They hold for one machine with two cores and nothing else to do.
//! Nothing here fails for being slow.
#![expect(clippy::print_stdout, reason = "a benchmark exists to print")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing else to do"
)]

#[cfg(unix)]
mod redis_bench {
    use std::hint::black_box;
    use std::thread;
    use std::time::{Duration, Instant, SystemTime};

    use growthbook_cache_redis::RedisCache;
    use growthbook_core::{
        Attributes, CacheKey, CachedPayload, ClientKey, FeatureCache, Freshness, GrowthBookClient,
        UserContext,
    };
    use growthbook_fetch::{Endpoint, HttpSource};
    use growthbook_testkit::{Operation, RedisServer, Server, time};

    pub(crate) fn run() {
        let server = RedisServer::builder().start().expect("a server");
        let cache = RedisCache::builder(server.url()).timeout(LIMIT);
        let cache = cache.build().expect("a URL");
        for features in [10, 1_000, 10_000] {
            round_trips(&server, &cache, &payload(features));
        }
        starts(&server);
        evaluations();
    }

    fn round_trips(server: &RedisServer, cache: &RedisCache, bytes: &str) {
        let key = CacheKey::new("https://h", &ClientKey::new("sdk-1"));
        let payload = CachedPayload::new(bytes.as_bytes()).with_fetched_at(SystemTime::now());
        let client = redis::Client::open(server.url()).expect("a URL");
        let connect = || client.get_connection().expect("a connection");
        let (mut writing, mut reading) = (connect(), connect());
        cache.store(&key, &payload).expect("to be stored");
        let (name, value) = ("bare", bytes.to_owned());
        let operations: [(&str, Operation); 5] = [
            ("store", {
                let (cache, key) = (again(server), key.clone());
                repeat(move || cache.store(&key, &payload).expect("to be stored"))
            }),
            ("bare SET", {
                let set = redis::cmd("SET").arg(name).arg(value).to_owned();
                repeat(move || set.query::<()>(&mut writing).expect("to be set"))
            }),
            ("load", {
                let (cache, key) = (again(server), key.clone());
                repeat(move || drop(cache.load(&key).expect("to be loaded").expect("an entry")))
            }),
            ("load and lease", {
                let cache = again(server);
                repeat(move || drop(cache.load_and_lease(&key, LIMIT).expect("an answer")))
            }),
            ("bare GET", {
                let get = redis::cmd("GET").arg(name).to_owned();
                repeat(move || drop(get.query::<Vec<u8>>(&mut reading).expect("a value")))
            }),
        ];
        println!("{} KiB", bytes.len() >> 10);
        for (what, mut operation) in operations {
            let timing = time(&mut operation);
            println!("  {what:<15}{:>10.1} µs", timing.median / 1_000.0);
        }
    }

    /// L15: the first flag, with an API 200 ms away.
    fn starts(server: &RedisServer) {
        let api = Server::start(|_, reply| {
            thread::sleep(Duration::from_millis(200));
            reply.respond(200, &[], payload(1_000).as_bytes())
        });
        let api = api.expect("a server");
        server.ask(&["FLUSHALL"]).expect("an empty Redis");
        for bar in ["cold [250 ms]", "warm [30 ms]", "warm [30 ms]"] {
            let endpoint = Endpoint::new("sdk-1").api_host(api.url()).no_proxy();
            let started = Instant::now();
            let client = GrowthBookClient::builder()
                .source(HttpSource::new(endpoint))
                .cache(again(server))
                .build()
                .expect("a client");
            client.wait_ready(LIMIT);
            let took = started.elapsed();
            println!("start, {bar:<16}{took:.1?}");
            client.close(LIMIT);
        }
    }

    /// What an evaluation takes while the Redis that is refreshed from is well, silent or gone.
    fn evaluations() {
        let mut server = RedisServer::builder().start().expect("a server");
        let api = Server::start(|_, reply| reply.respond(200, &[], payload(1_000).as_bytes()));
        let api = api.expect("a server");
        let endpoint = Endpoint::new("sdk-1").api_host(api.url()).no_proxy();
        let cache = RedisCache::builder(server.url()).build().expect("a URL");
        let client = GrowthBookClient::builder()
            .source(HttpSource::new(endpoint).polling(Duration::from_secs(1)))
            .freshness(Freshness::default().stale_after(Duration::from_millis(500)))
            .cache(cache)
            .build()
            .expect("a client");
        client.wait_ready(LIMIT);
        evaluate(&client, "Redis is well");
        server.pause().expect("to be stopped");
        evaluate(&client, "Redis is silent");
        server.resume().expect("to go on");
        server.kill();
        evaluate(&client, "Redis is gone");
        client.close(LIMIT);
    }

    fn evaluate(client: &GrowthBookClient, when: &str) {
        let scope = client.scope(UserContext::new(Attributes::new()));
        let (before, started) = (client.status().refreshes(), Instant::now());
        let mut took = Vec::new();
        while started.elapsed() < Duration::from_secs(4) {
            for _ in 0..1_000 {
                let began = Instant::now();
                black_box(scope.is_on(black_box("feature-7")));
                took.push(began.elapsed());
            }
            thread::yield_now();
        }
        took.sort_unstable();
        let at = |share: usize| took.get(took.len() * share / 1_000).copied();
        let after = client.status().refreshes();
        let refreshes = after.updated() + after.unchanged() + after.from_cache()
            - before.updated()
            - before.unchanged()
            - before.from_cache();
        println!(
            "evaluation, {when:<18}p50 {:.0?}, p99 {:.0?}, p99.9 {:.0?}; {refreshes} refreshes",
            at(500).unwrap_or_default(),
            at(990).unwrap_or_default(),
            at(999).unwrap_or_default(),
        );
    }

    fn again(server: &RedisServer) -> RedisCache {
        let cache = RedisCache::builder(server.url()).timeout(LIMIT);
        cache.build().expect("a URL")
    }

    fn repeat(mut once: impl FnMut() + 'static) -> Operation {
        Box::new(move |times| {
            (0..times).for_each(|_| once());
            Box::new(())
        })
    }

    fn payload(features: usize) -> String {
        let feature = |number| format!(r#""feature-{number}":{{"defaultValue":"value {number}"}}"#);
        let features: Vec<String> = (0..features).map(feature).collect();
        let date = "2026-01-02T03:04:05.678Z";
        format!(
            r#"{{"features":{{{}}},"dateUpdated":"{date}"}}"#,
            features.join(",")
        )
    }

    const LIMIT: Duration = Duration::from_secs(20);
}

fn main() {
    if cfg!(debug_assertions) {
        println!("not optimised: every figure means nothing");
    }
    #[cfg(unix)]
    if growthbook_testkit::RedisServer::program().is_some() {
        redis_bench::run();
        return;
    }
    println!("skipped: Redis, since there is no redis-server");
}
