//! Processes that are killed while they track.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use growthbook_core::TrackingPlugin;
use growthbook_tracking::EventSink;

use super::{Other, builder, checked, drained, is_long, once_each, told_number, told_root};
use crate::support::{Answer, FarEnd, PATIENCE, events_of, record};

/// How many events a process may have: none runs for so long.
const MANY: usize = 1_000_000;

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
fn killed(other: &mut Other) -> usize {
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
fn track(sink: impl EventSink) {
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

#[cfg(feature = "http")]
mod to_a_collector {
    use std::collections::BTreeMap;

    use growthbook_tracking::{Batching, Ingestor, IngestorBuilder};
    use serde_json::Value;

    use super::*;
    use crate::ingestor::Collector;

    fn ingestor(url: &str) -> IngestorBuilder {
        Ingestor::builder("sdk-key").ingestor_host(url)
    }

    /// D1, with the ingestor and a server: nothing that was synced is lost, and what comes twice was in the last request of
    /// a process that was killed, whose outcome nobody knows. It has the same id then.
    #[test]
    fn what_was_synced_arrives_and_comes_twice_only_if_nobody_knows() {
        let folder = tempfile::tempdir().unwrap();
        let rounds = if is_long() { 100 } else { 5 };
        let (mut synced, mut collectors) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let collector = Collector::willing();
            let program = std::process::Command::new(std::env::current_exe().unwrap());
            let name = "kills::to_a_collector::a_program_that_sends";
            let (first, url) = (round * MANY, collector.server.url());
            let mut other = Other::start_by(program, name, folder.path(), first, &url);
            synced.push(first..killed(&mut other));
            collectors.push(collector);
        }
        let last = Collector::willing();
        let url = last.server.url();
        let batching = Batching::default().at_most(500, 1 << 20);
        let tracker = builder(ingestor(&url).build().unwrap(), folder.path());
        let tracker = tracker.batching(batching).build();
        tracker.flush(PATIENCE).unwrap();
        assert_eq!(checked(&tracker).dropped(), 0);
        let mut came = BTreeMap::<_, usize>::new();
        let mut unknown = BTreeSet::new();
        for collector in &collectors {
            // It may not yet have read all that was sent to it.
            let connections = collector.server.connections();
            assert!(collector.server.wait_for_ends(connections, PATIENCE));
            unknown.extend(
                collector
                    .bodies()
                    .last()
                    .map(|body| ids(body))
                    .into_iter()
                    .flatten(),
            );
        }
        collectors.push(last);
        for body in collectors.iter().flat_map(Collector::bodies) {
            for id in ids(&body) {
                *came.entry(id).or_default() += 1;
            }
        }
        let names: BTreeSet<_> = came.keys().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), came.len(), "each event has one id for ever");
        for number in synced.into_iter().flatten() {
            assert!(names.contains(&*format!("event-{number}")), "{number}");
        }
        for (id, times) in &came {
            assert!(
                *times == 1 || unknown.contains(id),
                "{id:?} came {times} times"
            );
        }
        let twice = came.values().filter(|times| **times > 1).count();
        println!(
            "{rounds} kills, {} events, {twice} of them twice",
            came.len()
        );
    }

    fn ids(body: &[u8]) -> Vec<(String, String)> {
        let body: Value = serde_json::from_slice(body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = body["events"].as_array().unwrap().iter();
        events
            .map(|event| {
                (
                    text(&event["event_name"]),
                    event["properties"].to_string() + &text(&event["timestamp"]),
                )
            })
            .collect()
    }

    #[test]
    #[ignore = "runs in a process of its own, which is killed"]
    fn a_program_that_sends() {
        let url = super::super::told("URL").unwrap();
        track(Quick(ingestor(&url).build().unwrap()));
    }

    /// Without a second between requests, so that many are on their way when the process is killed.
    #[derive(Debug)]
    struct Quick(Ingestor);

    impl EventSink for Quick {
        fn batching(&self) -> Batching {
            Batching::default()
        }

        fn deliver(
            &mut self,
            batch: &growthbook_tracking::EventBatch<'_>,
        ) -> Result<(), growthbook_tracking::DeliveryError> {
            self.0.deliver(batch)
        }
    }
}
