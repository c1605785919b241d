//! A large payload that has changed: how long it takes from the request until it is in force, and what memory.

use std::time::{Duration, Instant};

use growthbook_core::{FeatureFetcher, Fetched, GrowthBookClient, Refresh};
use growthbook_fetch::HttpFetcher;
use growthbook_testkit::counted;

use crate::api::{Answer, Api};
use crate::report::{Bytes, Multiple, Row, Times};
use crate::rounds;
use crate::versions::Versions;

/// Two payloads of about 5 MB: 10,000 features, and ten saved groups of about as many ids each.
pub(crate) fn large() -> [String; 2] {
    let groups: Vec<usize> = (0..10).map(|group| 10_450 + group).collect();
    let versions = Versions::new(10_000, &[&[1_000], &*groups].concat());
    [1, 2].map(|version| versions.payload(version))
}

pub(crate) fn measure() {
    let payloads = large();
    let [one, other] = &payloads;
    println!("  10,000 features, {} bytes", one.len());
    compared(
        "plain",
        &payloads,
        &[Answer::plain(one, 1), Answer::plain(other, 2)],
    );
    compared(
        "gzip",
        &payloads,
        &[Answer::gzip(one, 1), Answer::gzip(other, 2)],
    );
}

fn compared(encoding: &str, payloads: &[String; 2], answers: &[Answer; 2]) {
    let [first, _] = answers;
    println!("  {encoding}, {} bytes on the wire", first.len());
    times(payloads, answers);
    memory(payloads, answers);
}

fn times(payloads: &[String; 2], answers: &[Answer; 2]) {
    let (api, fetcher, client) = client(answers);
    let refreshes = Times::of(rounds(ROUNDS), |round| {
        api.serve(turn(answers, round).clone());
        timed(|| is_updated(&client))
    });
    refreshes
        .row_within("    from the request until it is in force", MOST)
        .print();
    let requests = Times::of(rounds(ROUNDS), |_| {
        timed(|| matches!(fetcher.fetch(None), Ok(Fetched::Fresh(_))))
    });
    requests.row("    of which fetching").print();
    let loads = Times::of(rounds(ROUNDS), |round| {
        // The last refresh brought the first payload.
        timed(|| client.load(turn(payloads, round + 1).as_bytes()).is_ok())
    });
    loads.row("    of which compiling: client.load").print();
}

fn memory(payloads: &[String; 2], answers: &[Answer; 2]) {
    let [payload, _] = payloads;
    let (api, _, client) = client(answers);
    let refresh = || assert!(is_updated(&client), "nothing has come");
    let ((), first) = counted(refresh);
    api.serve(turn(answers, 1).clone());
    let ((), second) = counted(refresh);
    for (label, live, peak, after) in [
        ("the first", 0, first.peak, first.live),
        (
            "a changed",
            first.live,
            first.live + second.peak,
            first.live + second.live,
        ),
    ] {
        let peak = Bytes(peak);
        Row::new(&format!("    heap of {label} payload"))
            .within("peak", peak.times(payload.len()), Multiple(6.0))
            .figure("live before", Bytes(live))
            .figure("at the peak", peak)
            .figure("live after", Bytes(after))
            .print();
    }
}

fn client(answers: &[Answer; 2]) -> (Api, HttpFetcher, GrowthBookClient) {
    let api = Api::serving(turn(answers, 0).clone());
    let fetcher = HttpFetcher::new(api.endpoint()).expect("the endpoint is configured well");
    let client = GrowthBookClient::builder()
        .fetcher(fetcher.clone())
        .build()
        .expect("the client is configured well");
    (api, fetcher, client)
}

fn is_updated(client: &GrowthBookClient) -> bool {
    matches!(client.force_refresh(), Ok(Refresh::Updated))
}

fn turn<T>([one, other]: &[T; 2], round: u64) -> &T {
    if round.is_multiple_of(2) { one } else { other }
}

fn timed(work: impl FnOnce() -> bool) -> Duration {
    let started = Instant::now();
    let is_done = work();
    let took = started.elapsed();
    assert!(is_done, "nothing has come");
    took
}

const ROUNDS: u64 = 21;
const MOST: Duration = Duration::from_millis(150);
