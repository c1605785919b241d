//! One refresh at a time, whoever asks, and what it tells.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use growthbook_core::{
    BackendError, CacheKey, CachedPayload, Clock, FeatureCache, FeatureFetcher, FetchError,
    Fetched, GrowthBookClient, Refresh, RefreshError, UserContext, Validator,
};

use super::puppets::cache_key;
use super::scripted::{HandClock, Script, Shelf, features, fresh, served, unchanged};
use super::support::{Gate, MANY_ROUNDS, give_way, watched, watched_for};

#[test]
fn a_hundred_who_ask_at_once_make_one_request() {
    watched_for(MANY_ROUNDS, "a hundred refreshes", || {
        let crowd = Crowd::default();
        let answers = crowd.ask(GrowthBookClient::refresh, |_| Ok(fresh(7)));
        assert_eq!(crowd.fetches(), 1);
        for answer in answers {
            // Who came after the landing found everything fresh.
            assert!(
                matches!(answer, Ok(Refresh::Updated | Refresh::Fresh)),
                "{answer:?}"
            );
        }
    });
}

#[test]
fn who_forces_a_refresh_is_not_put_off_with_what_a_cache_has() {
    watched_for(MANY_ROUNDS, "a forced refresh during another one", || {
        // Most often the one that forces it comes while the other one is at it.
        for _ in 0..20 {
            let (script, clock) = (Arc::new(Script::default()), HandClock::new());
            let (arrive, arrived) = channel();
            let (shelf, gate) = (Shelf::default(), Arc::new(Gate::default()));
            shelf.put(&served(5).with_fetched_at(clock.now()));
            let cache = Slow {
                shelf,
                arrive: Mutex::new(arrive.clone()),
                gate: Arc::clone(&gate),
            };
            let client = GrowthBookClient::builder()
                .fetcher(Arc::clone(&script))
                .cache(cache)
                .clock(clock)
                .build()
                .unwrap();
            script.then(fresh(6));
            thread::scope(|threads| {
                let asking = threads.spawn(|| client.refresh());
                arrived.recv().unwrap();
                let forcing = threads.spawn(|| {
                    arrive.send(()).unwrap();
                    client.force_refresh()
                });
                arrived.recv().unwrap();
                give_way();
                gate.open();
                assert_eq!(asking.join().unwrap().unwrap(), Refresh::FromCache);
                assert_eq!(forcing.join().unwrap().unwrap(), Refresh::Updated);
            });
            assert_eq!(script.asked().len(), 1);
        }
    });
}

#[test]
fn a_payload_is_kept_once() {
    let (script, shelf, clock) = (
        Arc::new(Script::default()),
        Arc::<Shelf>::default(),
        HandClock::new(),
    );
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .cache(Arc::clone(&shelf))
        .clock(clock)
        .build()
        .unwrap();
    let first = served(1);
    script.then(Fetched::Fresh(first.clone()));
    assert_eq!(client.force_refresh().unwrap(), Refresh::Updated);
    assert!(Arc::ptr_eq(client.ruleset().payload(), first.bytes()));
    // The same once more, in other bytes, which are let go of.
    let again = served(1).with_validator(Validator::new("again"));
    let bytes = Arc::downgrade(again.bytes());
    script.then(Fetched::Fresh(again));
    assert_eq!(client.force_refresh().unwrap(), Refresh::Unchanged);
    script.then(unchanged());
    assert_eq!(client.force_refresh().unwrap(), Refresh::Unchanged);
    let entry = shelf.entry().unwrap();
    assert_eq!(entry.validator().map(Validator::as_str), Some("again"));
    assert!(Arc::ptr_eq(entry.bytes(), first.bytes()));
    assert_eq!(bytes.strong_count(), 0);
}

