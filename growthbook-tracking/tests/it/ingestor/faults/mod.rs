//! Rows E of the fault matrix: a tracker, and a server that fails it. Time is the test's, but for the deadlines of requests.

mod answers;
mod outages;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use growthbook_core::testing::ManualClock;
use growthbook_core::{Attributes, Clock, GrowthBookClient, UserContext};
use growthbook_testkit::Server;
use growthbook_tracking::{BatchTracker, BatchTrackerBuilder, Ingestor, TrackerReport};
use serde_json::{Map, Value};

use super::builder;
use crate::ingestor::Collector;
use crate::records::SOON;

const HOUR: Duration = Duration::from_secs(3600);

/// A client that logs events, and its tracker, on a clock of the test's.
struct Rig {
    clock: ManualClock,
    client: GrowthBookClient,
    tracker: BatchTracker,
}

impl Rig {
    fn new(clock: ManualClock, builder: BatchTrackerBuilder<Ingestor>) -> Self {
        let tracker = builder.clock(clock.clone()).build();
        let client = GrowthBookClient::builder()
            .clock(clock.clone())
            .plugin(tracker.clone())
            .build();
        Self {
            clock,
            client: client.unwrap(),
            tracker,
        }
    }

    fn to(server: &Server) -> Self {
        Self::new(
            ManualClock::new(),
            BatchTracker::builder(builder(server).build().unwrap()),
        )
    }

    fn log(&self, name: &str) {
        let user = UserContext::new(Attributes::new().with("id", "u"));
        self.client.log_event(name, Map::new(), &user);
    }

    fn log_all(&self, numbers: std::ops::Range<usize>) -> Vec<String> {
        let names: Vec<String> = numbers.map(|number| format!("event-{number:05}")).collect();
        for name in &names {
            self.log(name);
        }
        names
    }

    /// Lets time pass, from one thing that is waited for to the next, until it is so.
    fn until(&self, is_so: impl Fn(&TrackerReport) -> bool) -> TrackerReport {
        let started = Instant::now();
        loop {
            let report = self.report();
            if is_so(&report) {
                return report;
            }
            assert!(started.elapsed() < SOON * 3, "{report}");
            if let Some(wait) = self.clock.wait_for_alarm(Duration::from_millis(5)) {
                self.clock.advance(wait);
            }
        }
    }

    fn settled(&self) -> TrackerReport {
        self.until(|report| report.pending() == 0)
    }

    /// P-20, at any time.
    fn report(&self) -> TrackerReport {
        let report = self.tracker.report();
        let sum = report.delivered() + report.dropped() + report.pending();
        assert_eq!(report.offered(), sum, "{report}");
        report
    }
}

/// The names of the events in a body, each with its time.
fn events(body: &[u8]) -> Vec<(String, String)> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let event = |event: &Value| (text(&event["event_name"]), text(&event["timestamp"]));
    body["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(event)
        .collect()
}

fn names(body: &[u8]) -> Vec<String> {
    events(body).into_iter().map(|(name, _)| name).collect()
}

fn all_names(bodies: &[Vec<u8>]) -> Vec<String> {
    bodies.iter().flat_map(|body| names(body)).collect()
}

/// What a server answers until it has had enough, and when it was asked.
fn failing(
    clock: &ManualClock,
    times: usize,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
) -> (Collector, Arc<Mutex<Vec<Duration>>>) {
    let asked = Arc::<Mutex<Vec<Duration>>>::default();
    let (of_server, clock) = (Arc::clone(&asked), clock.clone());
    let collector = Collector::start(move |_, _, reply| {
        let mut asked = of_server.lock().unwrap();
        asked.push(clock.monotonic());
        let is_over = asked.len() > times;
        drop(asked);
        if is_over {
            return reply.respond(200, &[], b"");
        }
        reply.respond(status, headers, b"")
    });
    (collector, asked)
}
