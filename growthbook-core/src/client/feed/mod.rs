//! What a client knows of where its features come from.

pub(crate) mod asking;
pub(crate) mod event;
pub(crate) mod flight;
pub(crate) mod lazy;
mod looking;
pub(crate) mod refresh;
mod retired;
pub(crate) mod source;
pub(crate) mod source_status;
mod turns;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use self::flight::Flight;
use self::lazy::Nudge;
use self::looking::Beginning;
use self::refresh::{Freshness, Origin, RefreshCounts, RefreshError};
use self::retired::Retired;
use self::source::Source;
use crate::cache::{CachedPayload, FeatureCache, Validator};
use crate::fetch::FeatureFetcher;

#[derive(Default)]
pub(crate) struct Feed {
    pub(crate) fetcher: Option<Box<dyn FeatureFetcher>>,
    pub(crate) caches: Vec<Box<dyn FeatureCache>>,
    pub(crate) freshness: Freshness,
    pub(crate) flight: Flight,
    pub(crate) beginning: Beginning,
    pub(crate) nudge: Nudge,
    pub(crate) retired: Retired,
    source: Mutex<Option<Arc<Source>>>,
    is_barren: AtomicBool,
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
    pub(crate) counts: RefreshCounts,
    /// How often something came into force.
    generation: u64,
}

/// What a server is asked for, and what was in force by then.
pub(crate) struct Question {
    pub(crate) known: Option<Validator>,
    pub(crate) generation: u64,
}

/// How a payload came.
#[derive(Clone, Default)]
pub(crate) struct Arrival {
    /// By the clock's monotonic reading: when this client heard of it.
    heard_at: Option<Duration>,
    /// How long before that the server had said that it has this, which may be before the clock began to count.
    age_then: Duration,
    /// The same as a date.
    pub(crate) fetched_at: Option<SystemTime>,
    max_age: Option<Duration>,
    /// What the server calls it, and what it calls so: one is of no use without the other.
    version: Option<(Validator, Arc<[u8]>)>,
}

impl Arrival {
    pub(crate) fn of(payload: &CachedPayload, heard_at: Duration, age_then: Duration) -> Self {
        Self {
            heard_at: Some(heard_at),
            age_then,
            fetched_at: payload.fetched_at(),
            max_age: payload.max_age(),
            version: payload
                .validator()
                .map(|validator| (validator.clone(), Arc::clone(payload.bytes()))),
        }
    }

    /// The same, of the bytes that are in force already: they need not be there twice.
    pub(crate) fn sharing(mut self, in_force: &Arc<[u8]>) -> Self {
        if let Some((_, bytes)) = &mut self.version {
            bytes.clone_from(in_force);
        }
        self
    }

    /// How long ago the server last said that it has this.
    fn age(&self, now: Duration) -> Option<Duration> {
        let since = now.saturating_sub(self.heard_at?);
        Some(since.saturating_add(self.age_then))
    }
}

impl fmt::Debug for Arrival {
    /// Says what the payload is called, and not what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let validator = self.version.as_ref().map(|(validator, _)| validator);
        f.debug_struct("Arrival")
            .field("heard_at", &self.heard_at)
            .field("age_then", &self.age_then)
            .field("fetched_at", &self.fetched_at)
            .field("max_age", &self.max_age)
            .field("validator", &validator)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// What is in force came in this way. If the same `was` in force already, it keeps the name that the server gave it.
    pub(crate) fn arrived(&self, origin: Origin, arrival: Arrival, was: bool) {
        let mut state = self.lock();
        let version = state.arrival.version.take().filter(|_| was);
        state.origin = Some(origin);
        state.arrival = arrival;
        state.arrival.version = state.arrival.version.take().or(version);
        state.generation = state.generation.wrapping_add(1);
        if origin != Origin::Cache {
            state.error = None;
        }
        self.heard(state);
    }

    /// What came is older than what is in force. If it is the `answer` of a server, that has nothing newer yet; what came
    /// unasked may have been long on its way, or be sent again by somebody who kept it.
    pub(crate) fn passed_over(&self, answer: Option<&Arrival>) {
        let mut state = self.lock();
        state.counts.add_outdated();
        if let Some(arrival) = answer {
            state.error = None;
            state.arrival.heard_at = arrival.heard_at;
            state.arrival.age_then = arrival.age_then;
            state.arrival.fetched_at = arrival.fetched_at;
            state.arrival.max_age = arrival.max_age;
            self.heard(state);
        }
    }

    /// Whoever waits for something to come is woken, and evaluations are told from when on it is stale.
    fn heard(&self, state: MutexGuard<'_, FeedState>) {
        let arrival = &state.arrival;
        let fresh_for = arrival.max_age.unwrap_or(self.freshness.stale_for());
        let stale_from = match (state.origin, arrival.heard_at) {
            // The source is at it by itself.
            (None | Some(Origin::Bootstrap), _) => None,
            // The program's own was never heard of from a server.
            (_, None) => Some(Duration::ZERO),
            (_, Some(at)) => Some(
                at.saturating_add(fresh_for)
                    .saturating_sub(arrival.age_then),
            ),
        };
        self.nudge.stale_from(stale_from);
        drop(state);
        self.changed.notify_all();
    }

