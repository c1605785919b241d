//! How a client says that it is doing, and whoever waits until it is ready.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use growthbook_core::{
    BuildError, DecryptionKey, FetchError, GrowthBookClient, MemoryStickyBuckets, Origin,
    PayloadSink, PayloadSource, Readiness, Refresh, RefreshError, RefreshMode, SourceHandle,
    SourceStatus,
};

use super::puppets::cache_key;
use super::scripted::{HandClock, Shelf, features, served};
use super::support::{MANY_ROUNDS, watched, watched_for};

/// A source may have something else to do.
#[test]
fn nobody_waits_for_a_source_that_brings_nothing() {
    #[derive(Debug)]
    struct Barren;

    impl PayloadSource for Barren {
        fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
            assert!(sink.has_decryption_key() && sink.has_sticky_buckets());
            Ok(self)
        }
    }

    impl SourceHandle for Barren {
        fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
            Ok(Refresh::Fresh)
        }

        fn status(&self) -> SourceStatus {
            SourceStatus::default()
        }

        fn close(&self, _: Duration) {}

        fn brings_payloads(&self) -> bool {
            false
        }
    }

    let key = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
    let client = GrowthBookClient::builder()
        .decryption_key(key)
        .sticky_buckets(MemoryStickyBuckets::new())
        .source(Barren)
        .build()
        .unwrap();
    watched("waiting for nothing", move || {
        assert_eq!(client.wait_ready(LONG), Readiness::Empty);
    });
    let (_client, sink, _) = sourced(None);
    assert!(!sink.has_decryption_key() && !sink.has_sticky_buckets());
}

#[test]
fn each_step_shows() {
    let (client, sink, clock) = sourced(None);
    let check = |readiness, origin, failures| {
        let status = client.status();
        assert_eq!(status.readiness(), readiness);
        assert_eq!(
            (status.origin(), status.refresh_failures()),
            (origin, failures)
        );
    };
    let stale = |seconds| Readiness::Stale {
        age: Duration::from_secs(seconds),
    };
    check(Readiness::Empty, Origin::Nowhere, 0);
    sink.fail(FetchError::TimedOut);
    check(Readiness::Empty, Origin::Nowhere, 1);
    sink.deliver(&cache_key(), served(1)).unwrap();
    check(Readiness::Live, Origin::Fetched, 1);
    clock.pass(Duration::from_secs(5));
    check(Readiness::Live, Origin::Fetched, 1);
    sink.fail(FetchError::TimedOut);
    check(stale(5), Origin::Fetched, 2);
    sink.confirm(&cache_key(), &sink.validator().unwrap(), None);
    check(Readiness::Live, Origin::Fetched, 2);
    assert_eq!(client.status().age(), Some(Duration::ZERO));
    let junk = growthbook_core::CachedPayload::new(*b"{}");
    assert!(matches!(
        sink.deliver(&cache_key(), junk),
        Err(RefreshError::Payload(_))
    ));
    check(stale(0), Origin::Fetched, 3);
    client.load(features(2).as_bytes()).unwrap();
    check(Readiness::Live, Origin::Loaded, 3);
    assert_eq!(client.status().age(), None);
    client.close(Duration::ZERO);
    assert!(client.status().is_closed() && sink.is_closed());
    let late = sink.deliver(&cache_key(), served(3));
    assert!(matches!(late, Err(RefreshError::Closed)));
    check(Readiness::Live, Origin::Loaded, 3);
}

#[test]
fn what_the_program_ships_and_what_a_cache_has_come_first() {
    let (client, sink, _) = sourced(Some(features(1)));
    assert_eq!(client.status().readiness(), Readiness::Bootstrap);
    assert!(sink.start_from_cache(&cache_key()));
    let age = Duration::from_secs(100);
    assert_eq!(client.status().readiness(), Readiness::Stale { age });
    assert_eq!(client.status().origin(), Origin::Cache);
    assert_eq!(sink.validator(), served(9).validator().cloned());
    sink.confirm(&cache_key(), &sink.validator().unwrap(), None);
    assert_eq!(client.status().readiness(), Readiness::Live);
}

