//! The stream that says that what is kept is outdated.

use std::time::{Duration, Instant};

use growthbook_core::testing::ManualClock;
use growthbook_core::{GrowthBookClient, Readiness, Refresh, RefreshRequest, StreamState};

use super::{Evaluator, Rig, until, user};
use crate::api::{SOON, features};

struct Streaming {
    evaluator: Evaluator,
    rig: Rig,
    /// Of the client, by which the stream is opened again.
    clock: ManualClock,
}

impl Streaming {
    /// With a stream that has just been opened, and nothing kept.
    fn new() -> Self {
        let evaluator = Evaluator::counting();
        evaluator.count(&[("x-sse-support", "enabled")]);
        let clock = ManualClock::new();
        let rig = Rig::new(&evaluator);
        let client = GrowthBookClient::builder()
            .source(rig.remote.source())
            .clock(clock.clone())
            .build()
            .unwrap();
        let streaming = Self {
            evaluator,
            rig: Rig { client, ..rig },
            clock,
        };
        assert_eq!(streaming.rig.value("u"), 1);
        streaming.evaluator.api.wait_for_streams(1);
        streaming.until(StreamState::Open);
        // What was asked before it was open may be outdated.
        until("a flush", || streaming.rig.value("u") == 2);
        streaming
    }

    fn stream(&self) -> StreamState {
        self.rig.client.status().source().unwrap().stream()
    }

    #[track_caller]
    fn until(&self, state: StreamState) {
        until(&format!("{state:?}"), || self.stream() == state);
    }

    /// Lets time pass until the stream is opened again.
    fn reopen(&self, streams: usize) {
        let mut pause = Duration::ZERO;
        until("a pause", || match self.stream() {
            StreamState::Waiting { remaining } => {
                pause = remaining;
                true
            }
            _ => false,
        });
        self.clock.advance(pause);
        self.evaluator.api.wait_for_streams(streams);
        self.until(StreamState::Open);
    }
}

/// A client that only listens.
fn listening(rig: &Rig) -> GrowthBookClient {
    let builder = GrowthBookClient::builder().source(rig.remote.source());
    builder.build().unwrap()
}

#[test]
fn whatever_is_said_to_have_changed_is_asked_for_anew() {
    let streaming = Streaming::new();
    let Streaming { evaluator, rig, .. } = &streaming;
    evaluator.api.push(b"data: \n\nevent: other\ndata: x\n\n");
    evaluator
        .api
        .push(b"id: 2 \nevent: features-updated\ndata: \n\n");
    until("a flush", || rig.value("u") == 3);
    evaluator.api.push_features(&features(99));
    until("a flush", || rig.value("u") == 4);
    assert_eq!(evaluator.questions(), 4, "and nobody else asks");
    assert_eq!(
        rig.client.ruleset().feature_count(),
        0,
        "features of the stream are nobody's"
    );
}

#[test]
fn what_was_missed_without_a_stream_is_asked_for_anew() {
    let streaming = Streaming::new();
    let Streaming { evaluator, rig, .. } = &streaming;
    evaluator.api.cut_streams();
    until("the stream to be cut", || {
        streaming.stream() != StreamState::Open
    });
    assert_eq!(rig.value("u"), 2, "it is served for its time");
    streaming.reopen(2);
    until("a flush", || rig.value("u") == 3);
}

/// The server ends its streams every minute, and goes on where it stopped.
#[test]
fn a_rotation_flushes_nothing() {
    let streaming = Streaming::new();
    let Streaming {
        evaluator,
        rig,
        clock,
    } = &streaming;
    for rotation in 2..5 {
        clock.advance(Duration::from_secs(60));
        evaluator.api.end_streams();
        streaming.reopen(rotation);
        assert_eq!(rig.value("u"), 2);
    }
    evaluator.api.push(b"event: features-updated\n\n");
    until("a flush", || rig.value("u") == 3);
}

