//! The far end of a tracker, as a test sees it, and events to send there.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use growthbook_core::testing::{RecordingPlugin, TestFeatures};
use growthbook_core::{
    Attributes, FlushError, Interest, OwnedTrackingEvent, TrackingPlugin, UserContext,
};
use growthbook_tracking::{
    BatchTracker, Batching, DeliveryError, Event, EventBatch, EventBody, EventSink, TrackerReport,
    TrackerState,
};
use serde_json::{Map, Value};

/// Where a sink of the test's delivers to. A clone is the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct FarEnd {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What came, in the order in which it came, also of batches that were answered with an error.
    batches: Vec<Vec<Event>>,
    answers: VecDeque<Answer>,
    otherwise: Option<Answer>,
    accepted: usize,
    is_stalled: bool,
    is_in_call: bool,
    sinks_dropped: usize,
}

/// What a sink says about a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Accept,
    Panic,
    Refuse,
    Reject,
    Unavailable,
}

/// Delivers there.
#[derive(Debug)]
pub(crate) struct Sink {
    far: FarEnd,
    batching: Batching,
}

impl FarEnd {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A sink whose tracker delivers by default batching.
    pub(crate) fn sink(&self) -> Sink {
        self.sink_by(Batching::default())
    }

    pub(crate) fn sink_by(&self, batching: Batching) -> Sink {
        let far = self.clone();
        Sink { far, batching }
    }

    /// What the sink says next, one for each batch, and then always `otherwise`.
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answer>, otherwise: Answer) {
        let mut state = self.lock();
        state.answers = answers.into_iter().collect();
        state.otherwise = Some(otherwise);
    }

    /// Deliveries hang until this is called with `false`.
    pub(crate) fn stall(&self, is_stalled: bool) {
        self.lock().is_stalled = is_stalled;
        self.shared.changed.notify_all();
    }

    /// The names of all events of all batches.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().batches.iter().flatten().map(name).collect()
    }

    pub(crate) fn batches(&self) -> Vec<Vec<Event>> {
        self.lock().batches.clone()
    }

    pub(crate) fn sinks_dropped(&self) -> usize {
        self.lock().sinks_dropped
    }

    /// Waits until that many batches were accepted, or failed.
    pub(crate) fn wait_for_batches(&self, count: usize) {
        self.wait(|state| state.batches.len() >= count);
    }

    /// Waits until the sink is within a delivery.
    pub(crate) fn wait_for_call(&self) {
        self.wait(|state| state.is_in_call);
    }

    /// Takes events without a sink, after the stall.
    pub(crate) fn pass(&self, events: &[Event]) {
        let is_stalled = |state: &mut State| state.is_stalled;
        let waited = self.shared.changed.wait_while(self.lock(), is_stalled);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.batches.push(events.to_vec());
    }

    fn wait(&self, is_so: impl Fn(&State) -> bool) {
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, |state| !is_so(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            is_so(&state),
            "not within {PATIENCE:?}: {:?}",
            state.batches.len()
        );
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let state = &self.shared.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Sink {
    fn batching(&self) -> Batching {
        self.batching.clone()
    }

    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        let (far, mut state) = (&self.far, self.far.lock());
        state.is_in_call = true;
        far.shared.changed.notify_all();
        let is_stalled = |state: &mut State| state.is_stalled;
        let waited = far.shared.changed.wait_while(state, is_stalled);
        state = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_in_call = false;
        state.batches.push(batch.events().to_vec());
        let answer = state.answers.pop_front().or(state.otherwise);
        let answer = answer.unwrap_or(Answer::Accept);
        if let Answer::Accept = answer {
            state.accepted += batch.events().len();
        }
        drop(state);
        far.shared.changed.notify_all();
        match answer {
            Answer::Accept => Ok(()),
            Answer::Panic => panic!("a sink that panics"),
            Answer::Refuse => Err(DeliveryError::refused("401")),
            Answer::Reject => Err(DeliveryError::rejected("400")),
            Answer::Unavailable => Err(DeliveryError::unavailable("503")),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.far.lock().sinks_dropped += 1;
    }
}

pub(crate) fn name(event: &Event) -> String {
    match event.body() {
        EventBody::Custom(logged) => logged.name().to_owned(),
        EventBody::ExperimentViewed(viewed) => viewed.experiment().to_owned(),
        EventBody::FeatureEvaluated(evaluated) => evaluated.feature().to_owned(),
        _ => String::new(),
    }
}

/// The name of each event of some numbers.
pub(crate) fn named(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|it| format!("event-{it}"))
        .collect()
}

