use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use growthbook_core::{FlushError, TrackingPlugin};
use growthbook_tracking::{BatchTracker, Batching, DropReason, TrackerState};

use crate::support::{
    Answer, FarEnd, PATIENCE, closed_at_once, events, eventually, held_once, named, record, sound,
};

/// E13: the sink hangs, and ten thousand wait.
#[test]
fn closing_does_not_wait_for_a_sink_that_hangs() {
    let far = FarEnd::new();
    far.stall(true);
    let tracker = BatchTracker::new(far.sink());
    let events = events(1_000);
    (0..10).for_each(|_| record(&tracker, &events));
    far.wait_for_call();
    let started = Instant::now();
    let closed = tracker.close(Duration::from_millis(100));
    let took = started.elapsed();
    let is_expected = matches!(
        closed,
        Err(FlushError::Incomplete {
            pending: 10_000,
            ..
        })
    );
    assert!(is_expected, "{closed:?}");
    assert!(took < PATIENCE, "{took:?}");
    let report = sound(&tracker);
    assert_eq!(
        (report.pending(), report.state()),
        (10_000, TrackerState::Open)
    );
    // It comes back after all: what it had counts as delivered, the rest as closed.
    far.stall(false);
    let report = eventually(&tracker, |report| report.pending() == 0);
    let delivered = far.names().len() as u64;
    assert_eq!(report.delivered(), delivered, "{report}");
    assert_eq!(report.dropped_as(DropReason::Closed), 10_000 - delivered);
    eventually(&tracker, |report| report.state() == TrackerState::Closed);
}

#[test]
fn closing_delivers_without_waiting_for_anything() {
    let far = FarEnd::new();
    let hour = Duration::from_secs(3_600);
    let sink = far.sink_by(Batching::default().interval(hour).spacing(hour));
    let tracker = BatchTracker::new(sink);
    let events = events(250);
    record(&tracker, &events);
    far.wait_for_batches(1);
    tracker.close(PATIENCE).unwrap();
    assert_eq!(far.names(), named(0..250));
    record(&tracker, &events[..7]);
    let report = sound(&tracker);
    assert_eq!(report.dropped_as(DropReason::Closed), 7, "{report}");
    assert_eq!(
        (far.sinks_dropped(), report.state()),
        (1, TrackerState::Closed)
    );
}

/// With a second to spare there are further attempts, also in the middle of a long pause.
#[test]
fn closing_tries_again_while_there_is_time() {
    let far = FarEnd::new();
    far.answers([Answer::Unavailable, Answer::Unavailable], Answer::Accept);
    let hour = Duration::from_secs(3_600);
    let sink = far.sink_by(Batching::default().delays(hour, hour));
    let tracker = BatchTracker::new(sink);
    record(&tracker, &events(10));
    far.wait_for_batches(1);
    tracker.close(PATIENCE).unwrap();
    assert_eq!(sound(&tracker).delivered(), 10);
}

#[test]
fn closing_without_time_drops_what_waits() {
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = BatchTracker::new(far.sink());
    record(&tracker, &events(10));
    far.wait_for_batches(1);
    let closed = closed_at_once(&tracker);
    let is_expected = matches!(
        closed,
        Err(FlushError::Incomplete {
            dropped: 10,
            pending: 0,
            ..
        })
    );
    assert!(is_expected, "{closed:?}");
    assert_eq!(sound(&tracker).dropped_as(DropReason::Closed), 10);
}

/// What is still in the queue when the thread ends is dropped then, and not when the last handle goes.
#[test]
fn what_is_in_the_queue_at_the_end_is_dropped() {
    let far = FarEnd::new();
    let (filter, held) = held_once();
    let tracker = BatchTracker::builder(far.sink())
        .event_filter(filter)
        .build();
    record(&tracker, &events(1));
    held.wait();
    record(&tracker, &events(29));
    tracker.close(Duration::ZERO).unwrap_err();
    drop(held);
    let report = eventually(&tracker, |report| report.state() == TrackerState::Closed);
    assert_eq!(report.dropped_as(DropReason::Closed), 30, "{report}");
}

/// K9, of trackers: nothing is left of them.
#[test]
fn trackers_come_and_go() {
    let far = FarEnd::new();
    let events = events(1);
    for _ in 0..500 {
        let tracker = BatchTracker::new(far.sink());
        let other_handle = tracker.clone();
        record(&other_handle, &events);
    }
    assert_eq!((far.names().len(), far.sinks_dropped()), (500, 500));
}

/// K13.
#[test]
fn a_tracker_may_go_while_a_panic_unwinds() {
    let far = FarEnd::new();
    let tracker = BatchTracker::new(far.sink());
    record(&tracker, &events(3));
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _tracker = tracker;
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    assert_eq!((far.names(), far.sinks_dropped()), (named(0..3), 1));
}
