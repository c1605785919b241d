//! The queue between those who record and the thread that delivers.
//!
//! * `lane` is what both have in common; `ledger` counts, `place` is what it knows of an event; `desk` is where the worker is
//!   asked for things, and `asking` how.
//! * `worker` is the thread; what it does next is decided in `batch`. `door` is how events come to it, and `spooled` how they
//!   do so by way of a disk.
//! * `process` knows copies of the process; `log` says what goes wrong.

mod asking;
mod bell;
mod builder;
mod desk;
mod door;
mod lane;
mod ledger;
mod log;
mod panics;
mod place;
mod process;
mod report;
#[cfg(feature = "spool")]
mod spooled;
#[cfg(test)]
mod tests;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{FlushError, Interest, TrackingEvent, TrackingPlugin};

pub use self::builder::BatchTrackerBuilder;
use self::builder::Plan;
use self::lane::Lane;
#[cfg(test)]
pub(crate) use self::ledger::Ledger;
pub(crate) use self::place::Place;
pub use self::report::{DeliveryFailure, DropReason, TrackerReport, TrackerState};
use crate::callback::{Callback, CallbackOutcome};
use crate::{Event, EventSink};

/// Takes events to where analytics is: a plugin for the client, with a queue and a thread of its own.
///
/// Recording never waits: an event that finds no room is dropped, and counted. The thread, named `gb-track`, makes plain
/// data of the events and hands them to an [`EventSink`] in batches, in the order in which they came; after a failure again,
/// as the [`DeliveryError`](crate::DeliveryError) says. Every event that was offered is delivered, dropped for a
/// [`DropReason`], or pending: [`BatchTracker::report`] says how many are what, exactly.
///
/// Delivery is at least once: where it is not known whether a delivery arrived, the same events, with the same ids, are
/// delivered again. What was neither delivered nor dropped when the process ends is lost, and nobody counts it: close the
/// client, or the tracker, before.
///
/// A clone is one more handle on the same tracker. When the last one goes, what is pending is delivered for up to
/// two seconds; [`close`](TrackingPlugin::close) says how that went, and lets the program choose the limit. Several
/// trackers share nothing: none of them holds up another.
///
/// In a copy of the process (`fork`) events are dropped, as [`DropReason::Forked`], until [`BatchTracker::reopen`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::GrowthBookClient;
/// use growthbook_tracking::{BatchTracker, Event};
///
/// let tracker = BatchTracker::callback(|events: &[Event]| {
///     for event in events {
///         // Hand it to your analytics.
///         let _ = (event.user_id(), event.body());
///     }
/// });
/// let client = GrowthBookClient::builder().plugin(tracker.clone()).build()?;
/// // .. evaluate; then, at the end of the program:
/// client.close(Duration::from_secs(5));
/// let report = tracker.report();
/// assert_eq!(report.offered(), report.delivered() + report.pending() + report.dropped());
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchTracker {
    handle: Arc<Handle>,
}

/// All clones share one.
struct Handle {
    lane: Arc<Lane>,
    plan: Plan,
}

impl BatchTracker {
    /// Delivers exposures and the program's own events to a sink, with the batches that suit it.
    pub fn new(sink: impl EventSink) -> Self {
        Self::builder(sink).build()
    }

    /// Starts to build one with other settings.
    pub fn builder<S: EventSink>(sink: S) -> BatchTrackerBuilder<S> {
        BatchTrackerBuilder::new(sink)
    }

    /// Hands exposures to a closure, as [`Callback`] says. The closure returns nothing, or a `Result` whose error means
    /// that it wants the same events again.
    pub fn callback<F, R>(call: F) -> Self
    where
        F: FnMut(&[Event]) -> R + Send + 'static,
        R: CallbackOutcome + 'static,
    {
        let builder = Self::builder(Callback::new(call));
        builder.interest(Interest::EXPERIMENT_VIEWED).build()
    }

