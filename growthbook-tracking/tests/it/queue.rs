use std::time::{Duration, Instant};

use growthbook_core::{Attributes, TrackingPlugin};
use growthbook_tracking::{BatchTracker, DropReason};
use serde_json::{Map, Value, json};

use crate::support::{Answer, FarEnd, PATIENCE, events, eventually, logged, record, sound};

/// E9: by count.
#[test]
fn a_queue_that_is_full_drops_what_comes_next() {
    let far = FarEnd::new();
    far.stall(true);
    let tracker = BatchTracker::builder(far.sink()).queue(20, 1 << 20).build();
    record(&tracker, &events(50));
    let report = sound(&tracker);
    assert_eq!(
        (report.pending(), report.dropped_as(DropReason::QueueFull)),
        (20, 30)
    );
    far.stall(false);
    tracker.close(PATIENCE).unwrap();
    assert_eq!(
        far.names(),
        crate::support::named(0..20),
        "the earliest are kept"
    );
}

/// E9: by bytes, in the queue as well as behind it.
#[test]
fn a_queue_is_bounded_by_bytes_as_well() {
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = BatchTracker::builder(far.sink())
        .queue(1_000, 100_000)
        .build();
    let text = "x".repeat(10_000);
    let event = logged("large", json!({ "text": text }), Attributes::new());
    for _ in 0..20 {
        tracker.record(&event.as_event());
    }
    let report = sound(&tracker);
    assert_eq!(
        (report.pending(), report.dropped_as(DropReason::QueueFull)),
        (9, 11)
    );
    // The room comes back.
    far.answers([], Answer::Accept);
    tracker.flush(PATIENCE).unwrap();
    (0..9).for_each(|_| tracker.record(&event.as_event()));
    tracker.close(PATIENCE).unwrap();
    assert_eq!(sound(&tracker).delivered(), 18);
}

/// E10: they are turned away where they come, and looking at them does not take long.
#[test]
fn events_that_are_too_large_or_too_deep_are_dropped() {
    let far = FarEnd::new();
    let tracker = BatchTracker::new(far.sink());
    let huge = json!({ "text": "x".repeat(10_000_000) });
    let many: Map<String, Value> = (0..1_000_000)
        .map(|it| (it.to_string(), it.into()))
        .collect();
    let deep = (0..1_000).fold(Value::Null, |inner, _| json!([inner]));
    let large = Attributes::new().with("list", vec!["x".repeat(1_000); 300]);
    let bad = [
        logged("huge", huge, Attributes::new()),
        logged("many", Value::Object(many), Attributes::new()),
        logged("deep", json!({ "deep": deep }), Attributes::new()),
        logged("attributes", json!({}), large),
    ];
    let started = Instant::now();
    (0..100).for_each(|_| record(&tracker, &bad));
    assert!(started.elapsed() < PATIENCE);
    let fine = logged(
        "fine",
        json!({}),
        Attributes::new().with("number", f64::NAN),
    );
    record(&tracker, [&fine]);
    tracker.close(PATIENCE).unwrap();
    let report = sound(&tracker);
    assert_eq!(report.dropped_as(DropReason::TooLarge), 400, "{report}");
    let batches = far.batches();
    assert_eq!(batches[0][0].attributes_json(), r#"{"number":null}"#);
    assert_eq!(report.delivered(), 1);
}

/// K17: deep but permitted, where the stack is small.
#[test]
fn a_small_stack_is_enough_to_record() {
    let far = FarEnd::new();
    let tracker = BatchTracker::new(far.sink());
    let deep = (0..120).fold(Value::Null, |inner, _| json!([inner]));
    let event = logged("deep", json!({ "deep": deep }), Attributes::new());
    let of_thread = tracker.clone();
    let thread = std::thread::Builder::new().stack_size(64 * 1024);
    let recorder = thread.spawn(move || of_thread.record(&event.as_event()));
    recorder.unwrap().join().unwrap();
    tracker.close(PATIENCE).unwrap();
    assert_eq!(sound(&tracker).delivered(), 1);
}

/// The thread that records does not wake the other one for each event, and the last one is not forgotten.
#[test]
fn single_events_are_not_overlooked() {
    let far = FarEnd::new();
    let builder = BatchTracker::builder(far.sink()).batch_size(1);
    let tracker = builder.interval(Duration::from_secs(3_600)).build();
    for (count, event) in events(200).iter().enumerate() {
        tracker.record(&event.as_event());
        if count % 3 == 0 {
            eventually(&tracker, |report| report.pending() == 0);
        }
    }
    eventually(&tracker, |report| report.delivered() == 200);
}

/// Who wants no bound does not get one that nothing could be set aside for.
#[test]
fn a_queue_without_bounds_is_a_large_one() {
    let far = FarEnd::new();
    let builder = BatchTracker::builder(far.sink());
    let tracker = builder.queue(usize::MAX, usize::MAX).build();
    record(&tracker, &events(100));
    tracker.close(PATIENCE).unwrap();
    assert_eq!(far.names(), crate::support::named(0..100));
}
