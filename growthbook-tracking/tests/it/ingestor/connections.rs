//! Connections that are kept, that break, and that are silent.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use growthbook_testkit::{Relay, Server};
use growthbook_tracking::{EventBatch, EventSink, Ingestor};

use super::{KEY, builder, deliver, ingestor, words};
use crate::ingestor::Collector;
use crate::records::{SOON, logged};

const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_connection_is_kept_also_after_a_failure() {
    let collector = Collector::start(|_, _, reply| reply.respond(503, &[], &[b'x'; 10_000]));
    let mut ingestor = ingestor(&collector.server);
    for _ in 0..3 {
        deliver(&mut ingestor).unwrap_err();
    }
    assert_eq!(collector.server.connections(), 1);
}

/// As servers do to connections that are idle: in good order, or with the next request already on its way.
#[test]
fn a_connection_that_the_server_gave_up_is_no_failure() {
    let collector = Collector::start(|_, _, reply| {
        reply.close();
        reply.respond(200, &[], b"")
    });
    let mut quiet = ingestor(&collector.server);
    for round in 1..=3 {
        deliver(&mut quiet).unwrap();
        assert!(collector.server.wait_for_ends(round, SOON));
    }
    let seen = AtomicUsize::new(0);
    let collector = Collector::start(move |_, _, reply| {
        if seen.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            reply.close();
            return Ok(());
        }
        reply.respond(200, &[], b"")
    });
    let mut raced = ingestor(&collector.server);
    for _ in 0..4 {
        deliver(&mut raced).unwrap();
    }
    let bodies = collector.bodies();
    assert_eq!(bodies.len(), 7, "each after the first went twice");
    assert_eq!(bodies[1], bodies[2], "the very same bytes");
}

/// E3: the answer is lost, and what was sent may have arrived.
#[test]
fn a_lost_answer_is_a_failure() {
    for reset in [false, true] {
        let collector = Collector::start(move |_, _, reply| {
            if reset {
                reply.reset();
            }
            reply.close();
            reply.raw(b"HTTP/1.1 200 O")
        });
        let error = deliver(&mut ingestor(&collector.server)).unwrap_err();
        let (what, why) = words(&error);
        assert!(what.ends_with("cannot be reached, or is not able to"));
        assert!(
            [
                "the answer was cut off",
                "the connection was reset",
                "the answer is not HTTP, or its headers are too long"
            ]
            .contains(&&*why),
            "{why}"
        );
        assert_eq!(collector.bodies().len(), 1);
    }
}

/// E2: nothing is said.
#[test]
fn an_answer_has_so_long() {
    let collector = Collector::start(|_, _, reply| {
        reply.hold();
        Ok(())
    });
    let events = logged(&["event"]);
    let of_ingestor = builder(&collector.server).timeout(SHORT).build().unwrap();
    let of_batch = ingestor(&collector.server);
    for (mut ingestor, limit) in [(of_ingestor, SOON), (of_batch, SHORT)] {
        let started = Instant::now();
        let delivered = ingestor.deliver(&EventBatch::new(&events, 0, limit));
        assert!(started.elapsed() < SOON);
        let (what, why) = words(&delivered.unwrap_err());
        assert!(what.ends_with("cannot be reached, or is not able to"));
        assert_eq!(why, "there was no answer in time");
    }
}

/// The head says that they were taken; a body that does not end is nobody's loss.
#[test]
fn an_endless_body_is_not_waited_for() {
    let collector = Collector::start(|_, _, reply| {
        reply.begin(200, &[])?;
        reply.chunk(&[b'x'; 1000])?;
        reply.hold();
        Ok(())
    });
    let mut ingestor = ingestor(&collector.server);
    let started = Instant::now();
    deliver(&mut ingestor).unwrap();
    assert!(started.elapsed() < SOON / 2);
    let flooding = Server::start(|request, reply| {
        reply.body(request)?;
        reply.begin(200, &[])?;
        while reply.chunk(&[b'x'; 10_000]).is_ok() {}
        Ok(())
    });
    deliver(&mut super::ingestor(&flooding.unwrap())).unwrap();
}

/// E1: nobody is there.
#[test]
fn a_server_that_is_down_is_said_to_be() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let ingestor = Ingestor::builder(KEY).ingestor_host(format!("http://{address}"));
    let error = deliver(&mut ingestor.build().unwrap()).unwrap_err();
    assert_eq!(words(&error).1, "the connection was refused");
}

#[test]
fn a_proxy_that_is_named_is_asked_to_connect() {
    let proxy = Server::start(|request, reply| {
        assert_eq!(request.method(), "CONNECT");
        reply.close();
        reply.respond(407, &[], b"")
    });
    let proxy = proxy.unwrap();
    let ingestor = Ingestor::builder(KEY).ingestor_host("http://127.0.0.1:1");
    let mut ingestor = ingestor.proxy(proxy.url()).build().unwrap();
    let error = deliver(&mut ingestor).unwrap_err();
    assert_eq!(words(&error).1, "the proxy did not connect");
    assert_eq!(proxy.requests()[0].target(), "127.0.0.1:1");
}

/// E19: the answer comes too late, or in drops; what arrived may arrive again.
#[test]
fn what_arrived_without_our_hearing_of_it_is_sent_again() {
    let collector = Collector::willing();
    let relay = Relay::start(collector.server.address()).unwrap();
    relay.drip(Some(Duration::from_secs(3600)));
    let ingestor = Ingestor::builder(KEY).ingestor_host(relay.url());
    let mut ingestor = ingestor.timeout(SHORT).build().unwrap();
    let error = deliver(&mut ingestor).unwrap_err();
    assert_eq!(words(&error).1, "there was no answer in time");
    assert!(collector.server.wait_for_requests(1, SOON));
    relay.drip(None);
    deliver(&mut ingestor).unwrap();
    let events = |body: &[u8]| {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        body["events"].clone()
    };
    let bodies = collector.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(
        events(&bodies[0]),
        events(&bodies[1]),
        "with the same times"
    );
}