    /// What to ask a server for now.
    pub(crate) fn question(&self) -> Question {
        let state = self.lock();
        let version = state.arrival.version.as_ref();
        Question {
            known: version.map(|(validator, _)| validator.clone()),
            generation: state.generation,
        }
    }

    /// Whether something came into force since somebody asked.
    pub(crate) fn has_moved_on(&self, asked: &Question) -> bool {
        self.lock().generation != asked.generation
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut RefreshCounts)) {
        count(&mut self.lock().counts);
    }

    pub(crate) fn origin(&self) -> Origin {
        self.lock().origin.unwrap_or(Origin::Nowhere)
    }

    pub(crate) fn failed(&self, error: &RefreshError) {
        let mut state = self.lock();
        state.counts.add_failure(error);
        state.error = Some(error.clone());
        drop(state);
        self.nudge.rearm();
    }

    /// The last attempt went well, though no server was asked.
    pub(crate) fn recovered(&self) {
        self.lock().error = None;
    }

    pub(crate) fn state(&self) -> FeedState {
        self.lock().clone()
    }

    pub(crate) fn validator(&self) -> Option<Validator> {
        self.question().known
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
        state.arrival.heard_at = Some(monotonic);
        state.arrival.age_then = Duration::ZERO;
        state.arrival.fetched_at = now;
        state.arrival.max_age = max_age;
        self.heard(state);
        let payload = CachedPayload::new(bytes).with_validator(validator);
        Some(payload.with_fetched_at(now).with_max_age(max_age))
    }

    /// What is known of these bytes, which are in force; `None` if they are not from a server.
    pub(crate) fn payload(&self, bytes: Arc<[u8]>) -> Option<CachedPayload> {
        let state = self.lock();
        let arrival = &state.arrival;
        let version = arrival
            .version
            .as_ref()
            .map(|(validator, _)| validator.clone());
        let payload = CachedPayload::new(bytes)
            .with_validator(version)
            .with_fetched_at(arrival.fetched_at)
            .with_max_age(arrival.max_age);
        (state.origin == Some(Origin::Fetched)).then_some(payload)
    }

    pub(crate) fn fetched_at(&self) -> Option<SystemTime> {
        self.lock().arrival.fetched_at
    }

    pub(crate) fn age(&self, now: Duration) -> Option<Duration> {
        self.lock().arrival.age(now)
    }

    /// For how long from now on nobody need ask for what is in force; `None` if that is over, or nothing is known.
    pub(crate) fn fresh_for(&self, now: Duration) -> Option<Duration> {
        let state = self.lock();
        let fresh_for = state.arrival.max_age.unwrap_or(self.freshness.stale_for());
        let age = state.arrival.age(now)?;
        fresh_for.checked_sub(age).filter(|left| !left.is_zero())
    }

    /// Whether nothing has come yet but what the program ships.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.lock().origin, None | Some(Origin::Bootstrap))
    }

    /// Waits until something has come. Time is the system's here: who waits cannot be woken by another clock.
    pub(crate) fn wait(&self, limit: Duration) {
        let state = self.lock();
        let is_waiting = |state: &mut FeedState| {
            matches!(state.origin, None | Some(Origin::Bootstrap)) && self.awaits_payloads()
        };
        drop(self.changed.wait_timeout_while(state, limit, is_waiting));
    }

    /// Waits for a moment, or until something comes into force. Time is the system's here as well.
    pub(crate) fn pause(&self, limit: Duration) {
        let state = self.lock();
        let before = state.generation;
        let is_same = |state: &mut FeedState| state.generation == before;
        drop(self.changed.wait_timeout_while(state, limit, is_same));
    }

    pub(crate) fn set_source(&self, source: Source) {
        self.nudge.set_lazy(source.is_lazy());
        let is_barren = !source.brings_payloads();
        self.is_barren.store(is_barren, Ordering::Relaxed);
        *self.lock_source() = Some(Arc::new(source));
    }

    /// Whether there is a source that brings something.
    fn awaits_payloads(&self) -> bool {
        self.lock_source().is_some() && !self.is_barren()
    }

    /// Whether the source has something else to do than to bring payloads.
    pub(crate) fn is_barren(&self) -> bool {
        self.is_barren.load(Ordering::Relaxed)
    }

    /// The source, to be called with no lock held.
    pub(crate) fn source(&self) -> Option<Arc<Source>> {
        self.lock_source().clone()
    }

    /// Takes the source away from whoever comes later. Those who wait for it need not wait any more.
    pub(crate) fn take_source(&self) -> Option<Arc<Source>> {
        let source = self.lock_source().take();
        self.nudge.set_lazy(false);
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

const CACHE: &str = "feature cache";
