//! The protocols of 3.3 with real threads, since the channel cannot be put under a model checker: recording, flushing and
//! closing at the same time, many times over.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use growthbook_core::{Attributes, TrackingPlugin};
use growthbook_tracking::{BatchTracker, Batching};

use crate::support::{Answer, FarEnd, PATIENCE, events, logged, record, sound};

/// E11: what a thread recorded before it flushed is there when the flush returns, whatever the others do.
#[test]
fn a_flush_covers_what_came_before_it_among_many_producers() {
    let far = FarEnd::new();
    let tracker = BatchTracker::new(far.sink());
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let (tracker, far) = (&tracker, &far);
            scope.spawn(move || {
                for round in 0..20 {
                    let name = format!("{producer}-{round}");
                    let event = logged(&name, serde_json::json!({}), Attributes::new());
                    record(tracker, [&event]);
                    tracker.flush(PATIENCE).unwrap();
                    assert!(far.names().contains(&name), "{name} was flushed");
                    sound(tracker);
                }
            });
        }
    });
    tracker.close(PATIENCE).unwrap();
    let (mut names, count) = (far.names(), PRODUCERS * 20);
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        (names.len(), sound(&tracker).delivered()),
        (count, count as u64)
    );
}

/// Recording, flushing and closing in every order that chance brings about: all return, one closes, the sum is exact, and
/// no event is delivered that was not offered, or twice.
#[test]
fn the_end_may_come_at_any_moment() {
    let events = events(50);
    for round in 0..ROUNDS {
        let far = FarEnd::new();
        if round % 3 == 1 {
            far.answers([Answer::Unavailable, Answer::Panic], Answer::Accept);
        }
        let sink = far.sink_by(Batching::default().batch_size(3).at_most(7, 1 << 20));
        let tracker = BatchTracker::new(sink);
        let start = Barrier::new(6);
        let offered = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    for event in &events {
                        record(&tracker, [event]);
                        offered.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            for limit in [Duration::ZERO, PATIENCE] {
                let (tracker, start) = (&tracker, &start);
                scope.spawn(move || {
                    start.wait();
                    let _ = tracker.flush(limit);
                });
                scope.spawn(move || {
                    start.wait();
                    let _ = tracker.close(limit);
                });
            }
        });
        let _ = tracker.close(PATIENCE);
        let report = sound(&tracker);
        assert_eq!(report.offered(), offered.load(Ordering::SeqCst));
        assert_eq!(report.pending(), 0, "{report}");
        let delivered = far.names().len() as u64;
        if round % 3 != 1 {
            assert_eq!(report.delivered(), delivered, "{report}");
        }
        assert_eq!(far.sinks_dropped(), 1);
    }
}

/// Whoever looks sees a sum that is exact, at any moment.
#[test]
fn a_report_is_never_torn() {
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink())
        .queue(200, 1 << 20)
        .build();
    let (events, is_over) = (events(100), AtomicBool::new(false));
    thread::scope(|scope| {
        let producers =
            [(); 3].map(|()| scope.spawn(|| (0..50).for_each(|_| record(&tracker, &events))));
        let reader = scope.spawn(|| {
            let mut last = sound(&tracker);
            while !is_over.load(Ordering::SeqCst) {
                let next = sound(&tracker);
                assert!(next.offered() >= last.offered() && next.delivered() >= last.delivered());
                assert!(next.dropped() >= last.dropped());
                last = next;
            }
        });
        for producer in producers {
            producer.join().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
    tracker.close(PATIENCE).unwrap();
    let report = sound(&tracker);
    assert_eq!((report.offered(), report.pending()), (15_000, 0));
    assert_eq!(report.delivered(), far.names().len() as u64);
}

const PRODUCERS: usize = 8;
const ROUNDS: usize = 60;
