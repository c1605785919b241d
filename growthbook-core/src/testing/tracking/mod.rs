mod deliveries;
mod ending;
mod events;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use self::deliveries::Deliveries;
use self::events::{Events, missing, repeated};
use super::suite::{PATIENCE, at_once, eventually, in_time};
use crate::error::FlushError;
use crate::tracking::{OwnedTrackingEvent, TrackingPlugin};

/// Checks that a plugin keeps the contract of [`TrackingPlugin`].
///
/// Each call of `make` gives a plugin that takes its events to where the test sees them: whatever stands at the far end, a
/// sink or a server of the test's, tells the [`Deliveries`] of each event that arrives. The plugin has to have room for a
/// thousand events that are not yet delivered. What it wants is up to it, as long as it wants something.
///
/// # Panics
///
/// When the contract is broken, with what is wrong.
///
/// # Example
///
/// ```
/// use growthbook_core::TrackingEvent;
/// use growthbook_core::testing::tracking_contract;
/// # use std::sync::Mutex;
/// # use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
/// # use std::thread::{self, ThreadId};
/// # use std::time::Duration;
/// # use growthbook_core::{FlushError, OwnedTrackingEvent, TrackingPlugin};
/// # enum Message {
/// #     Event(OwnedTrackingEvent),
/// #     Flush(Sender<()>),
/// # }
/// # #[derive(Debug)]
/// # struct Background {
/// #     inbox: Mutex<Option<SyncSender<Message>>>,
/// #     worker: ThreadId,
/// # }
/// # impl Background {
/// #     fn new(deliver: impl Fn(&TrackingEvent<'_>) + Send + 'static) -> Self {
/// #         let (inbox, messages) = sync_channel(1_000);
/// #         let worker = thread::spawn(move || {
/// #             for message in messages {
/// #                 match message {
/// #                     Message::Event(event) => deliver(&event.as_event()),
/// #                     Message::Flush(done) => drop(done.send(())),
/// #                 }
/// #             }
/// #         });
/// #         Self { inbox: Mutex::new(Some(inbox)), worker: worker.thread().id() }
/// #     }
/// #     fn inbox(&self) -> Option<SyncSender<Message>> {
/// #         self.inbox.lock().unwrap().clone()
/// #     }
/// # }
/// # impl TrackingPlugin for Background {
/// #     fn record(&self, event: &TrackingEvent<'_>) {
/// #         if let Some(inbox) = self.inbox() {
/// #             let _ = inbox.try_send(Message::Event(event.into_owned()));
/// #         }
/// #     }
/// #     fn flush(&self, limit: Duration) -> Result<(), FlushError> {
/// #         let Some(inbox) = self.inbox() else { return Ok(()) };
/// #         let (done, flushed) = channel();
/// #         let _ = inbox.try_send(Message::Flush(done));
/// #         flushed.recv_timeout(limit).map_err(|_| FlushError::TimedOut)
/// #     }
/// #     fn close(&self, limit: Duration) -> Result<(), FlushError> {
/// #         let is_within = thread::current().id() == self.worker;
/// #         let flushed = if is_within { Ok(()) } else { self.flush(limit) };
/// #         *self.inbox.lock().unwrap() = None;
/// #         flushed
/// #     }
/// # }
///
/// // In a test of a plugin that hands events to a closure, on a thread of its own:
/// tracking_contract(|deliveries| {
///     Background::new(move |event| match event {
///         TrackingEvent::Custom(event) => deliveries.arrived(event.name()),
///         TrackingEvent::ExperimentViewed(event) => deliveries.arrived(event.experiment().key()),
///         TrackingEvent::FeatureEvaluated(event) => deliveries.arrived(event.feature()),
///         _ => {}
///     })
/// });
/// ```
pub fn tracking_contract<P: TrackingPlugin>(make: impl Fn(Deliveries) -> P) {
    let fixture = || Fixture::new(&make);
    nothing_to_flush_is_no_error(&fixture());
    a_flush_covers_what_was_recorded(&fixture());
    a_flush_covers_what_each_thread_recorded(&fixture());
    recording_does_not_wait(&fixture());
    a_flush_keeps_to_its_limit(&fixture());
    delivering_may_record(&fixture());
    ending::check(fixture);
}

/// A plugin, what arrives of it, and events to tell it of.
struct Fixture<P> {
    plugin: Arc<P>,
    deliveries: Deliveries,
    events: Events,
}

impl<P: TrackingPlugin> Fixture<P> {
    fn new(make: impl Fn(Deliveries) -> P) -> Self {
        let deliveries = Deliveries::new();
        let plugin = make(deliveries.clone());
        let events = Events::wanted(plugin.interest());
        Self {
            plugin: Arc::new(plugin),
            deliveries,
            events,
        }
    }

    /// Records the events of these numbers, and gives their names.
    fn record(&self, numbers: impl IntoIterator<Item = usize>, what: &str) -> Vec<String> {
        let events = self.events.of(numbers);
        let names = Events::names(&events);
        self.tell(events, what);
        names
    }