/// To free a large payload takes long, and whoever serves a request has no time for it.
#[test]
fn what_was_in_force_is_freed_by_whoever_refreshes() {
    let script = Arc::new(Script::default());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .build()
        .unwrap();
    let refresh = |answer, expected| {
        let before = Arc::downgrade(&client.ruleset());
        script.then(answer);
        assert_eq!(client.force_refresh().unwrap(), expected);
        before
    };
    refresh(fresh(1), Refresh::Updated);
    let first = refresh(fresh(2), Refresh::Updated);
    assert_eq!(first.strong_count(), 0, "nobody looked at it");
    for (next, answer, expected) in [
        (3, unchanged(), Refresh::Unchanged),
        (4, fresh(5), Refresh::Updated),
    ] {
        let scope = client.scope(UserContext::default());
        let result = scope.evaluate("f");
        let seen = refresh(fresh(next), Refresh::Updated);
        drop(scope);
        drop(result);
        assert_eq!(seen.strong_count(), 1, "whoever looked at it freed it");
        refresh(answer, expected);
        assert_eq!(seen.strong_count(), 0, "it is not needed any more");
    }
    let scope = client.scope(UserContext::default());
    let seen = Arc::downgrade(scope.ruleset());
    drop(client.load(features(6).as_bytes()).unwrap());
    drop(scope);
    client.load(features(7).as_bytes()).unwrap();
    assert_eq!(seen.strong_count(), 0, "it is not needed any more");
}

#[test]
fn an_older_answer_does_not_replace_a_newer_one() {
    let (script, shelf, clock) = (
        Arc::new(Script::default()),
        Arc::default(),
        HandClock::new(),
    );
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .cache(Arc::<Shelf>::clone(&shelf))
        .clock(clock.clone())
        .build()
        .unwrap();
    let value = || client.value("f", &UserContext::default(), 0);
    let check = |payload: CachedPayload, expected: (Refresh, u32)| {
        script.then(Fetched::Fresh(payload));
        assert_eq!((client.force_refresh().unwrap(), value()), expected);
    };
    check(dated(2, "2026-01-02T00:00:00.000Z"), (Refresh::Updated, 2));
    script.asked();
    check(
        dated(1, "2026-01-01T23:59:59.999Z"),
        (Refresh::Unchanged, 2),
    );
    assert_eq!(client.refresh().unwrap(), Refresh::Fresh, "it was heard");
    let entry = shelf.entry().unwrap();
    assert_eq!(entry.validator().map(Validator::as_str), Some("v2"));
    // What it is called stays as well, and so does what is in force when a cache has the older one.
    clock.pass(Duration::from_secs(60));
    shelf.put(&dated(1, "2026-01-01T00:00:00.000Z").with_fetched_at(clock.now()));
    script.then(unchanged());
    assert_eq!(client.refresh().unwrap(), Refresh::Unchanged);
    let v2 = Some("v2".to_owned());
    assert_eq!((script.asked(), value()), (vec![v2.clone(), v2], 2));
    // Of these nobody knows which is older; and what the program loads is its own affair.
    check(dated(3, "yesterday"), (Refresh::Updated, 3));
    check(dated(4, "2026-01-02T00:00:00.000Z"), (Refresh::Updated, 4));
    check(dated(5, "2026-01-02T00:00:00.000Z"), (Refresh::Updated, 5));
    let load = |payload: &CachedPayload| client.load(payload.bytes()).unwrap();
    load(&dated(6, "2026-01-01T00:00:00.000Z"));
    assert_eq!(value(), 6);
    load(&dated(7, "2099-01-01T00:00:00.000Z"));
    check(dated(8, "2026-01-02T00:00:00.000Z"), (Refresh::Updated, 8));
}

#[test]
fn those_who_wait_get_the_error_of_the_one_that_they_wait_for() {
    watched_for(MANY_ROUNDS, "failing refreshes", || {
        // Each failure has a number, so that it shows who shares which.
        until_shared(|limit| Err(FetchError::TooLarge { limit }));
    });
}

#[test]
fn those_who_wait_are_woken_by_a_panic() {
    watched_for(MANY_ROUNDS, "panicking refreshes", || {
        until_shared(|_| panic!("on the way"));
    });
}

/// Repeats until at least one thread has waited for another: usually that is at once.
fn until_shared(answer: fn(usize) -> Result<Fetched, FetchError>) {
    loop {
        let crowd = Crowd::default();
        let answers = crowd.ask(GrowthBookClient::force_refresh, answer);
        let mut numbers = BTreeSet::new();
        for answer in answers {
            match answer.unwrap_err() {
                RefreshError::Fetch(FetchError::TooLarge { limit }) => {
                    numbers.insert(limit);
                }
                RefreshError::Panicked => {}
                other => panic!("{other:?}"),
            }
        }
        let fetches = crowd.fetches();
        assert!(numbers.is_empty() || numbers == (0..fetches).collect());
        assert_eq!(crowd.client().status().refresh_failures(), fetches as u64);
        if fetches < CROWD {
            return;
        }
    }
}

