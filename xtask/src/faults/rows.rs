//! What is done to processes, and what must come of it.

mod herd;
mod network;
mod servers;
mod system;

use std::net::TcpListener;
use std::time::Duration;

use super::process::{Line, Process, only, pauses};
use super::{Row, failed};
use crate::failure::{Failure, Outcome};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "F2",
        about: "the name of the server cannot be looked up",
        run: network::no_resolver,
    },
    Row {
        id: "F2b",
        about: "the name server does not answer",
        run: network::silent_resolver,
    },
    Row {
        id: "F4",
        about: "the server's system takes no more connections, and later does",
        run: network::black_hole,
    },
    Row {
        id: "F33",
        about: "the environment names a proxy that is dead",
        run: network::dead_proxy,
    },
    Row {
        id: "F38",
        about: "twenty clients, whose server is down for half a minute and then killed (S22)",
        run: herd::twenty_clients,
    },
    Row {
        id: "F39",
        about: "no descriptor is left, and later there are some",
        run: system::no_descriptors,
    },
    Row {
        id: "K14",
        about: "the date is centuries off",
        run: system::odd_dates,
    },
    Row {
        id: "K15",
        about: "the client is stopped, and goes on",
        run: system::suspended,
    },
    Row {
        id: "K19",
        about: "no home, and nothing can be written",
        run: system::nowhere_to_write,
    },
    Row {
        id: "S11",
        about: "the server is stopped while its stream is open",
        run: servers::stopped,
    },
    Row {
        id: "S13",
        about: "the server is killed, and another one is there later",
        run: servers::killed,
    },
];

fn check(is_so: bool, words: impl FnOnce() -> String) -> Outcome {
    if is_so {
        return Ok(());
    }
    Err(Failure::new(words()))
}

/// At most one attempt in a second, give or take the chance in its delay. Says how many there were.
fn check_pace(lines: &[Line], attempt: &str) -> Outcome<usize> {
    let attempts = only(lines, attempt);
    let pauses = pauses(&attempts);
    let shortest = pauses.iter().min().copied().unwrap_or(Duration::MAX);
    check(shortest >= Duration::from_millis(450), || {
        format!("attempts follow each other within {shortest:?}")
    })?;
    Ok(attempts.len())
}

/// What was waited for came within a time.
fn check_between(took: Duration, least: Duration, most: Duration, what: &str) -> Outcome {
    check((least..=most).contains(&took), || {
        format!("{what} took {took:?}, not {least:?} to {most:?}")
    })
}

/// `wait_ready` with 200 ms comes back in time.
fn check_ready(client: &mut Process) -> Outcome {
    let ready = client.wait_for("ready", super::SOON)?;
    let millis = ready
        .rest()
        .split(' ')
        .next()
        .and_then(|it| it.parse().ok());
    check(millis.is_some_and(|millis: u64| millis <= 400), || {
        format!("waiting for 200 ms: {}", ready.text)
    })
}

/// An address at which nobody listens.
fn free_address() -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed("listen"))?;
    let address = listener.local_addr().map_err(failed("listen"))?;
    Ok(address.to_string())
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
