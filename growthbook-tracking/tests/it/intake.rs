use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use growthbook_core::{Interest, TrackingPlugin};
use growthbook_tracking::{BatchTracker, DropReason, EventBody};

use crate::support::{FarEnd, PATIENCE, events, name, record, sound, views};

#[test]
fn the_same_exposure_is_delivered_once() {
    let far = FarEnd::new();
    let also = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&also);
    let tracker = BatchTracker::builder(far.sink())
        .interest(Interest::ALL)
        .also(move |_| {
            told.fetch_add(1, Ordering::SeqCst);
        })
        .build();
    let (views, logged) = (views(["u-1", "u-2", "u-1"]), events(2));
    for _ in 0..3 {
        record(&tracker, views.iter().chain(&logged));
    }
    tracker.close(PATIENCE).unwrap();
    let report = sound(&tracker);
    // Two exposures, two uses, and each event that the program logged.
    assert_eq!(report.delivered(), 2 + 2 + 6, "{report}");
    assert_eq!(
        report.dropped_as(DropReason::Duplicate),
        report.offered() - 10
    );
    assert_eq!(
        also.load(Ordering::SeqCst),
        2,
        "which is told of exposures only"
    );
}

#[test]
fn de_duplication_can_be_turned_off() {
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink()).dedupe(0).build();
    let views = views(["u-1"]);
    (0..5).for_each(|_| record(&tracker, &views));
    tracker.close(PATIENCE).unwrap();
    assert_eq!(sound(&tracker).delivered(), 5);
}

#[test]
fn what_is_not_wanted_is_not_delivered() {
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink())
        .interest(Interest::CUSTOM)
        .event_filter(|event| name(event) != "event-1")
        .build();
    assert_eq!(tracker.interest(), Interest::CUSTOM);
    record(&tracker, views(["u-1"]).iter().chain(&events(3)));
    tracker.close(PATIENCE).unwrap();
    let report = sound(&tracker);
    assert_eq!(far.names(), ["event-0", "event-2"]);
    assert_eq!(
        report.dropped_as(DropReason::Filtered),
        report.offered() - 2
    );
}

/// Nothing that was hidden is anywhere in what is delivered, nor in what is printed.
#[test]
fn attributes_leave_as_they_are_told_to() {
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink())
        .without_attributes(["plan"])
        .hash_attributes(["id"], "pepper-01")
        .build();
    record(&tracker, &views(["ada@example.org"]));
    tracker.flush(PATIENCE).unwrap();
    let hash = "681125ed0331a8c728e97299503bd65205f07a2fb8525a2791f2893cd3ec155f";
    let event = &far.batches()[0][0];
    let EventBody::ExperimentViewed(viewed) = event.body() else {
        panic!("an exposure");
    };
    assert_eq!((viewed.hash_value(), event.user_id()), (hash, Some(hash)));
    assert_eq!(event.attributes_json(), format!(r#"{{"id":"{hash}"}}"#));
    let written = serde_json::to_string(event).unwrap();
    let printed = format!("{tracker:?} {} {event:?}", tracker.report());
    for text in [written, printed] {
        for secret in ["ada@", "pepper", "pro\""] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(!format!("{event:?}").contains(hash));
    let builder = BatchTracker::builder(far.sink()).hash_attributes(["id"], "pepper-01");
    assert!(!format!("{builder:?}").contains("pepper"));
}

#[test]
fn only_some_attributes_leave() {
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink())
        .only_attributes(["plan"])
        .build();
    record(&tracker, &views(["u-1"]));
    tracker.close(PATIENCE).unwrap();
    let event = &far.batches()[0][0];
    assert_eq!(event.attributes_json(), r#"{"plan":"pro"}"#);
    assert_eq!(event.user_id(), Some("u-1"), "by which they were bucketed");
}
