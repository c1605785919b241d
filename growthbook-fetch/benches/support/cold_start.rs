//! From `build` to the first good flag.

use std::time::{Duration, Instant};

use growthbook_core::{GrowthBookClient, UserContext};
use growthbook_fetch::{FileCache, HttpSource};

use crate::api::{Answer, Api, endpoint};
use crate::report::Times;
use crate::versions::{VERSION, Versions};
use crate::{SOON, rounds};

pub(crate) fn measure() {
    println!("  1,000 features, {ROUNDS} starts");
    let payload = Versions::new(1_000, &[1_000]).payload(1);
    let folder = tempfile::tempdir().expect("there is a place for files");
    let api = Api::serving(Answer::plain(&payload, 1));
    let near = Times::of(rounds(ROUNDS), |_| start(source(&api.url()), None));
    near.row("server on this machine").print();
    api.delay(AWAY);
    let far = Times::of(rounds(ROUNDS), |_| start(source(&api.url()), None));
    far.row_within("server 200 ms away", AWAY + Duration::from_millis(50))
        .print();
    api.delay(Duration::ZERO);
    start(source(&api.url()), Some(FileCache::new(folder.path())));
    api.delay(AWAY);
    let snapshot = || Some(FileCache::new(folder.path()));
    let behind = Times::of(rounds(ROUNDS), |_| start(source(&api.url()), snapshot()));
    behind
        .row_within("server 200 ms away, FileCache warm", ON_DISK)
        .print();
    let url = api.url();
    drop(api);
    let alone = Times::of(rounds(ROUNDS), |_| start(source(&url), snapshot()));
    alone
        .row_within("server unreachable, FileCache warm", ON_DISK)
        .print();
}

fn source(host: &str) -> HttpSource {
    HttpSource::new(endpoint(host))
}

fn start(source: HttpSource, cache: Option<FileCache>) -> Duration {
    let user = UserContext::default();
    let mut builder = GrowthBookClient::builder().source(source);
    if let Some(cache) = cache {
        builder = builder.cache(cache);
    }
    let started = Instant::now();
    let client = builder.build().expect("the client is configured well");
    client.wait_ready(SOON);
    let version = client.value(VERSION, &user, 0_u64);
    let took = started.elapsed();
    assert_eq!(version, 1, "no features have come");
    // What is being stored is stored when this is over.
    client.close(SOON);
    took
}

const ROUNDS: u64 = 20;
const AWAY: Duration = Duration::from_millis(200);
const ON_DISK: Duration = Duration::from_millis(10);