    /// What became of the events so far. Waits for nothing.
    pub fn report(&self) -> TrackerReport {
        self.handle.lane.report()
    }

    /// Waits until everything that was recorded before the call is on disk, if it is not delivered or dropped: from then on it
    /// survives whatever ends the process. With [`SpoolOptions::sync`](crate::SpoolOptions::sync) that goes for the machine,
    /// too. What is dropped on the way is in the [report](Self::report), as ever.
    ///
    /// Without this, an event is on disk some milliseconds after it was recorded.
    ///
    /// # Errors
    ///
    /// [`FlushError::Incomplete`], when something is in memory only: the disk does not take it at present, or there is no
    /// spool. [`FlushError::TimedOut`], when the limit passed first. From within a filter or a sink it does not wait, and
    /// says that if anything is pending.
    ///
    /// # Blocking
    ///
    /// For up to the limit; a few milliseconds, as a rule.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use growthbook_tracking::{BatchTracker, JsonLines, SpoolOptions};
    ///
    /// # fn main() -> Result<(), growthbook_core::FlushError> {
    /// # let folder = std::env::temp_dir().join(format!("growthbook-sync-{}", std::process::id()));
    /// let tracker = BatchTracker::builder(JsonLines::new(folder.join("events.jsonl")))
    ///     .spool(SpoolOptions::new(folder.join("spool")))
    ///     .build();
    /// // .. record an event that must not be lost; then
    /// tracker.sync(Duration::from_secs(1))?;
    /// # drop(tracker);
    /// # let _ = std::fs::remove_dir_all(folder);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "spool")]
    #[cfg_attr(docsrs, doc(cfg(feature = "spool")))]
    pub fn sync(&self, limit: Duration) -> Result<(), FlushError> {
        let lane = self.handle.lane.here();
        lane.map_or(Ok(()), |lane| lane.sync(limit))
    }

    /// After a `fork`, in the copy of the process: starts a thread that delivers what is recorded from now on to this sink,
    /// for all handles. Says whether it did, which it does not in the process that made the tracker.
    pub fn reopen(&self, sink: impl EventSink) -> bool {
        let plan = &self.handle.plan;
        self.handle
            .lane
            .succeed(|process| plan.start(sink, process))
    }
}

impl TrackingPlugin for BatchTracker {
    fn interest(&self) -> Interest {
        self.handle.plan.interest
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        let is_wanted = self.interest().contains(event.kind());
        self.handle.lane.record(event, is_wanted);
    }

    /// Delivers what was recorded before the call, without waiting for full batches or for the end of a pause after a
    /// failure; waits until it is delivered or dropped.
    ///
    /// # Errors
    ///
    /// [`FlushError::Incomplete`], when some of it was dropped, or the limit passed first. From within the sink it does
    /// not wait, and says that if anything is pending.
    ///
    /// # Blocking
    ///
    /// For up to the limit.
    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        let lane = self.handle.lane.here();
        lane.map_or(Ok(()), |lane| lane.flush(limit))
    }

    /// Takes nothing more, delivers what there is, with short pauses after failures and no regard for
    /// [`Batching::spacing`](crate::Batching::spacing), and ends the thread. What is left when the limit has passed is dropped
    /// as [`DropReason::Closed`]; if the sink does not return, that is counted when it does. A later call waits for the
    /// same end.
    ///
    /// # Errors
    ///
    /// [`FlushError::Incomplete`], when something was dropped meanwhile or is still pending. From within the sink it does
    /// not wait.
    ///
    /// # Blocking
    ///
    /// For up to the limit, and 50 ms that the thread has to settle its accounts.
    fn close(&self, limit: Duration) -> Result<(), FlushError> {
        let lane = self.handle.lane.here();
        lane.map_or(Ok(()), |lane| lane.close(limit))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.here() {
            // Nobody is left to hear of it but the log.
            let _ = lane.close(DROP_LIMIT);
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("report", &self.lane.report())
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

const DROP_LIMIT: Duration = Duration::from_secs(2);
