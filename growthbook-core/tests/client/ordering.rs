//! Payloads that come in another order than they were made (F36, F37), and sources that refresh by the client.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime};

use growthbook_core::{
    BackendError, BuildError, CacheKey, CachedPayload, Clock, DecryptionKey, FeatureCache,
    FeatureFetcher, FetchError, Fetched, GrowthBookClient, Lease, PayloadSink, PayloadSource,
    Readiness, Refresh, RefreshError, RefreshMode, SourceHandle, SourceStatus, UserContext,
    Validator,
};

use super::puppets::cache_key;
use super::scripted::{HandClock, Script, Shelf, Turns, features, fresh, served, unchanged};
use super::support::{Gate, watched};

#[test]
fn an_answer_that_was_overtaken_is_asked_for_again() {
    let (client, sink) = sourced(|builder| builder);
    let pushing = Pushing::new(&sink, [Some(served(2)), None]);
    pushing.script.then(fresh(1)).then(fresh(3));
    let refreshed = sink.refresh(&pushing, RefreshMode::Forced);
    assert_eq!((refreshed.unwrap(), value(&client)), (Refresh::Updated, 3));
    assert_eq!(pushing.script.asked().len(), 2);
}

#[test]
fn an_answer_of_the_same_bytes_was_not_overtaken() {
    let (client, sink) = sourced(|builder| builder);
    let bare = CachedPayload::new(features(1).into_bytes());
    let pushing = Pushing::new(&sink, [Some(bare)]);
    pushing.script.then(fresh(1));
    let refreshed = sink.refresh(&pushing, RefreshMode::Forced);
    assert_eq!(
        (refreshed.unwrap(), value(&client)),
        (Refresh::Unchanged, 1)
    );
    let known = sink.validator();
    assert_eq!(known.as_ref().map(Validator::as_str), Some("v1"));
    // What is pushed again says nothing of the name, so the name stays.
    let again = CachedPayload::new(features(1).into_bytes());
    sink.deliver(&cache_key(), again).unwrap();
    assert_eq!(sink.validator(), known);
}

#[test]
fn dates_decide_where_there_are_dates() {
    for (answered, expected) in [
        ("2026-01-02T00:00:00.000Z", 2),
        ("2026-01-04T00:00:00.000Z", 1),
    ] {
        let (client, sink) = sourced(|builder| builder);
        let pushed = dated(2, "2026-01-03T00:00:00.000Z");
        let pushing = Pushing::new(&sink, [Some(pushed)]);
        pushing.script.then(Fetched::Fresh(dated(1, answered)));
        sink.refresh(&pushing, RefreshMode::Forced).unwrap();
        assert_eq!(value(&client), expected, "{answered}");
        assert_eq!(pushing.script.asked().len(), 1, "nobody need ask again");
        let outdated = client.status().refreshes().outdated();
        assert_eq!(outdated, u64::from(expected == 2));
    }
}

#[test]
fn dates_that_are_equal_do_not_decide() {
    let (client, sink) = sourced(|builder| builder);
    let date = "2026-01-03T00:00:00.000Z";
    let pushing = Pushing::new(&sink, [Some(dated(2, date)), None]);
    let script = &pushing.script;
    script.then(Fetched::Fresh(dated(1, date)));
    script.then(Fetched::Fresh(dated(3, date)));
    sink.refresh(&pushing, RefreshMode::Forced).unwrap();
    assert_eq!((value(&client), script.asked().len()), (3, 2));
}

#[test]
fn a_server_that_is_always_overtaken_is_not_asked_for_ever() {
    let (client, sink) = sourced(|builder| builder);
    let pushing = Pushing::new(&sink, (10..30).map(served).map(Some));
    for _ in 0..20 {
        pushing.script.then(fresh(1));
    }
    let refreshed = sink.refresh(&pushing, RefreshMode::Forced).unwrap();
    assert_eq!(refreshed, Refresh::Unchanged);
    assert!(value(&client) >= 10, "what was pushed is in force");
    assert_eq!(pushing.script.asked().len(), 3);
}

