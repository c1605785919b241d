//! Processes that are killed while they track.

use std::io::Write;
use std::time::{Duration, Instant};

use growthbook_tracking::EventSink;

use super::{Other, builder, drained, is_long, once_each, told_number, told_root};
use crate::support::{Answer, FarEnd, PATIENCE, events_of, record};

/// How many events a process may have: none runs for so long.
pub(super) const MANY: usize = 1_000_000;

/// D1: whenever a process is killed, what it knew to be on disk is delivered by the next, whole and once.
#[test]
fn what_was_synced_is_delivered_whenever_its_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let rounds = if is_long() { 1_000 } else { 8 };
    let (mut all, mut slowest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let first = round * MANY;
        let mut other = Other::start("kills::a_program_that_is_killed", folder.path(), first);
        let synced = killed(&mut other);
        let started = Instant::now();
        let names = drained(folder.path());
        slowest = slowest.max(started.elapsed());
        let there = once_each(&names);
        for number in first..synced {
            assert!(
                there.contains(&*format!("event-{number}")),
                "{number} of {synced}"
            );
        }
        let number = |name: &String| name.strip_prefix("event-")?.parse::<usize>().ok();
        let is_own = |name: &String| number(name).is_some_and(|it| it / MANY == round);
        assert!(names.iter().all(is_own), "nothing is invented");
        all += synced - first;
    }
    println!("{rounds} kills, {all} events synced, none lost; delivered in {slowest:.1?} at most");
}

/// At a random moment after the first sync. Up to which number all events are on disk.
pub(super) fn killed(other: &mut Other) -> usize {
    let first = other.heard("synced").unwrap();
    let mut synced: usize = first.parse().unwrap();
    let longest = if is_long() { 500_000 } else { 20_000 };
    std::thread::park_timeout(Duration::from_micros(fastrand::u64(..longest)));
    other.kill();
    // The last line may be cut off.
    while let Some(line) = other.heard("synced") {
        let number = line.strip_suffix(" all").and_then(|it| it.parse().ok());
        synced = number.unwrap_or(synced);
    }
    synced
}

#[test]
#[ignore = "runs in a process of its own, which is killed"]
fn a_program_that_is_killed() {
    let far = FarEnd::new();
    far.answers([], Answer::Unavailable);
    track(far.sink());
}

/// Tracks until it is killed, and says what is on disk.
pub(super) fn track(sink: impl EventSink) {
    let tracker = builder(sink, &told_root()).build();
    let mut next = told_number();
    let last = next + MANY;
    say("");
    let mut is_first = true;
    while next < last {
        let group = fastrand::usize(1..100);
        record(&tracker, &events_of(next..next + group));
        next += group;
        tracker.sync(PATIENCE).unwrap();
        let end = if is_first { "" } else { " all" };
        say(&format!("synced {next}{end}"));
        is_first = false;
    }
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}");
    let _ = output.flush();
}
