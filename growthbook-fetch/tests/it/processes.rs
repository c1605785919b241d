//! A client and a server that are processes of their own, which `cargo xtask faults` stops, kills and starves.
//!
//! Each line that they print for it is `said`, the milliseconds since the start, and what happened. They end when their
//! standard input does, so that none is left behind.
#![expect(clippy::unwrap_used, reason = "what fails here ends the process")]
#![expect(clippy::print_stdout, reason = "this is how they tell")]

use std::env;
use std::io;
use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{GrowthBookClient, Readiness, StreamState};
use growthbook_fetch::{Endpoint, FileCache, HttpSource};

use super::api::{Api, CLIENT_KEY, features};
use super::rig::value_in;

#[test]
#[ignore = "a part of `cargo xtask faults`"]
fn a_client() {
    let Some(host) = variable("HOST") else {
        return;
    };
    let saying = Saying::begin();
    // A server for names that never answers, where the namespace has no other.
    let _resolver = variable("SILENT_RESOLVER").map(|it| UdpSocket::bind(it).unwrap());
    let mut endpoint = Endpoint::new(CLIENT_KEY).api_host(host);
    if let Some(seconds) = variable("IDLE") {
        endpoint = endpoint.stream_idle_timeout(Duration::from_secs(seconds.parse().unwrap()));
    }
    let source = HttpSource::new(endpoint);
    let source = match variable("POLL") {
        Some(seconds) => source.polling(Duration::from_secs(seconds.parse().unwrap())),
        None => source.streaming(),
    };
    let mut builder = GrowthBookClient::builder()
        .source(source)
        .on_refresh(move |event| saying.say(&format!("value {}", value_in(event.ruleset()))))
        .on_error(move |error| saying.say(&format!("error {}", chain(error))));
    if let Some(folder) = variable("FOLDER") {
        builder = builder.cache(FileCache::new(folder));
    }
    let client = builder.build().unwrap();
    let started = Instant::now();
    let readiness = client.wait_ready(Duration::from_millis(200));
    saying.say(&format!("ready {} {readiness:?}", millis(started)));
    let commands = commands();
    let mut last = Vec::new();
    // Nothing tells of these but the status.
    while commands.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let now = looks(&client);
        for line in now.iter().filter(|line| !last.contains(*line)) {
            saying.say(line);
        }
        last = now;
    }
    let started = Instant::now();
    client.close(Duration::from_secs(10));
    saying.say(&format!("closed {}", millis(started)));
}

fn looks(client: &GrowthBookClient) -> Vec<String> {
    let status = client.status();
    let readiness = match status.readiness() {
        Readiness::Stale { .. } => "Stale".to_owned(),
        readiness => format!("{readiness:?}"),
    };
    let source = status.source().unwrap();
    let stream = match source.stream() {
        StreamState::Waiting { .. } => "Waiting".to_owned(),
        stream => format!("{stream:?}"),
    };
    let mut lines = vec![format!("readiness {readiness}"), format!("stream {stream}")];
    lines.extend(
        source
            .stream_error()
            .map(|error| format!("broken {}", chain(error))),
    );
    lines
}

/// Serves the feature `f`. A number on its standard input is the next value.
#[test]
#[ignore = "a part of `cargo xtask faults`"]
fn a_server() {
    let Some(address) = variable("ADDRESS") else {
        return;
    };
    let saying = Saying::begin();
    let api = Api::start_at(address.parse().unwrap());
    api.offer_streaming();
    let serve = |value: u32| {
        api.serve(value);
        if variable("CLOSING").is_some() {
            api.answer_by(move |_, reply| {
                reply.close();
                reply.respond(200, &[("Connection", "close")], features(value).as_bytes())
            });
        }
    };
    serve(variable("VALUE").unwrap().parse().unwrap());
    saying.say("listening");
    let commands = commands();
    let mut seen = 0;
    loop {
        match commands.try_recv() {
            Ok(value) => serve(value.trim().parse().unwrap()),
            Err(std::sync::mpsc::TryRecvError::Empty) => {}
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
        }
        if api.server().wait_for_requests(seen + 1, LOOK) {
            for request in api.server().requests().iter().skip(seen) {
                saying.say(&format!("asked {}", request.target()));
                seen += 1;
            }
        }
    }
}

/// The lines of the standard input, until it ends.
fn commands() -> Receiver<String> {
    let (send, commands) = channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    commands
}

#[derive(Clone, Copy)]
struct Saying(Instant);

impl Saying {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn say(self, what: &str) {
        println!("\nsaid {} {what}", millis(self.0));
    }
}

fn millis(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn variable(name: &str) -> Option<String> {
    env::var(format!("GROWTHBOOK_FAULTS_{name}")).ok()
}

const LOOK: Duration = Duration::from_millis(10);
