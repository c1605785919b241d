//! Sinks, filters and clocks that panic, hang or call back.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use growthbook_core::testing::ManualClock;
use growthbook_core::{Clock, TrackingPlugin};
use growthbook_tracking::{
    BatchTracker, DeliveryError, DeliveryFailure, DropReason, Event, EventBatch, EventSink,
    TrackerState,
};

use crate::support::{Answer, FarEnd, PATIENCE, events, eventually, named, record, sound, views};

/// E17 and K1.
#[test]
fn a_sink_that_panics_has_failed() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([Answer::Panic; 7], Answer::Accept);
    let tracker = BatchTracker::builder(far.sink())
        .clock(clock.clone())
        .build();
    record(&tracker, &events(10));
    for _ in 0..7 {
        let next = clock.wait_for_alarm(PATIENCE).expect("it waits");
        let failure = sound(&tracker).last_failure();
        assert_eq!(failure, Some(DeliveryFailure::Panicked));
        clock.advance(next);
    }
    let report = eventually(&tracker, |report| report.delivered() == 10);
    assert_eq!((report.retries(), report.panics()), (7, 0), "{report}");
    assert_eq!(report.state(), TrackerState::Open);
}

/// E18, as far as anything of the program's runs there: a filter that panics has not said no.
#[test]
fn filters_and_listeners_may_panic() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("K2: dropped");
        }
    }
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink())
        .event_filter(|_| std::panic::panic_any(Grenade))
        .also(|_| panic!("a listener that panics"))
        .build();
    record(&tracker, views(["u-1"]).iter().chain(&events(2)));
    tracker.close(PATIENCE).unwrap();
    assert_eq!(far.names(), ["experiment", "event-0", "event-1"]);
    assert_eq!(sound(&tracker).panics(), 0);
}

/// A clock that panics as often as it is told to: the seam for a panic anywhere in the thread.
#[derive(Clone, Debug)]
struct Clockwork {
    clock: ManualClock,
    panics: Arc<AtomicU32>,
}

impl Clock for Clockwork {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        let is_ours = std::thread::current().name() == Some("gb-track");
        let left = |left: u32| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if is_ours && self.panics.fetch_update(order, order, left).is_ok() {
            panic!("a clock that panics");
        }
        self.clock.monotonic()
    }

    fn wake_at(&self, at: Duration, waker: &std::task::Waker) -> bool {
        self.clock.wake_at(at, waker)
    }
}

/// E15: what it had goes on, with nothing lost.
#[test]
fn a_thread_that_panics_goes_on() {
    let far = FarEnd::new();
    let panics = Arc::new(AtomicU32::new(0));
    let clock = Clockwork {
        clock: ManualClock::new(),
        panics: Arc::clone(&panics),
    };
    let tracker = BatchTracker::builder(far.sink()).clock(clock).build();
    far.stall(true);
    record(&tracker, &events(10));
    far.wait_for_call();
    panics.store(4, Ordering::SeqCst);
    far.stall(false);
    eventually(&tracker, |report| report.delivered() == 10);
    record(&tracker, &events(10));
    let report = eventually(&tracker, |report| report.delivered() == 20);
    assert!((1..5).contains(&report.panics()), "{}", report.panics());
    assert_eq!((report.state(), report.dropped()), (TrackerState::Open, 0));
    tracker.close(PATIENCE).unwrap();
}

/// E15: five times in a minute is the end.
#[test]
fn a_thread_that_keeps_panicking_ends() {
    let far = FarEnd::new();
    let panics = Arc::new(AtomicU32::new(u32::MAX));
    let clock = Clockwork {
        clock: ManualClock::new(),
        panics,
    };
    let tracker = BatchTracker::builder(far.sink()).clock(clock).build();
    let report = eventually(&tracker, |report| report.state() == TrackerState::Failed);
    assert_eq!(report.panics(), 5);
    record(&tracker, &events(10));
    let report = sound(&tracker);
    assert_eq!(
        (report.dropped_as(DropReason::Closed), report.pending()),
        (10, 0)
    );
    tracker.flush(PATIENCE).unwrap();
    tracker.close(PATIENCE).unwrap();
    assert_eq!((far.names().len(), far.sinks_dropped()), (0, 1));
    assert_eq!(sound(&tracker).state(), TrackerState::Failed);
}