/// An event that the program logged.
pub(crate) fn logged(name: &str, properties: Value, attributes: Attributes) -> OwnedTrackingEvent {
    let plugin = RecordingPlugin::wanting(Interest::CUSTOM);
    let builder = TestFeatures::new().builder().plugin(plugin.clone());
    let client = builder.build().unwrap();
    let Value::Object(properties) = properties else {
        panic!("properties are an object");
    };
    client.log_event(name, properties, &UserContext::new(attributes));
    plugin.take().remove(0)
}

/// Events `event-0`, `event-1`, .. of one user.
pub(crate) fn events(count: usize) -> Vec<OwnedTrackingEvent> {
    events_of(0..count)
}

/// Those of these numbers.
pub(crate) fn events_of(numbers: Range<usize>) -> Vec<OwnedTrackingEvent> {
    let plugin = RecordingPlugin::wanting(Interest::CUSTOM);
    let builder = TestFeatures::new().builder().plugin(plugin.clone());
    let client = builder.build().unwrap();
    let user = UserContext::new(Attributes::new().with("id", "u-1"));
    for number in numbers {
        client.log_event(&format!("event-{number}"), Map::new(), &user);
    }
    plugin.take()
}

/// What it is to see a variation, and to use the feature, for each of these users.
pub(crate) fn views<'a>(users: impl IntoIterator<Item = &'a str>) -> Vec<OwnedTrackingEvent> {
    let plugin =
        RecordingPlugin::wanting(Interest::EXPERIMENT_VIEWED | Interest::FEATURE_EVALUATED);
    let features = TestFeatures::new().value_in("feature", 1, ("experiment", "treatment"));
    let client = features.builder().plugin(plugin.clone()).build().unwrap();
    for user in users {
        let attributes = Attributes::new().with("id", user).with("plan", "pro");
        client.is_on("feature", &UserContext::new(attributes));
    }
    plugin.take()
}

pub(crate) fn record<'a>(
    tracker: &BatchTracker,
    events: impl IntoIterator<Item = &'a OwnedTrackingEvent>,
) {
    for event in events {
        tracker.record(&event.as_event());
    }
}

/// What was offered is delivered, dropped or pending, exactly.
pub(crate) fn sound(tracker: &BatchTracker) -> TrackerReport {
    let report = tracker.report();
    let sum = report.delivered() + report.dropped() + report.pending();
    assert_eq!(report.offered(), sum, "{report}");
    report
}

/// Closes a tracker without time to deliver, and waits for its threads, for which a busy machine may take longer than
/// `close` does. Says what `close` says of it then.
pub(crate) fn closed_at_once(tracker: &BatchTracker) -> Result<(), FlushError> {
    let _ = tracker.close(Duration::ZERO);
    eventually(tracker, |report| report.state() == TrackerState::Closed);
    tracker.close(PATIENCE)
}

/// A filter that lets all events pass, and waits with the first until what comes beside it is dropped.
pub(crate) fn held_once() -> (impl Fn(&Event) -> bool + Send + Sync + 'static, Held) {
    let (entered, is_in) = mpsc::channel();
    let (going_on, goes_on) = mpsc::channel::<()>();
    let ends = Mutex::new(Some((entered, goes_on)));
    let filter = move |_: &Event| {
        let ends = ends.lock().unwrap().take();
        if let Some((entered, goes_on)) = ends {
            entered.send(()).unwrap();
            let _ = goes_on.recv();
        }
        true
    };
    let held = Held {
        is_in,
        _going_on: going_on,
    };
    (filter, held)
}

pub(crate) struct Held {
    is_in: mpsc::Receiver<()>,
    _going_on: mpsc::Sender<()>,
}

impl Held {
    /// Until the filter has the first event.
    pub(crate) fn wait(&self) {
        self.is_in.recv_timeout(PATIENCE).unwrap();
    }
}

/// Waits until the report is as wanted.
pub(crate) fn eventually(
    tracker: &BatchTracker,
    is_so: impl Fn(&TrackerReport) -> bool,
) -> TrackerReport {
    let started = Instant::now();
    loop {
        let report = sound(tracker);
        if is_so(&report) {
            return report;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {report}"
        );
        std::thread::yield_now();
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
