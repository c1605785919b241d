//! Sources that ask by themselves, when needed, or when told to.

use std::time::Duration;

use growthbook_core::testing::source_contract;
use growthbook_core::{
    FetchError, GrowthBookClient, PayloadError, Readiness, Refresh, RefreshError, StreamState,
};
use growthbook_fetch::{Endpoint, FileCache, HttpSource};

use super::api::{Api, SOON};
use super::rig::{Rig, value};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_strategy_keeps_the_contract() {
    let strategies: [fn(HttpSource) -> HttpSource; 3] = [
        |source| source.polling(Duration::from_secs(3_600)),
        HttpSource::streaming,
        HttpSource::lazy,
    ];
    for strategy in strategies {
        source_contract(|| {
            let api = Api::start();
            api.offer_streaming();
            let source = strategy(HttpSource::new(api.endpoint()));
            (source, move |payload: Option<&[u8]>| {
                api.serve_bytes(payload);
            })
        });
    }
}

#[test]
fn polling_asks_every_minute_for_what_is_newer() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    assert_eq!(rig.next_value(), 1);
    for round in 2..5 {
        api.serve(round);
        let due = rig.pass_to_next_attempt();
        assert!((54..=66).contains(&due.as_secs()), "{due:?}");
        assert_eq!(rig.next_value(), round);
    }
    rig.pass_to_next_attempt();
    let unchanged = || rig.client.status().refreshes().unchanged();
    rig.until(|_| (unchanged() == 1).then_some(()), "nothing new");
    assert_eq!((api.gets(), api.not_modified()), (5, 1));
    assert_eq!(rig.source().stream(), StreamState::Disabled);
    assert!(rig.errors.lock().unwrap().is_empty());
}

/// F1: a client whose first request failed is repaired by a later one.
#[test]
fn a_server_that_is_down_at_the_start_is_asked_until_it_is_up() {
    let api = Api::start();
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    for failures in 1..4 {
        rig.until(
            |status| (status.failures() == failures).then_some(()),
            "a failure",
        );
        assert_eq!(rig.client.status().readiness(), Readiness::Empty);
        rig.pass_to_next_attempt();
    }
    rig.until(|status| (status.failures() == 4).then_some(()), "a failure");
    api.serve(1);
    let due = rig.pass_to_next_attempt();
    assert!((4..=8).contains(&due.as_secs()), "{due:?}");
    assert_eq!(rig.next_value(), 1);
    assert_eq!(rig.client.wait_ready(SOON), Readiness::Live);
    assert_eq!(rig.client.status().refreshes().failed(), 4);
}

/// What a server may send instead of features: each is told apart, and what is in force stays.
#[test]
fn bad_answers_are_told_apart_and_change_nothing() {
    type Check = fn(&RefreshError) -> bool;
    let api = Api::serving(1);
    let endpoint = api.endpoint().max_body_bytes(1 << 20);
    let rig = Rig::new(HttpSource::new(endpoint));
    assert_eq!(rig.next_value(), 1);
    let json: Check = |error| matches!(error, RefreshError::Payload(PayloadError::Json { .. }));
    let no_object: Check =
        |error| matches!(error, RefreshError::Payload(PayloadError::NotAnObject));
    let no_features: Check = |error| matches!(error, RefreshError::Payload(_));
    let bodies: [(&str, Vec<u8>, Check); 11] = [
        ("a login page", b"<html>sign in</html>".to_vec(), json),
        (
            "an error of a proxy",
            b"Error fetching proxied request".to_vec(),
            json,
        ),
        ("nothing", Vec::new(), json),
        ("an empty object", b"{}".to_vec(), no_features),
        ("a list", b"[]".to_vec(), no_object),
        ("null", b"null".to_vec(), no_object),
        ("text", b"\"x\"".to_vec(), no_object),
        (
            "null for features",
            b"{\"features\": null}".to_vec(),
            no_features,
        ),
        (
            "a list for features",
            b"{\"features\": []}".to_vec(),
            no_features,
        ),
        (
            "an error in JSON",
            b"{\"status\": 401, \"error\": \"no\"}".to_vec(),
            no_features,
        ),
        (
            "bytes that are no text",
            b"{\"features\": {\"\xff\": {}}}".to_vec(),
            json,
        ),
    ];
    for (what, body, is_expected) in bodies {
        api.serve_bytes(Some(&body));
        let error = rig.client.force_refresh().unwrap_err();
        assert!(is_expected(&error), "{what}: {error:?}");
        check_last_error(&rig, what);
    }
    let rejected = rig.client.status().refreshes().rejected();
    assert_eq!(rejected, 11);
    api.serve_bytes(Some(&vec![b' '; 2 << 20]));
    let error = rig.client.force_refresh().unwrap_err();
    let too_large =
        matches!(error, RefreshError::Fetch(FetchError::TooLarge { limit }) if limit == 1 << 20);
    assert!(too_large, "{error:?}");
    for (status, is_unauthorized) in [(401, true), (403, true), (404, false), (500, false)] {
        api.answer_by(move |_, reply| reply.respond(status, &[], b"{\"features\": {}}"));
        let error = rig.client.force_refresh().unwrap_err();
        let is_such = match &error {
            RefreshError::Fetch(FetchError::Unauthorized { status: told }) => {
                is_unauthorized && *told == status
            }
            RefreshError::Fetch(FetchError::Status { status: told, .. }) => {
                !is_unauthorized && *told == status
            }
            _ => false,
        };
        assert!(is_such, "{status}: {error:?}");
        check_last_error(&rig, "a status");
    }
    api.answer_by(|_, reply| reply.respond(302, &[("Location", "http://127.0.0.2:9/")], b""));
    let error = rig.client.force_refresh().unwrap_err();
    assert!(matches!(error, RefreshError::Fetch(FetchError::Redirected)));
    api.answer_by(|_, reply| {
        reply.respond(
            200,
            &[("Content-Encoding", "gzip")],
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03cut",
        )
    });
    let error = rig.client.force_refresh().unwrap_err();
    assert!(matches!(
        error,
        RefreshError::Fetch(FetchError::Transport(_))
    ));
    check_last_error(&rig, "a gzip that is cut");
    // And then all is well again.
    api.answer_as_usual();
    api.serve(2);
    assert_eq!(rig.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!(
        (rig.value(), rig.client.status().readiness()),
        (2, Readiness::Live)
    );
}

fn check_last_error(rig: &Rig, what: &str) {
    let status = rig.client.status();
    assert_eq!(rig.value(), 1, "{what}: what is in force stays");
    assert!(status.last_error().is_some(), "{what}");
    assert!(
        matches!(status.readiness(), Readiness::Stale { .. }),
        "{what}"
    );
}

/// F17: that all features are gone is an answer like any other.
#[test]
fn a_payload_without_features_is_believed() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    assert_eq!(rig.next_value(), 1);
    api.serve_bytes(Some(b"{\"features\": {}}"));
    rig.pass_to_next_attempt();
    assert_eq!(rig.next_value(), 0);
}

