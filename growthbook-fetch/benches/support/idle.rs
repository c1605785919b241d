//! What a client takes that does nothing but keep its stream open. It is in a process of its own, so that nothing else
//! counts.

use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{GrowthBookClient, UserContext};
use growthbook_fetch::HttpSource;

use crate::api::{Answer, Api, endpoint};
use crate::process;
use crate::report::{Bytes, NOT_MEASURED, Percent, Row, Time};
use crate::versions::{VERSION, Versions};
use crate::{SOON, rounds};

pub(crate) fn measure() {
    let asked = env::var("GROWTHBOOK_BENCH_IDLE").ok();
    let seconds = asked.map_or(Ok(rounds(20)), |seconds| seconds.parse());
    let seconds: u64 = seconds.expect("GROWTHBOOK_BENCH_IDLE is a number of seconds");
    println!("  500 features, streaming, {seconds} s");
    if !cfg!(target_os = "linux") {
        println!("  {NOT_MEASURED}");
        return;
    }
    let api = Api::serving(Answer::plain(&Versions::new(500, &[1_000]).payload(1), 1));
    let program = env::current_exe().expect("this program is a file");
    let mut watched = Command::new(program)
        .args([WATCHED, &api.url(), &seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started");
    let said = watched.stdout.take().expect("its output is piped");
    for line in BufReader::new(said).lines() {
        let line = line.expect("it says what can be read");
        if line == READY {
            api.wait_for_stream();
            let stdin = watched.stdin.as_mut().expect("its input is piped");
            writeln!(stdin, "{READY}").expect("it reads");
        } else {
            println!("{line}");
        }
    }
    let ended = watched.wait().expect("it was started from here");
    assert!(ended.success(), "the client in its own process failed");
}

/// The other process.
pub(crate) fn watched(host: &str, seconds: &str) {
    let seconds = seconds.parse().expect("a number of seconds");
    let empty = process::memory().expect(NOT_MEASURED);
    let client = GrowthBookClient::builder()
        .source(HttpSource::new(endpoint(host)).streaming())
        .build()
        .expect("the client is configured well");
    client.wait_ready(SOON);
    let version = client.value(VERSION, &UserContext::default(), 0_u64);
    assert_eq!(version, 1, "no features have come");
    println!("{READY}");
    let heard = io::stdin().read_line(&mut String::new());
    heard.expect("the other process says when the stream is open");
    // Whatever follows the beginning is over by then.
    thread::sleep(Duration::from_secs(1));
    let (started, busy) = (Instant::now(), busy());
    thread::sleep(Duration::from_secs(seconds));
    let (passed, busy) = (started.elapsed(), self::busy().saturating_sub(busy));
    let share = Percent(100.0 * busy.as_secs_f64() / passed.as_secs_f64());
    let full = process::memory().expect(NOT_MEASURED);
    let more = |now: usize, before: usize| Bytes::from(now.saturating_sub(before));
    let threads = process::threads("gb-").expect(NOT_MEASURED);
    Row::new("cores and threads")
        .within("of a core", share, Percent(0.1))
        .figure("that is", Time(busy))
        .within("threads", threads, 3)
        .print();
    Row::new("memory over the same program without a client")
        .within(
            "resident",
            more(full.resident, empty.resident),
            Bytes(6 << 20),
        )
        .figure("of which anonymous", more(full.anonymous, empty.anonymous))
        .figure("resident without", Bytes::from(empty.resident))
        .print();
}

fn busy() -> Duration {
    process::time_on_cores().expect(NOT_MEASURED)
}

pub(crate) const WATCHED: &str = "--watched";
const READY: &str = "ready";
