//! What a client leaves behind when it ends: nothing, and within a second, whatever its server is doing (P-16, S21, K4, K9,
//! K11). Linux says what there is; elsewhere clients are made and ended all the same.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "how long it took, for whoever reads of a failure"
)]

use std::any::Any;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use growthbook_core::{
    GrowthBookClient, GrowthBookClientBuilder, RefreshError, SourceStatus, StreamState,
};
use growthbook_fetch::{Endpoint, HttpSource};

use super::api::{Api, CLIENT_KEY, NOBODY, SOON};
use super::child::{alone, is_long};
use super::rig::value;
use super::usage::{Usage, assert_none_of_ours};

#[test]
fn a_server_that_is_not_there() {
    check("leftovers::a_server_that_is_not_there", || {
        let endpoint = Endpoint::new(CLIENT_KEY).api_host(NOBODY).no_proxy();
        let client = build(HttpSource::new(endpoint).streaming());
        until(&client, |source| source.failures() > 0);
        (client, Box::new(()))
    });
}

#[test]
fn a_server_that_does_not_answer() {
    check("leftovers::a_server_that_does_not_answer", || {
        let api = Api::serving(1);
        api.hold_back();
        let client = build(HttpSource::new(api.endpoint()));
        api.wait_for_gets(1);
        (client, Box::new(api))
    });
}

#[test]
fn a_server_that_stops_in_the_middle_of_an_answer() {
    check(
        "leftovers::a_server_that_stops_in_the_middle_of_an_answer",
        || {
            let api = Api::start();
            let (begun, beginning) = channel();
            api.answer_by(move |_, reply| {
                reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"features\"")?;
                let _ = begun.send(());
                reply.hold();
                Ok(())
            });
            let client = build(HttpSource::new(api.endpoint()));
            beginning.recv_timeout(SOON).unwrap();
            (client, Box::new(api))
        },
    );
}

#[test]
fn a_server_that_refuses() {
    check("leftovers::a_server_that_refuses", || {
        let api = Api::start();
        api.answer_by(|_, reply| reply.respond(401, &[], b"{}"));
        let client = build(HttpSource::new(api.endpoint()));
        until(&client, |source| source.failures() > 0);
        (client, Box::new(api))
    });
}

/// S21.
#[test]
fn a_stream_on_which_nothing_comes() {
    check("leftovers::a_stream_on_which_nothing_comes", || {
        let (api, client) = streaming();
        (client, Box::new(api))
    });
}

#[test]
fn a_stream_that_is_to_be_opened_again() {
    check("leftovers::a_stream_that_is_to_be_opened_again", || {
        let api = Api::serving(1);
        api.offer_streaming();
        api.answer_streams(503, &[]);
        let client = build(HttpSource::new(api.endpoint()).streaming());
        until(&client, |source| {
            matches!(source.stream(), StreamState::Waiting { .. })
        });
        (client, Box::new(api))
    });
}

/// F32: connected, and then no word of TLS.
#[cfg(feature = "rustls")]
#[test]
fn a_server_that_does_not_shake_hands() {
    check("leftovers::a_server_that_does_not_shake_hands", || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("https://{}", listener.local_addr().unwrap());
        let endpoint = Endpoint::new(CLIENT_KEY).api_host(host).no_proxy();
        let client = build(HttpSource::new(endpoint));
        let mut connection = listener.accept().unwrap().0;
        // Its first words are there, and it waits for ours.
        std::io::Read::read_exact(&mut connection, &mut [0]).unwrap();
        (client, Box::new((listener, connection)))
    });
}

/// Ends a client in this state in every way: again and again, in a process where nothing else begins or ends.
#[track_caller]
fn check(test: &str, scene: fn() -> (GrowthBookClient, Box<dyn Any>)) {
    alone(test, &[], || {
        let endings: [fn(GrowthBookClient); 3] = [
            drop,
            |client| {
                let report = client.close(Duration::from_secs(10));
                assert!(report.is_complete() && !report.was_closed());
                assert!(client.close(SOON).was_closed());
                assert_closed(&client);
            },
            |client| drop(client.close(Duration::ZERO)),
        ];
        // What a process has once, and keeps.
        let (client, server) = scene();
        drop((client, server));
        assert_none_of_ours();
        let before = Usage::now();
        for (number, ending) in endings.into_iter().enumerate() {
            let (client, server) = scene();
            assert!(Usage::now().has_ours(), "a client has threads");
            let started = Instant::now();
            ending(client);
            let took = started.elapsed();
            println!("ending {number} took {took:?}");
            assert!(took <= Duration::from_secs(1), "{took:?}");
            assert_none_of_ours();
            drop(server);
        }
        Usage::assert_back_to(&before);
    });
}

