//! What a server calls a payload belongs to that payload alone: otherwise `304` would keep the wrong features for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime};

use growthbook_core::{
    CacheKey, Clock, FeatureFetcher, FetchError, Fetched, GrowthBookClient, Refresh, SystemClock,
    UserContext, Validator,
};

use super::puppets::cache_key;
use super::scripted::{Script, Shelf, features, fresh, served, unchanged};
use super::support::{MANY_ROUNDS, watched_for};

#[test]
fn what_the_program_loaded_is_not_taken_for_what_the_server_has() {
    let script = Arc::new(Script::default());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .build()
        .unwrap();
    script.then(fresh(1)).then(fresh(1));
    client.refresh().unwrap();
    client.load(features(2).as_bytes()).unwrap();
    assert_eq!(client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(script.asked(), [None, None]);
}

#[test]
fn a_payload_loaded_during_a_request_is_never_kept_under_the_old_name() {
    /// Loads another payload while it asks whether there is one.
    #[derive(Debug)]
    struct Interrupted(Arc<OnceLock<GrowthBookClient>>);
    impl FeatureFetcher for Interrupted {
        fn cache_key(&self) -> CacheKey {
            cache_key()
        }

        fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
            if known.is_none() {
                return Ok(fresh(1));
            }
            self.0.get().unwrap().load(features(2).as_bytes()).unwrap();
            Ok(unchanged())
        }
    }
    let cell: Arc<OnceLock<GrowthBookClient>> = Arc::default();
    let shelf = Arc::new(Shelf::default());
    let client = GrowthBookClient::builder()
        .fetcher(Interrupted(Arc::clone(&cell)))
        .cache(Arc::clone(&shelf))
        .build()
        .unwrap();
    client.force_refresh().unwrap();
    assert_eq!(*shelf.entry().unwrap().bytes(), *served(1).bytes());
    cell.set(client.clone()).unwrap();
    client.force_refresh().unwrap();
    assert_eq!(value(&client), 2, "what was loaded is in force");
    let entry = shelf.entry().unwrap();
    assert_eq!(*entry.bytes(), *served(1).bytes());
    assert_eq!(entry.validator(), served(1).validator());
    assert_eq!(
        client.status().readiness(),
        growthbook_core::Readiness::Live
    );
    client.close(Duration::ZERO);
}

#[test]
fn a_payload_loaded_while_another_is_put_in_force_has_no_name_of_the_others() {
    /// Loads a payload when the client looks at the date of another one that has just arrived.
    #[derive(Debug)]
    struct Meddler(Arc<OnceLock<GrowthBookClient>>, AtomicBool);
    impl Clock for Meddler {
        fn now(&self) -> SystemTime {
            if let Some(client) = self.0.get()
                && self.1.swap(false, Ordering::Relaxed)
            {
                client.load(features(2).as_bytes()).unwrap();
            }
            SystemTime::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            SystemClock::new().monotonic()
        }
    }
    let (script, cell) = (Arc::new(Script::default()), Arc::default());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .clock(Meddler(Arc::clone(&cell), AtomicBool::new(true)))
        .build()
        .unwrap();
    cell.set(client.clone()).unwrap();
    // What was loaded overtakes the first answer, so the server is asked once more.
    script.then(fresh(1)).then(fresh(1));
    client.force_refresh().unwrap();
    assert_eq!(script.asked().len(), 2);
    check_name(&client, &script);
    client.close(Duration::ZERO);
}

#[test]
fn whoever_comes_last_brings_the_name_along() {
    watched_for(MANY_ROUNDS, "loads against refreshes", || {
        for _ in 0..ROUNDS {
            let script = Arc::new(Script::default());
            let client = GrowthBookClient::builder()
                .fetcher(Arc::clone(&script))
                .build()
                .unwrap();
            script.then(fresh(1)).then(fresh(1));
            let start = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    client.load(features(2).as_bytes()).unwrap();
                });
                start.wait();
                client.force_refresh().unwrap();
            });
            check_name(&client, &script);
        }
    });
}

/// The server is asked about what is in force, or about nothing.
fn check_name(client: &GrowthBookClient, script: &Script) {
    script.forget();
    script.asked();
    let expected = match value(client) {
        1 => Some("v1".to_owned()),
        _ => None,
    };
    script.then(unchanged());
    // That nothing has not changed is no answer.
    let is_answer = expected.is_some();
    assert_eq!(client.force_refresh().is_ok(), is_answer);
    assert_eq!(script.asked(), [expected], "in force: {}", value(client));
}

fn value(client: &GrowthBookClient) -> u32 {
    client.value("f", &UserContext::default(), 0)
}

const ROUNDS: usize = 500;