#[test]
fn without_an_offer_there_is_no_stream() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    let client = listening(&rig);
    let stream = || client.status().source().unwrap().stream();
    assert_eq!(stream(), StreamState::Connecting);
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    assert_eq!(stream(), StreamState::Unsupported);
    evaluator.count(&[("X-SSE-Support", "Enabled")]);
    assert_eq!(rig.remote.scope(&client, user("v")).value("f", 0), 2);
    evaluator.api.wait_for_streams(1);
    // One that is made later need not wait for another answer.
    let later = listening(&rig);
    evaluator.api.wait_for_streams(2);
    drop((client, later));
}

#[test]
fn an_offer_that_the_background_hears_of_is_taken_up() {
    let evaluator = Evaluator::counting();
    let stale = Duration::from_secs(10);
    let rig = Rig::with(evaluator.endpoint(), |it| it.stale_ttl(stale), |it| it);
    let client = listening(&rig);
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    evaluator.count(&[("x-sse-support", "enabled")]);
    rig.clock.advance(stale);
    assert_eq!(rig.remote.scope(&client, user("u")).value("f", 0), 1);
    evaluator.api.wait_for_streams(1);
}

#[test]
fn a_stream_can_be_opened_without_an_offer() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    let source = rig.remote.source().stream_without_probe();
    let client = GrowthBookClient::builder().source(source).build().unwrap();
    evaluator.api.wait_for_streams(1);
    assert_eq!(evaluator.questions(), 0);
    drop(client);
}

#[test]
fn a_refresh_that_is_forced_flushes() {
    let streaming = Streaming::new();
    let rig = &streaming.rig;
    assert_eq!(rig.client.refresh().unwrap(), Refresh::Fresh);
    assert_eq!(rig.value("u"), 2);
    assert_eq!(rig.client.force_refresh().unwrap(), Refresh::Updated);
    assert_eq!(rig.value("u"), 3);
}

/// As when a webhook says that something has changed.
#[test]
fn a_refresh_that_is_requested_flushes() {
    let streaming = Streaming::new();
    let rig = &streaming.rig;
    assert_eq!(rig.value("u"), 2);
    assert_eq!(rig.client.request_refresh(), RefreshRequest::Accepted);
    assert_eq!(rig.value("u"), 3);
    rig.client.close(SOON);
    assert_eq!(rig.client.request_refresh(), RefreshRequest::Closed);
}

/// It says that something has changed, whoever its features are for.
#[test]
fn a_payload_that_is_pushed_flushes() {
    let streaming = Streaming::new();
    let rig = &streaming.rig;
    for (refresh, expected) in [(Refresh::Updated, 3), (Refresh::Unchanged, 4)] {
        let received = rig.client.receive(features(99).into_bytes());
        assert_eq!((received.unwrap(), rig.value("u")), (refresh, expected));
    }
}

#[test]
fn nobody_waits_for_features_that_do_not_come() {
    let evaluator = Evaluator::counting();
    let rig = Rig::new(&evaluator);
    let client = listening(&rig);
    let started = Instant::now();
    assert_eq!(client.wait_ready(10 * SOON), Readiness::Empty);
    assert!(started.elapsed() < SOON);
}

/// The evaluation goes on when the client that listened is gone, and the other way round.
#[test]
fn client_and_evaluation_end_apart() {
    let streaming = Streaming::new();
    let Streaming { evaluator, rig, .. } = &streaming;
    let started = Instant::now();
    rig.client.close(Duration::from_secs(30));
    assert!(started.elapsed() < SOON);
    assert!(rig.client.refresh().is_err());
    let other = GrowthBookClient::builder().build().unwrap();
    assert_eq!(rig.remote.scope(&other, user("new")).value("f", 0), 3);

    let second = listening(rig);
    evaluator.api.wait_for_streams(2);
    drop(streaming);
    assert!(!second.is_closed());
    drop(second);
}
