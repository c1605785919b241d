//! What keeping events on disk costs, on the disk that holds temporary files.
//!
//! Bars stand in brackets behind what they are for, and `!` marks what misses its bar. They hold for one machine with two
//! cores and nothing else to do; what another machine or another load makes of them is not ours.
//!
//! Nothing here fails for being slow.

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use super::*;

#[test]
#[ignore = "figures, for a machine that has nothing else to do"]
fn what_it_costs() {
    if cfg!(debug_assertions) {
        println!("not optimised: every figure is of a few rounds, and means nothing");
    }
    let folder = tempfile::tempdir().unwrap();
    println!("records of {LENGTH} bytes");
    for sync in [false, true] {
        for group in [1, 10, 100, 1_000] {
            groups(&folder.path().join(format!("{sync}-{group}")), group, sync);
        }
    }
    for (sync, bar) in [(false, 30_000.0), (true, 5_000.0)] {
        producers(&folder.path().join(format!("producers-{sync}")), sync, bar);
    }
    reopening(&folder.path().join("reopening"));
    delivery(&folder.path().join("delivery"));
}

/// One thread, groups of one size.
fn groups(root: &Path, group: usize, sync: bool) {
    let spool = open_large(root, sync);
    let body = vec![b'x'; LENGTH];
    let records = vec![record(&body); group];
    let rounds = rounds(if sync { 500 } else { 200_000 / group });
    let started = Instant::now();
    for _ in 0..rounds {
        spool.append(&records).unwrap();
    }
    let each = rate(rounds * group, started.elapsed());
    println!("groups of {group}{}: {each:.0} events/s", through(sync));
}

/// Four threads by way of a queue, and one that writes all that came within 50 ms, at most 1,000.
fn producers(root: &Path, sync: bool, bar: f64) {
    let spool = open_large(root, sync);
    let total = rounds(if sync { 100_000 } else { 1_000_000 });
    let (sender, receiver) = sync_channel::<Vec<u8>>(10_000);
    let started = Instant::now();
    let mut groups = 0;
    thread::scope(|scope| {
        for _ in 0..4 {
            let sender = sender.clone();
            scope.spawn(move || {
                for _ in 0..total / 4 {
                    sender.send(vec![b'x'; LENGTH]).unwrap();
                }
            });
        }
        drop(sender);
        while let Ok(first) = receiver.recv() {
            let until = Instant::now() + Duration::from_millis(50);
            let mut group = vec![first];
            while group.len() < 1_000 {
                let left = until.saturating_duration_since(Instant::now());
                let Ok(next) = receiver.recv_timeout(left) else {
                    break;
                };
                group.push(next);
            }
            let records: Vec<_> = group.iter().map(|it| record(it)).collect();
            spool.append(&records).unwrap();
            groups += 1;
        }
    });
    let each = rate(total / 4 * 4, started.elapsed());
    let mark = if each < bar { " !" } else { "" };
    println!(
        "4 producers{}: {each:.0} events/s in {groups} groups (bar {bar:.0}/s){mark}",
        through(sync)
    );
}

/// As a process that was killed leaves it: nothing is sealed but what was full.
fn reopening(root: &Path) {
    for mib in [1, 16, 64, 1_024] {
        let root = root.join(mib.to_string());
        let options = SpoolOptions::new(&root).max_bytes(2 << 30);
        let spool = Spool::open(options.clone(), NOW).unwrap();
        let body = vec![b'x'; LENGTH];
        let records = vec![record(&body); 1_000];
        for _ in 0..rounds(mib * 1_024 / 625 + 1) {
            spool.append(&records).unwrap();
        }
        let pending = spool.pending();
        drop(spool);
        let mut times: Vec<_> = (0..7)
            .map(|_| {
                let started = Instant::now();
                let spool = Spool::open(options.clone(), NOW).unwrap();
                let took = started.elapsed();
                assert_eq!(spool.pending(), pending, "all is found");
                took
            })
            .collect();
        times.sort_unstable();
        let median = times.get(3).copied().unwrap_or_default();
        let bar = Duration::from_millis(100);
        let mark = if median > bar { " !" } else { "" };
        println!("opening {mib} MiB with {pending} events: {median:.1?} (bar {bar:?}){mark}");
    }
}

fn delivery(root: &Path) {
    let spool = open_large(root, false);
    let body = vec![b'x'; LENGTH];
    let total = rounds(100_000) / 100 * 100;
    for _ in 0..total / 100 {
        spool.append(&vec![record(&body); 100]).unwrap();
    }
    let started = Instant::now();
    let mut delivered = 0;
    while delivered < total {
        let taken = spool.take(NOW, 100, 512 << 10).unwrap();
        let ids: Vec<_> = taken.iter().map(|it| it.id).collect();
        spool.ack(&ids).unwrap();
        delivered += taken.len();
    }
    let each = rate(total, started.elapsed());
    println!("taken and acknowledged by 100: {each:.0} events/s");
}

fn open_large(root: &Path, sync: bool) -> Spool {
    let options = SpoolOptions::new(root).max_bytes(1 << 30).sync(sync);
    Spool::open(options, NOW).unwrap()
}

fn record(bytes: &[u8]) -> Record<'_> {
    Record { at: NOW, bytes }
}

fn through(sync: bool) -> &'static str {
    if sync { ", written through" } else { "" }
}

fn rounds(usual: usize) -> usize {
    if cfg!(debug_assertions) {
        usual / 50 + 4
    } else {
        usual
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events")]
fn rate(events: usize, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}

const LENGTH: usize = 600;
