//! What a client knows of where its features come from.

pub(crate) mod event;
pub(crate) mod flight;
pub(crate) mod refresh;
pub(crate) mod source;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use self::flight::Flight;
use self::refresh::{Freshness, Origin, RefreshError};
use self::source::Source;
use crate::cache::{CachedPayload, FeatureCache, Validator};
use crate::fetch::FeatureFetcher;

#[derive(Default)]
pub(crate) struct Feed {
    pub(crate) fetcher: Option<Box<dyn FeatureFetcher>>,
    pub(crate) caches: Vec<Box<dyn FeatureCache>>,
    pub(crate) freshness: Freshness,
    pub(crate) flight: Flight,
    source: Mutex<Option<Arc<Source>>>,
    state: Mutex<FeedState>,
    changed: Condvar,
}

/// What was last heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct FeedState {
    pub(crate) origin: Option<Origin>,
    pub(crate) arrival: Arrival,
    /// The last attempt failed like this.
    pub(crate) error: Option<RefreshError>,
    pub(crate) failures: u64,
}

/// How a payload came.
#[derive(Clone, Default)]
pub(crate) struct Arrival {
    /// By the clock's monotonic reading: when the server last said that it has this.
    pub(crate) confirmed_at: Option<Duration>,
    /// The same as a date.
    pub(crate) fetched_at: Option<SystemTime>,
    max_age: Option<Duration>,
    /// What the server calls it, and what it calls so: one is of no use without the other.
    version: Option<(Validator, Arc<[u8]>)>,
}

impl Arrival {
    pub(crate) fn of(payload: &CachedPayload, confirmed_at: Duration) -> Self {
        Self {
            confirmed_at: Some(confirmed_at),
            fetched_at: payload.fetched_at(),
            max_age: payload.max_age(),
            version: payload
                .validator()
                .map(|validator| (validator.clone(), Arc::clone(payload.bytes()))),
        }
    }
}

impl fmt::Debug for Arrival {
    /// Says what the payload is called, and not what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let validator = self.version.as_ref().map(|(validator, _)| validator);
        f.debug_struct("Arrival")
            .field("confirmed_at", &self.confirmed_at)
            .field("fetched_at", &self.fetched_at)
            .field("max_age", &self.max_age)
            .field("validator", &validator)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// What is in force came in this way.
    pub(crate) fn arrived(&self, origin: Origin, arrival: Arrival) {
        let mut state = self.lock();
        state.origin = Some(origin);
        state.arrival = arrival;
        if origin != Origin::Cache {
            state.error = None;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// What came is older than what is in force: the server was heard, and has nothing newer yet.
    pub(crate) fn confirm_newer(&self, origin: Origin, arrival: &Arrival) {
        if origin == Origin::Fetched {
            let mut state = self.lock();
            state.error = None;
            state.arrival.confirmed_at = arrival.confirmed_at;
            state.arrival.fetched_at = arrival.fetched_at;
            state.arrival.max_age = arrival.max_age;
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        self.lock().origin.unwrap_or(Origin::Nowhere)
    }

    pub(crate) fn failed(&self, error: &RefreshError) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        state.error = Some(error.clone());
    }

    pub(crate) fn state(&self) -> FeedState {
        self.lock().clone()
    }

    pub(crate) fn validator(&self) -> Option<Validator> {
        let state = self.lock();
        let (validator, _) = state.arrival.version.as_ref()?;
        Some(validator.clone())
    }

    /// Notes that the server still has the version `known`, if that is the one in force, and hands it back for the caches.
    pub(crate) fn confirmed(
        &self,
        known: Option<&Validator>,
        monotonic: Duration,
        now: Option<SystemTime>,
        max_age: Option<Duration>,
    ) -> Option<CachedPayload> {
        let mut state = self.lock();
        let (validator, bytes) = state.arrival.version.clone()?;
        if known != Some(&validator) {
            return None;
        }
        state.origin = Some(Origin::Fetched);
        state.error = None;
        state.arrival.confirmed_at = Some(monotonic);
        state.arrival.fetched_at = now;
        state.arrival.max_age = max_age;
        drop(state);
        self.changed.notify_all();
        let payload = CachedPayload::new(bytes).with_validator(validator);
        Some(payload.with_fetched_at(now).with_max_age(max_age))
    }

    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.lock().arrival.max_age
    }

    pub(crate) fn age(&self, now: Duration) -> Option<Duration> {
        let confirmed_at = self.lock().arrival.confirmed_at?;
        Some(now.saturating_sub(confirmed_at))
    }

    /// Whether nothing has come yet but what the program ships.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.lock().origin, None | Some(Origin::Bootstrap))
    }

    /// Waits until something has come. Time is the system's here: who waits cannot be woken by another clock.
    pub(crate) fn wait(&self, limit: Duration) {
        let state = self.lock();
        let is_waiting = |state: &mut FeedState| {
            matches!(state.origin, None | Some(Origin::Bootstrap)) && self.has_source()
        };
        drop(self.changed.wait_timeout_while(state, limit, is_waiting));
    }

    pub(crate) fn set_source(&self, source: Source) {
        *self.lock_source() = Some(Arc::new(source));
    }

    pub(crate) fn has_source(&self) -> bool {
        self.lock_source().is_some()
    }

    /// The source, to be called with no lock held.
    pub(crate) fn source(&self) -> Option<Arc<Source>> {
        self.lock_source().clone()
    }

    /// Takes the source away from whoever comes later. Those who wait for it need not wait any more.
    pub(crate) fn take_source(&self) -> Option<Arc<Source>> {
        let source = self.lock_source().take();
        // Whoever has just seen that there is a source now waits, or sees that there is none.
        drop(self.lock());
        self.changed.notify_all();
        source
    }

    fn lock_source(&self) -> MutexGuard<'_, Option<Arc<Source>>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fields are set one after the other, and none of that panics.
    fn lock(&self) -> MutexGuard<'_, FeedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("fetcher", &self.fetcher)
            .field("caches", &self.caches)
            .field("source", &self.source())
            .finish_non_exhaustive()
    }
}
