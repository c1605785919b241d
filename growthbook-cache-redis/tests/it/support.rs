//! What the tests share.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use growthbook_cache_redis::{RedisCache, RedisCacheBuilder};
use growthbook_core::testing::{ManualClock, ScriptedFetcher};
use growthbook_core::{
    Attributes, BackendError, CacheKey, CachedPayload, ClientKey, FeatureCache, FeatureFetcher,
    Fetched, GrowthBookClient, UserContext, Validator,
};
use growthbook_testkit::{RedisCluster, RedisServer, RedisServerBuilder};

/// How long to wait for what should be there at once, on a machine with other things to do.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) const HOST: &str = "https://h";
pub(crate) const CLIENT_KEY: &str = "sdk-s3cret";
/// Where programs in other languages have it.
pub(crate) const SHARED: &str = "gb:https://h::sdk-s3cret";
/// What belongs beside it.
pub(crate) const ABOUT: &str = "{gb:https://h::sdk-s3cret}:growthbook";
pub(crate) const LEASE: &str = "{gb:https://h::sdk-s3cret}:growthbook-lease";

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

pub(crate) fn start(builder: RedisServerBuilder) -> Option<RedisServer> {
    is_there().then(|| builder.start().unwrap())
}

pub(crate) fn start_cluster() -> Option<RedisCluster> {
    is_there().then(|| RedisCluster::start(RedisServer::builder()).unwrap())
}

/// With a timeout that a machine with other things to do does not reach.
pub(crate) fn patient(url: &str) -> RedisCacheBuilder {
    RedisCache::builder(url).timeout(SOON)
}

pub(crate) fn key() -> CacheKey {
    CacheKey::new(HOST, &ClientKey::new(CLIENT_KEY))
}

/// A payload in which the feature `f` has this value, from this minute of a day.
pub(crate) fn text(value: u32, minute: u32) -> String {
    format!(
        r#"{{"features":{{"f":{{"defaultValue":{value}}}}},"dateUpdated":"2026-01-02T03:{minute:02}:05.678Z"}}"#
    )
}

pub(crate) fn payload(value: u32, minute: u32) -> CachedPayload {
    let fetched_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
    CachedPayload::new(text(value, minute).into_bytes())
        .with_validator(Validator::new(format!("\"v{value}\"")))
        .with_fetched_at(fetched_at)
}

pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < SOON, "{what} did not come to be");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// A client with a Redis, a server that answers by a script, and a clock to drive by hand.
pub(crate) struct Rig {
    pub(crate) client: GrowthBookClient,
    pub(crate) script: ScriptedFetcher,
    pub(crate) clock: ManualClock,
    /// All that the program was told.
    pub(crate) said: Arc<Mutex<String>>,
}

impl Rig {
    pub(crate) fn new(cache: RedisCacheBuilder) -> Self {
        Self::with(cache, ScriptedFetcher::default())
    }

    pub(crate) fn with(cache: RedisCacheBuilder, script: ScriptedFetcher) -> Self {
        let clock = ManualClock::new();
        let said = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&said);
        let cache = cache.clock(clock.clone()).build().unwrap();
        let client = GrowthBookClient::builder()
            .fetcher(script.clone())
            .cache(cache)
            .clock(clock.clone())
            .on_error(move |error| {
                let cause = error.source().and_then(Error::source);
                let words = format!(
                    "{error} {error:?} {}\n",
                    cause.map_or(String::new(), ToString::to_string)
                );
                told.lock().unwrap().push_str(&words);
            })
            .build();
        Self {
            client: client.unwrap(),
            script,
            clock,
            said,
        }
    }

    /// What the script's payloads are stored under.
    pub(crate) fn key(&self) -> CacheKey {
        self.script.cache_key()
    }

    pub(crate) fn value(&self) -> i32 {
        let user = UserContext::new(Attributes::new());
        self.client.scope(user).value("f", -1)
    }

    /// How often something was said.
    pub(crate) fn told(&self, words: &str) -> usize {
        self.said.lock().unwrap().matches(words).count()
    }
}

pub(crate) fn fresh(value: u32) -> Fetched {
    let bytes = format!(r#"{{"features":{{"f":{{"defaultValue":{value}}}}}}}"#);
    let validator = Validator::new(format!("\"v{value}\""));
    Fetched::Fresh(CachedPayload::new(bytes.into_bytes()).with_validator(validator))
}

pub(crate) fn words<T: fmt::Debug>(outcome: Result<T, BackendError>) -> String {
    let error = outcome.unwrap_err();
    error.source().unwrap().to_string()
}

pub(crate) fn unchanged() -> Fetched {
    Fetched::Unchanged { max_age: None }
}

/// What a new process finds.
pub(crate) fn stored(server: &RedisServer, rig: &Rig) -> Option<CachedPayload> {
    let cache = patient(&server.url()).build().unwrap();
    cache.load(&rig.key()).unwrap()
}
