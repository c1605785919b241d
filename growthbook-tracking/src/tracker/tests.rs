//! What cannot be brought about from outside: another process, seen from a copy of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use growthbook_core::testing::{RecordingPlugin, TestFeatures};
use growthbook_core::{OwnedTrackingEvent, TrackingPlugin, UserContext};

use super::process::Process;
use super::{BatchTracker, DropReason, TrackerReport, TrackerState};
use crate::{DeliveryError, EventBatch, EventSink};

#[derive(Debug)]
struct Nowhere;

impl EventSink for Nowhere {
    fn deliver(&mut self, _: &EventBatch<'_>) -> Result<(), DeliveryError> {
        Ok(())
    }
}

fn event() -> OwnedTrackingEvent {
    let plugin = RecordingPlugin::new();
    let builder = TestFeatures::new().builder().plugin(plugin.clone());
    let client = builder.build().unwrap();
    client.log_event("event", serde_json::Map::new(), &UserContext::default());
    plugin.take().remove(0)
}

fn is_sound(report: &TrackerReport) {
    let sum = report.delivered() + report.pending() + report.dropped();
    assert_eq!(report.offered(), sum, "{report}");
}

/// K10, with a process id that changes as it does for a copy: the worker of the other process is there, and is not seen.
#[test]
fn a_copy_of_the_process_drops_events_until_it_is_given_a_worker() {
    let id = Arc::new(AtomicU32::new(1));
    let asked = Arc::clone(&id);
    let process = Process::own(move || asked.load(Ordering::SeqCst));
    let tracker = BatchTracker::builder(Nowhere)
        .interval(Duration::from_secs(3_600))
        .process(process)
        .build();
    let event = event();
    let record = |times| (0..times).for_each(|_| tracker.record(&event.as_event()));
    record(3);
    assert!(!tracker.reopen(Nowhere), "nothing is wrong yet");
    id.store(2, Ordering::SeqCst);
    record(100);
    let report = tracker.report();
    is_sound(&report);
    let forked = report.dropped_as(DropReason::Forked);
    assert_eq!((report.offered(), report.pending()), (103, 0), "{report}");
    assert!(forked >= 68, "{report}");
    assert_eq!(report.state(), TrackerState::Closed);
    assert!(tracker.flush(LONG).is_ok() && tracker.close(LONG).is_ok());

    assert!(tracker.reopen(Nowhere) && !tracker.reopen(Nowhere));
    record(5);
    tracker.flush(LONG).unwrap();
    let report = tracker.report();
    is_sound(&report);
    assert_eq!((report.offered(), report.pending()), (108, 0), "{report}");
    assert!(report.delivered() >= 5, "{report}");

    id.store(3, Ordering::SeqCst);
    tracker.flush(LONG).unwrap();
    record(1);
    is_sound(&tracker.report());
    assert!(tracker.reopen(Nowhere), "a copy of the copy");
    record(1);
    tracker.close(LONG).unwrap();
    let report = tracker.report();
    is_sound(&report);
    assert_eq!(report.offered(), 110, "{report}");

    // Back home, where nothing happened meanwhile.
    id.store(1, Ordering::SeqCst);
    tracker.flush(LONG).unwrap();
    is_sound(&tracker.report());
    id.store(4, Ordering::SeqCst);
    drop(tracker);
}

/// Only one of them is left running.
#[test]
fn threads_that_reopen_at_once_start_one_worker() {
    use std::sync::Barrier;

    #[derive(Debug)]
    struct Counted(Arc<AtomicU32>);
    impl EventSink for Counted {
        fn deliver(&mut self, _: &EventBatch<'_>) -> Result<(), DeliveryError> {
            Ok(())
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let id = Arc::new(AtomicU32::new(1));
    let asked = Arc::clone(&id);
    let process = Process::own(move || asked.load(Ordering::SeqCst));
    let tracker = BatchTracker::builder(Nowhere).process(process).build();
    id.store(2, Ordering::SeqCst);
    let (running, together) = (Arc::new(AtomicU32::new(8)), Barrier::new(8));
    let reopen = || {
        let sink = Counted(Arc::clone(&running));
        together.wait();
        tracker.reopen(sink)
    };
    let reopened: Vec<bool> = std::thread::scope(|scope| {
        let threads = [(); 8].map(|()| scope.spawn(reopen));
        threads.map(|thread| thread.join().unwrap()).to_vec()
    });
    let count = reopened.iter().filter(|&&is_open| is_open).count();
    assert_eq!(count, 1, "{reopened:?}");
    let started = std::time::Instant::now();
    while running.load(Ordering::SeqCst) > 1 {
        assert!(
            started.elapsed() < LONG / 6,
            "workers that nobody asks for anything"
        );
        std::thread::yield_now();
    }
    tracker.record(&event().as_event());
    tracker.flush(LONG).unwrap();
    assert_eq!(tracker.report().delivered(), 1);
    tracker.close(LONG).unwrap();
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

/// What somebody wrote whose records are whole, and no events.
#[cfg(feature = "spool")]
#[test]
fn records_that_are_no_events_count_as_corrupt() {
    use crate::SpoolOptions;
    use crate::spool::{Record, Spool};
    use std::time::SystemTime;

    let folder = tempfile::tempdir().unwrap();
    let options = SpoolOptions::new(folder.path());
    let at = SystemTime::now();
    let spool = Spool::open(options.clone(), at).unwrap();
    let records = [&b"{}"[..], b"not JSON", b""].map(|bytes| Record { at, bytes });
    spool.append(&records).unwrap();
    drop(spool);
    let tracker = BatchTracker::builder(Nowhere).spool(options).build();
    tracker.record(&event().as_event());
    // The three may be passed over before anybody waits for anything.
    let _ = tracker.flush(LONG);
    let _ = tracker.close(LONG);
    let report = tracker.report();
    is_sound(&report);
    assert_eq!((report.offered(), report.delivered()), (4, 1), "{report}");
    assert_eq!(report.dropped_as(DropReason::SpoolCorrupt), 3, "{report}");
    let spool = report.spool().unwrap();
    assert_eq!((spool.pending(), spool.acked()), (0, 4), "{spool:?}");
}

#[test]
fn an_idle_tracker_is_small() {
    let size = size_of::<super::lane::Queued>();
    assert!(size <= 40, "{size} bytes for each of ten thousand");
}

const LONG: Duration = Duration::from_secs(30);
