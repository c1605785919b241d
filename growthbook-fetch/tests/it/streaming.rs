//! Changes over a stream, and what happens when it ends, breaks or lies.

use std::time::Duration;

use growthbook_core::{FetchError, Readiness, StreamState};
use growthbook_fetch::HttpSource;

use super::api::{Api, SOON, features};
use super::rig::{Rig, streaming};

#[test]
fn a_change_comes_over_the_stream() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.push(b"retry: 10000\n\n");
    for value in 2..5 {
        api.push_features(&features(value));
        assert_eq!(rig.next_value(), value);
    }
    assert_eq!(api.gets(), 2, "nobody had to ask");
    assert!(rig.errors.lock().unwrap().is_empty());
    assert_eq!(rig.client.status().readiness(), Readiness::Live);
}

/// S6, S9.
#[test]
fn heartbeats_and_other_events_are_passed_over() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.push(b"data: \n\n: comment\n\nevent: ping\ndata: {\n\nevent: Features\ndata: {}\n\n");
    api.push_features(&features(2));
    assert_eq!(rig.next_value(), 2);
    assert_eq!(api.gets(), 2);
    rig.until_stream(StreamState::Open);
}

/// S7: within two seconds, and once.
#[test]
fn who_is_told_that_something_has_changed_asks_for_it() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.serve(2);
    for _ in 0..100 {
        api.push(b"id: 2 \nevent: features-updated\ndata: \n\n");
    }
    let due = rig.until(
        |status| {
            status
                .next_attempt()
                .filter(|due| *due <= Duration::from_secs(2))
        },
        "a request",
    );
    rig.clock.advance(due);
    assert_eq!(rig.next_value(), 2);
    let burst = api.gets();
    assert!(burst <= 5, "{burst}");
}

/// S18: nobody asked for an encoding, and a stream that is one is refused or read as it comes.
#[test]
fn a_stream_in_an_encoding_that_nobody_asked_for_is_refused() {
    let api = Api::serving(1);
    api.offer_streaming();
    let headers = [
        ("Content-Type", "text/event-stream"),
        ("Content-Encoding", "br"),
    ];
    api.answer_streams(200, &headers);
    let rig = Rig::new(HttpSource::new(api.endpoint()).streaming());
    assert_eq!(rig.next_value(), 1);
    let pause = rig.until_waiting();
    assert!((225..=375).contains(&pause.as_secs()), "{pause:?}");
}

/// S12, S20: servers end their streams every minute. What may have been missed is asked for.
#[test]
fn a_stream_that_is_ended_is_opened_again_within_a_second() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.push_features(&features(1));
    for rotation in 1..4 {
        rig.clock.advance(Duration::from_secs(60));
        // Another payload, of which the stream tells nothing.
        api.serve(10 + rotation);
        api.end_streams();
        let pause = rig.until_waiting();
        assert!(pause <= Duration::from_secs(1), "{pause:?}");
        rig.clock.advance(pause);
        assert_eq!(rig.next_value(), 10 + rotation);
    }
    assert!(rig.source().stream_error().is_none());
    assert!(rig.errors.lock().unwrap().is_empty(), "it is routine");
    let ids = api.last_event_ids();
    assert_eq!(ids.first(), Some(&None));
    assert_eq!(ids.get(1), Some(&Some("7".to_owned())), "without the space");
}

/// S1, S13, S14.
#[test]
fn a_stream_that_breaks_is_opened_again_later_and_later() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.push(b"event: features\ndata: {\"features\"");
    let mut pauses = Vec::new();
    for streams in 2..6 {
        api.cut_streams();
        let pause = rig.until_waiting();
        pauses.push(pause);
        assert!(matches!(
            rig.source().stream_error(),
            Some(FetchError::Transport(_))
        ));
        rig.clock.advance(pause);
        api.wait_for_streams(streams);
        rig.until_stream(StreamState::Open);
    }
    for (pause, longest) in pauses.iter().zip([1_000, 2_000, 4_000, 8_000]) {
        let millis = pause.as_millis();
        assert!((longest / 2..=longest).contains(&millis), "{pauses:?}");
    }
    assert_eq!(rig.value(), 1, "half an event is none");
    api.push_features(&features(2));
    assert_eq!(rig.next_value(), 2);
}