#[test]
fn who_knows_of_a_change_gets_it_though_an_older_answer_is_under_way() {
    watched("forced refreshes during a request", || {
        let (arrive, arrived) = channel();
        let server = Arc::new(Slow::new(arrive));
        let client = GrowthBookClient::builder().fetcher(Arc::clone(&server));
        let client = client.build().unwrap();
        thread::scope(|threads| {
            let early = threads.spawn(|| client.refresh());
            arrived.recv().unwrap();
            // The answer that is under way is the old one.
            server.version.store(2, Ordering::SeqCst);
            let late = [(); 8].map(|()| {
                threads.spawn(|| {
                    let refreshed = client.force_refresh();
                    (refreshed.is_ok(), value(&client))
                })
            });
            server.gate.open();
            early.join().unwrap().unwrap();
            for late in late {
                assert_eq!(late.join().unwrap(), (true, 2));
            }
        });
    });
}

#[test]
fn what_another_process_cached_spares_a_scheduled_request_and_our_own_does_not() {
    let (shelf, clock) = (Arc::new(Shelf::default()), HandClock::new());
    let (client, sink) = sourced(|builder| {
        let builder = builder.cache(Arc::clone(&shelf));
        builder.clock(clock.clone())
    });
    let script = Script::default();
    script.then(fresh(1)).then(unchanged());
    let scheduled = |sink: &PayloadSink| sink.refresh(&script, RefreshMode::Scheduled).unwrap();
    assert_eq!(scheduled(&sink), Refresh::Updated);
    assert_eq!(sink.fresh_for(), Some(Duration::from_secs(60)));
    clock.pass(Duration::from_secs(50));
    assert_eq!(sink.fresh_for(), Some(Duration::from_secs(10)));
    assert_eq!(
        sink.refresh(&script, RefreshMode::IfStale).unwrap(),
        Refresh::Fresh
    );
    assert_eq!(scheduled(&sink), Refresh::Unchanged, "we wrote the entry");
    clock.pass(Duration::from_secs(50));
    shelf.put(&served(2).with_fetched_at(clock.now()));
    assert_eq!(scheduled(&sink), Refresh::FromCache);
    assert_eq!((script.asked().len(), value(&client)), (2, 2));
    let counts = client.status().refreshes();
    assert_eq!(
        (counts.updated(), counts.unchanged(), counts.from_cache()),
        (1, 1, 1)
    );
    clock.pass(Duration::from_secs(60));
    assert_eq!(sink.fresh_for(), None);
}

#[test]
fn an_older_payload_does_not_stay_in_the_caches() {
    watched("a slow cache", || {
        let (cell, shelf) = (Arc::default(), Arc::new(Shelf::default()));
        let slow = Overtaken {
            shelf: Arc::clone(&shelf),
            sink: Arc::clone(&cell),
        };
        let (client, sink) = sourced(|builder| builder.cache(slow));
        cell.set(sink.clone()).unwrap();
        sink.deliver(&cache_key(), served(1)).unwrap();
        assert_eq!(value(&client), 2);
        let entry = shelf.entry().unwrap();
        assert_eq!(**entry.bytes(), *features(2).as_bytes());
        assert_eq!(entry.validator().map(Validator::as_str), Some("v2"));
    });
}

/// While the first payload is being stored, another one comes, is put in force and stored.
#[derive(Debug)]
struct Overtaken {
    shelf: Arc<Shelf>,
    sink: Arc<OnceLock<PayloadSink>>,
}

impl FeatureCache for Overtaken {
    fn load(&self, _: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        Ok(None)
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        if *payload.bytes() == *served(1).bytes() {
            let sink = self.sink.get().unwrap().clone();
            let delivering = thread::spawn(move || sink.deliver(&cache_key(), served(2)));
            delivering.join().unwrap().unwrap();
        }
        self.shelf.store(key, payload)
    }
}

