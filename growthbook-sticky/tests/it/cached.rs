//! What is remembered, for how long, and what must not be believed.

use std::time::Duration;

use growthbook_core::testing::{ManualClock, sticky_contract};
use growthbook_core::{
    MemoryStickyBuckets, Saved, StickyBucketService, StickyIdentity, StickyWrite,
};
use growthbook_sticky::{Cached, WriteBehind};

use super::faulty::{Faulty, SOON, eventually, user};

const KEY: &str = "exp__0";
const TTL: Duration = Duration::from_secs(30);

#[test]
fn it_keeps_the_contract() {
    sticky_contract(|| Cached::new(MemoryStickyBuckets::new()));
    sticky_contract(|| Cached::new(MemoryStickyBuckets::new()).entries(2));
    sticky_contract(|| Cached::new(MemoryStickyBuckets::new()).entries(0));
    sticky_contract(|| Cached::new(WriteBehind::new(MemoryStickyBuckets::new())));
}

fn variation(cached: &Cached<Faulty>, identity: &StickyIdentity) -> Option<String> {
    let documents = cached.load(std::slice::from_ref(identity)).unwrap();
    documents.get(identity)?.get(KEY).cloned()
}

fn cached(store: &Faulty) -> (Cached<Faulty>, ManualClock) {
    let clock = ManualClock::new();
    (
        Cached::new(store.clone()).ttl(TTL).clock(clock.clone()),
        clock,
    )
}

#[test]
fn who_comes_back_soon_is_not_looked_up_again() {
    let store = Faulty::default();
    let (cached, clock) = cached(&store);
    let (ann, nobody) = (user("ann"), user("nobody"));
    store.put(&ann, KEY, "a");
    for _ in 0..3 {
        assert_eq!(variation(&cached, &ann).as_deref(), Some("a"));
        assert_eq!(variation(&cached, &nobody), None);
    }
    assert_eq!((store.loads(), cached.hits(), cached.misses()), (2, 4, 2));
    // Another process assigns; it shows when the entry is too old.
    store.put(&nobody, KEY, "b");
    clock.advance(TTL.saturating_sub(Duration::from_nanos(1)));
    assert_eq!(variation(&cached, &nobody), None);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(variation(&cached, &nobody).as_deref(), Some("b"));
}

#[test]
fn what_this_process_assigns_is_remembered_at_once() {
    let store = Faulty::default();
    let (cached, _) = cached(&store);
    let ann = user("ann");
    assert_eq!(variation(&cached, &ann), None);
    store.put(&ann, KEY, "other");
    let saved = cached.save(&StickyWrite::new(&ann, KEY, "own")).unwrap();
    assert_eq!(saved, Saved::Kept("other".to_owned()));
    assert_eq!(variation(&cached, &ann).as_deref(), Some("other"));
    cached
        .save(&StickyWrite::new(&ann, "two__0", "own"))
        .unwrap();
    let documents = cached.load(std::slice::from_ref(&ann)).unwrap();
    assert_eq!((documents[&ann].len(), store.loads()), (2, 1));
}

/// Trap: a slow read must not roll back a newer write.
#[test]
fn a_slow_load_does_not_undo_what_was_saved_meanwhile() {
    let store = Faulty::default();
    let (cached, _) = cached(&store);
    let ann = user("ann");
    store.hold(true);
    std::thread::scope(|threads| {
        let loading = threads.spawn(|| variation(&cached, &ann));
        eventually("the load", || store.loads() == 1);
        // It has read that there is nothing.
        let saving = threads.spawn(|| cached.save(&StickyWrite::new(&ann, KEY, "a")));
        store.hold(false);
        assert_eq!(saving.join().unwrap().unwrap(), Saved::Stored);
        loading.join().unwrap();
    });
    assert_eq!(variation(&cached, &ann).as_deref(), Some("a"));
    assert_eq!(store.loads(), 1, "it is remembered");
}

#[test]
fn what_is_too_old_is_better_than_nothing() {
    let store = Faulty::default();
    let (cached, clock) = cached(&store);
    let (ann, bob) = (user("ann"), user("bob"));
    store.put(&ann, KEY, "a");
    assert_eq!(variation(&cached, &ann).as_deref(), Some("a"));
    clock.advance(TTL * 100);
    store.set_down(true);
    assert_eq!(variation(&cached, &ann).as_deref(), Some("a"));
    assert!(
        cached.load(&[ann.clone(), bob.clone()]).is_err(),
        "of bob nobody knows"
    );
    store.set_down(false);
    store.put(&ann, KEY, "b");
    assert_eq!(variation(&cached, &ann).as_deref(), Some("b"));
}

#[test]
fn memory_has_a_bound() {
    let store = Faulty::default();
    let cached = Cached::new(store.clone()).entries(100);
    for id in 0..10_000 {
        variation(&cached, &user(&id.to_string()));
    }
    let remembered = format!("{cached:?}");
    let remembered = remembered.split("remembered: ").nth(1).unwrap();
    let remembered: usize = remembered.split(',').next().unwrap().parse().unwrap();
    assert!((100..=200).contains(&remembered), "{remembered}");
    // Those that are used stay.
    let ann = user("ann");
    variation(&cached, &ann);
    let loads = store.loads();
    for id in 0..1_000 {
        variation(&cached, &user(&id.to_string()));
        variation(&cached, &ann);
    }
    assert_eq!(store.loads(), loads + 1_000);
}

#[test]
fn a_load_that_panics_leaves_nothing_behind() {
    let store = Faulty::default();
    let (cached, _) = cached(&store);
    let ann = user("ann");
    store.panic_from_now_on(true);
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| variation(&cached, &ann)));
    assert!(panicked.is_err());
    store.panic_from_now_on(false);
    cached.save(&StickyWrite::new(&ann, KEY, "a")).unwrap();
    assert_eq!(variation(&cached, &ann).as_deref(), Some("a"));
    cached.flush(SOON).unwrap();
}
