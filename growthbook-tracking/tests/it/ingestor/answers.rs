//! What answers mean for a batch; what the tracker makes of that is tested with the tracker.

use growthbook_testkit::Server;
use growthbook_tracking::EventSink;

use super::{builder, deliver, ingestor, words};
use crate::ingestor::Collector;
use crate::records::{batch, logged};

fn answering(status: u16) -> Collector {
    Collector::start(move |_, _, reply| reply.respond(status, &[], b"canary-answer"))
}

/// E8: whatever the body says.
#[test]
fn every_success_is_one() {
    let error = br#"{"status": 500, "error": "failed"}"#;
    for (status, body) in [
        (200, &b"{}"[..]),
        (200, error),
        (202, b"queued"),
        (299, b""),
    ] {
        let server = Server::start(move |request, reply| {
            reply.body(request)?;
            reply.respond(status, &[], body)
        });
        deliver(&mut ingestor(&server.unwrap())).unwrap();
    }
    let server = Server::start(|request, reply| {
        reply.body(request)?;
        reply.raw(b"HTTP/1.1 204 No Content\r\n\r\n")
    });
    deliver(&mut ingestor(&server.unwrap())).unwrap();
}

#[test]
fn failures_are_of_their_kinds() {
    let kinds = [
        ("the receiver rejects them", &[400, 422][..]),
        ("the receiver refuses us", &[300, 301, 401, 403, 404, 407]),
        ("they are too large", &[413]),
        ("they never will be", &[402, 405, 410, 415, 431]),
        (
            "the receiver cannot be reached, or is not able to",
            &[408, 425, 429, 500, 502, 503, 504, 599],
        ),
    ];
    for (kind, statuses) in kinds {
        for &status in statuses {
            let collector = answering(status);
            let error = deliver(&mut ingestor(&collector.server)).unwrap_err();
            let (what, why) = words(&error);
            assert_eq!(
                what,
                format!("events were not delivered: {kind}"),
                "{status}"
            );
            assert_eq!(why, format!("the server answered with status {status}"));
            assert_eq!(
                collector.bodies().len(),
                1,
                "{status} is not tried again here"
            );
        }
    }
}

/// E20: events go to nobody else, and are kept.
#[test]
fn a_redirect_elsewhere_is_refused() {
    let other = Collector::willing();
    for location in [
        other.server.url(),
        "http://user@127.0.0.1/".into(),
        "https://127.0.0.1/".into(),
    ] {
        let redirecting = Collector::start(move |_, _, reply| {
            reply.respond(308, &[("Location", &location)], b"")
        });
        let error = deliver(&mut ingestor(&redirecting.server)).unwrap_err();
        let (what, why) = words(&error);
        assert_eq!(what, "events were not delivered: the receiver refuses us");
        assert_eq!(why, "the server redirects to where no events are sent");
    }
    assert_eq!(other.server.connections(), 0);
}

#[test]
fn a_redirect_within_the_server_is_followed_with_the_events() {
    for status in [301, 302, 307, 308] {
        let collector = Collector::start(move |request, _, reply| match request.target() {
            "/there?client_key=moved" => reply.respond(200, &[], b""),
            _ => reply.respond(status, &[("Location", "/there?client_key=moved")], b""),
        });
        deliver(&mut ingestor(&collector.server)).unwrap();
        let bodies = collector.bodies();
        assert_eq!(bodies.len(), 2);
        assert_eq!(bodies[0], bodies[1]);
        assert_eq!(collector.server.requests()[1].method(), "POST");
    }
}

#[test]
fn redirects_come_to_an_end() {
    let collector = Collector::start(|request, _, reply| {
        let next = format!("{}x", request.target());
        reply.respond(307, &[("Location", &next)], b"")
    });
    let error = deliver(&mut ingestor(&collector.server)).unwrap_err();
    assert_eq!(
        words(&error).1,
        "the server redirects to where no events are sent"
    );
    assert_eq!(collector.bodies().len(), 4, "three are followed");
}

#[test]
fn what_is_asked_for_is_what_growthbook_allows() {
    let collector = Collector::willing();
    let mut ingestor = builder(&collector.server).build().unwrap();
    let asked = format!("{:?}", ingestor.batching());
    for part in [
        "batch_size: 10,",
        "interval: 10s,",
        "most_events: 100,",
        "most_bytes: 524288,",
        "spacing: 1s,",
        "max_retries: None,",
        "limit: 10s",
    ] {
        assert!(asked.contains(part), "{part} is not in {asked}");
    }
    let names: Vec<String> = (0..100).map(|number| format!("event-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    ingestor.deliver(&batch(&logged(&names))).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&collector.bodies()[0]).unwrap();
    let sent = body["events"].as_array().unwrap();
    let sent: Vec<&str> = sent
        .iter()
        .filter_map(|it| it["event_name"].as_str())
        .collect();
    assert_eq!(sent, names, "all of them, in their order");
}