#[test]
fn a_refresh_by_a_source_is_counted_and_told() {
    let told = Arc::new(AtomicUsize::new(0));
    let (client, sink) = sourced(|builder| {
        let told = Arc::clone(&told);
        builder.on_error(move |_| {
            told.fetch_add(1, Ordering::SeqCst);
        })
    });
    let script = Script::default();
    let no_payload = CachedPayload::new(*b"{}");
    script.fail(FetchError::TimedOut);
    script.then(Fetched::Fresh(no_payload));
    for _ in 0..2 {
        assert!(sink.refresh(&script, RefreshMode::Scheduled).is_err());
    }
    let status = client.status();
    let counts = status.refreshes();
    assert_eq!((counts.failed(), counts.rejected()), (2, 1));
    assert_eq!(told.load(Ordering::SeqCst), 2);
    assert_eq!(status.readiness(), Readiness::Empty);
    client.close(Duration::ZERO);
    let late = sink.refresh(&script, RefreshMode::Forced);
    assert!(matches!(late, Err(RefreshError::Closed)));
}

#[test]
fn an_answer_that_comes_after_the_end_is_not_put_in_force() {
    let (client, sink) = sourced(|builder| builder);
    let closing = Closing(client.clone());
    let refreshed = sink.refresh(&closing, RefreshMode::Forced);
    assert!(matches!(refreshed, Err(RefreshError::Closed)));
    assert_eq!(value(&client), 0);
}

#[test]
fn an_entry_of_a_cache_that_was_overtaken_is_passed_over() {
    let (shelf, clock) = (
        Arc::new(Shelf::default()),
        Arc::new(PushingClock::default()),
    );
    let (client, sink) = sourced(|builder| {
        let builder = builder.cache(Arc::clone(&shelf));
        builder.clock(Arc::clone(&clock))
    });
    let script = Script::default();
    script.then(fresh(1)).then(unchanged());
    sink.refresh(&script, RefreshMode::Scheduled).unwrap();
    clock.time.pass(Duration::from_secs(10));
    shelf.put(&served(2).with_fetched_at(clock.now()));
    // When the entry has been looked at, and is not in force yet.
    *clock.push.lock().unwrap() = Some((sink.clone(), served(3)));
    let refreshed = sink.refresh(&script, RefreshMode::Scheduled).unwrap();
    assert_eq!((refreshed, value(&client)), (Refresh::Unchanged, 3));
}

#[test]
fn a_lazy_source_is_nudged_when_what_is_in_force_is_the_programs_own() {
    let nudges = Arc::new(AtomicUsize::new(0));
    let source = Held {
        sink: Arc::default(),
        nudges: Some(Arc::clone(&nudges)),
        key: None,
    };
    let builder = GrowthBookClient::builder().source(source);
    let client = builder.payload(features(1)).build().unwrap();
    assert_eq!(value(&client), 1);
    assert_eq!(nudges.load(Ordering::SeqCst), 0, "it is at it by itself");
    client.load(features(2).as_bytes()).unwrap();
    assert_eq!((value(&client), value(&client)), (2, 2));
    assert_eq!(nudges.load(Ordering::SeqCst), 1);
}

#[test]
fn only_a_lazy_source_is_nudged_and_once_until_something_has_come() {
    for is_lazy in [false, true] {
        let (clock, nudges) = (HandClock::new(), Arc::new(AtomicUsize::new(0)));
        let cell = Arc::default();
        let source = Held {
            sink: Arc::clone(&cell),
            nudges: is_lazy.then(|| Arc::clone(&nudges)),
            key: None,
        };
        let builder = GrowthBookClient::builder().source(source);
        let client = builder.clock(clock.clone()).build().unwrap();
        let sink: PayloadSink = cell.get().cloned().unwrap();
        let count = || {
            value(&client);
            value(&client);
            drop(client.scope(UserContext::default()));
            nudges.swap(0, Ordering::SeqCst)
        };
        let expected = usize::from(is_lazy);
        assert_eq!(count(), 0, "at first the source is at it by itself");
        sink.deliver(&cache_key(), served(1)).unwrap();
        assert_eq!(count(), 0);
        clock.pass(Duration::from_secs(60));
        assert_eq!(count(), expected);
        assert_eq!(count(), 0, "it is at it");
        sink.fail(FetchError::TimedOut);
        assert_eq!(count(), expected);
        sink.confirm(&cache_key(), &sink.validator().unwrap(), None);
        assert_eq!(count(), 0);
        clock.pass(Duration::from_secs(60));
        client.close(Duration::ZERO);
        assert_eq!(count(), 0, "nobody is nudged after the end");
    }
}

