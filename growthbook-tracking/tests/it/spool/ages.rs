//! How much there can be on disk, and for how long.

use std::time::Duration;

use growthbook_core::TrackingPlugin;
use growthbook_core::testing::ManualClock;
use growthbook_tracking::{BatchTracker, DropReason, SpoolOptions};

use super::{builder, checked, drained, files};
use crate::support::{Answer, FarEnd, PATIENCE, closed_at_once, events, eventually, named, record};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// D9: the oldest go first, and are counted.
#[test]
fn a_spool_that_is_full_drops_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let options = SpoolOptions::new(folder.path()).max_bytes(128 << 10);
    let tracker = BatchTracker::builder(far.sink())
        .spool(options.clone())
        .build();
    for group in events(3_000).chunks(1_000) {
        record(&tracker, group);
        tracker.sync(PATIENCE).unwrap();
        let on_disk: u64 = files(folder.path())
            .iter()
            .map(|it| it.metadata().unwrap().len())
            .sum();
        assert!(on_disk <= (128 << 10) + (16 << 10), "{on_disk}");
    }
    closed_at_once(&tracker).unwrap_err();
    let report = checked(&tracker);
    let full = report.dropped_as(DropReason::SpoolFull);
    assert!(full > 1_000, "{report}");
    assert_eq!(report.dropped(), full, "{report}");
    assert_eq!(report.pending(), 3_000 - full, "{report}");
    let far = FarEnd::new();
    let tracker = BatchTracker::builder(far.sink()).spool(options).build();
    tracker.flush(PATIENCE).unwrap();
    let names = far.names();
    assert_eq!(names.len() as u64, checked(&tracker).offered());
    // What was in the sink's hands was kept beside.
    let newest = &names[names.len() - 500..];
    assert_eq!(newest, named(2_500..3_000));
}

/// D11: after a restart, too: age is told by the date.
#[test]
fn what_is_too_old_at_a_restart_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let start = |far: &FarEnd| {
        builder(far.sink(), folder.path())
            .clock(clock.clone())
            .build()
    };
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = start(&far);
    record(&tracker, &events(30));
    tracker.sync(PATIENCE).unwrap();
    closed_at_once(&tracker).unwrap_err();
    clock.advance(40 * DAY);
    let far = FarEnd::new();
    let tracker = start(&far);
    record(&tracker, &events(5));
    // Whether some of them are found to be too old before it is closed, or then, is not said.
    tracker.close(PATIENCE).unwrap_or_default();
    let report = checked(&tracker);
    assert_eq!((report.offered(), report.delivered()), (35, 5), "{report}");
    assert_eq!(report.dropped_as(DropReason::Expired), 30, "{report}");
    assert_eq!(far.names(), named(0..5));
}

/// D11: what the worker holds during an outage grows old like the rest, and as the process before left it.
#[test]
fn what_is_held_grows_too_old_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let start = |far: &FarEnd| {
        builder(far.sink(), folder.path())
            .clock(clock.clone())
            .build()
    };
    let tracker = start(&far);
    record(&tracker, &events(200));
    tracker.sync(PATIENCE).unwrap();
    closed_at_once(&tracker).unwrap_err();
    clock.advance(DAY / 2);
    let before = far.batches().len();
    let tracker = start(&far);
    eventually(&tracker, |_| far.batches().len() > before);
    let report = checked(&tracker);
    assert_eq!((report.pending(), report.dropped()), (200, 0), "{report}");
    clock.advance(DAY / 2);
    // What is on disk is looked at when it would be its turn, after the pause that follows the failure.
    let report = eventually(&tracker, |report| {
        clock.advance(Duration::from_secs(1));
        report.pending() == 0
    });
    assert_eq!(report.dropped_as(DropReason::Expired), 200, "{report}");
    tracker.close(PATIENCE).unwrap();
    assert_eq!(checked(&tracker).spool().unwrap().pending(), 0);
}

/// D12: what a later version wrote is its business.
#[test]
fn a_file_of_a_later_version_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let lane = folder.path().join("spool-1");
    std::fs::create_dir_all(&lane).unwrap();
    let version = [b"gbevents".as_slice(), &7_u32.to_le_bytes()].concat();
    let sum = crc32fast::hash(&version).to_le_bytes();
    let file = [&version[..], &sum, b"whatever comes then"].concat();
    let path = lane.join("0000000000000001-0000000000000002.events");
    std::fs::write(&path, &file).unwrap();
    let far = FarEnd::new();
    let tracker = builder(far.sink(), folder.path()).build();
    record(&tracker, &events(10));
    tracker.close(PATIENCE).unwrap();
    let report = checked(&tracker);
    assert_eq!((report.offered(), report.delivered()), (10, 10), "{report}");
    assert_eq!(report.spool().unwrap().set_aside(), 1);
    assert_eq!(std::fs::read(&path).unwrap(), file);
    assert_eq!(drained(folder.path()), [] as [String; 0]);
}