/// What can be done with a client that was closed: all but refresh.
#[track_caller]
fn assert_closed(client: &GrowthBookClient) {
    assert!(client.is_closed() && client.status().is_closed());
    assert!(value(client) < 2);
    for refreshed in [client.refresh(), client.force_refresh()] {
        assert!(matches!(refreshed, Err(RefreshError::Closed)));
    }
    client.wait_ready(Duration::ZERO);
    client.flush(Duration::ZERO).unwrap();
}

/// K4: in a callback, which runs in the thread that asks or in the one that listens.
#[test]
fn the_last_handle_goes_in_a_callback() {
    alone("leftovers::the_last_handle_goes_in_a_callback", &[], || {
        let before = Usage::now();
        let scenes: [fn(&Api); 3] = [
            Api::let_go,
            // Where a failure is told of.
            |api| {
                api.answer_by(|_, reply| reply.respond(401, &[], b"{}"));
                api.let_go();
            },
            |api| api.push_features(&super::api::features(2)),
        ];
        for (number, happens) in scenes.into_iter().enumerate() {
            let api = Api::serving(1);
            api.offer_streaming();
            let slot = Arc::<Mutex<Option<GrowthBookClient>>>::default();
            let (send, dropped) = channel();
            let let_go = {
                let slot = Arc::clone(&slot);
                move || {
                    let client = slot.lock().unwrap().take();
                    if client.is_some() {
                        drop(client);
                        let _ = send.send(std::thread::current().name().map(str::to_owned));
                    }
                }
            };
            let (on_refresh, on_error) = (let_go.clone(), let_go);
            let configure = |builder: GrowthBookClientBuilder| {
                let builder = builder.on_refresh(move |_| on_refresh());
                builder.on_error(move |_| on_error()).build().unwrap()
            };
            let source = HttpSource::new(api.endpoint()).streaming();
            let builder = GrowthBookClient::builder().source(source);
            let listens = number == 2;
            if !listens {
                api.hold_back();
            }
            let client = configure(builder);
            if listens {
                api.wait_for_gets(2);
                until(&client, |source| source.stream() == StreamState::Open);
            }
            *slot.lock().unwrap() = Some(client);
            happens(&api);
            let thread = dropped.recv_timeout(SOON).unwrap();
            let expected = if listens { "gb-sse" } else { "gb-refresh" };
            assert_eq!(thread.as_deref(), Some(expected));
            assert_none_of_ours();
        }
        Usage::assert_back_to(&before);
    });
}

#[test]
fn who_waits_for_a_refresh_hears_of_the_end() {
    let api = Api::serving(1);
    let client = build(HttpSource::new(api.endpoint()));
    client.wait_ready(SOON);
    api.hold_back();
    std::thread::scope(|threads| {
        let waiting = [(); 5].map(|()| threads.spawn(|| client.force_refresh()));
        api.wait_for_gets(2);
        let started = Instant::now();
        client.close(SOON);
        for waiting in waiting {
            assert!(matches!(waiting.join().unwrap(), Err(RefreshError::Closed)));
        }
        assert!(started.elapsed() <= Duration::from_secs(1));
    });
    assert_eq!(value(&client), 1, "with what was in force");
}

/// K9: with two threads and a stream each.
#[test]
fn many_clients_leave_nothing_behind() {
    alone("leftovers::many_clients_leave_nothing_behind", &[], || {
        many_clients(1);
        let before = Usage::now();
        let rounds = if is_long() { 100 } else { 2 };
        for _ in 0..rounds {
            many_clients(100);
        }
        Usage::assert_back_to(&before);
        println!("{} clients", rounds * 100);
    });
}

/// At a server of their own: it keeps something of each connection until it ends.
fn many_clients(count: usize) {
    let api = Api::serving(1);
    api.offer_streaming();
    for number in 1..=count {
        let client = build(HttpSource::new(api.endpoint()).streaming());
        until(&client, |source| source.stream() == StreamState::Open);
        assert_eq!(value(&client), 1);
        api.wait_for_streams(number);
        drop(client);
        assert_none_of_ours();
    }
}

