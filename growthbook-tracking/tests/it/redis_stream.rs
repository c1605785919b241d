//! Events in a stream of a real Redis, which is killed, paused, in the way, and full. Without a redis-server these tests pass
//! and say that they checked nothing, except in CI.

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use growthbook_core::TrackingPlugin;
use growthbook_testkit::RedisServer;
use growthbook_tracking::{BatchTracker, BatchTrackerBuilder, DropReason, Event, RedisStream};

use crate::support::{
    PATIENCE, closed_at_once, events, events_of, eventually, name, named, record, sound,
};

const KEY: &str = "growthbook:events";

fn server() -> Option<RedisServer> {
    if RedisServer::program().is_some() {
        return Some(RedisServer::builder().durable().start().unwrap());
    }
    assert!(env::var_os("CI").is_none(), "CI has no redis-server");
    let why = "there is no redis-server; `cargo xtask test` provides one";
    let _ = writeln!(io::stderr(), "SKIPPED: a stream of Redis: {why}");
    None
}

/// A tracker that delivers at once.
fn tracker(server: &RedisServer) -> BatchTrackerBuilder<RedisStream> {
    patient_tracker(server, PATIENCE)
}

/// One that waits for the server for so long.
fn patient_tracker(server: &RedisServer, limit: Duration) -> BatchTrackerBuilder<RedisStream> {
    let stream = RedisStream::builder(server.url(), KEY).timeout(limit);
    let tracker = BatchTracker::builder(stream.build().unwrap());
    tracker.interval(Duration::ZERO).batch_size(1)
}

/// The events in the stream, each with the id that stands beside it.
fn entries(server: &RedisServer) -> Vec<Event> {
    let answer = server.ask(&["XRANGE", KEY, "-", "+"]).unwrap();
    let mut lines = answer.lines();
    let mut events = Vec::new();
    while let Some(line) = lines.next() {
        if line != "id" {
            continue;
        }
        let id = lines.next().unwrap();
        assert_eq!(lines.next(), Some("event"));
        let event: Event = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(event.id().to_string(), id);
        events.push(event);
    }
    events
}

fn names(server: &RedisServer) -> Vec<String> {
    entries(server).iter().map(name).collect()
}

#[test]
fn each_event_is_an_entry_in_order() {
    let Some(server) = server() else { return };
    let tracker = tracker(&server).build();
    record(&tracker, &events(300));
    tracker.flush(PATIENCE).unwrap();
    assert_eq!(names(&server), named(0..300));
    assert_eq!(sound(&tracker).delivered(), 300);
}

#[test]
fn what_came_while_it_was_down_comes_later() {
    let Some(mut server) = server() else { return };
    let tracker = tracker(&server).build();
    record(&tracker, &events(5));
    tracker.flush(PATIENCE).unwrap();
    server.kill();
    record(&tracker, &events_of(5..20));
    eventually(&tracker, |report| report.last_failure().is_some());
    server.restart().unwrap();
    // It is left alone for a while after failures in a row, and the tracker waits between attempts.
    let report = eventually(&tracker, |report| report.pending() == 0);
    assert_eq!((report.delivered(), report.dropped()), (20, 0));
    assert_eq!(names(&server), named(0..20));
}

/// Whether what it was sent before was done nobody knows, so some may come twice, with the same ids; none is lost.
#[test]
fn a_server_that_hangs_loses_nothing() {
    let Some(server) = server() else { return };
    let tracker = patient_tracker(&server, Duration::from_secs(1)).build();
    server.pause().unwrap();
    record(&tracker, &events(10));
    eventually(&tracker, |report| report.last_failure().is_some());
    server.resume().unwrap();
    let report = eventually(&tracker, |report| report.pending() == 0);
    assert_eq!((report.delivered(), report.dropped()), (10, 0));
    let mut entries = entries(&server);
    entries.sort_by_key(Event::id);
    entries.dedup_by_key(|event| event.id());
    let mut names: Vec<_> = entries.iter().map(name).collect();
    names.sort_unstable();
    assert_eq!(names, named(0..10));
}

/// Somebody has to mend that; the events wait.
#[test]
fn a_key_that_holds_something_else_is_left_as_it_is() {
    let Some(server) = server() else { return };
    server.ask(&["SET", KEY, "something else"]).unwrap();
    let tracker = tracker(&server).build();
    record(&tracker, &events(3));
    let report = eventually(&tracker, |report| report.last_failure().is_some());
    assert_eq!((report.pending(), report.dropped()), (3, 0));
    assert!(
        server
            .ask(&["GET", KEY])
            .unwrap()
            .contains("something else")
    );
    closed_at_once(&tracker).unwrap_err();
    let report = sound(&tracker);
    assert_eq!(report.dropped_as(DropReason::Closed), 3);
}

#[test]
fn a_full_server_takes_a_batch_whole_or_not_at_all() {
    let Some(server) = server() else { return };
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let tracker = tracker(&server).batch_size(10).build();
    record(&tracker, &events(10));
    eventually(&tracker, |report| report.last_failure().is_some());
    assert_eq!(names(&server), named(0..0));
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    eventually(&tracker, |report| report.pending() == 0);
    assert_eq!(names(&server), named(0..10));
}

#[test]
fn the_oldest_entries_make_room() {
    let Some(server) = server() else { return };
    let stream = RedisStream::builder(server.url(), KEY).max_entries(100);
    let tracker = BatchTracker::new(stream.build().unwrap());
    record(&tracker, &events(2_000));
    tracker.flush(PATIENCE).unwrap();
    let names = names(&server);
    // Redis removes whole nodes of its own, of a hundred entries.
    assert!((100..400).contains(&names.len()), "{}", names.len());
    assert_eq!(names.last().map(String::as_str), Some("event-1999"));
}

#[test]
fn nothing_says_where_it_is() {
    let stream = RedisStream::builder("redis://user:secret@127.0.0.1:1/", KEY);
    let shown = format!("{stream:?}") + &format!("{:?}", stream.build().unwrap());
    assert!(
        !shown.contains("secret") && !shown.contains("127.0.0.1"),
        "{shown}"
    );
    let failed = RedisStream::new("no url with a secret", KEY).unwrap_err();
    assert!(!format!("{failed:?} {failed}").contains("secret"));
}

/// R15: to whoever is trusted; otherwise events are kept.
#[cfg(feature = "redis-tls")]
#[test]
fn r15_events_go_over_tls_to_whoever_is_trusted() {
    use growthbook_testkit::Certificate;

    if RedisServer::program().is_none() {
        return drop(server());
    }
    let certificate = Certificate::of("localhost").unwrap();
    let tls = RedisServer::builder().tls(certificate.chain(), certificate.key());
    let server = tls.start().unwrap();
    let stream = || RedisStream::builder(server.tls_url(), KEY).timeout(PATIENCE);
    let wary = BatchTracker::builder(stream().build().unwrap()).batch_size(1);
    let wary = wary.interval(Duration::ZERO).build();
    record(&wary, &events(1));
    eventually(&wary, |report| report.last_failure().is_some());
    assert_eq!(names(&server), named(0..0));
    let trusting = stream().root_certificates(certificate.authority()).build();
    let trusting = BatchTracker::builder(trusting.unwrap()).build();
    record(&trusting, &events(3));
    trusting.flush(PATIENCE).unwrap();
    assert_eq!(names(&server), named(0..3));
}
