//! Several processes and one folder, and processes that end without a word.

use std::time::Duration;

use growthbook_core::TrackingPlugin;
use growthbook_core::testing::ManualClock;

use super::{
    Other, builder, checked, drained, once_each, told_number, told_root, wait_for_the_end,
};
use crate::support::{Answer, FarEnd, PATIENCE, events_of, eventually, named, record};

/// E14: the program ends without closing anything; the next start delivers.
#[test]
fn what_is_on_disk_when_a_program_exits_is_delivered_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let mut other = Other::start(
            "processes::a_program_that_exits",
            folder.path(),
            round * 100,
        );
        assert!(other.heard("synced").is_some());
        assert_eq!(other.child.wait().unwrap().code(), Some(3));
    }
    let names = drained(folder.path());
    once_each(&names);
    assert_eq!(names, named(0..300), "in order");
}

#[test]
#[ignore = "runs in a process of its own, which ends"]
fn a_program_that_exits() {
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    let tracker = builder(far.sink(), &told_root()).build();
    let first = told_number();
    record(&tracker, &events_of(first..first + 100));
    tracker.sync(PATIENCE).unwrap();
    println!("\nsynced");
    std::process::exit(3);
}

/// D7 and D8: each process has a folder of its own, and what one leaves goes to one of the others, once.
#[test]
fn what_a_process_leaves_goes_to_one_that_lives() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let far = FarEnd::new();
    let trackers = [(); 3].map(|()| {
        let builder = builder(far.sink(), folder.path());
        builder.clock(clock.clone()).build()
    });
    record(&trackers[0], &events_of(0..10));
    trackers[0].flush(PATIENCE).unwrap();
    let mut other = Other::start("processes::a_program_that_goes_on", folder.path(), 100);
    assert!(other.heard("synced").is_some());
    clock.advance(MINUTE);
    for tracker in &trackers {
        tracker.flush(PATIENCE).unwrap();
    }
    assert_eq!(far.names(), named(0..10), "the other one is alive");
    other.kill();
    // Somebody who flushes waits for what is there, and not for what others left.
    let started = std::time::Instant::now();
    while far.names().len() < 60 {
        assert!(started.elapsed() < PATIENCE, "{:?}", far.names().len());
        clock.advance(MINUTE);
        std::thread::yield_now();
    }
    eventually(&trackers[0], |report| report.pending() == 0);
    let mut found = 0;
    for tracker in &trackers {
        tracker.close(PATIENCE).unwrap();
        let report = checked(tracker);
        assert_eq!((report.dropped(), report.pending()), (0, 0), "{report}");
        found += report.spool().unwrap().recovered();
    }
    assert_eq!(found, 50);
    let names = far.names();
    once_each(&names);
    assert_eq!(names[10..], named(100..150));
}

#[test]
#[ignore = "runs in a process of its own, which is killed"]
fn a_program_that_goes_on() {
    let far = FarEnd::new();
    far.stall(true);
    let tracker = builder(far.sink(), &told_root()).build();
    let first = told_number();
    record(&tracker, &events_of(first..first + 50));
    tracker.sync(PATIENCE).unwrap();
    println!("\nsynced");
    wait_for_the_end();
    std::process::exit(0);
}

const MINUTE: Duration = Duration::from_secs(61);
