//! The program's own code, which may do anything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use growthbook_core::testing::ManualClock;
use growthbook_core::{Clock, GrowthBookClient};
use growthbook_fetch::RemoteEvaluation;

use super::{Evaluator, Rig, until, user};
use crate::api::features;

/// K1.
#[test]
fn a_callback_that_panics_changes_nothing() {
    let evaluator = Evaluator::answering(TRACKED);
    let client = GrowthBookClient::builder()
        .on_error(|_| panic!("in a callback"))
        .on_experiment_viewed(|_| panic!("in a callback"))
        .on_feature_usage(|_| panic!("in a callback"))
        .build()
        .unwrap();
    let rig = Rig::new(&evaluator);
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    rig.pass(60);
    evaluator.answer(500, &[], b"");
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    assert_eq!(rig.remote.scope(&client, user("v")).value("f", 0), 0);
    evaluator.answer(200, &[], features(2).as_bytes());
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 2);
    assert!(client.status().callback_panics() >= 4);
}

/// K1.
#[test]
fn a_clock_that_panics_stands_still() {
    #[derive(Debug)]
    struct Broken(ManualClock, Arc<AtomicUsize>);

    impl Clock for Broken {
        fn now(&self) -> SystemTime {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            assert_eq!(self.1.load(Ordering::SeqCst), 0, "the clock is broken");
            self.0.monotonic()
        }
    }

    let evaluator = Evaluator::counting();
    let (clock, broken) = (ManualClock::new(), Arc::<AtomicUsize>::default());
    let own = Broken(clock.clone(), Arc::clone(&broken));
    let rig = Rig::with(evaluator.endpoint(), |it| it.clock(own), |it| it);
    assert_eq!(rig.value("u"), 1);
    broken.store(1, Ordering::SeqCst);
    clock.advance(Duration::from_secs(60));
    assert_eq!((rig.value("u"), rig.value("v")), (1, 2));
    broken.store(0, Ordering::SeqCst);
    assert_eq!(rig.value("u"), 3);
}

/// K3.
#[test]
fn a_callback_may_ask_for_scopes_flush_and_preload() {
    let evaluator = Evaluator::answering(TRACKED);
    let rig = Rig::new(&evaluator);
    let known = Arc::<Mutex<Option<(GrowthBookClient, RemoteEvaluation)>>>::default();
    let served = Arc::<AtomicUsize>::default();
    let within = |id: &'static str| {
        let (known, served) = (Arc::clone(&known), Arc::clone(&served));
        move || {
            let (client, remote) = known.lock().unwrap().clone().unwrap();
            remote.flush();
            let _ = remote.preload(&client, &user(id));
            let value: usize = remote.scope(&client, user("u")).value("f", 0);
            served.fetch_add(value, Ordering::SeqCst);
        }
    };
    let (viewed, failed) = (within("viewed"), within("failed"));
    let client = GrowthBookClient::builder()
        .on_experiment_viewed(move |_| viewed())
        .on_error(move |_| failed())
        .build()
        .unwrap();
    *known.lock().unwrap() = Some((client.clone(), rig.remote.clone()));
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    assert_eq!(served.load(Ordering::SeqCst), 1);
    evaluator.answer(500, &[], b"");
    rig.pass(60);
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    assert_eq!(served.load(Ordering::SeqCst), 2);
    known.lock().unwrap().take();
}

/// K4.
#[test]
fn the_last_handle_may_be_dropped_on_the_background_thread() {
    let evaluator = Evaluator::counting();
    let clock = ManualClock::new();
    let remote = RemoteEvaluation::builder(evaluator.endpoint())
        .clock(clock.clone())
        .stale_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    let last = Arc::new(Mutex::new(None));
    let told = Arc::<AtomicUsize>::default();
    let (dropping, telling) = (Arc::clone(&last), Arc::clone(&told));
    let client = GrowthBookClient::builder()
        .on_error(move |_| {
            drop(dropping.lock().unwrap().take());
            telling.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    assert_eq!(remote.scope(&client, user("u")).value("f", 0), 1);
    clock.advance(Duration::from_secs(1));
    evaluator.answer(500, &[], b"");
    evaluator.api.hold_back();
    assert_eq!(remote.scope(&client, user("u")).value("f", 0), 1);
    evaluator.api.wait_for_gets(2);
    *last.lock().unwrap() = Some((remote, client));
    evaluator.api.let_go();
    until("the callback to come back", || {
        told.load(Ordering::SeqCst) == 1
    });
    assert!(last.lock().unwrap().is_none());
}

/// A feature whose exposure the server reports.
const TRACKED: &[u8] = br#"{"features": {"f": {"defaultValue": 0, "rules": [{"force": 1, "tracks": [
    {"experiment": {"key": "exp", "variations": [{}, 1]}, "result": {"variationId": 1, "inExperiment": true, "hashValue": "u"}}
]}]}}}"#;
