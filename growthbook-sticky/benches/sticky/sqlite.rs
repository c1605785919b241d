//! SQLite, on the disk that holds temporary files.

use std::path::Path;
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{StickyBucketService, StickyWrite};
use growthbook_sticky::SqliteStickyBuckets;
use rusqlite::Connection;

use crate::measure::{BATCH, at, identity, line, rate, rounds, timed};

pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sticky_buckets.db");
    let users = rounds(100_000);
    let buckets = SqliteStickyBuckets::open(&path).expect("a file");
    println!(
        "{users} users, 2 experiments, SQLite {}",
        rusqlite::version()
    );
    batches(&buckets, users);
    lookups(&buckets, users);
    bare_lookups(&path, users);
    singles(&buckets, rounds(20_000));
    threads(&buckets, users);
    full(&folder.path().join("full.db"), rounds(500));
    drop(buckets);
    opening(&path);
}

fn batches(buckets: &SqliteStickyBuckets, users: usize) {
    let mut times = Vec::new();
    let start = Instant::now();
    for experiment in ["one__0", "two__0"] {
        for first in (0..users).step_by(BATCH) {
            let identities: Vec<_> = (first..first + BATCH).map(identity).collect();
            let write = |identity| StickyWrite::new(identity, experiment, "treatment");
            let writes: Vec<_> = identities.iter().map(write).collect();
            let started = Instant::now();
            let saved = buckets.save_all(&writes);
            times.push(started.elapsed());
            assert!(saved.iter().all(Result::is_ok), "all are stored");
        }
    }
    let each = rate(2 * users, start.elapsed());
    let mark = if each < 20_000.0 { " !" } else { "" };
    line(
        "writes in batches of 100",
        &format!("{each:.0}/s (bar 20000/s){mark}"),
        times,
    );
}

fn lookups(buckets: &SqliteStickyBuckets, users: usize) {
    let times = timed(rounds(200_000), |_| {
        let identity = identity(fastrand::usize(..users));
        let found = buckets.load(slice::from_ref(&identity)).expect("documents");
        assert_eq!(found.len(), 1, "everybody has a document");
    });
    let p99 = at(&times, 990);
    let bar = Duration::from_micros(200);
    let mark = if p99 > bar { " !" } else { "" };
    let each = rate(times.len(), times.iter().sum());
    line(
        "lookups",
        &format!("{each:.0}/s, p99 {p99:.1?} (bar {bar:?}){mark}"),
        times,
    );
    let times = timed(rounds(20_000), |_| {
        let two = [
            identity(fastrand::usize(..users)),
            identity(fastrand::usize(..users)),
        ];
        buckets.load(&two).expect("documents");
    });
    let each = rate(times.len(), times.iter().sum());
    line("lookups of two identities", &format!("{each:.0}/s"), times);
}

/// The library alone, for comparison.
fn bare_lookups(path: &Path, users: usize) {
    let connection = Connection::open(path).expect("a connection");
    let sql =
        "SELECT assignments FROM sticky_buckets WHERE attribute_name = ? AND attribute_value = ?";
    let times = timed(rounds(200_000), |_| {
        let value = fastrand::usize(..users).to_string();
        let mut statement = connection.prepare_cached(sql).expect("a statement");
        let found = statement.query_row(["id", &*value], |row| row.get::<_, String>(0));
        assert!(found.is_ok(), "everybody has a document");
    });
    let each = rate(times.len(), times.iter().sum());
    line("the same by rusqlite alone", &format!("{each:.0}/s"), times);
}

fn singles(buckets: &SqliteStickyBuckets, count: usize) {
    let times = timed(count, |round| {
        let identity = identity(round);
        let write = StickyWrite::new(&identity, "three__0", "treatment");
        buckets.save(&write).expect("it is stored");
    });
    let each = rate(count, times.iter().sum());
    line("writes, one by one", &format!("{each:.0}/s"), times);
}

/// Half of them read.
fn threads(buckets: &SqliteStickyBuckets, users: usize) {
    let count = rounds(5_000);
    let start = Instant::now();
    let (reads, writes) = thread::scope(|scope| {
        let run = |thread: usize| {
            scope.spawn(move || {
                timed(count, |round| {
                    let identity = identity(fastrand::usize(..users));
                    if thread.is_multiple_of(2) {
                        buckets.load(slice::from_ref(&identity)).expect("documents");
                    } else {
                        let key = format!("{thread}-{round}__0");
                        let write = StickyWrite::new(&identity, &key, "treatment");
                        buckets.save(&write).expect("it is stored");
                    }
                })
            })
        };
        let running: Vec<_> = (0..8).map(run).collect();
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for (thread, running) in running.into_iter().enumerate() {
            let times = running.join().expect("a thread");
            let all = if thread.is_multiple_of(2) {
                &mut reads
            } else {
                &mut writes
            };
            all.extend(times);
        }
        (reads, writes)
    });
    let took = start.elapsed();
    for (what, times) in [("reads", reads), ("writes", writes)] {
        let each = rate(times.len(), took);
        line(
            &format!("8 threads, half of them write: {what}"),
            &format!("{each:.0}/s"),
            times,
        );
    }
}

fn full(path: &Path, count: usize) {
    let builder = SqliteStickyBuckets::builder(path).synchronous_full();
    let buckets = builder.build().expect("a file");
    let times = timed(count, |round| {
        let identity = identity(round);
        let write = StickyWrite::new(&identity, "one__0", "treatment");
        buckets.save(&write).expect("it is stored");
    });
    let each = rate(count, times.iter().sum());
    line(
        "writes, each on the disk (`synchronous_full`)",
        &format!("{each:.0}/s"),
        times,
    );
}

fn opening(path: &Path) {
    let length = path.metadata().map_or(0, |about| about.len());
    for (what, most) in [("unchecked", 0), ("checked", u64::MAX)] {
        let times = timed(rounds(10), |_| {
            let builder = SqliteStickyBuckets::builder(path).check_up_to(most);
            builder.build().expect("a file");
        });
        line(
            &format!("opening {:.1} MB, {what}", size(length)),
            "",
            times,
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
fn size(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