#[test]
fn a_failed_refresh_is_in_the_status_whatever_failed() {
    let script = Arc::new(Script::default());
    script.then(fresh(1)).fail(FetchError::TimedOut);
    script.then(fresh(2));
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .build()
        .unwrap();
    client.force_refresh().unwrap();
    assert!(client.force_refresh().is_err());
    let status = client.status();
    assert!(matches!(status.last_error(), Some(RefreshError::Fetch(_))));
    assert_eq!(status.refresh_failures(), 1);
    assert_eq!(value(&client), 1, "what was in force stays in force");
    client.force_refresh().unwrap();
    let status = client.status();
    assert!(status.last_error().is_none());
    assert_eq!(status.refresh_failures(), 1, "it is a sum");

    let client = GrowthBookClient::builder()
        .fetcher(Mine(|| panic!("on purpose")))
        .build()
        .unwrap();
    assert!(matches!(client.refresh(), Err(RefreshError::Panicked)));
    let status = client.status();
    assert!(matches!(status.last_error(), Some(RefreshError::Panicked)));
    assert_eq!(status.refresh_failures(), 1);
}

#[test]
fn what_is_no_payload_is_refused_and_stays_out_of_the_caches() {
    let (script, shelf) = (Arc::new(Script::default()), Arc::new(Shelf::default()));
    let client = GrowthBookClient::builder()
        .payload(features(1))
        .fetcher(Arc::clone(&script))
        .cache(Arc::clone(&shelf))
        .build()
        .unwrap();
    for body in ["{}", "[]", "null", "<html>", r#"{"features":null}"#, ""] {
        let payload = CachedPayload::new(body.as_bytes());
        script.then(Fetched::Fresh(payload));
        let refused = client.force_refresh();
        assert!(matches!(refused, Err(RefreshError::Payload(_))), "{body}");
        assert_eq!(value(&client), 1, "{body}");
        assert_eq!(shelf.entry(), None, "{body}");
    }
}

#[test]
fn a_refresh_within_a_refresh_is_told_so() {
    let cell: Arc<OnceLock<GrowthBookClient>> = Arc::default();
    let inner: Arc<Mutex<Vec<bool>>> = Arc::default();
    let (asker, noted) = (Arc::clone(&cell), Arc::clone(&inner));
    let client = GrowthBookClient::builder()
        .fetcher(Mine(move || {
            let answer = asker.get().unwrap().force_refresh();
            let is_in_progress = matches!(answer, Err(RefreshError::InProgress));
            noted.lock().unwrap().push(is_in_progress);
            Ok(fresh(1))
        }))
        .build()
        .unwrap();
    cell.set(client.clone()).unwrap();
    assert_eq!(client.refresh().unwrap(), Refresh::Updated);
    assert_eq!(*inner.lock().unwrap(), [true]);
}

#[test]
fn errors_and_news_are_told_after_the_landing() {
    watched("refreshing in callbacks", || {
        let (script, shelf) = (Arc::new(Script::default()), Arc::new(Shelf::default()));
        script.then(fresh(1)).then(unchanged()).then(unchanged());
        shelf.set_down(true);
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let cell: Arc<OnceLock<GrowthBookClient>> = Arc::default();
        let callback = |kind: &'static str| {
            let (told, cell) = (Arc::clone(&told), Arc::clone(&cell));
            move || {
                // In flight, this would be `InProgress`, or wait for ever in another thread.
                let client = cell.get().unwrap().clone();
                let answer = thread::spawn(move || client.refresh()).join().unwrap();
                told.lock().unwrap().push(format!("{kind} {answer:?}"));
            }
        };
        let (failed, refreshed) = (callback("error"), callback("news"));
        let client = GrowthBookClient::builder()
            .fetcher(Arc::clone(&script))
            .cache(Arc::clone(&shelf))
            .on_error(move |_| failed())
            .on_refresh(move |_| refreshed())
            .build()
            .unwrap();
        cell.set(client.clone()).unwrap();
        assert_eq!(client.refresh().unwrap(), Refresh::Updated);
        // The cache failed when it was asked, and again when it was to be written.
        let expected = ["error Ok(Fresh)", "error Ok(Fresh)", "news Ok(Fresh)"];
        assert_eq!(*told.lock().unwrap(), expected);
        client.close(Duration::ZERO);
    });
}

