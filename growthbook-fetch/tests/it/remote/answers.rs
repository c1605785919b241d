//! How long an answer is served, and how many are kept.

use std::thread;
use std::time::Duration;

use super::{Evaluator, Rig, until};

#[test]
fn an_answer_has_three_ages() {
    let evaluator = Evaluator::counting();
    let seconds = Duration::from_secs;
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.stale_ttl(seconds(30)).cache_ttl(seconds(60)),
        |it| it,
    );
    assert_eq!(rig.value("u"), 1);
    rig.pass(29);
    assert_eq!(rig.value("u"), 1);
    assert_eq!(evaluator.questions(), 1, "fresh");
    rig.pass(1);
    // However many ask meanwhile, the server is asked once in the background.
    evaluator.api.hold_back();
    for _ in 0..100 {
        assert_eq!(rig.value("u"), 1, "stale is served");
    }
    evaluator.api.wait_for_gets(2);
    assert_eq!(rig.value("u"), 1);
    evaluator.api.let_go();
    until("the answer of the background", || rig.value("u") == 2);
    assert_eq!(evaluator.questions(), 2);
    // Its time counts anew.
    rig.pass(29);
    assert_eq!((rig.value("u"), evaluator.questions()), (2, 2));
    rig.pass(31);
    assert_eq!(
        rig.value("u"),
        3,
        "who finds an old one waits for a new one"
    );
    assert_eq!(evaluator.questions(), 3);
    let stats = rig.remote.stats();
    assert_eq!(
        (stats.requests(), stats.failures(), stats.kept()),
        (3, 0, 1)
    );
    assert_eq!(
        (stats.postponed(), stats.empty(), stats.last_resorts()),
        (0, 0, 0)
    );
}

#[test]
fn without_a_stale_age_nothing_is_asked_in_the_background() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!(rig.value("u"), 1);
    rig.pass(59);
    assert_eq!((rig.value("u"), evaluator.questions()), (1, 1));
    rig.pass(1);
    assert_eq!((rig.value("u"), evaluator.questions()), (2, 2));
}

#[test]
fn with_no_time_to_live_everybody_asks() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.cache_ttl(Duration::ZERO).stale_ttl(Duration::ZERO),
        |it| it,
    );
    for question in 1..4 {
        assert_eq!(rig.value("u"), question);
    }
    evaluator.answer(500, &[], b"{}");
    assert_eq!(rig.value("u"), 3, "the last one stands in");
    assert_eq!(evaluator.questions(), 4);
}

#[test]
fn an_answer_that_says_the_same_is_as_good_as_another() {
    let evaluator = Evaluator::answering(br#"{"features": {"f": {"defaultValue": 7}}}"#);
    let rig = Rig::new(&evaluator);
    let before = rig.scope("u");
    rig.pass(60);
    let after = rig.scope("u");
    assert!(
        std::sync::Arc::ptr_eq(before.ruleset(), after.ruleset()),
        "compiled once"
    );
    rig.pass(59);
    assert_eq!((rig.value("u"), evaluator.questions()), (7, 2));
}

#[test]
fn the_one_served_longest_ago_makes_room() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(evaluator.endpoint(), |it| it.cache_size(2), |it| it);
    assert_eq!((rig.value("a"), rig.value("b")), (1, 2));
    assert_eq!(rig.value("a"), 1, "now that is b");
    assert_eq!(rig.value("c"), 3);
    assert_eq!((rig.value("a"), rig.value("c")), (1, 3));
    assert_eq!(rig.value("b"), 4);
    assert_eq!(rig.remote.stats().kept(), 2);
    assert_eq!(evaluator.questions(), 4);
}

#[test]
fn nothing_is_kept_where_there_is_no_room() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(evaluator.endpoint(), |it| it.cache_size(0), |it| it);
    assert_eq!((rig.value("a"), rig.value("a")), (1, 2));
    evaluator.answer(500, &[], b"");
    assert_eq!(rig.value("a"), 0);
    assert_eq!(rig.remote.stats().kept(), 0);
}

#[test]
fn what_is_flushed_is_asked_for_anew() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!((rig.value("a"), rig.value("b")), (1, 2));
    rig.remote.flush();
    assert_eq!((rig.value("a"), rig.value("a"), rig.value("b")), (3, 3, 4));
    rig.remote.flush();
    evaluator.answer(503, &[], b"");
    assert_eq!(rig.value("a"), 3, "there is no better one");
    assert_eq!(rig.remote.stats().last_resorts(), 1);
}

#[test]
fn an_answer_that_was_overtaken_by_a_flush_is_given_and_not_kept() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    evaluator.api.hold_back();
    thread::scope(|threads| {
        let asking = threads.spawn(|| rig.value("u"));
        evaluator.api.wait_for_gets(1);
        rig.remote.flush();
        evaluator.api.let_go();
        assert_eq!(asking.join().unwrap(), 1);
    });
    assert_eq!(rig.value("u"), 2);
    assert_eq!((rig.value("u"), evaluator.questions()), (2, 2));
}

/// Whoever comes after a flush does not wait for an answer from before it.
#[test]
fn a_question_from_before_a_flush_is_not_shared_after_it() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    evaluator.api.hold_back();
    thread::scope(|threads| {
        let before = threads.spawn(|| rig.value("u"));
        evaluator.api.wait_for_gets(1);
        rig.remote.flush();
        let after = threads.spawn(|| rig.value("u"));
        evaluator.api.wait_for_gets(2);
        evaluator.api.let_go();
        let mut values = [before.join().unwrap(), after.join().unwrap()];
        let kept = values[1];
        assert_eq!(rig.value("u"), kept, "the younger is kept");
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
    });
    assert_eq!(evaluator.questions(), 2);
}
