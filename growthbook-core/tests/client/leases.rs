//! What is taken for a refresh is given back, whatever becomes of the refresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use growthbook_core::{
    CacheKey, FeatureFetcher, FetchError, Fetched, GrowthBookClient, PayloadSink, RefreshError,
    RefreshMode, Validator,
};

use super::courier::Courier;
use super::puppets::cache_key;
use super::scripted::Turns;
use super::support::watched;

#[test]
fn a_refresh_that_was_begun_and_never_made_keeps_nobody_from_asking() {
    watched("the end of a client that has begun a refresh", || {
        let turns = Arc::new(Turns::default());
        let (begun, has_begun) = channel();
        let source = Courier(move |sink: &PayloadSink, ended: &Receiver<()>| {
            sink.begin_refresh(&cache_key());
            begun.send(()).unwrap();
            let _ = ended.recv();
        });
        let builder = GrowthBookClient::builder().cache(Arc::clone(&turns));
        let client = builder.source(source).build().unwrap();
        has_begun.recv().unwrap();
        assert!(turns.is_taken());
        client.close(Duration::ZERO);
        assert!(!turns.is_taken());
    });
}

#[test]
fn a_refresh_that_is_begun_while_the_client_ends_keeps_nobody_from_asking() {
    watched("the end of a client that is beginning a refresh", || {
        let turns = Arc::new(Turns::default());
        let door = turns.door.lock().unwrap();
        let source = Courier(|sink: &PayloadSink, ended: &Receiver<()>| {
            sink.begin_refresh(&cache_key());
            let _ = ended.recv();
        });
        let builder = GrowthBookClient::builder().cache(Arc::clone(&turns));
        let client = builder.source(source).build().unwrap();
        turns.wait_for_visitor();
        let closing = client.clone();
        let closing = thread::spawn(move || closing.close(Duration::ZERO));
        while !client.status().is_closed() {
            thread::yield_now();
        }
        drop(door);
        closing.join().unwrap();
        assert!(!turns.is_taken());
    });
}

#[test]
fn a_fetcher_that_panics_keeps_nobody_from_asking() {
    watched("a fetcher that panics", || {
        let turns = Arc::new(Turns::default());
        let (done, is_done) = channel();
        let source = Courier(move |sink: &PayloadSink, ended: &Receiver<()>| {
            let fetcher = Forgetful::default();
            sink.begin_refresh(&fetcher.cache_key());
            let answer = sink.refresh(&fetcher, RefreshMode::Scheduled);
            assert!(matches!(answer, Err(RefreshError::Panicked)));
            done.send(()).unwrap();
            let _ = ended.recv();
        });
        let builder = GrowthBookClient::builder().cache(Arc::clone(&turns));
        let _client = builder.source(source).build().unwrap();
        is_done.recv().unwrap();
        assert!(!turns.is_taken());
    });
}

/// Panics when it is asked for its key a second time.
#[derive(Debug, Default)]
struct Forgetful(AtomicUsize);

impl FeatureFetcher for Forgetful {
    fn cache_key(&self) -> CacheKey {
        let times = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(times != 1, "it forgot its key");
        cache_key()
    }

    fn fetch(&self, _: Option<&Validator>) -> Result<Fetched, FetchError> {
        Err(FetchError::TimedOut)
    }
}
