//! What becomes of events when the far end is not as it should be.

use std::time::{Duration, UNIX_EPOCH};

use growthbook_core::TrackingPlugin;
use growthbook_core::testing::ManualClock;
use growthbook_tracking::{BatchTracker, Batching, DeliveryFailure, DropReason, Event};

use crate::support::{Answer, FarEnd, PATIENCE, events, eventually, named, record, sound};

fn ids(batch: &[Event]) -> Vec<(u128, std::time::SystemTime)> {
    let id = |event: &Event| (event.id().as_u128(), event.at());
    batch.iter().map(id).collect()
}

/// Lets time pass until the tracker's next alarm.
fn pass(clock: &ManualClock) -> Duration {
    let next = clock.wait_for_alarm(PATIENCE).unwrap();
    clock.advance(next);
    next
}

/// The far end is back, and the tracker finds out.
fn recover(far: &FarEnd, clock: &ManualClock) {
    // The last attempt has failed, and it waits for the next.
    assert!(clock.wait_for_alarm(PATIENCE).is_some());
    far.answers([], Answer::Accept);
    pass(clock);
}

#[test]
fn events_wait_for_others_and_not_for_ever() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    let tracker = BatchTracker::builder(far.sink())
        .clock(clock.clone())
        .build();
    let events = events(13);
    record(&tracker, &events[..3]);
    assert!(pass(&clock) <= Duration::from_secs(10));
    far.wait_for_batches(1);
    assert_eq!(far.names(), named(0..3));
    record(&tracker, &events[3..]);
    far.wait_for_batches(2);
    assert_eq!(far.names(), named(0..13), "ten are enough without waiting");
    eventually(&tracker, |report| report.pending() == 0);
}

/// E1, scaled: at the bound the earliest are kept, and they come in order when the far end is back.
#[test]
fn an_outage_keeps_what_came_first_and_counts_the_rest() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([], Answer::Unavailable);
    let tracker = BatchTracker::builder(far.sink())
        .clock(clock.clone())
        .build();
    let events = events(2_000);
    for _ in 0..10 {
        record(&tracker, &events);
        sound(&tracker);
    }
    let report = sound(&tracker);
    assert_eq!(
        (report.offered(), report.pending()),
        (20_000, 10_000),
        "{report}"
    );
    assert_eq!(report.dropped_as(DropReason::QueueFull), 10_000);
    // Ten minutes of it.
    let mut outage = Duration::ZERO;
    while outage < Duration::from_secs(600) {
        outage += pass(&clock);
    }
    recover(&far, &clock);
    let report = eventually(&tracker, |report| report.delivered() == 10_000);
    assert_eq!((report.pending(), report.last_failure()), (0, None));
    assert!(report.retries() >= 10 && report.retries() < 40, "{report}");
    let names = far.names();
    let delivered = &names[names.len() - 10_000..];
    let expected = named((0..10_000).map(|number| number % 2_000));
    assert_eq!(delivered, expected);
    tracker.close(PATIENCE).unwrap();
}

/// E2, E3 and E19: where it is not known whether a batch arrived, exactly that batch comes again, as it was.
#[test]
fn an_unknown_outcome_brings_the_same_events_again() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([Answer::Accept, Answer::Unavailable], Answer::Accept);
    let sink = far.sink_by(Batching::default().at_most(10, 1 << 20));
    let tracker = BatchTracker::builder(sink).clock(clock.clone()).build();
    record(&tracker, &events(30));
    far.wait_for_batches(2);
    // What comes meanwhile does not join it.
    record(&tracker, &events(2));
    pass(&clock);
    eventually(&tracker, |report| report.delivered() >= 30);
    let batches = far.batches();
    assert_eq!(ids(&batches[1]), ids(&batches[2]));
    let report = sound(&tracker);
    assert_eq!(report.retries(), 1, "{report}");
    assert_eq!(far.names()[..10], named(0..10));
    assert_eq!(far.names()[20..40], [named(10..20), named(20..30)].concat());
}

