//! Those who are told of events: callbacks and plugins.

use std::fmt;
use std::time::Duration;

use super::seen::Listening;
use crate::error::FlushError;
use crate::guard::guarded;
use crate::tracking::{Interest, TrackingEvent, TrackingPlugin};

/// In the order in which they are told.
#[derive(Debug, Default)]
pub(super) struct Listeners(Box<[Listener]>);

#[derive(Debug)]
struct Listener {
    plugin: Box<dyn TrackingPlugin>,
    interest: Interest,
}

impl Listeners {
    pub(super) fn new(plugins: Vec<Box<dyn TrackingPlugin>>) -> Self {
        let listener = |plugin: Box<dyn TrackingPlugin>| Listener {
            // One that panics already here may still want everything.
            interest: guarded(|| plugin.interest()).unwrap_or(Interest::ALL),
            plugin,
        };
        Self(plugins.into_iter().map(listener).collect())
    }

    /// What anybody wants.
    pub(super) fn interest(&self) -> Interest {
        let interests = self.0.iter().map(|listener| listener.interest);
        interests.fold(Interest::NONE, |all, interest| all | interest)
    }

    /// Those who want events of this kind.
    pub(super) fn wanting(&self, kind: Interest) -> Listening {
        let wanting = self.0.iter().enumerate();
        wanting
            .filter(|(_, listener)| listener.interest.contains(kind))
            .fold(0, |bits, (index, _)| bits | bit(index))
    }

    /// Tells some of them, and says which of those panicked.
    pub(super) fn tell(&self, event: &TrackingEvent<'_>, some: Listening) -> Listening {
        let mut failed = 0;
        for (index, listener) in self.0.iter().enumerate() {
            let bit = bit(index);
            if some & bit != 0 && guarded(|| listener.plugin.record(event)).is_none() {
                failed |= bit;
            }
        }
        failed
    }

    /// Calls each with a limit of its own, which `limit` gives when told how many are still to come. Says what failed.
    pub(super) fn each(
        &self,
        mut limit: impl FnMut(usize) -> Duration,
        call: impl Fn(&dyn TrackingPlugin, Duration) -> Result<(), FlushError>,
    ) -> Vec<FlushError> {
        let mut failures = Vec::new();
        for (index, listener) in self.0.iter().enumerate() {
            let limit = limit(self.0.len() - index);
            let done = guarded(|| call(&*listener.plugin, limit));
            failures.extend(done.unwrap_or(Err(FlushError::Panicked)).err());
        }
        failures
    }

    /// The most that there can be.
    pub(super) const MOST: usize = Listening::BITS as usize;
}

fn bit(index: usize) -> Listening {
    1 << index.min(Listeners::MOST - 1)
}

/// A closure that wants events of one kind, or all.
pub(super) struct Callback<F> {
    interest: Interest,
    f: F,
}

impl<F> Callback<F> {
    pub(super) fn new(interest: Interest, f: F) -> Self {
        Self { interest, f }
    }
}

impl<F: Fn(&TrackingEvent<'_>) + Send + Sync + 'static> TrackingPlugin for Callback<F> {
    fn interest(&self) -> Interest {
        self.interest
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        (self.f)(event);
    }
}

impl<F> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("interest", &self.interest)
            .finish_non_exhaustive()
    }
}
