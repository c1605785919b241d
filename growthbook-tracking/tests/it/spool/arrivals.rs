//! Processes that are killed while they send to a server.

use std::collections::{BTreeMap, BTreeSet};

use growthbook_core::TrackingPlugin;
use growthbook_tracking::{
    Batching, DeliveryError, EventBatch, EventSink, Ingestor, IngestorBuilder,
};
use serde_json::Value;

use super::kills::{MANY, killed, track};
use super::{Other, builder, checked, is_long, told};
use crate::ingestor::Collector;
use crate::support::PATIENCE;

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
        let name = "arrivals::a_program_that_sends";
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
    let url = told("URL").unwrap();
    track(Quick(ingestor(&url).build().unwrap()));
}

/// Without a second between requests, so that many are on their way when the process is killed.
#[derive(Debug)]
struct Quick(Ingestor);

impl EventSink for Quick {
    fn batching(&self) -> Batching {
        Batching::default()
    }

    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        self.0.deliver(batch)
    }
}
