//! How long a change takes from the server to an evaluation, over a stream.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{GrowthBookClient, UserContext};
use growthbook_fetch::HttpSource;

use crate::api::{Answer, Api, event};
use crate::report::{Row, Time, Times};
use crate::versions::{VERSION, Versions};
use crate::{SOON, rounds};

pub(crate) fn measure() {
    let versions = Versions::new(1_000, &[1_000]);
    let api = Api::serving(Answer::plain(&versions.payload(0), 0));
    let (tell, told) = channel();
    let client = GrowthBookClient::builder()
        .source(HttpSource::new(api.endpoint()).streaming())
        .on_refresh(move |_| {
            // Before the first push nobody listens for long.
            let _ = tell.send(Instant::now());
        })
        .build()
        .expect("the client is configured well");
    api.wait_for_stream();
    let first = told.recv_timeout(SOON);
    first.expect("the first payload comes");
    let bytes = versions.payload(0).len();
    println!("  1,000 features, {bytes} bytes, pushed {PUSHES} times over a stream");
    let push = |version| {
        let event = event(&versions.payload(version));
        // Long enough for every thread to be asleep, as it is in life.
        thread::sleep(PAUSE);
        let pushed = Instant::now();
        api.push(&event);
        pushed
    };
    let callbacks = Times::of(rounds(PUSHES), |round| {
        let pushed = push(2 * round + 1);
        let told = told.recv_timeout(SOON).expect("the callback is called");
        told.saturating_duration_since(pushed)
    });
    print("until on_refresh is called", &callbacks);
    let user = UserContext::default();
    let evaluations = Times::of(rounds(PUSHES), |round| {
        let version = 2 * round + 2;
        let pushed = push(version);
        while client.value(VERSION, &user, 0_u64) != version {
            assert!(pushed.elapsed() < SOON, "version {version} did not come");
        }
        pushed.elapsed()
    });
    print(
        "until a thread that does nothing else evaluates it",
        &evaluations,
    );
    let loads = Times::of(rounds(50), |version| {
        let payload = versions.payload(version);
        let started = Instant::now();
        let loaded = client.load(payload.as_bytes());
        let took = started.elapsed();
        loaded.expect("a payload made here is one");
        took
    });
    loads.row("of which a load takes").print();
}

fn print(label: &str, times: &Times) {
    Row::new(label)
        .within("p50", times.at(500), Time(Duration::from_millis(20)))
        .within("p99", times.at(990), Time(Duration::from_millis(100)))
        .figure("worst", times.worst())
        .print();
}

const PUSHES: u64 = 300;
const PAUSE: Duration = Duration::from_millis(20);
