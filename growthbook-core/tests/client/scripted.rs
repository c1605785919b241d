//! A server, caches and a clock that do as a test says.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use growthbook_core::{
    BackendError, CacheKey, CachedPayload, Clock, FeatureCache, FeatureFetcher, FetchError,
    Fetched, Lease, LeaseToken, MemoryCache, Validator,
};

use super::puppets::{cache_key, down};

/// Answers as the script says, and notes what it was asked with.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<Fetched, FetchError>>>,
    asked: Mutex<Vec<Option<String>>>,
}

impl Script {
    pub(crate) fn then(&self, answer: Fetched) -> &Self {
        self.answers.lock().unwrap().push_back(Ok(answer));
        self
    }

    pub(crate) fn fail(&self, error: FetchError) -> &Self {
        self.answers.lock().unwrap().push_back(Err(error));
        self
    }

    /// Has nothing to say any more.
    pub(crate) fn forget(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// The validators that it was asked with since the last time.
    pub(crate) fn asked(&self) -> Vec<Option<String>> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl FeatureFetcher for Script {
    fn cache_key(&self) -> CacheKey {
        cache_key()
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let known = known.map(|known| known.as_str().to_owned());
        self.asked.lock().unwrap().push(known);
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or(Err(FetchError::TimedOut))
    }
}

/// A cache that can be down.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) inner: MemoryCache,
    is_down: Mutex<bool>,
}

impl Shelf {
    pub(crate) fn set_down(&self, is_down: bool) {
        *self.is_down.lock().unwrap() = is_down;
    }

    pub(crate) fn entry(&self) -> Option<CachedPayload> {
        self.inner.load(&cache_key()).unwrap()
    }

    pub(crate) fn put(&self, payload: &CachedPayload) {
        self.inner.store(&cache_key(), payload).unwrap();
    }

    fn check(&self) -> Result<(), BackendError> {
        if *self.is_down.lock().unwrap() {
            return Err(down());
        }
        Ok(())
    }
}

impl FeatureCache for Shelf {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        self.check()?;
        self.inner.load(key)
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        self.check()?;
        self.inner.store(key, payload)
    }
}

/// An empty cache that says whose turn it is to ask.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Held by a test that wants nobody to be answered yet.
    pub(crate) door: Mutex<()>,
    holder: Mutex<Option<LeaseToken>>,
    visitors: AtomicUsize,
}

impl Turns {
    pub(crate) fn is_taken(&self) -> bool {
        self.holder.lock().unwrap().is_some()
    }

    pub(crate) fn wait_for_visitor(&self) {
        while self.visitors.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
    }
}

impl FeatureCache for Turns {
    fn load(&self, _: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        Ok(None)
    }

    fn store(&self, _: &CacheKey, _: &CachedPayload) -> Result<(), BackendError> {
        Ok(())
    }

    fn lease(&self, _: &CacheKey, _: Duration) -> Result<Lease, BackendError> {
        let number = self.visitors.fetch_add(1, Ordering::SeqCst);
        let _door = self.door.lock().unwrap();
        let mut holder = self.holder.lock().unwrap();
        if holder.is_some() {
            return Ok(Lease::Taken);
        }
        let token = LeaseToken::new(number.to_string());
        *holder = Some(token.clone());
        Ok(Lease::Granted(token))
    }

    fn release(&self, _: &CacheKey, token: &LeaseToken) -> Result<(), BackendError> {
        let mut holder = self.holder.lock().unwrap();
        holder.take_if(|holder| holder == token);
        Ok(())
    }
}

/// Time that passes when it is told to. As the system's, it is counted from when the program began.
#[derive(Clone, Debug, Default)]
pub(crate) struct HandClock(Arc<Mutex<Duration>>);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// A payload in which the feature `f` has this value.
pub(crate) fn features(value: u32) -> String {
    format!(r#"{{"features":{{"f":{{"defaultValue":{value}}}}}}}"#)
}

/// The same as a server sends it, with a validator that names the value.
pub(crate) fn served(value: u32) -> CachedPayload {
    CachedPayload::new(features(value).into_bytes())
        .with_validator(Validator::new(format!("v{value}")))
}

pub(crate) fn fresh(value: u32) -> Fetched {
    Fetched::Fresh(served(value))
}

pub(crate) fn unchanged() -> Fetched {
    Fetched::Unchanged { max_age: None }
}
