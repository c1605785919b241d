use growthbook_core::TrackingPlugin;
use growthbook_testkit::in_a_copy;
use growthbook_tracking::{BatchTracker, DropReason};

use crate::support::{FarEnd, PATIENCE, events, record, sound};

/// K10: the copy drops and counts, ends without hanging, and delivers once it has a worker; this process goes on.
#[test]
fn a_forked_process_drops_events_until_it_is_given_a_worker() {
    let events = events(100);
    for round in 0..10 {
        let far = FarEnd::new();
        let tracker = BatchTracker::new(far.sink());
        record(&tracker, &events[..15]);
        if round % 2 == 0 {
            far.wait_for_batches(1);
        }
        let is_fine = in_a_copy(PATIENCE, || {
            record(&tracker, &events);
            let report = sound(&tracker);
            let is_dropped = report.pending() == 0
                && report.offered() == 115
                && report.dropped_as(DropReason::Forked) >= 68;
            let ends = tracker.flush(PATIENCE).is_ok() && tracker.close(PATIENCE).is_ok();
            let own = FarEnd::new();
            let is_open = tracker.reopen(own.sink());
            record(&tracker, &events);
            let is_delivered = tracker.flush(PATIENCE).is_ok() && own.names().len() == 100;
            sound(&tracker);
            drop(tracker.clone());
            let is_closed = tracker.close(PATIENCE).is_ok() && own.sinks_dropped() == 1;
            is_dropped && ends && is_open && is_delivered && is_closed
        });
        assert!(is_fine.unwrap(), "in the copy");
        record(&tracker, &events[15..20]);
        assert!(!tracker.reopen(far.sink()), "this is no copy");
        tracker.close(PATIENCE).unwrap();
        let report = sound(&tracker);
        assert_eq!(
            (report.delivered(), far.names().len()),
            (20, 20),
            "{report}"
        );
    }
}

/// P-22: what two copies record in the same millisecond is told apart.
#[test]
fn copies_do_not_make_the_same_ids() {
    let folder = tempfile::tempdir().unwrap();
    let events = events(10);
    let tracker = BatchTracker::new(FarEnd::new().sink());
    let ids = [1, 2].map(|copy| {
        let path = folder.path().join(copy.to_string());
        let is_written = in_a_copy(PATIENCE, || {
            let far = FarEnd::new();
            let is_open = tracker.reopen(far.sink());
            record(&tracker, &events);
            let is_flushed = tracker.flush(PATIENCE).is_ok();
            let ids = far.batches().concat();
            let ids: Vec<String> = ids.iter().map(|it| it.id().to_string()).collect();
            is_open && is_flushed && std::fs::write(&path, ids.join(" ")).is_ok()
        });
        assert!(is_written.unwrap(), "in the copy");
        std::fs::read_to_string(path).unwrap()
    });
    let [one, other] = ids.each_ref().map(|ids| ids.split(' ').collect::<Vec<_>>());
    assert_eq!((one.len(), other.len()), (10, 10));
    // The events are the same ones, and so are their times: chance alone tells them apart.
    assert!(
        one.iter().all(|id| !other.contains(id)),
        "{one:?} {other:?}"
    );
}
