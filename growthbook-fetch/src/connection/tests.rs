mod closing;

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use growthbook_core::Validator;
use growthbook_testkit::{Pushing, Reply, Server};

use super::*;

fn endpoint(server: &Server) -> Endpoint {
    Endpoint::new("sdk-abc123")
        .api_host(server.url())
        .no_proxy()
}

fn connection(server: &Server) -> Connection {
    endpoint(server).connect().unwrap()
}

fn server(answer: impl Fn(&mut Reply) -> io::Result<()> + Send + Sync + 'static) -> Server {
    Server::start(move |_, reply| answer(reply)).unwrap()
}

/// A server that begins streams, and gives the test a hand on each.
fn streams(headers: &'static [(&str, &str)]) -> (Server, Receiver<Pushing>) {
    let (sender, receiver) = channel();
    let server = server(move |reply| {
        reply.begin(200, headers)?;
        let _ = sender.send(reply.pushing()?);
        reply.hold();
        Ok(())
    });
    (server, receiver)
}

const EVENTS: &[(&str, &str)] = &[("Content-Type", "text/event-stream; charset=utf-8")];
const SHORT: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_secs(60);

/// S5, as to what is sent of an id.
#[test]
fn a_request_for_a_stream_is_these_bytes() {
    let (api, stream) = (server(|_| Ok(())), streams(EVENTS));
    let endpoint = endpoint(&api)
        .streaming_host(format!("{}/events/", stream.0.url()))
        .header("X-Features", "not here")
        .streaming_header("Authorization", "Bearer t")
        .user_agent_suffix("shop");
    let connection = endpoint.connect().unwrap();
    let head = |last_event_id| {
        connection.open_stream(last_event_id).unwrap();
        let head = stream.0.requests().last().unwrap().head().to_owned();
        head.replace(&stream.0.address().to_string(), "HOST")
            .replace(env!("CARGO_PKG_VERSION"), "VERSION")
    };
    let bare = "GET /events/sub/sdk-abc123 HTTP/1.1\r\n\
        host: HOST\r\n\
        accept: text/event-stream\r\n\
        accept-encoding: identity\r\n\
        cache-control: no-cache\r\n\
        user-agent: growthbook-rust/VERSION (shop)\r\n\
        authorization: Bearer t\r\n";
    assert_eq!(head(None), format!("{bare}\r\n"));
    // The trailing space is what GrowthBook's proxy sends.
    assert_eq!(
        head(Some("17 ")),
        format!("{bare}last-event-id: 17\r\n\r\n")
    );
    let long = "1".repeat(257);
    for id in ["", "  ", "1\n2", "1\t2", &long] {
        assert_eq!(head(Some(id)), format!("{bare}\r\n"), "{id:?}");
    }
    assert_eq!(api.connections(), 0);
}

#[test]
fn what_is_pushed_arrives_and_an_end_is_an_end() {
    let (server, handles) = streams(EVENTS);
    let mut opened = connection(&server).open_stream(None).unwrap();
    let mut pushing = handles.recv_timeout(SOON).unwrap();
    let mut buffer = [0; 6];
    for event in [b"data:1", b"data:2"] {
        pushing.chunk(event).unwrap();
        opened.body.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, event);
    }
    pushing.chunk(b"").unwrap();
    assert_eq!(opened.body.read(&mut buffer).unwrap(), 0);
}

#[test]
fn a_stream_that_is_cut_is_not_one_that_is_silent() {
    let (server, handles) = streams(EVENTS);
    let idle = endpoint(&server).stream_idle_timeout(SHORT);
    let mut silent = idle.connect().unwrap().open_stream(None).unwrap();
    let _held = handles.recv_timeout(SOON).unwrap();
    let error = silent.body.read(&mut [0]).unwrap_err();
    assert!(is_idle(&error), "{error:?}");

    let mut cut = connection(&server).open_stream(None).unwrap();
    handles.recv_timeout(SOON).unwrap().close();
    let error = cut.body.read(&mut [0]).unwrap_err();
    assert!(!is_idle(&error), "{error:?}");
}

/// The timeout of a request is none of a stream that has begun, and zero turns the idle timeout off.
#[test]
fn a_stream_may_last() {
    let (server, handles) = streams(EVENTS);
    let patient = endpoint(&server)
        .timeout(SHORT)
        .stream_idle_timeout(Duration::ZERO);
    let mut opened = patient.connect().unwrap().open_stream(None).unwrap();
    let mut pushing = handles.recv_timeout(SOON).unwrap();
    let (sender, late) = channel();
    thread::spawn(move || {
        let mut byte = [0];
        let _ = sender.send(opened.body.read(&mut byte).map(|_| byte));
    });
    assert!(late.recv_timeout(SHORT * 3).is_err(), "nothing came yet");
    pushing.chunk(b"x").unwrap();
    assert_eq!(late.recv_timeout(SOON).unwrap().unwrap(), *b"x");
}

