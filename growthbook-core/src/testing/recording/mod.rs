mod list;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::list::{RecordedCustom, RecordedExposure, RecordedFeature};
use crate::error::{BackendError, FlushError};
use crate::tracking::{Interest, OwnedTrackingEvent, TrackingEvent, TrackingPlugin};

/// A plugin that keeps what it is told, for a test to look at. A clone is one more hand on the same record.
///
/// What was recorded compares with tuples, so that an assertion reads as what it says. Unlike the SDK's own types, these
/// print the users' values: they are for tests, whose users are made up.
///
/// # Example
///
/// ```
/// use growthbook_core::testing::{RecordingPlugin, TestFeatures};
/// use growthbook_core::{Attributes, FeatureSource, UserContext};
///
/// let plugin = RecordingPlugin::new();
/// let client = TestFeatures::new()
///     .value_in("color", "red", ("color-test", "treatment"))
///     .builder()
///     .plugin(plugin.clone())
///     .build()?;
///
/// let user = UserContext::new(Attributes::new().with("id", "u-1"));
/// client.value("color", &user, String::new());
///
/// assert_eq!(plugin.exposures(), [("color-test", "treatment", "id", "u-1")]);
/// assert_eq!(plugin.features(), [("color", "red", FeatureSource::Experiment)]);
/// assert!(plugin.custom().is_empty());
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordingPlugin {
    interest: Interest,
    record: Arc<Mutex<Record>>,
}

#[derive(Debug, Default)]
struct Record {
    events: Vec<OwnedTrackingEvent>,
    flushes: usize,
    closes: usize,
    panics_to_come: usize,
    failures_to_come: usize,
}

impl RecordingPlugin {
    /// A plugin that wants every event.
    pub fn new() -> Self {
        Self::wanting(Interest::ALL)
    }

    /// A plugin that wants these kinds of events: a client tells it no others.
    pub fn wanting(interest: Interest) -> Self {
        Self {
            interest,
            record: Arc::default(),
        }
    }

    /// The exposures, in the order in which they came.
    pub fn exposures(&self) -> Vec<RecordedExposure> {
        self.all(|event| match event {
            TrackingEvent::ExperimentViewed(viewed) => Some(RecordedExposure::of(viewed)),
            _ => None,
        })
    }

    /// The features that were evaluated, in the order in which they came.
    pub fn features(&self) -> Vec<RecordedFeature> {
        self.all(|event| match event {
            TrackingEvent::FeatureEvaluated(evaluated) => Some(RecordedFeature::of(evaluated)),
            _ => None,
        })
    }

    /// The program's own events, in the order in which they came.
    pub fn custom(&self) -> Vec<RecordedCustom> {
        self.all(|event| match event {
            TrackingEvent::Custom(custom) => Some(RecordedCustom::of(custom)),
            _ => None,
        })
    }

    /// All events, whole: with their users and times.
    pub fn events(&self) -> Vec<OwnedTrackingEvent> {
        self.lock().events.clone()
    }

    /// Takes all events out.
    pub fn take(&self) -> Vec<OwnedTrackingEvent> {
        std::mem::take(&mut self.lock().events)
    }

    /// Forgets all events. Counts and what is [to fail](Self::fail_next) stay.
    pub fn clear(&self) {
        self.lock().events.clear();
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.lock().events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often it was told to flush.
    pub fn flushes(&self) -> usize {
        self.lock().flushes
    }

    /// How often it was told to close. That does not count as a flush.
    pub fn closes(&self) -> usize {
        self.lock().closes
    }

    /// Panics in the next `calls` calls of `record`, `flush` and `close`, whatever they are, and keeps nothing of them:
    /// to see that the program goes on, and what it misses.
    pub fn panic_next(&self, calls: usize) {
        self.lock().panics_to_come = calls;
    }

    /// Fails in the next `calls` calls of `flush` and `close`, as an analytics service that cannot be reached.
    pub fn fail_next(&self, calls: usize) {
        self.lock().failures_to_come = calls;
    }

    fn all<T>(&self, pick: impl Fn(&TrackingEvent<'_>) -> Option<T>) -> Vec<T> {
        let record = self.lock();
        let events = record.events.iter();
        events.filter_map(|event| pick(&event.as_event())).collect()
    }

    /// Counts a call down to the last one that is to panic. The lock is given back first.
    fn panic_if_told(&self) {
        let panics = {
            let mut record = self.lock();
            count_down(&mut record.panics_to_come)
        };
        assert!(!panics, "the recording plugin was told to panic");
    }

    fn end(&self, count: impl FnOnce(&mut Record)) -> Result<(), FlushError> {
        self.panic_if_told();
        let mut record = self.lock();
        count(&mut record);
        if count_down(&mut record.failures_to_come) {
            let cause = BackendError::new("the recording plugin", "write", "it was told to fail");
            return Err(FlushError::Backend(cause));
        }
        Ok(())
    }

    /// A panic elsewhere cannot leave an event half recorded.
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there was something left to count.
fn count_down(left: &mut usize) -> bool {
    let is_due = *left > 0;
    *left = left.saturating_sub(1);
    is_due
}

impl Default for RecordingPlugin {
    fn default() -> Self {
        Self::new()
    }
}

impl TrackingPlugin for RecordingPlugin {
    fn interest(&self) -> Interest {
        self.interest
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        self.panic_if_told();
        self.lock().events.push(event.into_owned());
    }

    fn flush(&self, _: Duration) -> Result<(), FlushError> {
        self.end(|record| record.flushes += 1)
    }

    fn close(&self, _: Duration) -> Result<(), FlushError> {
        self.end(|record| record.closes += 1)
    }
}