#[test]
fn a_delivery_from_another_thread_wakes_whoever_waits() {
    watched("waiting for a delivery", || {
        for shipped in [None, Some(features(1))] {
            let (client, sink, _) = sourced(shipped);
            let waiting = [(); 4].map(|()| {
                let client = client.clone();
                thread::spawn(move || client.wait_ready(LONG))
            });
            thread::spawn(move || sink.deliver(&cache_key(), served(2)))
                .join()
                .unwrap()
                .unwrap();
            for waiting in waiting {
                assert_eq!(waiting.join().unwrap(), Readiness::Live);
            }
        }
    });
}

#[test]
fn the_end_wakes_whoever_waits() {
    watched_for(MANY_ROUNDS, "waiting for the end", || {
        for round in 0..ROUNDS {
            let (client, _sink, _) = sourced(None);
            let ready = AtomicUsize::new(0);
            // Both begin as close to each other as can be, and now one, now the other a little later.
            let begin = |after: usize| {
                ready.fetch_add(1, Ordering::SeqCst);
                for spins in 0_u64.. {
                    if ready.load(Ordering::SeqCst) == 2 {
                        break;
                    }
                    if spins % 1_000 == 999 {
                        thread::yield_now();
                    }
                }
                for _ in 0..after {
                    std::hint::spin_loop();
                }
            };
            thread::scope(|scope| {
                let waiting = scope.spawn(|| {
                    begin(0);
                    client.wait_ready(LONG)
                });
                begin(round % 64);
                client.close(Duration::ZERO);
                assert_eq!(waiting.join().unwrap(), Readiness::Empty);
            });
        }
    });
}

#[test]
fn nobody_waits_for_nothing() {
    watched("waiting", || {
        let client = GrowthBookClient::builder().build().unwrap();
        assert_eq!(client.wait_ready(LONG), Readiness::Empty, "no source");
        let (client, sink, _) = sourced(None);
        assert_eq!(client.wait_ready(Duration::ZERO), Readiness::Empty);
        sink.deliver(&cache_key(), served(1)).unwrap();
        assert_eq!(client.wait_ready(LONG), Readiness::Live, "it is there");
        client.close(Duration::ZERO);
        assert_eq!(client.wait_ready(LONG), Readiness::Live, "it is over");
    });
}

/// A client whose source does what the test does with its sink. In its cache there is something 100 seconds old.
fn sourced(shipped: Option<String>) -> (GrowthBookClient, PayloadSink, HandClock) {
    use growthbook_core::Clock;

    let (send, sinks): (Sender<PayloadSink>, Receiver<PayloadSink>) = channel();
    let (clock, shelf) = (HandClock::new(), Arc::new(Shelf::default()));
    let fetched_at = clock.now() - Duration::from_secs(100);
    shelf.put(&served(9).with_fetched_at(fetched_at));
    let mut builder = GrowthBookClient::builder()
        .clock(clock.clone())
        .cache(shelf)
        .source(ByHand(Mutex::new(send)));
    if let Some(shipped) = shipped {
        builder = builder.payload(shipped);
    }
    (builder.build().unwrap(), sinks.recv().unwrap(), clock)
}

#[derive(Debug)]
struct ByHand(Mutex<Sender<PayloadSink>>);

impl PayloadSource for ByHand {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        self.0.lock().unwrap().send(sink).unwrap();
        Ok(self)
    }
}

impl SourceHandle for ByHand {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        Err(RefreshError::TimedOut)
    }

    fn status(&self) -> SourceStatus {
        SourceStatus::default()
    }

    fn close(&self, _: Duration) {}
}

/// Longer than the watchdog.
const LONG: Duration = Duration::from_secs(600);
const ROUNDS: usize = 2_000;
