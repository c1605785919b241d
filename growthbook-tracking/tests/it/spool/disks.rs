//! Disks that are full, and have room again.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use growthbook_core::{FlushError, TrackingPlugin};
use growthbook_tracking::{BatchTracker, SpoolError};
use log::{LevelFilter, Log, Metadata, Record};

use super::{Other, builder, checked, told_root};
use crate::support::{FarEnd, PATIENCE, events, eventually, named, record};

/// D4, on a real file system of 256 KiB.
#[test]
fn a_disk_that_is_full_leaves_events_in_memory_until_it_has_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.arg("mount -t tmpfs -o size=256k none \"$GROWTHBOOK_TEST_TRACKER_ROOT\" || exit 77; exec \"$@\"");
    command.arg("sh").arg(std::env::current_exe().unwrap());
    let mut other = Other::start_by(command, "disks::on_a_small_disk", folder.path(), 0, "");
    let said = other.heard("it all went on");
    let status = other.child.wait().unwrap();
    if status.code() == Some(77) {
        println!("skipped: no file system can be mounted here");
        return;
    }
    assert!(status.success() && said.is_some(), "{status}");
}

#[test]
#[ignore = "runs in a process of its own, with a disk of its own"]
fn on_a_small_disk() {
    let root = told_root();
    let far = FarEnd::new();
    far.stall(true);
    let tracker = builder(far.sink(), &root.join("spool")).build();
    let events = events(4_000);
    record(&tracker, &events[..100]);
    tracker.sync(PATIENCE).unwrap();
    // Somebody else takes what is left.
    let ballast = root.join("ballast");
    let _ = std::fs::write(&ballast, vec![0; 256 << 10]);
    record(&tracker, &events[100..3_000]);
    let synced = tracker.sync(PATIENCE);
    assert!(synced.is_err(), "{synced:?}");
    let report = checked(&tracker);
    assert_eq!(report.spool_error(), Some(SpoolError::Full));
    let on_disk = report.spool().unwrap().pending();
    assert!((100..3_000).contains(&on_disk), "{on_disk}");
    assert_eq!((report.pending(), report.dropped()), (3_000, 0), "{report}");
    // There is room again.
    std::fs::remove_file(&ballast).unwrap();
    record(&tracker, &events[3_000..3_200]);
    eventually(&tracker, |report| report.spool_error().is_none());
    far.stall(false);
    tracker.flush(PATIENCE).unwrap();
    tracker.sync(PATIENCE).unwrap();
    assert_eq!(far.names(), named(0..3_200), "all of it, in order");
    tracker.close(PATIENCE).unwrap();
    let report = checked(&tracker);
    assert_eq!(
        (report.delivered(), report.dropped()),
        (3_200, 0),
        "{report}"
    );
    assert_eq!(report.spool_error(), None);
    println!("\nit all went on");
}

/// K3: a logger may ask for anything, about a disk that fails as well.
#[test]
fn a_logger_may_ask_how_things_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Other::start("disks::with_a_curious_logger", folder.path(), 0);
    assert!(other.heard("it all went on").is_some());
    assert!(other.child.wait().unwrap().success());
}

/// Asks the tracker for its report whenever something is said.
struct Curious;

impl Log for Curious {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &Record<'_>) {
        if let Some(tracker) = OWN.get() {
            checked(tracker);
        }
    }

    fn flush(&self) {}
}

static OWN: OnceLock<BatchTracker> = OnceLock::new();

#[test]
#[ignore = "listens to the whole process"]
fn with_a_curious_logger() {
    log::set_logger(&Curious).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let root = told_root().join("spool");
    let tracker = OWN.get_or_init(|| builder(FarEnd::new().sink(), &root).build());
    std::fs::remove_dir_all(&root).unwrap();
    record(tracker, &events(3));
    let synced = tracker.sync(Duration::from_secs(5));
    assert!(!matches!(synced, Err(FlushError::TimedOut)), "{synced:?}");
    tracker.flush(PATIENCE).unwrap();
    let report = checked(tracker);
    assert_eq!((report.delivered(), report.panics()), (3, 0), "{report}");
    println!("\nit all went on");
}
