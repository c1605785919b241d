//! Writes that wait, fail, come late and are lost.

use std::sync::OnceLock;
use std::time::Duration;

use growthbook_core::testing::{ManualClock, sticky_contract};
use growthbook_core::{FlushError, MemoryStickyBuckets, Saved, StickyBucketService, StickyWrite};
use growthbook_sticky::WriteBehind;

use super::faulty::{Faulty, SOON, eventually, user};

const KEY: &str = "exp__0";

#[test]
fn it_keeps_the_contract() {
    sticky_contract(|| WriteBehind::new(MemoryStickyBuckets::new()));
}

#[test]
fn what_was_saved_is_read_at_once_and_written_later() {
    let (store, ann) = (Faulty::default(), user("ann"));
    let buckets = WriteBehind::new(store.clone());
    store.hold(true);
    // Nobody waits for the store.
    let saved = buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    assert_eq!((saved, store.standing(&ann, KEY)), (Saved::Stored, None));
    let again = buckets.save(&StickyWrite::new(&ann, KEY, "b")).unwrap();
    assert_eq!(again, Saved::Kept("a".to_owned()));
    store.hold(false);
    let documents = buckets.load(&[ann.clone(), user("bob")]).unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[&ann][KEY], "a");
    buckets.flush(SOON).unwrap();
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("a"));
    let report = buckets.report();
    assert_eq!((report.written(), report.pending()), (1, 0));
}

#[test]
fn an_outage_is_waited_for_longer_and_longer_and_loses_nothing() {
    let (store, clock) = (Faulty::default(), ManualClock::new());
    store.set_down(true);
    let buckets = WriteBehind::builder(store.clone()).clock(clock.clone());
    let second = Duration::from_secs(1);
    let buckets = buckets.delays(second, second * 30).build();
    let users: Vec<_> = (0..50).map(|id| user(&id.to_string())).collect();
    for identity in &users {
        let write = StickyWrite::new(identity, KEY, "a");
        assert_eq!(buckets.save(&write).unwrap(), Saved::Stored);
    }
    for failures in 1..8 {
        eventually("a failure", || buckets.report().failures() >= failures);
        let pause = clock.wait_for_alarm(SOON).unwrap();
        assert!(pause <= second * 30, "{pause:?}");
        clock.advance(pause);
    }
    store.set_down(false);
    eventually("an alarm or the end", || {
        if let Some(pause) = clock.wait_for_alarm(Duration::ZERO) {
            clock.advance(pause);
        }
        buckets.report().pending() == 0
    });
    for identity in &users {
        assert_eq!(store.standing(identity, KEY).as_deref(), Some("a"));
    }
    assert_eq!(buckets.report().written(), 50);
}

/// The clock stands still, so nothing that waits for a pause would ever be written.
#[test]
fn one_that_cannot_be_written_does_not_hold_up_the_others() {
    let (store, ann) = (Faulty::default(), user("ann"));
    store.refuse(&ann);
    store.hold(true);
    let buckets = WriteBehind::builder(store.clone()).clock(ManualClock::new());
    let buckets = buckets.build();
    let users: Vec<_> = (0..1_000).map(|id| user(&id.to_string())).collect();
    for identity in [&users[0], &ann].into_iter().chain(&users[1..]) {
        buckets.save(&StickyWrite::new(identity, KEY, "a")).unwrap();
    }
    store.hold(false);
    eventually("all but one", || buckets.report().pending() == 1);
    assert_eq!(buckets.report().written(), 1_000);
    assert_eq!(store.standing(&ann, KEY), None);
    buckets.close(Duration::ZERO);
}

/// More of them than are written at once, as when a node of a cluster is down.
#[test]
fn many_that_cannot_be_written_do_not_hold_up_the_others() {
    let (store, ann) = (Faulty::default(), user("ann"));
    let shortest = Duration::from_millis(1);
    let buckets = WriteBehind::builder(store.clone()).delays(shortest, shortest);
    let buckets = buckets.build();
    for id in 0..600 {
        let stuck = user(&id.to_string());
        store.refuse(&stuck);
        buckets.save(&StickyWrite::new(&stuck, KEY, "a")).unwrap();
    }
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    eventually("all but those", || buckets.report().pending() == 600);
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("a"));
    buckets.close(Duration::ZERO);
}

#[test]
fn who_flushes_hears_why_not_and_does_not_wait_out_the_pause() {
    let (store, clock, ann) = (Faulty::default(), ManualClock::new(), user("ann"));
    store.set_down(true);
    let buckets = WriteBehind::builder(store.clone()).clock(clock.clone());
    let hour = Duration::from_secs(3_600);
    let buckets = buckets.delays(hour, hour).build();
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    eventually("a failure", || buckets.report().failures() > 0);
    let failed = buckets.flush(Duration::from_millis(50));
    assert!(matches!(failed, Err(FlushError::Backend(_))), "{failed:?}");
    store.set_down(false);
    std::thread::scope(|threads| {
        let flushing = threads.spawn(|| buckets.flush(SOON));
        eventually("the end of the pause", || {
            if let Some(pause) = clock.wait_for_alarm(Duration::ZERO) {
                clock.advance(pause.min(Duration::from_millis(20)));
            }
            flushing.is_finished()
        });
        flushing.join().unwrap().unwrap();
    });
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("a"));
}

