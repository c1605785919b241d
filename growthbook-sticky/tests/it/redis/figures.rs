//! What it costs. `cargo test --release -p growthbook-sticky --features redis -- figures --ignored --nocapture`

use std::time::{Duration, Instant};

use growthbook_core::{StickyBucketService, StickyWrite};
use growthbook_testkit::RedisServer;

use super::super::faulty::user;
use super::{KEY, patient, start};

#[test]
#[ignore = "measures and checks nothing"]
fn figures() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let store = patient(&server).build().unwrap();
    let users: Vec<_> = (0..20_000)
        .map(|number| user(&number.to_string()))
        .collect();
    let rate = |what: &str, count: usize, took: Duration| {
        println!(
            "{what}: {:.0} per second",
            f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
        );
    };
    let started = Instant::now();
    for user in &users {
        store.save(&StickyWrite::new(user, KEY, "a")).unwrap();
    }
    rate("saves, a new document each", users.len(), started.elapsed());
    let started = Instant::now();
    for user in &users {
        store.save(&StickyWrite::new(user, "b__0", "a")).unwrap();
    }
    rate("saves into a document", users.len(), started.elapsed());
    let started = Instant::now();
    for user in &users {
        store.load(std::slice::from_ref(user)).unwrap();
    }
    rate("loads of one document", users.len(), started.elapsed());
    let started = Instant::now();
    for users in users.chunks(100) {
        let writes: Vec<_> = users
            .iter()
            .map(|user| StickyWrite::new(user, "c__0", "a"))
            .collect();
        assert!(store.save_all(&writes).iter().all(Result::is_ok));
    }
    rate("saves, 100 at once", users.len(), started.elapsed());
    let started = Instant::now();
    for users in users.chunks(100) {
        store.load(users).unwrap();
    }
    rate(
        "loads, 100 documents at once",
        users.len(),
        started.elapsed(),
    );
}
