//! From the queue to the disk to the sink.

use std::time::Duration;

use growthbook_core::testing::tracking_contract;
use growthbook_core::{FlushError, Interest, TrackingPlugin};
use growthbook_tracking::{
    BatchTracker, DropReason, Event, SpoolError, SpoolOptions, TrackerState,
};

use super::{builder, checked, drained, once_each};
use crate::support::{
    Answer, FarEnd, PATIENCE, closed_at_once, events, eventually, held_once, name, named, record,
    sound, views,
};

#[test]
fn a_tracker_with_a_spool_keeps_the_contract_of_plugins() {
    let folder = tempfile::tempdir().unwrap();
    tracking_contract(|deliveries| {
        let sink = growthbook_tracking::Callback::new(move |events: &[Event]| {
            for event in events {
                deliveries.arrived(name(event));
            }
        });
        // Each has a folder of its own: what one leaves is not the next one's.
        let own = tempfile::tempdir_in(&folder).unwrap().keep();
        builder(sink, &own).interest(Interest::ALL).build()
    });
}

#[test]
fn events_arrive_in_order_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    let tracker = builder(far.sink(), folder.path()).build();
    record(&tracker, &events(3_000));
    tracker.flush(PATIENCE).unwrap();
    assert_eq!(far.names(), named(0..3_000));
    let report = checked(&tracker);
    assert_eq!(
        (report.offered(), report.delivered()),
        (3_000, 3_000),
        "{report}"
    );
    assert_eq!(report.spool_error(), None);
    tracker.close(PATIENCE).unwrap();
    assert_eq!(checked(&tracker).spool().unwrap().acked(), 3_000);
    assert_eq!(super::files(folder.path()), [] as [std::path::PathBuf; 0]);
    assert_eq!(
        (far.sinks_dropped(), tracker.report().state()),
        (1, TrackerState::Closed)
    );
}

/// In memory is only what is not on disk: a queue of ten is enough, as long as somebody waits for the disk.
#[test]
fn the_queue_holds_what_is_not_on_disk_yet() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = builder(far.sink(), folder.path())
        .queue(10, 1 << 20)
        .build();
    for group in events(200).chunks(10) {
        record(&tracker, group);
        tracker.sync(PATIENCE).unwrap();
    }
    let report = checked(&tracker);
    assert_eq!((report.pending(), report.dropped()), (200, 0), "{report}");
    let closed = closed_at_once(&tracker);
    assert!(
        matches!(
            closed,
            Err(FlushError::Incomplete {
                dropped: 0,
                pending: 200,
                ..
            })
        ),
        "{closed:?}"
    );
    let report = checked(&tracker);
    assert_eq!((report.pending(), report.dropped()), (200, 0), "{report}");
    assert_eq!(drained(folder.path()), named(0..200));
}

/// E13 with a spool: a sink that hangs, and what is left is on disk.
#[test]
fn closing_leaves_on_disk_what_a_sink_that_hangs_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    far.stall(true);
    let tracker = builder(far.sink(), folder.path()).build();
    record(&tracker, &events(10_000));
    far.wait_for_call();
    tracker.sync(PATIENCE).unwrap();
    let closed = tracker.close(Duration::from_millis(100));
    assert!(
        matches!(
            closed,
            Err(FlushError::Incomplete {
                dropped: 0,
                pending: 10_000,
                ..
            })
        ),
        "{closed:?}"
    );
    checked(&tracker);
    far.stall(false);
    eventually(&tracker, |report| report.state() == TrackerState::Closed);
    let report = checked(&tracker);
    let delivered = far.names();
    assert_eq!(report.delivered(), delivered.len() as u64, "{report}");
    assert_eq!(
        (report.pending(), report.dropped()),
        (10_000 - report.delivered(), 0),
        "{report}"
    );
    let rest = drained(folder.path());
    assert_eq!([delivered, rest].concat(), named(0..10_000));
}