/// Two processes assign at the same time: both serve what the store has from the next load on.
#[test]
fn who_was_second_is_overruled_and_converges() {
    let (store, ann) = (Faulty::default(), user("ann"));
    let buckets = WriteBehind::new(store.clone());
    store.hold(true);
    assert_eq!(
        buckets.save(&StickyWrite::new(&ann, KEY, "own")).unwrap(),
        Saved::Stored
    );
    store.put(&ann, KEY, "other");
    store.hold(false);
    assert_eq!(
        buckets.load(std::slice::from_ref(&ann)).unwrap()[&ann][KEY],
        "other"
    );
    buckets.flush(SOON).unwrap();
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("other"));
    let report = buckets.report();
    assert_eq!((report.written(), report.overruled()), (0, 1));
    let again = buckets.save(&StickyWrite::new(&ann, KEY, "own")).unwrap();
    assert_eq!(again, Saved::Kept("other".to_owned()));
}

/// Trap: what arrived once does not stand for ever.
#[test]
fn what_a_load_shows_counts_for_more_than_what_arrived_before() {
    let (store, ann) = (Faulty::default(), user("ann"));
    let buckets = WriteBehind::new(store.clone());
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    buckets.flush(SOON).unwrap();
    store.put(&ann, KEY, "b");
    let documents = buckets.load(std::slice::from_ref(&ann)).unwrap();
    assert_eq!(documents[&ann][KEY], "b");
    let write = StickyWrite::new(&ann, KEY, "c").replacing(Some("b"));
    assert_eq!(buckets.save(&write).unwrap(), Saved::Stored);
    buckets.flush(SOON).unwrap();
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("c"));
}

/// As when a document has expired.
#[test]
fn what_is_gone_from_the_store_is_written_again() {
    let (store, ann) = (Faulty::default(), user("ann"));
    let buckets = WriteBehind::new(store.clone());
    let write = StickyWrite::new(&ann, KEY, "a");
    buckets.save(&write).unwrap();
    buckets.flush(SOON).unwrap();
    store.empty();
    assert!(buckets.load(std::slice::from_ref(&ann)).unwrap().is_empty());
    assert_eq!(buckets.save(&write).unwrap(), Saved::Stored);
    buckets.flush(SOON).unwrap();
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("a"));
}

static LOGGED: Logged = Logged(OnceLock::new());

/// A logger that asks for what is being logged about.
struct Logged(OnceLock<(Faulty, WriteBehind<Faulty>)>);

impl log::Log for Logged {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &log::Record<'_>) {
        if let Some((store, buckets)) = self.0.get() {
            store.set_down(buckets.report().pending() == 0);
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_logger_may_use_what_it_hears_of() {
    let (store, ann) = (Faulty::default(), user("ann"));
    store.set_down(true);
    let buckets = WriteBehind::new(store.clone());
    let (store, buckets) = LOGGED.0.get_or_init(|| (store, buckets));
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    // It is the logger that brings it up again.
    eventually("the write", || store.standing(&ann, KEY).is_some());
}

#[test]
fn what_there_is_no_room_for_is_an_error_and_counted() {
    let store = Faulty::default();
    store.hold(true);
    let buckets = WriteBehind::builder(store.clone()).capacity(2).build();
    let users: Vec<_> = (0..4).map(|id| user(&id.to_string())).collect();
    let saved: Vec<bool> = users
        .iter()
        .map(|identity| buckets.save(&StickyWrite::new(identity, KEY, "a")).is_ok())
        .collect();
    assert_eq!(saved, [true, true, false, false]);
    assert_eq!(buckets.report().dropped(), 2);
    store.hold(false);
}

#[test]
fn a_store_that_panics_is_one_that_fails() {
    let (store, ann) = (Faulty::default(), user("ann"));
    store.panic_from_now_on(true);
    let buckets = WriteBehind::new(store.clone());
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    eventually("a failure", || buckets.report().failures() > 0);
    store.panic_from_now_on(false);
    buckets.flush(SOON).unwrap();
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("a"));
}

#[test]
fn dropping_writes_what_waits() {
    let (store, ann) = (Faulty::default(), user("ann"));
    let buckets = WriteBehind::new(store.clone());
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    drop(buckets);
    assert_eq!(store.standing(&ann, KEY).as_deref(), Some("a"));
}

#[test]
fn closing_ends_in_time_and_says_what_is_lost() {
    let (store, ann) = (Faulty::default(), user("ann"));
    store.set_down(true);
    let buckets = WriteBehind::new(store.clone());
    buckets.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    let report = buckets.close(Duration::from_millis(50));
    assert_eq!((report.pending(), report.written()), (1, 0));
    let late = buckets.save(&StickyWrite::new(&ann, "late__0", "a"));
    assert!(late.is_err());
    assert_eq!(buckets.report().dropped(), 1);
    // A second time there is nothing to end.
    assert_eq!(buckets.close(SOON).pending(), 1);
    assert!(store.attempts() > 0);
}
