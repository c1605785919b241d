//! Servers that are down, silent or slow, and bursts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use growthbook_core::testing::ManualClock;
use growthbook_core::{Clock, FlushError, TrackingPlugin};
use growthbook_testkit::{Relay, Server};
use growthbook_tracking::{BatchTracker, DeliveryFailure, DropReason, Ingestor};
use serde_json::Value;

use super::{HOUR, Rig, all_names, events, failing, names};
use crate::ingestor::Collector;
use crate::ingestor::{KEY, builder};
use crate::records::SOON;

const SHORT: Duration = Duration::from_millis(200);

/// E1, with a thousand events instead of millions.
#[test]
fn a_server_that_comes_back_gets_what_there_was_room_for() {
    let first = Collector::willing();
    let address = first.server.address();
    drop(first);
    let ingestor = Ingestor::builder(KEY).ingestor_host(format!("http://{address}"));
    let tracker = BatchTracker::builder(ingestor.build().unwrap()).queue(1_000, 16 << 20);
    let rig = Rig::new(ManualClock::new(), tracker);
    let mut offered = Vec::new();
    for second in 0..600 {
        offered.extend(rig.log_all(second * 3..second * 3 + 3));
        rig.clock.advance(Duration::from_secs(1));
    }
    let report = rig.until(|report| report.retries() > 3);
    assert_eq!(
        (report.offered(), report.delivered()),
        (1_800, 0),
        "{report}"
    );
    assert_eq!(report.dropped_as(DropReason::QueueFull), 800, "{report}");
    assert_eq!(report.last_failure(), Some(DeliveryFailure::Unavailable));
    let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let kept = Arc::clone(&bodies);
    let second = Server::start_at(address, move |request, reply| {
        let body = reply.body(request)?;
        kept.lock().unwrap().push(body);
        reply.respond(200, &[], b"")
    });
    assert!(second.is_ok());
    let report = rig.settled();
    assert_eq!(report.delivered(), 1_000, "{report}");
    assert_eq!(
        all_names(&bodies.lock().unwrap()),
        offered[..1_000],
        "in order"
    );
}

/// E2 and E19: whether they arrived is not known, so they are sent again, as they were.
#[test]
fn an_unknown_outcome_is_no_outcome() {
    let calls = AtomicUsize::new(0);
    let collector =
        Collector::start(
            move |_, _, reply| match calls.fetch_add(1, Ordering::SeqCst) {
                0 => {
                    reply.hold();
                    Ok(())
                }
                _ => reply.respond(200, &[], b""),
            },
        );
    let ingestor = builder(&collector.server).timeout(SHORT).build().unwrap();
    let rig = Rig::new(ManualClock::new(), BatchTracker::builder(ingestor));
    rig.log_all(0..10);
    let report = rig.settled();
    assert_eq!((report.delivered(), report.retries()), (10, 1), "{report}");
    let bodies = collector.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(events(&bodies[0]), events(&bodies[1]));
}

/// E19: the answer comes when nobody listens any more.
#[test]
fn a_late_answer_costs_a_duplicate_and_no_event() {
    let collector = Collector::willing();
    let relay = Relay::start(collector.server.address()).unwrap();
    relay.drip(Some(HOUR));
    let ingestor = Ingestor::builder(KEY).ingestor_host(relay.url());
    let ingestor = ingestor.timeout(SHORT).build().unwrap();
    let rig = Rig::new(ManualClock::new(), BatchTracker::builder(ingestor));
    let offered = rig.log_all(0..10);
    assert!(collector.server.wait_for_requests(1, SOON));
    relay.drip(None);
    let report = rig.settled();
    assert_eq!(report.delivered(), 10, "{report}");
    for body in collector.bodies() {
        assert_eq!(names(&body), offered);
    }
}

/// E3: what comes twice is one batch.
#[test]
fn a_lost_answer_repeats_one_batch() {
    let calls = AtomicUsize::new(0);
    let collector = Collector::start(move |_, _, reply| {
        if calls.fetch_add(1, Ordering::SeqCst) == 1 {
            reply.close();
            return reply.raw(b"HTTP/1.1 20");
        }
        reply.respond(200, &[], b"")
    });
    let rig = Rig::to(&collector.server);
    let mut offered = rig.log_all(0..10);
    rig.settled();
    offered.extend(rig.log_all(10..20));
    rig.settled();
    offered.extend(rig.log_all(20..30));
    let report = rig.settled();
    assert_eq!(report.delivered(), 30, "{report}");
    offered.splice(10..10, offered[10..20].to_vec());
    let bodies = collector.bodies();
    assert_eq!(all_names(&bodies), offered);
    assert_eq!(events(&bodies[1]), events(&bodies[2]));
}

/// What GrowthBook allows: a hundred events a request, one request a second.
#[test]
fn a_burst_becomes_few_requests() {
    let clock = ManualClock::new();
    let (collector, asked) = failing(&clock, 0, 200, &[]);
    let tracker = BatchTracker::builder(builder(&collector.server).build().unwrap());
    let rig = Rig::new(clock, tracker);
    let offered = rig.log_all(0..1_000);
    assert_eq!(rig.settled().delivered(), 1_000);
    let bodies = collector.bodies();
    assert_eq!(all_names(&bodies), offered);
    assert!(bodies.iter().all(|body| names(body).len() <= 100));
    let asked = asked.lock().unwrap();
    for pair in asked.windows(2) {
        let wait = pair[1].saturating_sub(pair[0]);
        assert!(wait >= Duration::from_secs(1), "{asked:?}");
    }
}

/// E13: a server that hangs holds nobody up, and what is left is counted.
#[test]
fn closing_does_not_wait_for_a_server_that_hangs() {
    let collector = Collector::start(|_, _, reply| {
        reply.hold();
        Ok(())
    });
    let rig = Rig::to(&collector.server);
    rig.log_all(0..500);
    assert!(collector.server.wait_for_requests(1, SOON));
    let started = Instant::now();
    let closed = rig.tracker.close(Duration::ZERO);
    assert!(started.elapsed() < SOON / 2, "a request may take longer");
    assert!(
        matches!(closed, Err(FlushError::Incomplete { .. })),
        "{closed:?}"
    );
    drop(collector);
    let report = rig.settled();
    assert_eq!(report.dropped_as(DropReason::Closed), 500, "{report}");
}

/// What happened while the clock was elsewhere is sent as it was stamped, and before it was sent.
#[test]
fn a_clock_that_jumps_changes_no_delivery() {
    let collector = Collector::willing();
    let rig = Rig::to(&collector.server);
    let year = HOUR * 24 * 365;
    for now in [rig.clock.now() + year * 20, rig.clock.now() - year * 20] {
        rig.clock.set_now(now);
        rig.log_all(0..5);
    }
    assert_eq!(rig.settled().delivered(), 10);
    let body: Value = serde_json::from_slice(&collector.bodies()[0]).unwrap();
    let latest = body["events"][0]["timestamp"].as_str().unwrap();
    assert!(latest.starts_with("2045-12-27T"), "{latest}");
    assert!(body["sentAt"].as_str().unwrap() > latest);
}