/// F18, F20, F22: what is wrong in places is set aside there.
#[test]
fn a_payload_that_is_wrong_in_places_is_used_for_the_rest() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    assert_eq!(rig.next_value(), 1);
    let long_key = "k".repeat(1 << 20);
    let bodies = [
        r#"{"features": {"five": 5, "f": {"defaultValue": 2, "rules": [5, {"coverage": "all", "force": 9}]}}}"#
            .to_owned(),
        "\u{FEFF}{\"features\": {\"f\": {\"defaultValue\": 3}}}".to_owned(),
        r#"{"features": {"f": {"defaultValue": 9}, "f": {"defaultValue": 4}}, "status": 1234567890123456789012345678901234567890}"#
            .to_owned(),
        format!(r#"{{"features": {{"{long_key}": {{}}, "f": {{"defaultValue": 5}}}}}}"#),
    ];
    for (body, expected) in bodies.iter().zip(2..) {
        api.serve_bytes(Some(body.as_bytes()));
        rig.client.force_refresh().unwrap();
        assert_eq!((rig.value(), rig.next_value()), (expected, expected));
    }
}

/// F21, F22: what no payload needs is refused, without a stack that overflows.
#[test]
fn a_payload_that_is_built_to_harm_is_refused() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    assert_eq!(rig.next_value(), 1);
    let deep = |open: &str, close: &str| {
        let value = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        format!(r#"{{"features": {{"f": {{"defaultValue": {value}}}}}}}"#)
    };
    for body in [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        deep("{\"$not\":", "}"),
        r#"{"features": {"f": {"defaultValue": "\ud800"}}}"#.to_owned(),
    ] {
        api.serve_bytes(Some(body.as_bytes()));
        let error = rig.client.force_refresh().unwrap_err();
        assert!(matches!(error, RefreshError::Payload(_)), "{error:?}");
        check_last_error(&rig, "a harmful payload");
    }
}

#[test]
fn a_refresh_by_the_program_does_not_wait_for_the_next_attempt() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    assert_eq!(rig.next_value(), 1);
    api.serve(2);
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Fresh);
    assert_eq!(rig.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value(), 2);
    api.serve_bytes(None);
    assert!(rig.client.force_refresh().is_err());
    api.serve(3);
    // The server failed a moment ago, which is no reason for the program not to ask.
    assert_eq!(rig.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.source().failures(), 0);
}

#[test]
fn many_who_ask_during_a_request_share_one_more() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    assert_eq!(rig.next_value(), 1);
    api.hold_back();
    rig.pass_to_next_attempt();
    api.wait_for_gets(2);
    // The answer that is held back is older than this.
    api.serve(2);
    let client = &rig.client;
    std::thread::scope(|threads| {
        let asking = [(); 50].map(|()| {
            threads.spawn(|| {
                let refreshed = client.force_refresh();
                (refreshed.is_ok(), value(client))
            })
        });
        api.let_go();
        for asked in asking {
            assert_eq!(asked.join().unwrap(), (true, 2));
        }
    });
    // One for those who came in time, and more for those who came when that was under way.
    assert!(api.gets() < 10, "{}", api.gets());
}

