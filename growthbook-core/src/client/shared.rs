//! What all handles of a client share.

use std::cmp::Ordering;
use std::fmt;
use std::sync::atomic::{self, AtomicBool, AtomicU8};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::background::BackgroundError;
use super::close::CloseReport;
use super::counters::Counters;
use super::feed::event::RefreshEvent;
use super::feed::refresh::Origin;
use super::feed::{Arrival, Feed, Question};
use super::hooks::Hooks;
use super::reports::listeners::{LISTENER, Listeners};
use super::reports::mismatches::Mismatches;
use super::reports::seen::{Fingerprints, Listening, SeenExposures};
use super::reports::subscription::Subscribers;
use crate::cache::CachedPayload;
use crate::clock::{Clock, SystemClock};
use crate::guard::guarded;
use crate::ruleset::{PayloadError, Ruleset};
use crate::secret::DecryptionKey;
use crate::sticky_service::StickyBucketService;
use crate::tracking::{Interest, TrackingEvent};
use crate::user::GlobalContext;

pub(crate) struct Shared {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    /// Held by whoever replaces the snapshot, never by an evaluation.
    replacing: Mutex<()>,
    pub(crate) opening: Opening,
    pub(crate) sticky: Option<Box<dyn StickyBucketService>>,
    pub(crate) listeners: Listeners,
    /// Those of the listeners who want exposures.
    pub(crate) viewers: Listening,
    /// What anybody wants to hear; nothing once the client is closed.
    interest: AtomicU8,
    pub(crate) seen: Option<SeenExposures>,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) subscribers: Subscribers,
    pub(crate) hooks: Hooks,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) counters: Counters,
    pub(crate) mismatches: Mismatches,
    pub(crate) feed: Feed,
    closed: AtomicBool,
    /// What came of closing.
    end: OnceLock<CloseReport>,
}

/// What an evaluation sees: swapped whole, so that none sees half of two.
pub(crate) struct Snapshot {
    pub(crate) ruleset: Arc<Ruleset>,
    pub(crate) global: Arc<GlobalContext>,
}

/// What it takes to open a payload.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) key: Option<DecryptionKey>,
    pub(crate) most_bytes: usize,
}