#[test]
fn while_the_stream_is_broken_features_are_polled() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.answer_streams(503, &[("Retry-After", "600")]);
    api.cut_streams();
    let pause = rig.until_waiting();
    rig.clock.advance(pause);
    api.wait_for_streams(2);
    let pause = rig.until_waiting();
    assert!(pause >= Duration::from_secs(600), "{pause:?}");
    for value in 2..5 {
        api.serve(value);
        let due = rig.pass_to_next_attempt();
        assert!(due <= Duration::from_secs(66), "{due:?}");
        assert_eq!(rig.next_value(), value);
    }
}

/// S15.
#[test]
fn refusals_are_waited_for_in_minutes_and_pass() {
    for (status, headers) in [
        (400, &[][..]),
        (401, &[]),
        (404, &[]),
        (302, &[("Location", "http://127.0.0.2:9/sub/elsewhere")]),
        (200, &[("Content-Type", "application/json")]),
    ] {
        let api = Api::serving(1);
        api.offer_streaming();
        api.answer_streams(status, headers);
        let rig = Rig::new(HttpSource::new(api.endpoint()).streaming());
        assert_eq!(rig.next_value(), 1);
        api.wait_for_streams(1);
        let pause = rig.until_waiting();
        assert!(
            (225..=375).contains(&pause.as_secs()),
            "{status}: {pause:?}"
        );
        assert!(rig.source().stream_error().is_some());
        api.answer_streams(200, &[]);
        rig.clock.advance(pause);
        rig.until_stream(StreamState::Open);
        assert!(rig.source().stream_error().is_none());
        // Both ways say the same, whichever is first.
        api.serve(2);
        api.push_features(&features(2));
        while rig.value() != 2 {
            rig.next_value();
        }
    }
}

/// S15.
#[test]
fn a_server_that_has_no_stream_is_polled() {
    let api = Api::serving(1);
    api.offer_streaming();
    api.answer_streams(204, &[]);
    let rig = Rig::new(HttpSource::new(api.endpoint()).streaming());
    assert_eq!(rig.next_value(), 1);
    rig.until_stream(StreamState::Unsupported);
    api.serve(2);
    let due = rig.pass_to_next_attempt();
    assert!(due <= Duration::from_secs(66));
    assert_eq!(rig.next_value(), 2);
}

/// S19: and it is looked at again.
#[test]
fn without_an_offer_there_is_no_stream_until_there_is_one() {
    let api = Api::serving(1);
    let rig = Rig::new(HttpSource::new(api.endpoint()).streaming());
    assert_eq!(rig.next_value(), 1);
    rig.until_stream(StreamState::Unsupported);
    api.offer_streaming();
    api.serve(2);
    rig.pass_to_next_attempt();
    assert_eq!(rig.next_value(), 2);
    rig.until_stream(StreamState::Open);
}

#[test]
fn a_stream_can_be_opened_without_an_offer() {
    let api = Api::start();
    let source = HttpSource::new(api.endpoint()).streaming();
    let rig = Rig::new(source.stream_without_probe());
    rig.until_stream(StreamState::Open);
    api.push_features(&features(2));
    assert_eq!(rig.next_value(), 2, "though the API itself is down");
}

/// S8, C1: an event that cannot be used changes nothing, and the server is asked; three of them are a failure.
#[test]
fn what_cannot_be_used_is_asked_for() {
    let sealed = r#"{"features": {}, "encryptedFeatures": "EBESExQVFhcYGRobHB0eHw==.ZUqxZDYlCVb8ym0TBUEQ/2xdXnrtQHT0WmMsfDgATMG0ONhLcAlC3dE84XN+XjnK"}"#;
    for bad in ["{", "[]", "{}", "{\"features\": 5}", sealed] {
        let api = Api::serving(1);
        let rig = streaming(&api);
        for round in 1..=2 {
            api.push_features(bad);
            rig.until(
                |status| {
                    status
                        .next_attempt()
                        .filter(|due| *due <= Duration::from_secs(2))
                },
                "a request",
            );
            assert_eq!(rig.value(), 1, "{bad}");
            let gets = api.gets();
            rig.clock.advance(Duration::from_secs(3));
            api.wait_for_gets(gets + 1);
            rig.until_stream(StreamState::Open);
            assert_eq!(rig.client.status().refreshes().rejected(), round);
        }
        api.push_features(bad);
        rig.until_waiting();
        assert!(matches!(
            rig.source().stream_error(),
            Some(FetchError::Transport(_))
        ));
    }
}

