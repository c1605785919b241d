//! What is served when the server does not answer, or not as it should.

use std::thread;
use std::time::Duration;

use growthbook_core::{FetchError, GrowthBookClient, PayloadError};
use growthbook_fetch::{Endpoint, RemoteEvaluationError};

use super::{Evaluator, Rig, until, user};
use crate::api::{CLIENT_KEY, NOBODY, features};

#[test]
fn an_old_answer_stands_in_up_to_its_last_day() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.max_age(Duration::from_secs(600)),
        |it| it,
    );
    assert_eq!(rig.value("u"), 1);
    evaluator.answer(500, &[], &features(9).into_bytes());
    rig.pass(60);
    assert_eq!((rig.value("u"), rig.errors()), (1, 1));
    rig.pass(540);
    assert_eq!((rig.value("u"), rig.errors()), (1, 2));
    rig.pass(1);
    let scope = rig.scope("u");
    assert_eq!(
        (scope.value("f", 0), scope.ruleset().feature_count()),
        (0, 0)
    );
    let stats = rig.remote.stats();
    assert_eq!(
        (stats.failures(), stats.last_resorts(), stats.empty()),
        (3, 2, 1)
    );
    assert!(rig.errors.lock().unwrap()[0].starts_with("Remote("));
    evaluator.count(&[]);
    rig.pass(LONGEST_REST);
    assert_eq!(rig.value("u"), 5, "all is well again");
    assert_eq!(rig.errors(), 3);
}

#[test]
fn four_hours_is_the_last_day_unless_told_otherwise() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!(rig.value("u"), 1);
    evaluator.answer(404, &[], b"");
    rig.pass(4 * 60 * 60);
    assert_eq!(rig.value("u"), 1);
    rig.pass(1);
    assert_eq!(rig.value("u"), 0);
}

