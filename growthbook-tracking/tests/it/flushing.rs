use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use growthbook_core::{FlushError, TrackingPlugin};
use growthbook_tracking::{BatchTracker, Event};

use crate::support::{Answer, FarEnd, PATIENCE, events, eventually, named, record, sound, views};

/// E12: no time at all.
#[test]
fn a_flush_without_time_says_what_is_pending() {
    let far = FarEnd::new();
    let tracker = BatchTracker::new(far.sink());
    tracker.flush(Duration::ZERO).unwrap();
    far.stall(true);
    record(&tracker, &events(3));
    let flushed = tracker.flush(Duration::ZERO);
    let is_expected = matches!(
        flushed,
        Err(FlushError::Incomplete {
            dropped: 0,
            pending: 3,
            ..
        })
    );
    assert!(is_expected, "{flushed:?}");
    far.stall(false);
    tracker.flush(PATIENCE).unwrap();
    assert_eq!((far.names(), sound(&tracker).pending()), (named(0..3), 0));
}

/// E12: several at once, and after the end.
#[test]
fn flushes_do_not_get_in_each_others_way() {
    let far = FarEnd::new();
    let tracker = BatchTracker::new(far.sink());
    far.stall(true);
    record(&tracker, &events(5));
    std::thread::scope(|scope| {
        let flushes = [(); 4].map(|()| scope.spawn(|| tracker.flush(PATIENCE)));
        far.wait_for_call();
        far.stall(false);
        for flush in flushes {
            flush.join().unwrap().unwrap();
        }
    });
    tracker.close(PATIENCE).unwrap();
    tracker.flush(Duration::ZERO).unwrap();
    tracker.flush(PATIENCE).unwrap();
    tracker.close(Duration::ZERO).unwrap();
    assert_eq!((far.names(), sound(&tracker).delivered()), (named(0..5), 5));
}

#[test]
fn a_flush_says_what_was_given_up() {
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = BatchTracker::builder(far.sink())
        .max_retries(Some(0))
        .build();
    record(&tracker, &events(4));
    let flushed = tracker.flush(PATIENCE);
    let is_expected = matches!(
        flushed,
        Err(FlushError::Incomplete {
            dropped: 4,
            pending: 0,
            ..
        })
    );
    assert!(is_expected, "{flushed:?}");
    tracker.flush(PATIENCE).unwrap();
    sound(&tracker);
}

/// E12 and K3: from the tracker's own thread, which must not wait for itself.
#[test]
fn the_callback_may_use_its_own_tracker() {
    let own = Arc::new(OnceLock::<BatchTracker>::new());
    let said = Arc::new(Mutex::new(Vec::new()));
    let (within, says) = (Arc::clone(&own), Arc::clone(&said));
    let events = views(["u-1", "u-2", "u-3"]);
    let more: Vec<_> = views(["u-4"]);
    let tracker = BatchTracker::callback(move |_: &[Event]| {
        let Some(tracker) = within.get() else { return };
        record(tracker, &more);
        let flushed = tracker.flush(PATIENCE).is_ok();
        let report = sound(tracker);
        says.lock().unwrap().push((flushed, report.pending() > 0));
    });
    own.set(tracker.clone()).unwrap();
    record(&tracker, &events);
    tracker.flush(PATIENCE).unwrap();
    eventually(&tracker, |report| report.pending() == 0);
    let said = said.lock().unwrap().clone();
    assert!(
        !said.is_empty() && said.iter().all(|it| *it == (false, true)),
        "{said:?}"
    );
    let closed = tracker.close(PATIENCE);
    assert!(closed.is_ok(), "{closed:?}");
    // Six of features, four of exposures that are not the same ones again.
    assert_eq!(sound(&tracker).delivered(), 4);
}

/// K12: no runtime within a runtime, and nothing that needs one.
#[test]
fn a_tracker_is_at_home_in_async_programs() {
    let runtimes = [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ];
    for mut runtime in runtimes {
        let far = FarEnd::new();
        let sink = far.sink();
        runtime.build().unwrap().block_on(async move {
            let tracker = BatchTracker::new(sink);
            record(&tracker, &events(3));
            tokio::task::yield_now().await;
            tracker.flush(PATIENCE).unwrap();
            record(&tracker, &events(2));
            // The last handle goes in a task.
            tokio::spawn(async move { drop(tracker) }).await.unwrap();
        });
        assert_eq!(far.names(), [named(0..3), named(0..2)].concat());
    }
}
