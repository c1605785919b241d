//! Sinks to measure with, and what turns times into figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use growthbook_core::testing::{RecordingPlugin, TestFeatures};
use growthbook_core::{Attributes, Interest, OwnedTrackingEvent, UserContext};
use growthbook_tracking::{DeliveryError, EventBatch, EventSink};

/// How a sink is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mood {
    Dead,
    Healthy,
    /// Until it is opened.
    Hung,
    /// 50 ms for each batch.
    Slow,
}

/// The far end.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    mood: Mood,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    count: AtomicUsize,
    is_called: AtomicBool,
    is_open: AtomicBool,
}

impl Gate {
    pub(crate) fn new(mood: Mood) -> Self {
        let shared = Arc::default();
        Self { mood, shared }
    }

    pub(crate) fn sink(&self) -> impl EventSink + use<> {
        self.clone()
    }

    pub(crate) fn open(&self) {
        self.shared.is_open.store(true, Ordering::SeqCst);
    }

    /// How many events arrived.
    pub(crate) fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    pub(crate) fn wait_for_call(&self) {
        while !self.shared.is_called.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    }
}

impl EventSink for Gate {
    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        self.shared.is_called.store(true, Ordering::SeqCst);
        match self.mood {
            Mood::Dead => return Err(DeliveryError::unavailable("nobody is there")),
            Mood::Healthy => {}
            Mood::Hung => {
                while !self.shared.is_open.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            Mood::Slow => thread::sleep(Duration::from_millis(50)),
        }
        let events = batch.events().len();
        self.shared.count.fetch_add(events, Ordering::SeqCst);
        Ok(())
    }
}

/// Exposures of so many users with fifteen attributes each.
pub(crate) fn exposures(count: usize) -> Vec<OwnedTrackingEvent> {
    let plugin = RecordingPlugin::wanting(Interest::EXPERIMENT_VIEWED);
    let features = TestFeatures::new().value_in("feature", 1, ("experiment", "treatment"));
    let builder = features.builder().plugin(plugin.clone());
    let client = builder.build().expect("a client");
    for user in 1..=count {
        let id = format!("user-{user}-of-many");
        let mut attributes = Attributes::new().with("id", id).with("age", 42);
        for number in 0..13 {
            attributes.insert(format!("attribute-{number}"), "some ordinary text");
        }
        client.is_on("feature", &UserContext::new(attributes));
    }
    plugin.take()
}

/// Memory of this process, in KiB; 0 where that is not known.
pub(crate) fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

/// What this part of a thousand of sorted times did not exceed.
pub(crate) fn at(times: &[Duration], thousandths: usize) -> Duration {
    let rank = (times.len() * thousandths).div_ceil(1_000);
    let time = times.get(rank.saturating_sub(1));
    time.copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts the last digits")]
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// So many, or few if nothing is measured.
pub(crate) fn rounds(wanted: usize) -> usize {
    if cfg!(debug_assertions) {
        wanted.min(100)
    } else {
        wanted
    }
}