/// The parts that a builder brings together.
pub(crate) struct Parts {
    pub(crate) snapshot: Snapshot,
    pub(crate) opening: Opening,
    pub(crate) sticky: Option<Box<dyn StickyBucketService>>,
    pub(crate) listeners: Listeners,
    pub(crate) exposure_memory: usize,
    pub(crate) hooks: Hooks,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) feed: Feed,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            snapshot,
            opening,
            sticky,
            listeners,
            exposure_memory,
            hooks,
            clock,
            feed,
        } = parts;
        let counters = Counters::default();
        counters.panicked(listeners.panics);
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            replacing: Mutex::new(()),
            opening,
            sticky,
            viewers: listeners.wanting(Interest::EXPERIMENT_VIEWED),
            interest: AtomicU8::new(listeners.interest().bits()),
            listeners,
            seen: (exposure_memory > 0).then(|| SeenExposures::new(exposure_memory)),
            fingerprints: Fingerprints::default(),
            subscribers: Subscribers::default(),
            hooks,
            clock,
            counters,
            mismatches: Mismatches::default(),
            feed,
            closed: AtomicBool::new(false),
            end: OnceLock::new(),
        }
    }

    #[inline]
    pub(crate) fn interest(&self) -> Interest {
        Interest::from_bits(self.interest.load(atomic::Ordering::Relaxed))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(atomic::Ordering::Acquire)
    }

    /// Tells some of the listeners, and says which of them have not heard of it.
    pub(crate) fn tell(&self, event: &TrackingEvent<'_>, some: Listening) -> Listening {
        if some == 0 {
            return 0;
        }
        let told = self.listeners.tell(event, some);
        if told.panics != 0 {
            self.panicked(LISTENER, told.panics);
        }
        told.missed
    }

    /// Compiles a payload and puts it in force, together with what is known of it, unless what is in force is newer. Hands
    /// back the ruleset in force.
    pub(crate) fn install(
        &self,
        payload: impl AsRef<[u8]> + Into<Arc<[u8]>>,
        origin: Origin,
        arrival: Arrival,
        answers: Option<&Question>,
    ) -> Result<Installed, PayloadError> {
        let replacing = self.replacing();
        self.feed.retired.sweep();
        let installed = self.replace_ruleset(payload, origin, answers)?;
        // Whoever comes next must find both as they belong together.
        match installed.turn {
            Turn::New => {
                self.feed.retired.add(Arc::clone(&installed.previous));
                self.feed.arrived(origin, arrival, false);
            }
            Turn::Same => {
                let arrival = arrival.sharing(installed.ruleset.payload());
                self.feed.arrived(origin, arrival, true);
            }
            Turn::Outdated => {
                let is_answer = origin == Origin::Fetched && answers.is_some();
                self.feed.passed_over(is_answer.then_some(&arrival));
            }
            Turn::Overtaken => {}
        }
        drop(replacing);
        if installed.turn == Turn::New {
            let (ruleset, previous) = (&installed.ruleset, &installed.previous);
            let is_sticky = self.sticky.is_some();
            self.call_quietly(ruleset, "log", || {
                super::log::installed(ruleset);
                super::log::replaced(previous, ruleset, is_sticky);
            });
        }
        Ok(installed)
    }

    /// Compiles a payload, unless it is the one in force. Called by whoever holds the lock.
    fn replace_ruleset(
        &self,
        payload: impl AsRef<[u8]> + Into<Arc<[u8]>>,
        origin: Origin,
        answers: Option<&Question>,
    ) -> Result<Installed, PayloadError> {
        let current = self.snapshot.load_full();
        let as_it_was = |turn| Installed {
            ruleset: Arc::clone(&current.ruleset),
            previous: Arc::clone(&current.ruleset),
            turn,
        };
        if *current.ruleset.payload().as_ref() == *payload.as_ref() {
            return Ok(as_it_was(Turn::Same));
        }
        let Opening { key, most_bytes } = &self.opening;
        let ruleset = current
            .ruleset
            .updated_by(payload, key.as_ref(), *most_bytes)?;
        // An answer that was long on its way, or an edge server that lags behind. What the program loads is its own affair.
        let dates = (origin.is_server() && self.feed.origin().is_server())
            .then(|| ruleset.compare_dates(&current.ruleset))
            .flatten();
        match dates {
            Some(Ordering::Less) => return Ok(as_it_was(Turn::Outdated)),
            Some(Ordering::Greater) => {}
            Some(Ordering::Equal) | None => {
                if answers.is_some_and(|asked| self.feed.has_moved_on(asked)) {
                    return Ok(as_it_was(Turn::Overtaken));
                }
            }
        }
        let ruleset = Arc::new(ruleset);
        self.snapshot.store(Arc::new(Snapshot {
            ruleset: Arc::clone(&ruleset),
            global: Arc::clone(&current.global),
        }));
        Ok(Installed {
            ruleset,
            previous: Arc::clone(&current.ruleset),
            turn: Turn::New,
        })
    }

    /// What is in force, if a server sent it.
    pub(crate) fn fetched_payload(&self) -> Option<CachedPayload> {
        let _replacing = self.replacing();
        let bytes = Arc::clone(self.snapshot.load().ruleset.payload());
        self.feed.payload(bytes)
    }

    /// Tells the program that other features are in force. Called with no lock held.
    pub(crate) fn announce(&self, installed: &Installed, origin: Origin) {
        if let Some(on_refresh) = self
            .hooks
            .on_refresh
            .as_ref()
            .filter(|_| installed.turn == Turn::New)
        {
            let event = RefreshEvent::new(&installed.ruleset, &installed.previous, origin);
            // Not by the callback itself: it is told of what it loads.
            self.call(&event, "on_refresh", || on_refresh(&event));
        }
    }

    pub(crate) fn replace_global(&self, change: impl FnOnce(&GlobalContext) -> GlobalContext) {
        let _replacing = self.replacing();
        let current = self.snapshot.load_full();
        self.snapshot.store(Arc::new(Snapshot {
            ruleset: Arc::clone(&current.ruleset),
            global: Arc::new(change(&current.global)),
        }));
    }

    /// Ends everything, the first time; after that there is nothing to end.
    pub(crate) fn close(&self, limit: Duration) -> CloseReport {
        if self.closed.swap(true, atomic::Ordering::AcqRel) {
            return CloseReport::already(self.end.get());
        }
        let report = CloseReport::of(self, limit);
        self.end.get_or_init(|| report).clone()
    }

    /// Ends everything, and tells the program of what could not be written, unless somebody closed the client and knows.
    pub(crate) fn end(&self) {
        let report = self.close(DROP_LIMIT);
        if report.was_closed() {
            return;
        }
        for failure in report.failures() {
            self.report(&BackgroundError::Flush(failure.clone()));
        }
    }

    /// Nobody is told anything any more.
    pub(crate) fn fall_silent(&self) {
        self.interest
            .store(Interest::NONE.bits(), atomic::Ordering::Relaxed);
    }

    /// The lock guards nothing but the order of replacements, so a panic elsewhere leaves nothing half done.
    fn replacing(&self) -> MutexGuard<'_, ()> {
        self.replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a payload.
pub(crate) struct Installed {
    /// In force now.
    pub(crate) ruleset: Arc<Ruleset>,
    /// In force before, which may be the same.
    pub(crate) previous: Arc<Ruleset>,
    pub(crate) turn: Turn,
}

/// Which turn things took.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// The payload is in force, and says something else than the one before.
    New,
    /// It says itself that it is older than what a server brought before, and was passed over.
    Outdated,
    /// Something else came into force since it was asked for, and may be newer: it was passed over.
    Overtaken,
    /// It is the payload that was in force already.
    Same,
}

impl Drop for Shared {
    /// The program's own things are let go of one by one: a panic in one of them is no reason to abort.
    fn drop(&mut self) {
        // A client that could not be built was never held by anybody.
        if !self.is_closed() {
            self.end();
        }
        for listener in self.listeners.drain() {
            guarded(|| drop(listener));
        }
        guarded(|| drop(self.hooks.on_error.take()));
        guarded(|| drop(self.hooks.on_refresh.take()));
        guarded(|| drop(self.sticky.take()));
        guarded(|| drop(self.feed.fetcher.take()));
        for cache in self.feed.caches.drain(..) {
            guarded(|| drop(cache));
        }
        let clock = std::mem::replace(&mut self.clock, Box::new(SystemClock::new()));
        guarded(|| drop(clock));
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// How long dropping the last handle may take.
const DROP_LIMIT: Duration = Duration::from_secs(2);
