//! Where a refresh looks before it asks the server, and what it leaves there.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use growthbook_core::{
    BackgroundError, CachedPayload, Clock, FetchError, Fetched, GrowthBookClient, Readiness,
    Refresh, UserContext, Validator,
};

use super::scripted::{HandClock, Script, Shelf, features, fresh, served, unchanged};

#[test]
fn a_fresh_entry_spares_the_request() {
    let house = House::new(1);
    house.shelve(0, 5, 30);
    assert_eq!(house.client.refresh().unwrap(), Refresh::FromCache);
    assert_eq!((house.value(), house.script.asked()), (5, vec![]));
    assert_eq!(house.client.status().age(), Some(seconds(30)));
    assert_eq!(house.client.refresh().unwrap(), Refresh::Fresh);
    house.clock.pass(seconds(30));
    house.script.then(unchanged());
    assert_eq!(house.client.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(
        house.script.asked(),
        [Some("v5".to_owned())],
        "as it was cached"
    );
    assert_eq!(
        house.shelves[0].entry().unwrap().fetched_at(),
        Some(house.now())
    );
}

#[test]
fn a_stale_entry_is_served_until_the_server_has_answered() {
    let house = House::new(1);
    house.shelve(0, 5, 61);
    assert!(house.client.refresh().is_err());
    assert_eq!(house.value(), 5);
    let age = seconds(61);
    assert_eq!(house.client.status().readiness(), Readiness::Stale { age });
    house.script.then(fresh(6));
    assert_eq!(house.client.refresh().unwrap(), Refresh::Updated);
    let v5 = Some("v5".to_owned());
    assert_eq!(house.script.asked(), [v5.clone(), v5]);
    assert_eq!(house.value(), 6);
    assert_eq!(house.client.status().readiness(), Readiness::Live);
}

#[test]
fn an_expired_entry_is_not_used() {
    for (age, is_used) in [(4 * 3_600 - 1, true), (4 * 3_600, false)] {
        let house = House::new(1);
        house.shelve(0, 5, age);
        assert!(house.client.refresh().is_err());
        assert_eq!(house.value(), if is_used { 5 } else { 0 }, "{age}");
    }
}

#[test]
fn an_entry_that_another_program_wrote_without_a_time_is_used() {
    let house = House::new(1);
    house.shelves[0].put(&CachedPayload::new(features(5).into_bytes()));
    assert_eq!(house.client.refresh().unwrap(), Refresh::FromCache);
    assert_eq!(house.value(), 5);
    house.script.then(fresh(6));
    assert_eq!(house.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!(
        house.script.asked(),
        [None],
        "nobody knows what the server calls it"
    );
}

#[test]
fn an_entry_of_unknown_age_does_not_keep_the_server_from_being_asked() {
    // Nobody wrote down when it was fetched; or the clock has been set back since.
    for ahead in [None, Some(seconds(10 * 365 * 24 * 3_600))] {
        let house = House::new(1);
        let fetched_at = ahead.map(|time| house.now() + time);
        house.shelves[0].put(&served(5).with_fetched_at(fetched_at));
        assert_eq!(house.client.refresh().unwrap(), Refresh::FromCache);
        assert_eq!(house.client.refresh().unwrap(), Refresh::Fresh);
        house.clock.pass(seconds(60));
        house.script.then(fresh(6));
        assert_eq!(house.client.refresh().unwrap(), Refresh::Updated);
        assert_eq!(house.value(), 6);
    }
}

#[test]
fn clocks_of_other_machines_may_be_a_little_ahead() {
    for (ahead, is_used) in [(1, true), (10, true), (11, false)] {
        let house = House::new(1);
        house.script.then(fresh(5)).then(fresh(7));
        assert_eq!(house.client.refresh().unwrap(), Refresh::Updated);
        house.clock.pass(seconds(60));
        let fetched_at = house.now() + seconds(ahead);
        house.shelves[0].put(&served(6).with_fetched_at(fetched_at));
        house.client.refresh().unwrap();
        assert_eq!(house.value(), if is_used { 6 } else { 7 }, "{ahead}");
        if is_used {
            // Nor does it keep the server from being asked for ever.
            house.clock.pass(seconds(60));
            assert_eq!(house.client.refresh().unwrap(), Refresh::Updated);
            assert_eq!(house.value(), 7);
        }
    }
}

#[test]
fn what_the_server_calls_fresh_is_fresh_for_as_long_as_it_says() {
    let house = House::new(1);
    let payload = served(5).with_max_age(seconds(300));
    house.script.then(Fetched::Fresh(payload));
    house.client.refresh().unwrap();
    house.clock.pass(seconds(299));
    assert_eq!(house.client.refresh().unwrap(), Refresh::Fresh);
    house.clock.pass(seconds(1));
    house.script.then(Fetched::Unchanged {
        max_age: Some(seconds(10)),
    });
    assert_eq!(house.client.refresh().unwrap(), Refresh::Unchanged);
    let entry = house.shelves[0].entry().unwrap();
    assert_eq!(
        entry.max_age(),
        Some(seconds(10)),
        "kept with what it is about"
    );
    assert_eq!(entry.validator().map(Validator::as_str), Some("v5"));
    house.clock.pass(seconds(10));
    assert!(house.client.refresh().is_err(), "asked, and not answered");
}

#[test]
fn the_second_cache_serves_when_the_first_fails_and_all_are_written() {
    let house = House::new(3);
    house.shelves[0].set_down(true);
    house.shelve(1, 5, 10);
    house.shelve(2, 6, 10);
    assert_eq!(house.client.refresh().unwrap(), Refresh::FromCache);
    assert_eq!(house.value(), 5);
    assert_eq!(house.errors(), 1);
    house.script.then(fresh(7));
    house.client.force_refresh().unwrap();
    assert_eq!(house.errors(), 1, "the first, when it was to be written");
    house.shelves[0].set_down(false);
    house.script.then(unchanged());
    house.client.force_refresh().unwrap();
    assert_eq!(house.errors(), 0);
    for shelf in &house.shelves {
        assert_eq!(
            shelf.entry().unwrap().validator().map(Validator::as_str),
            Some("v7")
        );
    }
}

#[test]
fn an_entry_that_is_no_payload_is_passed_over() {
    let house = House::new(2);
    house.shelves[0].put(&CachedPayload::new(*b"{}").with_fetched_at(house.now()));
    house.shelve(1, 5, 10);
    assert_eq!(house.client.refresh().unwrap(), Refresh::FromCache);
    assert_eq!((house.value(), house.errors()), (5, 1));
}

#[test]
fn no_stale_entry_replaces_what_the_server_sent() {
    let house = House::new(1);
    house.script.then(fresh(6));
    house.client.refresh().unwrap();
    house.clock.pass(seconds(100));
    house.shelve(0, 5, 99);
    house.script.fail(FetchError::TimedOut);
    assert!(house.client.refresh().is_err());
    assert_eq!(house.value(), 6);
}

#[test]
fn what_a_cache_has_is_the_end_of_an_error() {
    let house = House::new(1);
    assert!(house.client.refresh().is_err());
    assert!(house.client.status().last_error().is_some());
    house.shelve(0, 5, 30);
    assert_eq!(house.client.refresh().unwrap(), Refresh::FromCache);
    assert!(house.client.status().last_error().is_none());
}

/// A client with some caches, and all that it depends on.
struct House {
    client: GrowthBookClient,
    script: Arc<Script>,
    shelves: Vec<Arc<Shelf>>,
    clock: HandClock,
    errors: Arc<Mutex<usize>>,
}

impl House {
    fn new(shelves: usize) -> Self {
        let (script, clock) = (Arc::new(Script::default()), HandClock::new());
        let shelves: Vec<_> = (0..shelves).map(|_| Arc::new(Shelf::default())).collect();
        let errors: Arc<Mutex<usize>> = Arc::default();
        let counted = Arc::clone(&errors);
        let builder = GrowthBookClient::builder()
            .fetcher(Arc::clone(&script))
            .clock(clock.clone())
            .on_error(move |error| {
                assert!(matches!(
                    error,
                    BackgroundError::Cache(_) | BackgroundError::Refresh(_)
                ));
                *counted.lock().unwrap() += 1;
            });
        let with_caches = shelves
            .iter()
            .fold(builder, |builder, shelf| builder.cache(Arc::clone(shelf)));
        Self {
            client: with_caches.build().unwrap(),
            script,
            shelves,
            clock,
            errors,
        }
    }

    /// Puts into one of the caches what the server confirmed so many seconds ago.
    fn shelve(&self, number: usize, value: u32, age: u64) {
        let fetched_at = self.now() - seconds(age);
        self.shelves[number].put(&served(value).with_fetched_at(fetched_at));
    }

    fn value(&self) -> u32 {
        self.client.value("f", &UserContext::default(), 0)
    }

    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// The errors told since the last time.
    fn errors(&self) -> usize {
        std::mem::take(&mut *self.errors.lock().unwrap())
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