#[test]
fn a_lazy_source_is_nudged_again_when_another_process_was_to_ask() {
    let (clock, nudges) = (HandClock::new(), Arc::new(AtomicUsize::new(0)));
    let (cell, turns) = (Arc::default(), Arc::new(Turns::default()));
    let source = Held {
        sink: Arc::clone(&cell),
        nudges: Some(Arc::clone(&nudges)),
        key: None,
    };
    let builder = GrowthBookClient::builder().source(source);
    let builder = builder.cache(Arc::clone(&turns));
    let client = builder.clock(clock.clone()).build().unwrap();
    let sink: PayloadSink = cell.get().cloned().unwrap();
    sink.deliver(&cache_key(), served(1)).unwrap();
    clock.pass(Duration::from_secs(60));
    assert_eq!((value(&client), nudges.load(Ordering::SeqCst)), (1, 1));
    let elsewhere = turns.lease(&cache_key(), Duration::from_secs(10)).unwrap();
    assert_ne!(elsewhere, Lease::Taken);
    let answer = sink.refresh(&Script::default(), RefreshMode::Scheduled);
    assert_eq!(answer.unwrap(), Refresh::Fresh);
    assert_eq!((value(&client), value(&client)), (1, 1));
    assert_eq!(nudges.load(Ordering::SeqCst), 2, "that one may have died");
}

#[test]
fn the_builders_key_comes_before_the_sources() {
    let right = || DecryptionKey::new("AAECAwQFBgcICQoLDA0ODw==").unwrap();
    let wrong = || DecryptionKey::new("BBECAwQFBgcICQoLDA0ODw==").unwrap();
    let sealed = br#"{"features": {}, "encryptedFeatures": "EBESExQVFhcYGRobHB0eHw==.ZUqxZDYlCVb8ym0TBUEQ/2xdXnrtQHT0WmMsfDgATMG0ONhLcAlC3dE84XN+XjnK"}"#;
    let source = |key| Held {
        sink: Arc::default(),
        nudges: None,
        key,
    };
    let opens = |builder: growthbook_core::GrowthBookClientBuilder, key| {
        let built = builder.source(source(key)).payload(*sealed).build();
        built.is_ok_and(|client| client.is_on("dark-mode", &UserContext::default()))
    };
    assert!(opens(GrowthBookClient::builder(), Some(right())));
    assert!(!opens(GrowthBookClient::builder(), None));
    let with = |key| GrowthBookClient::builder().decryption_key(key);
    assert!(opens(with(right()), Some(wrong())));
    assert!(!opens(with(wrong()), Some(right())));
}

/// A client, and the sink of its source.
fn sourced(
    configure: impl FnOnce(
        growthbook_core::GrowthBookClientBuilder,
    ) -> growthbook_core::GrowthBookClientBuilder,
) -> (GrowthBookClient, PayloadSink) {
    let cell = Arc::default();
    let source = Held {
        sink: Arc::clone(&cell),
        nudges: None,
        key: None,
    };
    let builder = configure(GrowthBookClient::builder().source(source));
    let client = builder.build().unwrap();
    (client, cell.get().cloned().unwrap())
}

/// A source that does nothing but hand out its sink.
#[derive(Debug)]
struct Held {
    sink: Arc<OnceLock<PayloadSink>>,
    /// Where nudges are counted, if it is lazy.
    nudges: Option<Arc<AtomicUsize>>,
    key: Option<DecryptionKey>,
}

