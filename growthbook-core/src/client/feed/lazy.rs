//! Features that are refreshed when somebody needs them: an evaluation that finds them stale nudges the source, and goes on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::client::feed::source::SourceHandle;
use crate::client::shared::Shared;

/// What evaluations look at. It is written when something came, and by the first evaluation after that which finds it
/// stale: not by those in between.
#[derive(Debug)]
pub(crate) struct Nudge {
    is_lazy: AtomicBool,
    /// By the clock's monotonic reading, in nanoseconds.
    stale_from: AtomicU64,
    is_given: AtomicBool,
}

impl Default for Nudge {
    fn default() -> Self {
        Self {
            is_lazy: AtomicBool::new(false),
            stale_from: AtomicU64::new(u64::MAX),
            is_given: AtomicBool::new(false),
        }
    }
}

impl Nudge {
    pub(crate) fn set_lazy(&self, is_lazy: bool) {
        self.is_lazy.store(is_lazy, Ordering::Relaxed);
    }

    /// Something came. Before anything has, the source is at it by itself.
    pub(crate) fn stale_from(&self, at: Option<Duration>) {
        let nanos = at.map_or(u64::MAX, nanos);
        self.stale_from.store(nanos, Ordering::Relaxed);
        self.rearm();
    }

    /// What came of the last nudge is known.
    pub(crate) fn rearm(&self) {
        self.is_given.store(false, Ordering::Relaxed);
    }

    fn is_due(&self, now: Duration) -> bool {
        let is_stale = nanos(now) >= self.stale_from.load(Ordering::Relaxed);
        is_stale && !self.is_given.swap(true, Ordering::Relaxed)
    }
}

impl Shared {
    /// Called by whoever evaluates. Without a lazy source it costs a look at a flag; with one, at the clock.
    #[inline]
    pub(crate) fn keep_fresh(&self) {
        if self.feed.nudge.is_lazy.load(Ordering::Relaxed) {
            self.revalidate();
        }
    }

    #[cold]
    fn revalidate(&self) {
        if self.feed.nudge.is_due(self.monotonic()) {
            self.call_source("payload source's nudge", SourceHandle::revalidate);
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