/// E7: wrong credentials for an hour.
#[test]
fn events_that_are_refused_are_kept() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([], Answer::Refuse);
    let tracker = BatchTracker::builder(far.sink())
        .clock(clock.clone())
        .build();
    record(&tracker, &events(50));
    let mut refused = Duration::ZERO;
    while refused < Duration::from_secs(3_600) {
        refused += pass(&clock);
    }
    let report = sound(&tracker);
    assert_eq!((report.pending(), report.dropped()), (50, 0), "{report}");
    assert_eq!(report.last_failure(), Some(DeliveryFailure::Refused));
    assert!(report.deliveries() < 15, "more and more rarely: {report}");
    recover(&far, &clock);
    eventually(&tracker, |report| report.delivered() == 50);
}

/// E6, by a real thread: the bad one is found among the others.
#[test]
fn a_batch_with_a_bad_event_loses_that_one() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    // All ten, five, three, two, and one: that is the first of all.
    far.answers([Answer::Reject; 5], Answer::Accept);
    let tracker = BatchTracker::builder(far.sink()).clock(clock).build();
    far.stall(true);
    record(&tracker, &events(10));
    far.stall(false);
    let report = eventually(&tracker, |report| report.pending() == 0);
    assert_eq!(report.dropped_as(DropReason::Rejected), 1, "{report}");
    assert_eq!(report.delivered(), 9);
}

#[test]
fn what_was_given_up_is_counted() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([], Answer::Unavailable);
    let builder = BatchTracker::builder(far.sink()).max_retries(Some(2));
    let tracker = builder.clock(clock.clone()).build();
    record(&tracker, &events(10));
    pass(&clock);
    pass(&clock);
    let report = eventually(&tracker, |report| report.pending() == 0);
    assert_eq!(report.dropped_as(DropReason::GaveUp), 10, "{report}");
    assert_eq!((report.deliveries(), report.retries()), (3, 2));
}

/// Property 21 and K14: the date may do as it likes.
#[test]
fn a_date_that_jumps_changes_no_schedule_and_loses_nothing() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    let tracker = BatchTracker::builder(far.sink())
        .clock(clock.clone())
        .build();
    let ten_years = Duration::from_secs(10 * 365 * 86_400);
    for (round, date) in [UNIX_EPOCH, UNIX_EPOCH + 10 * ten_years]
        .into_iter()
        .enumerate()
    {
        record(&tracker, &events(2));
        assert!(clock.wait_for_alarm(PATIENCE).is_some());
        clock.set_now(date);
        clock.advance(Duration::from_secs(9));
        assert_eq!(sound(&tracker).delivered(), 2 * round as u64);
        clock.advance(Duration::from_secs(1));
        eventually(&tracker, |report| {
            report.delivered() == 2 * (round as u64 + 1)
        });
    }
    assert_eq!(sound(&tracker).dropped(), 0);
}

#[test]
fn events_that_wait_too_long_are_dropped() {
    let (far, clock) = (FarEnd::new(), ManualClock::new());
    far.answers([], Answer::Unavailable);
    let builder = BatchTracker::builder(far.sink()).max_age(Duration::from_secs(300));
    let tracker = builder.clock(clock.clone()).build();
    record(&tracker, &events(10));
    let mut waited = Duration::ZERO;
    while waited < Duration::from_secs(300) {
        waited += pass(&clock);
    }
    let report = eventually(&tracker, |report| report.pending() == 0);
    assert_eq!(report.dropped_as(DropReason::Expired), 10, "{report}");
}

/// Each tracker is a lane of its own.
#[test]
fn one_that_hangs_does_not_hold_up_another() {
    let (hung, other) = (FarEnd::new(), FarEnd::new());
    hung.stall(true);
    let trackers = [&hung, &other].map(|far| BatchTracker::new(far.sink()));
    for event in &events(10) {
        for tracker in &trackers {
            tracker.record(&event.as_event());
        }
    }
    trackers[1].flush(PATIENCE).unwrap();
    assert_eq!(
        (sound(&trackers[0]).pending(), other.names()),
        (10, named(0..10))
    );
    hung.stall(false);
    trackers[0].close(PATIENCE).unwrap();
    assert_eq!(hung.names(), named(0..10));
}
