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
    /// What was stale from then on has had its nudge. It names which, so that whoever looked before something came, and is
    /// late, takes no nudge away from that.
    given_for: AtomicU64,
}

impl Default for Nudge {
    fn default() -> Self {
        Self {
            is_lazy: AtomicBool::new(false),
            stale_from: AtomicU64::new(NOTHING),
            given_for: AtomicU64::new(NOTHING),
        }
    }
}

impl Nudge {
    pub(crate) fn set_lazy(&self, is_lazy: bool) {
        self.is_lazy.store(is_lazy, Ordering::Relaxed);
    }

    /// Something came. Before anything has, the source is at it by itself.
    pub(crate) fn stale_from(&self, at: Option<Duration>) {
        let nanos = at.map_or(NOTHING, nanos);
        self.stale_from.store(nanos, Ordering::Relaxed);
        self.rearm();
    }

    /// What came of the last nudge is known.
    pub(crate) fn rearm(&self) {
        self.given_for.store(NOTHING, Ordering::Relaxed);
    }

    fn is_due(&self, now: Duration) -> bool {
        self.stale(now).is_some_and(|since| self.give(since))
    }

    /// Since when what is in force is stale, if it is.
    fn stale(&self, now: Duration) -> Option<u64> {
        let since = self.stale_from.load(Ordering::Relaxed);
        (nanos(now) >= since).then_some(since)
    }

    /// Whether nobody has given this nudge before.
    fn give(&self, since: u64) -> bool {
        self.given_for.swap(since, Ordering::Relaxed) != since
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

/// No time at which anything is stale.
const NOTHING: u64 = u64::MAX;

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nudge_that_comes_too_late_takes_none_away() {
        let nudge = Nudge::default();
        let second = Duration::from_secs;
        assert!(!nudge.is_due(second(1)), "nothing has come yet");
        nudge.stale_from(Some(second(60)));
        assert!(nudge.is_due(second(60)) && !nudge.is_due(second(61)));
        // An evaluation has looked, and before it goes on something comes.
        let late = nudge.stale(second(62)).unwrap();
        nudge.stale_from(Some(second(122)));
        nudge.give(late);
        assert!(!nudge.is_due(second(121)));
        assert!(nudge.is_due(second(122)) && !nudge.is_due(second(123)));
        nudge.rearm();
        assert!(nudge.is_due(second(123)) && !nudge.is_due(second(124)));
        nudge.stale_from(Some(second(122)));
        assert!(nudge.is_due(second(124)), "what came is as stale");
    }
}
