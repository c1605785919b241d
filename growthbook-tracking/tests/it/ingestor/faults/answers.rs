//! What the tracker makes of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use growthbook_core::Clock;
use growthbook_core::testing::ManualClock;
use growthbook_tracking::{BatchTracker, DeliveryFailure, DropReason};

use super::{HOUR, Rig, all_names, failing, names};
use crate::ingestor::Collector;
use crate::ingestor::builder;

/// E4: with a wait in seconds, until a date, and without.
#[test]
fn a_server_that_wants_to_be_left_alone_is() {
    for (status, headers, at_least, at_most) in [
        (429, &[("Retry-After", "120")][..], 120, 200),
        (
            503,
            &[
                ("Date", "Fri, 02 Jan 2015 03:00:00 GMT"),
                ("Retry-After", "Fri, 02 Jan 2015 03:01:30 GMT"),
            ],
            90,
            170,
        ),
        (429, &[("Retry-After", "999999999")], 600, 700),
        (429, &[], 1, 80),
    ] {
        let clock = ManualClock::new();
        let (collector, asked) = failing(&clock, 3, status, headers);
        let tracker = BatchTracker::builder(builder(&collector.server).build().unwrap());
        let rig = Rig::new(clock, tracker.queue(20, 16 << 20));
        let offered = rig.log_all(0..20);
        rig.until(|report| report.retries() > 0);
        rig.log_all(20..25);
        let report = rig.settled();
        assert_eq!((report.delivered(), report.retries()), (20, 3), "{report}");
        assert_eq!(report.dropped_as(DropReason::QueueFull), 5, "{report}");
        assert_eq!(all_names(&collector.bodies()[3..]), offered);
        for pair in asked.lock().unwrap()[..4].windows(2) {
            let wait = pair[1].saturating_sub(pair[0]);
            let (least, most) = (Duration::from_secs(at_least), Duration::from_secs(at_most));
            assert!(
                wait >= least * 4 / 5 && wait <= most,
                "{wait:?} for {status}"
            );
        }
    }
}

/// E5: 413 for what is long.
#[test]
fn only_what_is_too_large_alone_is_dropped() {
    let collector = Collector::start(|_, body, reply| {
        reply.respond(if body.len() > 4_000 { 413 } else { 200 }, &[], b"")
    });
    let rig = Rig::to(&collector.server);
    let mut offered = rig.log_all(0..60);
    rig.log(&"large".repeat(1_000));
    offered.extend(rig.log_all(61..100));
    let report = rig.settled();
    assert_eq!(report.delivered(), 99, "{report}");
    assert_eq!(report.dropped_as(DropReason::TooLarge), 1, "{report}");
    let mut taken = collector.bodies();
    taken.retain(|body| body.len() <= 4_000);
    assert_eq!(all_names(&taken), offered);
}

/// E6: 400 for a poison event among 500.
#[test]
fn a_poisonous_event_is_found() {
    let is_poisonous = |body: &[u8]| names(body).iter().any(|name| name == "poison");
    let collector = Collector::start(move |_, body, reply| {
        reply.respond(if is_poisonous(body) { 400 } else { 200 }, &[], b"")
    });
    let rig = Rig::to(&collector.server);
    let mut offered = rig.log_all(0..321);
    rig.log("poison");
    offered.extend(rig.log_all(322..500));
    let report = rig.settled();
    assert_eq!(report.delivered(), 499, "{report}");
    assert_eq!(report.dropped_as(DropReason::Rejected), 1, "{report}");
    let mut taken = collector.bodies();
    assert!(taken.len() < 50, "{} requests", taken.len());
    assert!(taken.iter().all(|body| names(body).len() <= 100));
    taken.retain(|body| !is_poisonous(body));
    assert_eq!(all_names(&taken), offered);
}

/// E7: a key that is wrong for an hour.
#[test]
fn a_refusal_may_end() {
    for status in [401, 403, 404] {
        let clock = ManualClock::new();
        let (of_server, asked) = (clock.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        let collector = Collector::start(move |_, _, reply| {
            count.fetch_add(1, Ordering::SeqCst);
            let is_over = of_server.monotonic() >= HOUR;
            reply.respond(if is_over { 200 } else { status }, &[], b"")
        });
        let tracker = BatchTracker::builder(builder(&collector.server).build().unwrap());
        let rig = Rig::new(clock, tracker);
        let offered = rig.log_all(0..30);
        let report = rig.settled();
        assert_eq!(report.delivered(), 30, "{report}");
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked < 40, "{asked} requests in an hour");
        assert!(all_names(&collector.bodies()).ends_with(&offered));
    }
}

/// E7, without an end.
#[test]
fn what_is_refused_for_a_day_is_too_old() {
    let clock = ManualClock::new();
    let (collector, _) = failing(&clock, usize::MAX, 401, &[]);
    let tracker = BatchTracker::builder(builder(&collector.server).build().unwrap());
    let rig = Rig::new(clock, tracker);
    rig.log_all(0..30);
    let report = rig.settled();
    assert_eq!(report.dropped_as(DropReason::Expired), 30, "{report}");
    assert_eq!(report.last_failure(), Some(DeliveryFailure::Refused));
    assert!(rig.clock.monotonic() >= HOUR * 24);
}

/// E8.
#[test]
fn any_success_is_one() {
    let statuses = [200, 202, 299];
    let calls = AtomicUsize::new(0);
    let collector = Collector::start(move |_, _, reply| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        match statuses.get(call) {
            Some(&status) => reply.respond(status, &[], b"{\"status\": 500, \"error\": \"no\"}"),
            None => reply.raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
        }
    });
    let rig = Rig::to(&collector.server);
    for round in 0..4 {
        rig.log_all(round * 10..round * 10 + 10);
        let report = rig.settled();
        assert_eq!(report.delivered(), 10 * (round as u64 + 1), "{report}");
        assert_eq!((report.retries(), report.last_failure()), (0, None));
    }
}

/// E20: events are kept until the server takes them itself.
#[test]
fn a_redirect_elsewhere_keeps_events() {
    let elsewhere = Collector::willing();
    let location = elsewhere.server.url();
    let is_moved = Arc::new(AtomicBool::new(true));
    let of_server = Arc::clone(&is_moved);
    let collector = Collector::start(move |_, _, reply| {
        if of_server.load(Ordering::SeqCst) {
            return reply.respond(308, &[("Location", &location)], b"");
        }
        reply.respond(200, &[], b"")
    });
    let rig = Rig::to(&collector.server);
    rig.log_all(0..10);
    let report = rig.until(|report| report.retries() > 2);
    assert_eq!((report.pending(), report.dropped()), (10, 0), "{report}");
    assert_eq!(report.last_failure(), Some(DeliveryFailure::Refused));
    is_moved.store(false, Ordering::SeqCst);
    assert_eq!(rig.settled().delivered(), 10);
    assert_eq!(elsewhere.server.connections(), 0);
}