/// K4: the last handle goes in the tracker's own thread.
#[test]
fn the_last_handle_may_go_within_the_sink() {
    #[derive(Debug)]
    struct Holder(Arc<Mutex<Option<BatchTracker>>>, FarEnd);
    impl EventSink for Holder {
        fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
            let handle = self.0.lock().unwrap().take();
            drop(handle);
            self.1.sink().deliver(batch)
        }
    }
    let (handle, far) = (Arc::default(), FarEnd::new());
    let tracker = BatchTracker::new(Holder(Arc::clone(&handle), far.clone()));
    let events = events(10);
    far.stall(true);
    *handle.lock().unwrap() = Some(tracker.clone());
    record(&tracker, &events);
    drop(tracker);
    far.stall(false);
    far.wait_for_batches(1);
    assert_eq!(far.names(), named(0..10));
    // The sink goes with the thread, and with the sink the last of this.
    let started = std::time::Instant::now();
    while Arc::strong_count(&handle) > 1 {
        assert!(started.elapsed() < PATIENCE, "the thread does not end");
        std::thread::yield_now();
    }
}

/// K3 and K5: a callback that evaluates, logs and takes its time holds up nobody but itself.
#[test]
fn a_slow_callback_that_evaluates_holds_up_nobody() {
    use growthbook_core::testing::TestFeatures;
    use growthbook_core::{Attributes, GrowthBookClient, UserContext};
    let own = Arc::new(OnceLock::<GrowthBookClient>::new());
    let far = FarEnd::new();
    let (within, gate) = (Arc::clone(&own), far.clone());
    let tracker = BatchTracker::callback(move |events: &[Event]| {
        if let Some(client) = within.get() {
            client.is_on(
                "feature",
                &UserContext::new(Attributes::new().with("id", "within")),
            );
        }
        gate.pass(events);
    });
    let features = TestFeatures::new().value_in("feature", 1, ("experiment", "treatment"));
    let builder = features.builder().plugin(tracker.clone());
    own.set(builder.build().unwrap()).unwrap();
    far.stall(true);
    let client = own.get().unwrap();
    for user in 1..=20_000 {
        let attributes = Attributes::new().with("id", user);
        assert!(client.is_on("feature", &UserContext::new(attributes)));
    }
    let report = sound(&tracker);
    assert!(
        report.dropped_as(DropReason::QueueFull) >= 9_900,
        "{report}"
    );
    assert!(report.pending() <= 10_000, "{report}");
    far.stall(false);
    tracker.flush(PATIENCE).unwrap();
    assert_eq!(sound(&tracker).dropped(), report.dropped());
}

/// K1: a logger that panics ends no thread, and has nothing delivered twice.
#[test]
fn a_logger_may_panic() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args([
        "--exact",
        "user_code::with_a_logger_that_panics",
        "--ignored",
    ]);
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

struct Grumpy;

impl log::Log for Grumpy {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        assert!(
            record.target() != "growthbook::tracking",
            "a logger that panics"
        );
    }

    fn flush(&self) {}
}

#[test]
#[ignore = "listens to the whole process"]
fn with_a_logger_that_panics() {
    log::set_logger(&Grumpy).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([Answer::Unavailable; 8], Answer::Accept);
    let tracker = BatchTracker::builder(far.sink())
        .clock(clock.clone())
        .queue(10, usize::MAX)
        .build();
    record(&tracker, &events(20));
    assert!(sound(&tracker).dropped_as(DropReason::QueueFull) >= 1);
    for _ in 0..8 {
        let next = clock.wait_for_alarm(PATIENCE).expect("it waits");
        clock.advance(next);
    }
    let report = eventually(&tracker, |report| report.pending() == 0);
    assert_eq!(
        (report.deliveries(), report.delivered()),
        (9, 10),
        "{report}"
    );
    assert_eq!((report.panics(), report.state()), (0, TrackerState::Open));
    tracker.close(PATIENCE).unwrap();
}