#[test]
fn no_failure_is_kept_or_taken_for_an_answer() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    let good = features(9);
    for status in [201, 204, 304, 400, 401, 403, 404, 413, 429, 500, 503] {
        rig.pass(LONGEST_REST);
        evaluator.answer(
            status,
            &[],
            if matches!(status, 204 | 304) {
                b""
            } else {
                good.as_bytes()
            },
        );
        let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
        let told = match error {
            RemoteEvaluationError::Fetch(
                FetchError::Status { status, .. } | FetchError::Unauthorized { status },
            ) => status,
            error => panic!("{status}: {error:?}"),
        };
        assert_eq!(told, status);
        assert_eq!(rig.value("u"), 0);
    }
    rig.pass(LONGEST_REST);
    evaluator.answer(400, &[("x-unrecoverable", "1")], b"{}");
    let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
    assert!(matches!(
        error,
        RemoteEvaluationError::Fetch(FetchError::Unauthorized { status: 400 })
    ));
    for (body, expected) in [
        ("{}", PayloadError::MissingFeatures),
        ("{\"features\": []}", PayloadError::MissingFeatures),
        ("{\"features\": null}", PayloadError::MissingFeatures),
        ("[]", PayloadError::NotAnObject),
        (
            "{\"features\": {}, \"encryptedFeatures\": \"x.y\"}",
            PayloadError::MissingKey,
        ),
    ] {
        evaluator.answer(200, &[], body.as_bytes());
        match rig.remote.preload(&rig.client, &user("u")) {
            Err(RemoteEvaluationError::Payload(error)) => assert_eq!(error, expected, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    evaluator.answer(200, &[], b"Error fetching proxied request: aborted");
    assert_eq!(rig.value("u"), 0);
    assert_eq!(rig.remote.stats().kept(), 0);
    evaluator.answer(200, &[], good.as_bytes());
    assert_eq!(rig.value("u"), 9);
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!(rig.value("u"), 1);
    evaluator.answer(503, &[("Retry-After", "90")], b"");
    rig.pass(60);
    assert_eq!((rig.value("u"), evaluator.questions()), (1, 2));
    evaluator.count(&[]);
    rig.pass(89);
    assert_eq!((rig.value("u"), rig.value("v")), (1, 0));
    let error = rig.remote.preload(&rig.client, &user("v")).unwrap_err();
    assert!(matches!(
        error,
        RemoteEvaluationError::Fetch(FetchError::Status { status: 503, .. })
    ));
    assert_eq!(evaluator.questions(), 2, "nobody else asked");
    assert_eq!(rig.errors(), 1, "told once");
    rig.pass(1);
    assert_eq!((rig.value("u"), rig.value("v")), (3, 4));
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_costs_no_more_than_the_time_limit() {
    let dead = Endpoint::new(CLIENT_KEY).api_host(NOBODY).no_proxy();
    let rig = Rig::with(dead, |it| it, |it| it);
    assert_eq!((rig.value("u"), rig.errors()), (0, 1));
    let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
    assert!(matches!(
        error,
        RemoteEvaluationError::Fetch(FetchError::Transport(_))
    ));

    let evaluator = Evaluator::counting();
    let endpoint = evaluator.endpoint().timeout(Duration::from_millis(200));
    let rig = Rig::with(endpoint, |it| it, |it| it);
    evaluator.api.hold_back();
    assert_eq!(rig.value("u"), 0);
    let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
    assert!(matches!(
        error,
        RemoteEvaluationError::Fetch(FetchError::TimedOut)
    ));
}

#[test]
fn an_answer_has_a_limit() {
    let evaluator = Evaluator::answering(features(1).as_bytes());
    let length = features(1).len();
    for (limit, is_read) in [(length, true), (length - 1, false)] {
        let rig = Rig::with(evaluator.endpoint().max_body_bytes(limit), |it| it, |it| it);
        assert_eq!(rig.value("u") == 1, is_read, "{limit}");
        assert_eq!(
            rig.errors.lock().unwrap().join("").contains("TooLarge"),
            !is_read
        );
    }
}

/// What is said of a user goes to nobody else, and is not turned into a request without a body.
#[test]
fn redirects_are_followed_where_the_question_goes_along() {
    let other = Evaluator::counting();
    let elsewhere: &'static str = format!("{}/api/eval/x", other.api.server().url()).leak();
    for (status, location, follows) in [
        (307, "/there", true),
        (308, "/there", true),
        (301, "/there", false),
        (302, "/there", false),
        (303, "/there", false),
        (307, elsewhere, false),
    ] {
        let evaluator = Evaluator::answering(b"");
        let rig = Rig::new(&evaluator);
        evaluator.api.answer_by(move |request, reply| {
            let body = super::body_of(request, reply)?;
            if request.target() != "/there" {
                return reply.respond(status, &[("Location", location)], b"");
            }
            let is_whole =
                request.method() == "POST" && body.starts_with(b"{\"attributes\":{\"id\":\"u\"}");
            reply.respond(200, &[], features(u32::from(is_whole)).as_bytes())
        });
        assert_eq!(rig.value("u"), u32::from(follows), "{status} {location}");
        assert_eq!(rig.errors(), usize::from(!follows));
    }
    assert_eq!(other.api.server().connections(), 0);
}

#[test]
fn what_fails_in_the_background_is_told_and_rests_a_while() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.stale_ttl(Duration::from_secs(10)),
        |it| it,
    );
    assert_eq!(rig.value("u"), 1);
    rig.pass(10);
    evaluator.answer(500, &[], b"");
    assert_eq!(rig.value("u"), 1);
    until("the background to fail", || rig.errors() == 1);
    for _ in 0..50 {
        assert_eq!(rig.value("u"), 1);
    }
    assert_eq!((evaluator.questions(), rig.errors()), (2, 1));
    rig.pass(1);
    assert_eq!(rig.value("u"), 1);
    until("the background to fail again", || rig.errors() == 2);
    evaluator.count(&[]);
    rig.pass(2);
    until("the background to bring another", || rig.value("u") == 4);
}

/// A server that fails is not asked for all the others as well, one after the other.
#[test]
fn what_waits_for_the_background_when_it_fails_rests_as_well() {
    let evaluator = Evaluator::counting();
    let rig = Rig::with(
        evaluator.endpoint(),
        |it| it.stale_ttl(Duration::from_secs(10)),
        |it| it,
    );
    let all = || (0..20).all(|number| rig.value(&format!("u{number}")) > 0);
    assert!(all());
    rig.pass(10);
    evaluator.answer(500, &[], b"");
    evaluator.api.hold_back();
    assert!(all());
    evaluator.api.let_go();
    let postponed = || rig.remote.stats().postponed();
    until("the background to be done", || {
        rig.errors() as u64 + postponed() == 20
    });
    assert_eq!(
        (evaluator.questions(), rig.errors(), postponed()),
        (21, 1, 19)
    );
}

#[test]
fn nobody_asks_for_a_client_that_is_closed() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    assert_eq!(rig.value("u"), 1);
    rig.client.close(Duration::from_secs(1));
    rig.pass(60);
    assert_eq!((rig.value("u"), rig.value("v")), (1, 0));
    let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
    assert!(matches!(error, RemoteEvaluationError::Closed));
    assert_eq!((evaluator.questions(), rig.errors()), (1, 0));
    // Another client may go on with it.
    let other = GrowthBookClient::builder().build().unwrap();
    assert_eq!(rig.remote.scope(&other, user("u")).value("f", 0), 2);
}

