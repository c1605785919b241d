//! What all handles of a client share.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::background::BackgroundError;
use super::close::CloseReport;
use super::counters::Counters;
use super::feed::Feed;
use super::hooks::Hooks;
use super::listeners::Listeners;
use super::mismatches::Mismatches;
use super::refresh::{Origin, RefreshEvent};
use super::seen::{Fingerprints, Listening, SeenExposures};
use super::subscription::Subscribers;
use crate::clock::Clock;
use crate::ruleset::{PayloadError, Ruleset};
use crate::secret::DecryptionKey;
use crate::sticky_service::StickyBucketService;
use crate::tracking::{Interest, TrackingEvent};
use crate::user::GlobalContext;

pub(super) struct Shared {
    pub(super) snapshot: ArcSwap<Snapshot>,
    /// Held by whoever replaces the snapshot, never by an evaluation.
    replacing: Mutex<()>,
    pub(super) opening: Opening,
    pub(super) sticky: Option<Box<dyn StickyBucketService>>,
    pub(super) listeners: Listeners,
    /// Those of the listeners who want exposures.
    pub(super) viewers: Listening,
    /// What anybody wants to hear; nothing once the client is closed.
    interest: AtomicU8,
    pub(super) seen: Option<SeenExposures>,
    pub(super) fingerprints: Fingerprints,
    pub(super) subscribers: Subscribers,
    pub(super) hooks: Hooks,
    pub(super) clock: Box<dyn Clock>,
    pub(super) counters: Counters,
    pub(super) mismatches: Mismatches,
    pub(super) feed: Feed,
    closed: AtomicBool,
}

/// What an evaluation sees: swapped whole, so that none sees half of two.
pub(super) struct Snapshot {
    pub(super) ruleset: Arc<Ruleset>,
    pub(super) global: Arc<GlobalContext>,
}

/// What it takes to open a payload.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) key: Option<DecryptionKey>,
    pub(super) most_bytes: usize,
}

/// The parts that a builder brings together.
pub(super) struct Parts {
    pub(super) snapshot: Snapshot,
    pub(super) opening: Opening,
    pub(super) sticky: Option<Box<dyn StickyBucketService>>,
    pub(super) listeners: Listeners,
    pub(super) exposure_memory: usize,
    pub(super) hooks: Hooks,
    pub(super) clock: Box<dyn Clock>,
    pub(super) feed: Feed,
}

impl Shared {
    pub(super) fn new(parts: Parts) -> Self {
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
            counters: Counters::default(),
            mismatches: Mismatches::default(),
            feed,
            closed: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(super) fn interest(&self) -> Interest {
        Interest::from_bits(self.interest.load(Ordering::Relaxed))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Tells some of the listeners, and says which of them failed.
    pub(super) fn tell(&self, event: &TrackingEvent<'_>, some: Listening) -> Listening {
        if some == 0 {
            return 0;
        }
        let failed = self.listeners.tell(event, some);
        if failed != 0 {
            self.panicked("tracking listener", u64::from(failed.count_ones()));
        }
        failed
    }

    /// Counts panics in the user's code, and says that there were some.
    pub(super) fn panicked(&self, callback: &'static str, times: u64) {
        self.counters.panicked(times);
        self.report(&BackgroundError::Panicked { callback });
    }

    /// Tells the program of an error that no caller gets.
    pub(super) fn report(&self, error: &BackgroundError) {
        super::log::background(error, &self.counters.last_said, &*self.clock);
        if !self.hooks.error(error) {
            self.counters.panicked(1);
        }
    }

    /// Compiles a payload and puts it in force, unless it is the one that is.
    pub(super) fn install(&self, payload: &[u8]) -> Result<Installed, PayloadError> {
        let _replacing = self.replacing();
        let current = self.snapshot.load_full();
        if *current.ruleset.payload().as_ref() == *payload {
            return Ok(Installed {
                ruleset: Arc::clone(&current.ruleset),
                is_news: false,
            });
        }
        let Opening { key, most_bytes } = &self.opening;
        let ruleset = current
            .ruleset
            .updated(payload, key.as_ref(), *most_bytes)?;
        let ruleset = Arc::new(ruleset);
        self.snapshot.store(Arc::new(Snapshot {
            ruleset: Arc::clone(&ruleset),
            global: Arc::clone(&current.global),
        }));
        super::log::installed(&ruleset);
        Ok(Installed {
            ruleset,
            is_news: true,
        })
    }

    /// Tells the program that other features are in force. Called with no lock held.
    pub(super) fn announce(&self, installed: &Installed, origin: Origin) {
        if installed.is_news {
            let event = RefreshEvent::new(&installed.ruleset, origin);
            if !self.hooks.refresh(&event) {
                self.panicked("on_refresh", 1);
            }
        }
    }

    pub(super) fn replace_global(&self, change: impl FnOnce(&GlobalContext) -> GlobalContext) {
        let _replacing = self.replacing();
        let current = self.snapshot.load_full();
        self.snapshot.store(Arc::new(Snapshot {
            ruleset: Arc::clone(&current.ruleset),
            global: Arc::new(change(&current.global)),
        }));
    }

    /// Ends everything, the first time; after that there is nothing to end.
    pub(super) fn close(&self, limit: Duration) -> CloseReport {
        if self.closed.swap(true, Ordering::AcqRel) {
            return CloseReport::already();
        }
        CloseReport::of(self, limit)
    }

    /// Nobody is told anything any more.
    pub(super) fn fall_silent(&self) {
        self.interest
            .store(Interest::NONE.bits(), Ordering::Relaxed);
    }

    /// The lock guards nothing but the order of replacements, so a panic elsewhere leaves nothing half done.
    fn replacing(&self) -> MutexGuard<'_, ()> {
        self.replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a payload.
pub(super) struct Installed {
    pub(super) ruleset: Arc<Ruleset>,
    /// It is not the payload that was in force already.
    pub(super) is_news: bool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close(DROP_LIMIT);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// How long dropping the last handle may take.
const DROP_LIMIT: Duration = Duration::from_secs(2);
