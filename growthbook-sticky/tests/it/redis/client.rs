//! A client that evaluates while its Redis stops, dies and comes back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use growthbook_core::testing::ManualClock;
use growthbook_core::{
    Attributes, BackendError, GrowthBookClient, Saved, StickyAssignments, StickyBucketService,
    StickyIdentity, StickyWrite, UserContext, UserScope,
};
use growthbook_sticky::{Cached, RedisStickyBuckets, WriteBehind};
use growthbook_testkit::RedisServer;

use super::super::faulty::{SOON, eventually, user};
use super::{save, start};

const THREADS: usize = 4;
const USERS: usize = 100;
const FEATURES: [&str; 3] = ["before", "paused", "killed"];

/// Redis, which counts the calls of whoever is not the thread that writes.
#[derive(Debug)]
struct Watched {
    redis: RedisStickyBuckets,
    calls: Arc<AtomicUsize>,
}

impl Watched {
    fn notice(&self) {
        if thread::current().name() != Some("gb-sticky") {
            self.calls.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl StickyBucketService for Watched {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        self.notice();
        self.redis.load(identities)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.notice();
        self.redis.save(write)
    }

    fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
        self.notice();
        self.redis.save_all(writes)
    }
}

type Buckets = Cached<WriteBehind<Watched>>;

/// What a client's program has, with users whose documents are loaded.
struct Stage {
    client: GrowthBookClient,
    buckets: Arc<Buckets>,
    scopes: Vec<UserScope>,
    /// How often those who evaluate called Redis.
    calls: Arc<AtomicUsize>,
}

impl Stage {
    fn set(server: &RedisServer, clock: &ManualClock) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let redis = RedisStickyBuckets::builder(server.url()).timeout(Duration::from_secs(2));
        let redis = redis.clock(clock.clone()).build().unwrap();
        let watched = Watched {
            redis,
            calls: Arc::clone(&calls),
        };
        let behind = WriteBehind::builder(watched);
        let behind = behind.delays(Duration::from_millis(5), Duration::from_millis(20));
        let buckets = Arc::new(Cached::new(behind.build()));
        let builder = GrowthBookClient::builder().payload(payload());
        let client = builder.sticky_buckets(Arc::clone(&buckets)).build();
        let client = client.unwrap();
        let scope = |number: usize| {
            let attributes = Attributes::new().with("id", number.to_string());
            let scope = client.scope(UserContext::new(attributes));
            scope.load_sticky();
            scope
        };
        let scopes = (0..USERS).map(scope).collect();
        Self {
            client,
            buckets,
            scopes,
            calls,
        }
    }

    /// Several threads evaluate a feature for all users, again and again; what they are served.
    fn evaluate(&self, feature: &str) -> Vec<String> {
        let barrier = Barrier::new(THREADS);
        let work = || {
            barrier.wait();
            let mut served = Vec::new();
            for _ in 0..20 {
                let results = self.scopes.iter().map(|scope| scope.evaluate(feature));
                let again: Vec<String> = results
                    .map(|result| result.assignment().unwrap().variation_key().to_owned())
                    .collect();
                assert!(served.is_empty() || served == again, "everybody stays");
                served = again;
            }
            served
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
            let mut served = threads.into_iter().map(|thread| thread.join().unwrap());
            let first = served.next().unwrap();
            assert!(served.all(|served| served == first), "all threads agree");
            first
        })
    }

    fn failures(&self) -> u64 {
        self.buckets.store().report().failures()
    }
}

#[test]
fn evaluations_go_on_while_the_server_does_not_and_nothing_is_lost() {
    let Some(mut server) = start(RedisServer::builder().durable()) else {
        return;
    };
    let (clock, is_over) = (ManualClock::new(), AtomicBool::new(false));
    let stage = Stage::set(&server, &clock);
    assert_eq!(stage.client.status().sticky_failures(), 0);
    stage.calls.store(0, Ordering::SeqCst);
    let variations = thread::scope(|scope| {
        // The breaker's time runs fast.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                clock.advance(Duration::from_secs(1));
                thread::park_timeout(Duration::from_millis(5));
            }
        });
        let before = stage.evaluate("before");
        stage.client.flush(SOON).unwrap();

        server.pause().unwrap();
        // Nothing answers until `resume`, so what returns has not waited for an answer.
        let paused = stage.evaluate("paused");
        assert_eq!(stage.evaluate("before"), before);
        eventually("a failure", || stage.failures() > 0);
        assert_eq!(stage.buckets.store().report().pending(), USERS);
        server.resume().unwrap();
        stage.client.flush(SOON).unwrap();

        server.kill();
        let failures = stage.failures();
        let killed = stage.evaluate("killed");
        eventually("a failure", || stage.failures() > failures);
        assert_eq!(stage.buckets.store().report().pending(), USERS);
        server.restart().unwrap();
        // Somebody else is faster.
        save(&super::patient(&server).build().unwrap(), &user("0"), "b");
        stage.client.flush(SOON).unwrap();
        is_over.store(true, Ordering::Relaxed);
        [before, paused, killed]
    });
    let calls = stage.calls.load(Ordering::SeqCst);
    assert_eq!(calls, 0, "who evaluates does not talk to Redis");
    assert_eq!(stage.client.status().sticky_failures(), 0);
    server.restart().unwrap();
    let left = super::patient(&server).build().unwrap();
    let users: Vec<_> = (0..USERS).map(|number| user(&number.to_string())).collect();
    let documents = left.load(&users).unwrap();
    for (feature, served) in FEATURES.iter().zip(variations) {
        for (user, variation) in users.iter().zip(served) {
            let assignments = &documents[user];
            assert_eq!(assignments[&format!("{feature}__0")], variation, "{user}");
        }
    }
    assert_eq!(documents[&users[0]][super::KEY], "b", "merged");
}

/// An experiment for each feature, each with other users on each side.
fn payload() -> String {
    let features = FEATURES.map(|name| {
        format!(
            r#""{name}":{{"defaultValue":"def","rules":[{{"key":"{name}","seed":"{name}","variations":["old","new"],
            "meta":[{{"key":"ctl"}},{{"key":"new"}}]}}]}}"#
        )
    });
    format!(r#"{{"features":{{{}}}}}"#, features.join(","))
}