/// S16: the payload takes effect all the same.
#[test]
fn an_event_that_is_too_long_is_asked_for() {
    let api = Api::serving(1);
    api.offer_streaming();
    let endpoint = api.endpoint().max_body_bytes(10_000);
    let rig = Rig::new(HttpSource::new(endpoint).streaming());
    assert_eq!(rig.next_value(), 1);
    // One request before the stream was open, and one after it, which would bring what is new as well.
    api.wait_for_gets(2);
    rig.until_stream(StreamState::Open);
    rig.until(
        |status| {
            status
                .next_attempt()
                .filter(|due| *due > Duration::from_secs(60))
        },
        "rest",
    );
    api.serve(2);
    let long = format!("{}{}", features(3), " ".repeat(20_000));
    api.push_features(&long);
    rig.until(
        |status| {
            status
                .next_attempt()
                .filter(|due| *due <= Duration::from_secs(2))
        },
        "a request",
    );
    rig.clock.advance(Duration::from_secs(3));
    assert_eq!(rig.next_value(), 2);
    api.push_features(&features(4));
    assert_eq!(rig.next_value(), 4, "the stream goes on");
}

/// S10, S11: a stream on which nothing comes is broken.
#[test]
fn silence_is_a_failure() {
    let api = Api::serving(1);
    api.offer_streaming();
    let endpoint = api
        .endpoint()
        .stream_idle_timeout(Duration::from_millis(100));
    let rig = Rig::new(HttpSource::new(endpoint).streaming());
    assert_eq!(rig.next_value(), 1);
    rig.until_waiting();
    assert!(matches!(
        rig.source().stream_error(),
        Some(FetchError::TimedOut)
    ));
    api.serve(2);
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(rig.next_value(), 2);
}

/// F36: the answer to a request that was made before something came over the stream.
#[test]
fn a_slow_answer_does_not_replace_what_came_over_the_stream() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    api.serve(3);
    api.hold_back();
    let asked = api.gets();
    let client = &rig.client;
    std::thread::scope(|threads| {
        let forcing = threads.spawn(|| client.force_refresh());
        api.wait_for_gets(asked + 1);
        api.push_features(&features(5));
        assert_eq!(rig.next_value(), 5);
        // By the time the server is asked again, it has what it has sent.
        api.serve(5);
        api.let_go();
        forcing.join().unwrap().unwrap();
    });
    assert_eq!(rig.value(), 5);
    assert_eq!(api.gets(), asked + 2);
}

/// S17: of many that come at once, the newest is in force.
#[test]
fn the_newest_of_many_wins() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    let event = |value| format!("event: features\ndata: {}\n\n", features(value));
    let events: Vec<String> = (2..=5_000).map(event).collect();
    api.push(events.concat().as_bytes());
    while rig.next_value() != 5_000 {}
    assert_eq!(rig.value(), 5_000);
    let updates = rig.client.status().refreshes().updated();
    assert!(updates < 2_500, "{updates} of 4,999 were put in force");
}

/// S21.
#[test]
fn closing_ends_a_stream_that_waits() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    rig.client.close(SOON);
    assert!(
        api.server().wait_for_ends(1, SOON),
        "the connections are closed"
    );
    assert!(
        rig.errors.lock().unwrap().is_empty(),
        "and that is no failure"
    );
}

/// A socket is shut down for all who have it.
#[test]
#[cfg(unix)]
fn a_copy_of_the_process_that_ends_leaves_the_stream_alone() {
    let api = Api::serving(1);
    let rig = streaming(&api);
    let ends = || {
        rig.client.close(Duration::ZERO);
        true
    };
    assert!(growthbook_testkit::in_a_copy(SOON, ends).unwrap());
    api.push_features(&features(2));
    assert_eq!(rig.next_value(), 2);
    assert_eq!(api.last_event_ids().len(), 1, "it was not opened again");
}