impl PayloadSource for Held {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        self.sink.set(sink).unwrap();
        Ok(self)
    }

    fn decryption_key(&self) -> Option<DecryptionKey> {
        self.key.clone()
    }
}

impl SourceHandle for Held {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        Err(RefreshError::TimedOut)
    }

    fn status(&self) -> SourceStatus {
        SourceStatus::default()
    }

    fn close(&self, _: Duration) {}

    fn is_lazy(&self) -> bool {
        self.nudges.is_some()
    }

    fn revalidate(&self) {
        self.nudges.as_ref().unwrap().fetch_add(1, Ordering::SeqCst);
    }
}

/// A clock that is slow to say how much time has passed: once, something is pushed meanwhile.
#[derive(Debug, Default)]
struct PushingClock {
    time: HandClock,
    push: Mutex<Option<(PayloadSink, CachedPayload)>>,
}

impl Clock for PushingClock {
    fn now(&self) -> SystemTime {
        self.time.now()
    }

    fn monotonic(&self) -> Duration {
        let push = self.push.lock().unwrap().take();
        if let Some((sink, payload)) = push {
            sink.deliver(&cache_key(), payload).unwrap();
        }
        self.time.monotonic()
    }
}

/// Asks a script, and while the answer is on its way, something is pushed.
#[derive(Debug)]
struct Pushing {
    script: Script,
    sink: PayloadSink,
    pushes: Mutex<Vec<Option<CachedPayload>>>,
}

impl Pushing {
    fn new(sink: &PayloadSink, pushes: impl IntoIterator<Item = Option<CachedPayload>>) -> Self {
        let mut pushes: Vec<Option<CachedPayload>> = pushes.into_iter().collect();
        pushes.reverse();
        Self {
            script: Script::default(),
            sink: sink.clone(),
            pushes: Mutex::new(pushes),
        }
    }
}

impl FeatureFetcher for Pushing {
    fn cache_key(&self) -> CacheKey {
        cache_key()
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let answer = self.script.fetch(known);
        let pushed = self.pushes.lock().unwrap().pop().flatten();
        if let Some(payload) = pushed {
            self.sink.deliver(&cache_key(), payload).unwrap();
        }
        answer
    }
}

/// Answers the first question late, with what it had when it was asked.
struct Slow {
    version: AtomicUsize,
    gate: Gate,
    arrive: Mutex<Sender<()>>,
}

impl Slow {
    fn new(arrive: Sender<()>) -> Self {
        Self {
            version: AtomicUsize::new(1),
            gate: Gate::default(),
            arrive: Mutex::new(arrive),
        }
    }
}

impl FeatureFetcher for Slow {
    fn cache_key(&self) -> CacheKey {
        cache_key()
    }

    fn fetch(&self, _: Option<&Validator>) -> Result<Fetched, FetchError> {
        let version = self.version.load(Ordering::SeqCst);
        self.arrive.lock().unwrap().send(()).unwrap();
        self.gate.pass();
        Ok(fresh(u32::try_from(version).unwrap()))
    }
}

impl fmt::Debug for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slow")
    }
}

/// Closes the client that asks.
#[derive(Debug)]
struct Closing(GrowthBookClient);

impl FeatureFetcher for Closing {
    fn cache_key(&self) -> CacheKey {
        cache_key()
    }

    fn fetch(&self, _: Option<&Validator>) -> Result<Fetched, FetchError> {
        self.0.close(Duration::ZERO);
        Ok(fresh(1))
    }
}

fn dated(value: u32, date: &str) -> CachedPayload {
    let features = features(value);
    let payload = features.replacen('{', &format!(r#"{{"dateUpdated":"{date}","#), 1);
    CachedPayload::new(payload.into_bytes())
}

fn value(client: &GrowthBookClient) -> u32 {
    client.value("f", &UserContext::default(), 0)
}
