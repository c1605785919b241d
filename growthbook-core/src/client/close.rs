//! Flushing and ending a client.

use std::time::Duration;

use super::shared::Shared;
use crate::error::FlushError;
use crate::guard::guarded;
use crate::tracking::TrackingPlugin;

/// What became of a client that was closed.
#[derive(Clone, Debug, Default)]
pub struct CloseReport {
    was_closed: bool,
    failures: Vec<FlushError>,
}

impl CloseReport {
    pub(super) fn already() -> Self {
        Self {
            was_closed: true,
            failures: Vec::new(),
        }
    }

    pub(super) fn of(shared: &Shared, limit: Duration) -> Self {
        let deadline = Deadline::new(shared, limit);
        // First nothing new comes in, then what came is written, then nobody is told any more.
        let source = shared.feed.take_source();
        if let Some(source) = &source
            && guarded(|| source.close(deadline.left())).is_none()
        {
            shared.panicked("payload source", 1);
        }
        if guarded(|| drop(source)).is_none() {
            shared.panicked("payload source", 1);
        }
        shared.fall_silent();
        let failures = each(shared, &deadline, TrackingPlugin::close);
        super::log::closed(failures.len());
        Self {
            was_closed: false,
            failures,
        }
    }

    /// Whether everything was written in time.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// Whether the client had been closed before, so that there was nothing to do.
    pub fn was_closed(&self) -> bool {
        self.was_closed
    }

    /// What was not written: one error for each plugin or store that failed, in the order of their making.
    pub fn failures(&self) -> &[FlushError] {
        &self.failures
    }
}

/// Flushes the sticky buckets and all plugins. Says what failed.
pub(super) fn flush(shared: &Shared, limit: Duration) -> Vec<FlushError> {
    let deadline = Deadline::new(shared, limit);
    each(shared, &deadline, TrackingPlugin::flush)
}

fn each(
    shared: &Shared,
    deadline: &Deadline<'_>,
    call: impl Fn(&dyn TrackingPlugin, Duration) -> Result<(), FlushError>,
) -> Vec<FlushError> {
    let mut failures = Vec::new();
    if let Some(service) = &shared.sticky {
        let done = guarded(|| service.flush(deadline.left()));
        failures.extend(done.unwrap_or(Err(FlushError::Panicked)).err());
    }
    // One that does not come to an end must not take the others' time; what one leaves over is the others'.
    let share = |still: usize| deadline.left() / u32::try_from(still.max(1)).unwrap_or(u32::MAX);
    failures.extend(shared.listeners.each(share, call));
    failures
}

/// A moment that several steps share.
struct Deadline<'a> {
    shared: &'a Shared,
    at: Duration,
}

impl<'a> Deadline<'a> {
    fn new(shared: &'a Shared, limit: Duration) -> Self {
        let at = shared.monotonic().saturating_add(limit);
        Self { shared, at }
    }

    fn left(&self) -> Duration {
        self.at.saturating_sub(self.shared.monotonic())
    }
}

impl Shared {
    /// The clock's reading; a clock that panics stands still.
    pub(super) fn monotonic(&self) -> Duration {
        guarded(|| self.clock.monotonic()).unwrap_or_default()
    }
}