/// What nobody has taken and what has been rejected do not come again.
#[test]
fn what_is_rejected_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    far.answers([], Answer::Reject);
    let tracker = builder(far.sink(), folder.path()).build();
    record(&tracker, &events(20));
    // It says what is rejected from now on, which may be nothing any more.
    let _ = tracker.flush(PATIENCE);
    tracker.close(PATIENCE).unwrap_or_default();
    let report = checked(&tracker);
    assert_eq!(report.dropped_as(DropReason::Rejected), 20, "{report}");
    assert_eq!(drained(folder.path()), [] as [String; 0]);
}

#[test]
fn a_folder_that_cannot_be_made_leaves_events_in_memory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let far = FarEnd::new();
    let tracker = builder(far.sink(), &file.path().join("spool")).build();
    let report = sound(&tracker);
    assert!(report.spool().is_none());
    assert!(
        matches!(report.spool_error(), Some(SpoolError::FileSystem(_))),
        "{report:?}"
    );
    far.stall(true);
    record(&tracker, &events(5));
    assert!(matches!(
        tracker.sync(PATIENCE),
        Err(FlushError::Incomplete {
            dropped: 0,
            pending: 5,
            ..
        })
    ));
    far.stall(false);
    tracker.close(PATIENCE).unwrap();
    assert_eq!((far.names(), sound(&tracker).delivered()), (named(0..5), 5));
}

#[test]
fn without_a_spool_nothing_is_on_disk() {
    let far = FarEnd::new();
    far.stall(true);
    let tracker = BatchTracker::new(far.sink());
    tracker.sync(Duration::ZERO).unwrap();
    record(&tracker, &events(2));
    let synced = tracker.sync(PATIENCE);
    assert!(
        matches!(synced, Err(FlushError::Incomplete { pending: 2, .. })),
        "{synced:?}"
    );
    far.stall(false);
    tracker.close(PATIENCE).unwrap();
    tracker.sync(PATIENCE).unwrap();
    assert_eq!(
        (sound(&tracker).spool(), sound(&tracker).spool_error()),
        (None, None)
    );
}

/// E12 with a spool: filters run where events are written, and sinks where they are delivered.
#[test]
fn neither_thread_waits_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let own = std::sync::Arc::new(std::sync::OnceLock::<BatchTracker>::new());
    let within = std::sync::Arc::clone(&own);
    let call = move || {
        let Some(tracker) = within.get() else { return };
        let waited = [tracker.sync(PATIENCE), tracker.flush(PATIENCE)];
        assert!(waited.iter().all(Result::is_err), "{waited:?}");
    };
    let far = FarEnd::new();
    let tracker = builder(far.sink(), folder.path())
        .event_filter(move |_| {
            call();
            true
        })
        .build();
    own.set(tracker.clone()).unwrap();
    record(&tracker, &events(3));
    tracker.sync(PATIENCE).unwrap();
    tracker.flush(PATIENCE).unwrap();
    tracker.close(PATIENCE).unwrap();
    assert_eq!(
        (far.names(), checked(&tracker).delivered()),
        (named(0..3), 3)
    );
}

/// K10 with a spool: the copy leaves the files alone, and opens a spool of its own.
#[cfg(unix)]
#[test]
fn a_forked_process_leaves_the_spool_alone() {
    let folder = tempfile::tempdir().unwrap();
    let events = events(100);
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = builder(far.sink(), folder.path()).build();
    record(&tracker, &events[..20]);
    tracker.sync(PATIENCE).unwrap();
    let is_fine = growthbook_testkit::in_a_copy(PATIENCE, || {
        record(&tracker, &events);
        let report = sound(&tracker);
        let is_dropped = report.pending() == 0 && report.spool().is_none();
        let ends = tracker.sync(PATIENCE).is_ok() && tracker.close(PATIENCE).is_ok();
        let own = FarEnd::new();
        let is_open = tracker.reopen(own.sink());
        record(&tracker, &events[50..]);
        let is_kept = tracker.sync(PATIENCE).is_ok() && tracker.flush(PATIENCE).is_ok();
        let is_delivered = own.names() == named(50..100);
        let is_closed = tracker.close(PATIENCE).is_ok();
        sound(&tracker);
        is_dropped && ends && is_open && is_kept && is_delivered && is_closed
    });
    assert!(is_fine.unwrap(), "in the copy");
    record(&tracker, &events[20..30]);
    closed_at_once(&tracker).unwrap_err();
    assert_eq!(checked(&tracker).pending(), 30);
    assert_eq!(drained(folder.path()), named(0..30));
}