/// K11: what a process starts inherits nothing.
#[cfg(target_os = "linux")]
#[test]
fn descriptors_are_not_handed_on() {
    alone("leftovers::descriptors_are_not_handed_on", &[], || {
        let (_api, client) = streaming();
        let mut sockets = 0;
        for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
            let entry = entry.unwrap();
            let Ok(target) = std::fs::read_link(entry.path()) else {
                continue;
            };
            if !target.to_string_lossy().starts_with("socket:") {
                continue;
            }
            let path = format!("/proc/self/fdinfo/{}", entry.file_name().display());
            let about = std::fs::read_to_string(path).unwrap();
            let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = u32::from_str_radix(flags.unwrap().trim(), 8).unwrap();
            assert_ne!(flags & CLOSE_ON_EXEC, 0, "{target:?}: {about}");
            sockets += 1;
        }
        // The stream and the connection that is kept for the next request, from both ends, and the listener.
        assert!(sockets >= 5, "{sockets}");
        let mut list = std::process::Command::new("ls");
        let listed = list.args(["-l", "/proc/self/fd"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout);
        assert!(
            !listed.is_empty() && !listed.contains("socket:"),
            "{listed}"
        );
        drop(client);
    });
}

/// K17: in threads of the usual stack, and of a small one.
#[test]
fn what_nests_deeply_fits_the_stack() {
    let small = (SMALL_STACK.to_string(), "RUST_MIN_STACK");
    for variables in [&[][..], &[(small.1, &*small.0)]] {
        alone(
            "leftovers::what_nests_deeply_fits_the_stack",
            variables,
            || {
                let (api, client) = streaming();
                let nested = |(open, close): (&str, &str), depth| {
                    format!("{}1{}", open.repeat(depth), close.repeat(depth))
                };
                let mut good = 1;
                for shape in [("[", "]"), ("{\"a\":", "}"), ("{\"$not\":", "}")] {
                    for depth in [120, 127, 128, 129, 100_000] {
                        let deep = nested(shape, depth);
                        let payload = format!(
                            r#"{{"features": {{"f": {{"defaultValue": 1, "rules": [{{"condition": {deep}, "force": {deep}}}]}}}}}}"#
                        );
                        api.serve_bytes(Some(payload.as_bytes()));
                        let refreshed = client.force_refresh();
                        let is_refused = matches!(refreshed, Err(RefreshError::Payload(_)));
                        assert_eq!(is_refused, refreshed.is_err(), "{depth}: {refreshed:?}");
                        assert_eq!(is_refused, depth > 120, "{depth}");
                        value(&client);
                        let counts = client.status().refreshes();
                        api.push_features(&payload);
                        until_status(&client, |status| {
                            status.refreshes().rejected() > counts.rejected() || !is_refused
                        });
                        // So that it is none of several in a row.
                        good += 1;
                        api.push_features(&super::api::features(good));
                        until_status(&client, |_| value(&client) == good);
                    }
                }
            },
        );
    }
}

fn build(source: HttpSource) -> GrowthBookClient {
    GrowthBookClient::builder().source(source).build().unwrap()
}

/// A client whose stream is open, and with nothing under way.
fn streaming() -> (Api, GrowthBookClient) {
    let api = Api::serving(1);
    api.offer_streaming();
    let client = build(HttpSource::new(api.endpoint()).streaming());
    until(&client, |source| {
        let due = source.next_attempt().unwrap_or_default();
        source.stream() == StreamState::Open && due > Duration::from_secs(60)
    });
    (api, client)
}

#[track_caller]
fn until(client: &GrowthBookClient, is_so: impl Fn(&SourceStatus) -> bool) {
    until_status(client, |status| status.source().is_some_and(&is_so));
}

#[track_caller]
fn until_status(client: &GrowthBookClient, is_so: impl Fn(&growthbook_core::Status) -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so(&client.status()) {
        assert!(Instant::now() < deadline, "{:?}", client.status());
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
const CLOSE_ON_EXEC: u32 = 0o2_000_000;

/// Without optimisation a frame keeps every temporary value apart.
const SMALL_STACK: usize = if cfg!(debug_assertions) { 512 } else { 128 } * 1_024;