#[test]
fn preloading_says_what_went_wrong_to_the_caller_alone() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    rig.remote.preload(&rig.client, &user("u")).unwrap();
    rig.remote.preload(&rig.client, &user("u")).unwrap();
    assert_eq!((rig.value("u"), evaluator.questions()), (1, 1));
    evaluator.answer(500, &[], b"");
    rig.pass(60);
    let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
    assert_eq!(error.to_string(), "the features cannot be fetched");
    assert_eq!((rig.errors(), rig.remote.stats().failures()), (0, 1));
}

/// The first ones wait for as long as a request may take. The others are spared that.
#[test]
fn a_server_that_hangs_is_left_alone_after_three() {
    let evaluator = Evaluator::counting();
    let endpoint = evaluator.endpoint().timeout(Duration::from_millis(300));
    let rig = Rig::with(endpoint, |it| it, |it| it);
    assert_eq!(rig.value("known"), 1);
    evaluator.api.hold_back();
    let everybody = || {
        thread::scope(|scope| {
            for number in 0..50 {
                let rig = &rig;
                scope.spawn(move || assert_eq!(rig.value(&format!("u{number}")), 0));
            }
        });
    };
    for number in 0..3 {
        assert_eq!(rig.value(&format!("u{number}")), 0);
    }
    assert_eq!((evaluator.questions(), rig.errors()), (4, 3));
    everybody();
    assert_eq!(evaluator.questions(), 4, "nobody else asked");
    let error = rig.remote.preload(&rig.client, &user("u")).unwrap_err();
    assert!(matches!(
        error,
        RemoteEvaluationError::Fetch(FetchError::TimedOut)
    ));
    assert_eq!(rig.value("known"), 1, "what is kept is served");
    for asked in [5, 6] {
        rig.pass(LONGEST_REST);
        everybody();
        assert_eq!(evaluator.questions(), asked, "one looks after it");
    }
    assert_eq!(rig.value("known"), 1, "an old answer is better than none");
    evaluator.api.let_go();
    rig.pass(LONGEST_REST);
    assert!(rig.value("u") > 0 && rig.value("v") > 0, "it is well again");
}

/// A scope that waited for the same answer has a failure that nobody else tells of.
#[test]
fn who_waits_for_what_was_preloaded_tells_of_its_failure() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    evaluator.answer(500, &[], b"");
    evaluator.api.hold_back();
    thread::scope(|scope| {
        let preloading = scope.spawn(|| rig.remote.preload(&rig.client, &user("u")));
        evaluator.api.wait_for_gets(1);
        let waiting = [(); 4].map(|()| scope.spawn(|| rig.value("u")));
        evaluator.api.let_go();
        preloading.join().unwrap().unwrap_err();
        assert_eq!(waiting.map(|it| it.join().unwrap()), [0; 4]);
    });
    // Whoever came too late to wait asked, and told of that.
    let told = u64::try_from(rig.errors()).unwrap();
    assert!(told > 0 && told <= rig.remote.stats().requests());
}

/// As long as any server is left alone.
const LONGEST_REST: u64 = 30;
