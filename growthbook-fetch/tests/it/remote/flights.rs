//! Many who ask at once, and questions that are under way when it ends.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use super::{Evaluator, Rig};
use crate::api::SOON;

/// Who asks waits until the others have come, so that all of them are on their way before there is an answer.
fn together(rig: &Rig, ids: &(dyn Fn(usize) -> String + Sync)) -> Vec<u32> {
    let ready = Barrier::new(MANY);
    thread::scope(|threads| {
        let asking = |number: usize| {
            let ready = &ready;
            move || {
                ready.wait();
                rig.value(&ids(number))
            }
        };
        let all: Vec<_> = (0..MANY)
            .map(|number| threads.spawn(asking(number)))
            .collect();
        all.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

#[test]
fn fifty_who_ask_the_same_ask_once() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!(together(&rig, &|_| "u".to_owned()), [1; MANY]);
    assert_eq!(evaluator.questions(), 1);
    rig.pass(60);
    assert_eq!(together(&rig, &|_| "u".to_owned()), [2; MANY]);
    assert_eq!(evaluator.questions(), 2);
}

#[test]
fn fifty_who_ask_in_vain_share_the_failure() {
    let evaluator = Evaluator::counting();
    let endpoint = evaluator.endpoint().timeout(Duration::from_secs(1));
    let rig = Rig::with(endpoint, |it| it, |it| it);
    // Nobody is answered before the time is over, which is after all have come.
    evaluator.api.hold_back();
    assert_eq!(together(&rig, &|_| "u".to_owned()), [0; MANY]);
    let asked = rig.remote.stats().requests();
    assert_eq!(rig.errors() as u64, asked, "each failure is told once");
    assert!(asked < MANY as u64, "{asked}");
}

#[test]
fn those_who_ask_for_different_users_do_not_wait_for_each_other() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    evaluator.api.hold_back();
    thread::scope(|threads| {
        for id in ["a", "b", "c"] {
            let rig = &rig;
            threads.spawn(move || rig.value(id));
        }
        // All three are at the server, none of them answered.
        evaluator.api.wait_for_gets(3);
        evaluator.api.let_go();
    });
    assert_eq!(rig.remote.stats().kept(), 3);
}

/// Who asks there is not there in the copy, and nobody else will answer.
#[test]
#[cfg(unix)]
fn a_copy_of_the_process_asks_for_itself() {
    let evaluator = Evaluator::counting();
    let endpoint = evaluator.endpoint().timeout(Duration::from_secs(2));
    let rig = Rig::with(endpoint, |it| it, |it| it);
    evaluator.api.hold_back();
    thread::scope(|threads| {
        threads.spawn(|| rig.value("u"));
        evaluator.api.wait_for_gets(1);
        let ends = || rig.value("u") == 0;
        assert!(growthbook_testkit::in_a_copy(SOON / 3, ends).unwrap());
    });
    evaluator.api.let_go();
}

/// Dropping ends what the background has under way, and does not wait for an answer.
#[test]
fn dropping_does_not_wait_for_the_background() {
    let evaluator = Evaluator::counting();
    let endpoint = evaluator.endpoint().timeout(2 * SOON);
    let stale = Duration::from_secs(1);
    let rig = Rig::with(endpoint, |it| it.stale_ttl(stale), |it| it);
    assert_eq!(rig.value("u"), 1);
    rig.pass(1);
    evaluator.api.hold_back();
    assert_eq!(rig.value("u"), 1);
    evaluator.api.wait_for_gets(2);
    let started = Instant::now();
    let Rig {
        remote,
        errors,
        client,
        ..
    } = rig;
    drop(remote);
    assert!(started.elapsed() < SOON);
    assert!(errors.lock().unwrap().is_empty(), "it is nobody's failure");
    drop(client);
}

/// A queue that is full is no reason to wait.
#[test]
fn more_stale_answers_than_the_background_can_take_are_postponed() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.stale_ttl(Duration::from_secs(1)),
        |it| it,
    );
    for user in 0..400 {
        assert_ne!(rig.value(&format!("u{user}")), 0);
    }
    rig.pass(1);
    evaluator.api.hold_back();
    for user in 0..400 {
        assert_ne!(rig.value(&format!("u{user}")), 0);
    }
    assert!(
        rig.remote.stats().postponed() >= 400 - 257,
        "{:?}",
        rig.remote.stats()
    );
    evaluator.api.let_go();
}

const MANY: usize = 50;