#[test]
fn what_is_no_stream_is_refused() {
    for status in [204, 400, 401, 403, 404, 500, 304] {
        let server = server(move |reply| {
            reply.raw(format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").as_bytes())
        });
        let refused = connection(&server).open_stream(None).unwrap_err();
        assert!(
            matches!(refused, Refused::Status { status: told, retry_after: None } if told == status),
            "{refused:?}"
        );
    }
    let busy = server(|reply| reply.respond(503, &[("Retry-After", "7")], b""));
    let refused = connection(&busy).open_stream(None).unwrap_err();
    let seven = Some(Duration::from_secs(7));
    assert!(
        matches!(refused, Refused::Status { status: 503, retry_after } if retry_after == seven)
    );
    for headers in [
        &[("Content-Type", "application/json")][..],
        &[],
        &[
            ("Content-Type", "text/event-stream"),
            ("Content-Encoding", "br"),
        ],
    ] {
        let server = server(move |reply| reply.respond(200, headers, b"{}"));
        let refused = connection(&server).open_stream(None).unwrap_err();
        assert!(matches!(refused, Refused::NotAnEventStream), "{refused:?}");
    }
}

#[test]
fn a_stream_is_redirected_within_its_host_alone() {
    let server = Server::start(|request, reply| match request.target() {
        "/elsewhere" => reply.respond(200, EVENTS, b"data: 1\n\n"),
        "/away" => reply.respond(307, &[("Location", "http://127.0.0.1:1/")], b""),
        "/loop/sub/sdk-abc123" => reply.respond(307, &[("Location", "/loop/sub/sdk-abc123")], b""),
        "/away/sub/sdk-abc123" => reply.respond(307, &[("Location", "/away")], b""),
        _ => reply.respond(307, &[("Location", "/elsewhere")], b""),
    });
    let server = server.unwrap();
    let opened = connection(&server).open_stream(None).unwrap();
    assert_eq!(io::read_to_string(opened.body).unwrap(), "data: 1\n\n");
    for path in ["loop", "away"] {
        let endpoint = endpoint(&server).api_host(format!("{}/{path}", server.url()));
        let refused = endpoint.connect().unwrap().open_stream(None).unwrap_err();
        assert!(
            matches!(refused, Refused::Unreachable(FetchError::Redirected)),
            "{refused:?}"
        );
    }
}

#[test]
fn redirects_on_the_way_to_a_stream_take_no_more_time() {
    let server = server(|reply| {
        thread::sleep(SHORT * 2 / 3);
        reply.respond(307, &[("Location", "/again")], b"")
    });
    let hasty = endpoint(&server).timeout(SHORT).connect().unwrap();
    let refused = hasty.open_stream(None).unwrap_err();
    assert!(
        matches!(refused, Refused::Unreachable(FetchError::TimedOut)),
        "{refused:?}"
    );
}

#[test]
fn a_stream_must_begin_in_time() {
    let server = server(|reply| {
        reply.hold();
        Ok(())
    });
    let hasty = endpoint(&server).timeout(SHORT).connect().unwrap();
    let started = Instant::now();
    let refused = hasty.open_stream(None).unwrap_err();
    assert!(
        matches!(refused, Refused::Unreachable(FetchError::TimedOut)),
        "{refused:?}"
    );
    assert!(started.elapsed() < SOON, "not only after the idle timeout");
    drop(server);
    let refused = hasty.open_stream(None).unwrap_err();
    assert!(
        matches!(refused, Refused::Unreachable(FetchError::Transport(_))),
        "{refused:?}"
    );
}

#[test]
fn a_refusal_is_an_error_to_others() {
    assert!(Refused::NotAnEventStream.into_error().is_transient());
    assert!(Refused::Closed.into_error().is_transient());
    let timed_out = Refused::Unreachable(FetchError::TimedOut).into_error();
    assert!(matches!(timed_out, FetchError::TimedOut));
    let status = |status| Refused::Status {
        status,
        retry_after: Some(SHORT),
    };
    let unknown = status(401).into_error();
    assert!(matches!(unknown, FetchError::Unauthorized { status: 401 }));
    assert_eq!(status(503).into_error().retry_after(), Some(SHORT));
}

#[test]
fn a_probe_asks_for_everything_until_it_knows() {
    let tagged = &[("ETag", "\"v\""), ("x-sse-support", "enabled")][..];
    let server = Server::start(
        move |request, reply| match request.header("if-none-match") {
            Some(_) => reply.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
            None => reply.respond(200, tagged, b"{}"),
        },
    );
    let connection = connection(server.as_ref().unwrap());
    let known = Validator::new("\"v\"");
    assert!(matches!(
        connection.features(Some(&known)),
        Ok(Answer::Unchanged)
    ));
    assert_eq!(connection.offers_streaming(), None);
    connection.want_probe();
    let probed = connection.features(Some(&known));
    assert!(matches!(probed, Ok(Answer::Payload { .. })), "{probed:?}");
    assert_eq!(connection.offers_streaming(), Some(true));
    assert!(matches!(
        connection.features(Some(&known)),
        Ok(Answer::Unchanged)
    ));
}
