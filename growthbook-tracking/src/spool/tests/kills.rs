//! Processes that are killed while they write and deliver.

use std::collections::BTreeSet;
use std::io::Write;
use std::thread;
use std::time::Instant;

use super::*;

/// D1
#[test]
fn what_was_stored_is_there_whenever_its_process_is_killed() {
    let kills = if is_long() { 1_000 } else { 15 };
    let folder = tempfile::tempdir().unwrap();
    let (mut stored, mut done) = (BTreeSet::new(), BTreeSet::new());
    let (mut all, mut opened) = (0, Vec::new());
    for kill in 0..kills {
        let mut process = Process::start("kills::a_process_that_is_to_be_killed", folder.path());
        let mut lines = process.lines();
        let mut said = Vec::new();
        while !said
            .last()
            .is_some_and(|line: &String| line.starts_with("stored "))
        {
            said.push(lines.next().expect("it writes"));
        }
        let longest = if is_long() { 500_000 } else { 20_000 };
        thread::park_timeout(Duration::from_micros(fastrand::u64(..longest)));
        process.kill();
        for line in said.into_iter().chain(lines) {
            // The last line may be cut: each ends with a word.
            let words: Vec<_> = line.split(' ').collect();
            let [what, first, last, "all"] = words[..] else {
                continue;
            };
            let numbers = first.parse::<usize>().unwrap()..last.parse().unwrap();
            match what {
                "stored" => stored.extend(numbers),
                "done" => done.extend(numbers),
                _ => {}
            }
        }
        let start = Instant::now();
        let spool = open_large(folder.path());
        opened.push(start.elapsed());
        let report = spool.report();
        assert_eq!((report.corrupt(), report.full()), (0, 0));
        // Every other time the next process finds what this one left.
        if kill % 2 == 0 && kill + 1 < kills {
            continue;
        }
        let pending = drain(&spool);
        drop(spool);
        let unique: BTreeSet<_> = pending.iter().copied().collect();
        assert_eq!(unique.len(), pending.len(), "once each");
        let lost: Vec<_> = stored
            .iter()
            .filter(|it| !done.contains(*it) && !unique.contains(it))
            .collect();
        assert!(
            lost.is_empty(),
            "{} lost after {kill} kills: {lost:?}",
            lost.len()
        );
        all += stored.len();
        stored.clear();
        done.clear();
    }
    opened.sort_unstable();
    let slowest = opened.last().unwrap();
    println!(
        "{kills} kills, {all} records stored, none lost; opened again in {:.1?}, {slowest:.1?} at most",
        opened[kills / 2]
    );
}

/// What those processes do, each with numbers of its own.
#[test]
fn a_process_that_is_to_be_killed() {
    let Some(root) = told() else {
        return;
    };
    let spool = open_large(&root);
    let first = usize::try_from(std::process::id()).unwrap() * 1_000_000;
    println!();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut next = first;
            // Not for ever, if nobody kills it.
            while next < first + 900_000 {
                let group = fastrand::usize(1..200);
                append(&spool, next..next + group);
                say("stored", next, next + group);
                next += group;
            }
        });
        scope.spawn(|| {
            while spool.report().appended() < 900_000 {
                for record in take(&spool, fastrand::usize(1..50)) {
                    if fastrand::u8(..) == 0 {
                        spool.release(vec![record]);
                        continue;
                    }
                    let number = number(&record);
                    say("done", number, number + 1);
                    ack(&spool, &[record]);
                }
            }
        });
    });
}

/// What is written faster than it is delivered has to have room.
fn open_large(root: &Path) -> Spool {
    open_with(SpoolOptions::new(root).max_bytes(1 << 30))
}

fn say(what: &str, first: usize, last: usize) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(format!("{what} {first} {last} all\n").as_bytes());
    let _ = output.flush();
}