/// Who stops waiting does not stop the request.
#[test]
fn an_answer_that_nobody_waits_for_any_more_comes_into_force() {
    let api = Api::serving(1);
    api.hold_back();
    let rig = Rig::new(HttpSource::new(api.endpoint()));
    api.wait_for_gets(1);
    assert_eq!(
        rig.client.wait_ready(Duration::from_millis(1)),
        Readiness::Empty
    );
    api.let_go();
    assert_eq!(rig.next_value(), 1);
}

#[test]
fn a_lazy_source_asks_when_features_are_needed() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()).lazy());
    assert_eq!(rig.next_value(), 1);
    api.serve(2);
    rig.clock.advance(MINUTE * 100);
    rig.until(
        |status| status.next_attempt().is_none().then_some(()),
        "nothing to be planned",
    );
    assert_eq!(api.gets(), 1, "nobody needed any");
    assert_eq!(rig.value(), 1, "whoever asks does not wait");
    assert_eq!(rig.next_value(), 2);
    assert_eq!(rig.value(), 2);
    assert_eq!(api.gets(), 2);
}

#[test]
fn a_manual_source_does_nothing_by_itself() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()).manual());
    rig.clock.advance(MINUTE * 100);
    assert_eq!(rig.client.status().readiness(), Readiness::Empty);
    assert!(rig.source().is_manual());
    assert_eq!((api.gets(), rig.source().next_attempt()), (0, None));
    let told = || (rig.source().failures(), rig.source().last_attempt());
    assert_eq!(told(), (0, None));
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
    rig.clock.advance(MINUTE / 2);
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Fresh);
    assert_eq!((rig.value(), api.gets()), (1, 1));
    assert_eq!(told(), (0, Some(MINUTE / 2)));
    api.serve_bytes(Some(b"{}"));
    assert!(rig.client.force_refresh().is_err());
    assert_eq!(told(), (1, Some(Duration::ZERO)));
    api.serve(1);
    rig.client.force_refresh().unwrap();
    assert_eq!(told().0, 0);
    rig.client.close(SOON);
    assert!(matches!(rig.client.refresh(), Err(RefreshError::Closed)));
}

#[test]
fn what_a_callback_asks_of_its_own_thread_is_refused() {
    let api = Api::serving(1);
    let (send, received) = std::sync::mpsc::channel();
    let cell = std::sync::Arc::new(std::sync::OnceLock::<GrowthBookClient>::new());
    let of_callback = std::sync::Arc::clone(&cell);
    let rig = Rig::with(HttpSource::new(api.endpoint()), |builder| {
        builder.on_refresh(move |_| {
            if let Some(client) = of_callback.get() {
                let _ = send.send((client.force_refresh().unwrap_err(), value(client)));
            }
        })
    });
    rig.client.wait_ready(SOON);
    cell.set(rig.client.clone()).unwrap();
    api.serve(2);
    rig.client.force_refresh().unwrap();
    // The first features may have come after the callback could ask, too.
    loop {
        let (error, seen) = received.recv_timeout(SOON).unwrap();
        assert!(matches!(error, RefreshError::InProgress), "{error:?}");
        if seen == 2 {
            break;
        }
    }
    rig.client.close(SOON);
}

/// A restart during an outage (L15): the last good features are there, and the server is asked all the same.
#[test]
fn what_is_on_disk_is_there_while_the_server_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let api = Api::serving(1);
    let cached = |endpoint: Endpoint| {
        let cache = FileCache::new(folder.path());
        Rig::with(HttpSource::new(endpoint), |builder| builder.cache(cache))
    };
    let rig = cached(api.endpoint());
    assert_eq!(rig.next_value(), 1);
    drop(rig);
    api.serve_bytes(None);
    let rig = cached(api.endpoint());
    rig.clock.advance(MINUTE * 2);
    assert_eq!(rig.next_value(), 1);
    api.serve(2);
    rig.pass_to_next_attempt();
    assert_eq!(rig.next_value(), 2);
}

#[test]
fn what_cannot_work_is_said_when_the_client_is_built() {
    let build = |source: HttpSource| {
        let built = GrowthBookClient::builder().source(source).build();
        let error = built.err().map(|error| {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        });
        error.unwrap_or_default()
    };
    let source = || HttpSource::new(CLIENT);
    for (built, expected) in [
        (build(HttpSource::new("")), "there is no client key"),
        (
            build(source().polling(Duration::ZERO)),
            "an interval is not between",
        ),
        (
            build(source().polling(Duration::MAX)),
            "an interval is not between",
        ),
        (
            build(
                source()
                    .streaming()
                    .fallback_interval(Duration::from_millis(999)),
            ),
            "an interval is not between",
        ),
        (
            build(HttpSource::new(
                Endpoint::new(CLIENT).api_host("http://gb.example.com"),
            )),
            "allow_insecure_http",
        ),
    ] {
        assert!(built.contains(expected), "{built:?}");
        assert!(!built.contains(CLIENT));
    }
}

const CLIENT: &str = "sdk-canary1";