    fn tell(&self, events: Vec<OwnedTrackingEvent>, what: &str) {
        let plugin = Arc::clone(&self.plugin);
        in_time(what, move || {
            for event in &events {
                plugin.record(&event.as_event());
            }
        });
    }

    fn flush(&self, limit: Duration, what: &str) -> Result<(), FlushError> {
        let plugin = Arc::clone(&self.plugin);
        in_time(what, move || plugin.flush(limit))
    }

    /// A flush that has all the time that it needs.
    fn flushed(&self) {
        if let Err(error) = self.flush(PATIENCE, "`flush`") {
            panic!("`flush` failed, though everything can be delivered: {error:?}");
        }
    }

    fn close(&self, limit: Duration, what: &str) -> Result<(), FlushError> {
        let plugin = Arc::clone(&self.plugin);
        in_time(what, move || plugin.close(limit))
    }

    /// All of these have arrived, and nothing has arrived twice.
    fn arrived(&self, names: &[String], rule: &str) {
        let arrived = self.deliveries.names();
        let missing = missing(names, &arrived);
        assert!(
            missing.is_empty(),
            "{rule}: of {} events, {} are missing, such as {:?}",
            names.len(),
            missing.len(),
            missing.first()
        );
        let repeated = repeated(&arrived);
        assert!(
            repeated.is_empty(),
            "an event is delivered once, and these came again: {repeated:?}"
        );
    }
}

fn nothing_to_flush_is_no_error(fixture: &Fixture<impl TrackingPlugin>) {
    for when in ["with nothing to deliver", "a second time"] {
        let flushed = fixture.flush(PATIENCE, "`flush` with nothing to deliver");
        assert!(
            flushed.is_ok(),
            "`flush` has no reason to fail {when}: {flushed:?}"
        );
    }
}

fn a_flush_covers_what_was_recorded(fixture: &Fixture<impl TrackingPlugin>) {
    let mut names = Vec::new();
    for (from, to) in [(0, 1), (1, 3), (3, MANY)] {
        names.extend(fixture.record(from..to, "`record`"));
        fixture.flushed();
        fixture.arrived(&names, "`flush` waits until what was recorded is delivered");
    }
}

fn a_flush_covers_what_each_thread_recorded(fixture: &Fixture<impl TrackingPlugin>) {
    at_once(THREADS, |thread| {
        for round in 0..ROUNDS {
            let own = (0..EACH).map(|number| (round * THREADS + thread) * EACH + number);
            let names = fixture.record(own, "`record` in many threads at once");
            fixture.flushed();
            let missing = missing(&names, &fixture.deliveries.names());
            assert!(
                missing.is_empty(),
                "`flush` covers what was recorded before it in its own thread, while others record and flush: \
                 {missing:?} are missing"
            );
        }
    });
    let all = Events::names(&fixture.events.of(0..ROUNDS * THREADS * EACH));
    fixture.arrived(&all, "what many threads record at once arrives");
}

fn recording_does_not_wait(fixture: &Fixture<impl TrackingPlugin>) {
    let stalled = fixture.deliveries.stall();
    let names = fixture.record(0..MANY, "`record`, while nothing can be delivered,");
    drop(stalled);
    fixture.flushed();
    fixture.arrived(
        &names,
        "what could not be delivered at once is delivered later",
    );
}

fn a_flush_keeps_to_its_limit(fixture: &Fixture<impl TrackingPlugin>) {
    let stalled = fixture.deliveries.stall();
    let names = fixture.record(0..2, "`record`, while nothing can be delivered,");
    for limit in [Duration::ZERO, SHORT] {
        let flushed = fixture.flush(
            limit,
            "`flush` with a limit, while nothing can be delivered,",
        );
        assert!(
            flushed.is_err(),
            "a `flush` that ends before everything is delivered says so, with an error"
        );
    }
    drop(stalled);
    fixture.flushed();
    fixture.arrived(&names, "what a `flush` had no time for is delivered later");
}

/// As a sink does that evaluates a feature.
fn delivering_may_record(fixture: &Fixture<impl TrackingPlugin>) {
    let names = Events::names(&fixture.events.of(0..2));
    let (plugin, late) = (Arc::clone(&fixture.plugin), fixture.events.of([1]));
    fixture.deliveries.at_next(move || {
        for event in &late {
            plugin.record(&event.as_event());
        }
    });
    fixture.record([0], "`record`");
    fixture.flushed();
    let came = eventually(|| {
        fixture.flushed();
        missing(&names, &fixture.deliveries.names()).is_empty()
    });
    assert!(
        came,
        "what is recorded while an event is delivered arrives as well"
    );
}

const MANY: usize = 100;
const THREADS: usize = 4;
const ROUNDS: usize = 3;
const EACH: usize = 10;

/// Far below what a plugin would wait by itself.
const SHORT: Duration = Duration::from_millis(20);