/// D13: what is on disk is what may leave the process, for the owner alone to read.
#[test]
fn the_disk_holds_what_may_be_delivered_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("spool");
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = builder(far.sink(), &root)
        .without_attributes(["plan"])
        .hash_attributes(["id"], "pepper-canary")
        .build();
    record(&tracker, &views(["user-canary"]));
    tracker.sync(PATIENCE).unwrap();
    let kept: Vec<u8> = super::files(&root)
        .iter()
        .flat_map(|it| std::fs::read(it).unwrap())
        .collect();
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("experiment") && !kept.contains("canary") && !kept.contains("plan"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&root), 0o700);
        assert!(super::files(&root).iter().all(|it| mode(it) == 0o600));
    }
    let said = format!("{tracker:?} {:?}", SpoolOptions::new(&root));
    assert!(!said.contains("canary"), "{said}");
    closed_at_once(&tracker).unwrap_err();
    assert_eq!(once_each(&drained(&root)).len(), 1);
}

/// What another process leaves meanwhile is the business of whoever goes on.
#[test]
fn who_closes_takes_nothing_over() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    let tracker = builder(far.sink(), folder.path()).build();
    record(&tracker, &events(10));
    tracker.flush(PATIENCE).unwrap();
    let down = FarEnd::new();
    down.answers([], Answer::Refuse);
    let other = builder(down.sink(), folder.path()).build();
    record(&other, &events(7));
    assert!(other.close(PATIENCE).is_err());
    let closed = tracker.close(PATIENCE);
    assert!(closed.is_ok(), "{closed:?}");
    let report = checked(&tracker);
    assert_eq!((report.offered(), report.pending()), (10, 0), "{report}");
    assert_eq!(drained(folder.path()), named(0..7));
}

/// D9: the oldest file goes, and with it what a sink has in hand; that is not there for the next process.
#[test]
fn what_was_in_hand_when_its_file_went_does_not_count_as_kept() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    far.stall(true);
    let options = SpoolOptions::new(folder.path()).max_bytes(128 << 10);
    let tracker = BatchTracker::builder(far.sink()).spool(options).build();
    record(&tracker, &events(10));
    far.wait_for_call();
    record(&tracker, &events(2_000));
    tracker.sync(PATIENCE).unwrap();
    assert!(checked(&tracker).dropped_as(DropReason::SpoolFull) > 10);
    assert!(tracker.close(Duration::ZERO).is_err());
    far.stall(false);
    let report = eventually(&tracker, |it| it.state() == TrackerState::Closed);
    checked(&tracker);
    assert_eq!(
        report.pending(),
        drained(folder.path()).len() as u64,
        "{report}"
    );
}

/// E13 with a spool: whoever closes stops waiting while a group is being written, and what came behind it is on disk as well.
#[test]
fn what_waits_behind_a_group_is_written_when_the_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let (filter, held) = held_once();
    let tracker = builder(far.sink(), folder.path())
        .event_filter(filter)
        .build();
    record(&tracker, &events(1));
    held.wait();
    record(&tracker, &events(30)[1..]);
    tracker.close(Duration::ZERO).unwrap_err();
    drop(held);
    eventually(&tracker, |report| report.state() == TrackerState::Closed);
    let report = checked(&tracker);
    assert_eq!((report.pending(), report.dropped()), (30, 0), "{report}");
    assert_eq!(drained(folder.path()), named(0..30));
}