#[test]
fn what_is_fresh_is_not_asked_for() {
    let (script, clock) = (Arc::new(Script::default()), HandClock::new());
    script.then(fresh(1)).then(unchanged()).then(unchanged());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .clock(clock.clone())
        .build()
        .unwrap();
    let refresh_after = |seconds| {
        clock.pass(Duration::from_secs(seconds));
        client.refresh().unwrap()
    };
    assert_eq!(refresh_after(0), Refresh::Updated);
    assert_eq!(refresh_after(59), Refresh::Fresh);
    assert_eq!(refresh_after(1), Refresh::Unchanged);
    assert_eq!(refresh_after(59), Refresh::Fresh, "it was confirmed");
    assert_eq!(client.force_refresh().unwrap(), Refresh::Unchanged);
    let v1 = Some("v1".to_owned());
    assert_eq!(script.asked(), [None, v1.clone(), v1]);
}

#[test]
fn a_closed_client_refuses_to_refresh() {
    let script = Arc::new(Script::default());
    let client = GrowthBookClient::builder()
        .fetcher(Arc::clone(&script))
        .build()
        .unwrap();
    client.close(Duration::ZERO);
    assert!(matches!(client.refresh(), Err(RefreshError::Closed)));
    assert!(matches!(client.force_refresh(), Err(RefreshError::Closed)));
    assert!(script.asked().is_empty());
}

/// Many threads that ask one client at once.
#[derive(Default)]
struct Crowd {
    fetches: Arc<AtomicUsize>,
    client: OnceLock<GrowthBookClient>,
}

impl Crowd {
    fn ask(
        &self,
        how: fn(&GrowthBookClient) -> Result<Refresh, RefreshError>,
        answer: fn(usize) -> Result<Fetched, FetchError>,
    ) -> Vec<Result<Refresh, RefreshError>> {
        let (start, fetches) = (Arc::new(Barrier::new(CROWD)), Arc::clone(&self.fetches));
        let client = GrowthBookClient::builder().fetcher(Mine(move || {
            let number = fetches.fetch_add(1, Ordering::SeqCst);
            give_way();
            answer(number)
        }));
        let client = self.client.get_or_init(|| client.build().unwrap());
        thread::scope(|scope| {
            let ask = || {
                start.wait();
                how(client)
            };
            let threads: Vec<_> = (0..CROWD).map(|_| scope.spawn(ask)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        })
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn client(&self) -> &GrowthBookClient {
        self.client.get().unwrap()
    }
}

/// A fetcher that is a closure.
struct Mine<F>(F);

impl<F> std::fmt::Debug for Mine<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mine")
    }
}

impl<F: Fn() -> Result<Fetched, FetchError> + Send + Sync + 'static> FeatureFetcher for Mine<F> {
    fn cache_key(&self) -> CacheKey {
        cache_key()
    }

    fn fetch(&self, _: Option<&Validator>) -> Result<Fetched, FetchError> {
        (self.0)()
    }
}

fn value(client: &GrowthBookClient) -> u32 {
    client.value("f", &UserContext::default(), 0)
}

const CROWD: usize = 100;

/// A cache that answers when it may.
#[derive(Debug)]
struct Slow {
    shelf: Shelf,
    arrive: Mutex<Sender<()>>,
    gate: Arc<Gate>,
}

impl FeatureCache for Slow {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        self.arrive.lock().unwrap().send(()).unwrap();
        self.gate.pass();
        self.shelf.load(key)
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        self.shelf.store(key, payload)
    }
}

fn dated(value: u32, date: &str) -> CachedPayload {
    let body = features(value).replacen('{', &format!(r#"{{"dateUpdated":"{date}","#), 1);
    CachedPayload::new(body.into_bytes()).with_validator(Validator::new(format!("v{value}")))
}
