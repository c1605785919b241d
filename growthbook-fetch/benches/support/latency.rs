//! How long evaluations take while a large payload after the other comes into force.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{
    Attributes, FeatureFetcher, Fetched, GrowthBookClient, Ruleset, UserContext,
};
use growthbook_fetch::HttpFetcher;

use crate::api::{Answer, Api};
use crate::histogram::Histogram;
use crate::payload::primary_user;
use crate::report::{NOT_MEASURED, Row, Time};
use crate::{process, refresh};

pub(crate) fn measure() {
    let [one, other] = refresh::large();
    println!(
        "  a payload of 10,000 features, {} bytes; times include a reading of the clock",
        one.len()
    );
    let answers = [Answer::plain(&one, 1), Answer::plain(&other, 2)];
    let rig = Rig::new(answers);
    let user = UserContext::new(attributes());
    let client = &rig.client;
    for beside in [Beside::Nothing, Beside::Compiled, Beside::Refreshed] {
        rig.watched(beside, "client.is_on", || {
            client.is_on(black_box(FEATURE), &user)
        });
    }
    for beside in [Beside::Nothing, Beside::Compiled, Beside::Refreshed] {
        let (mut scope, mut left) = (client.scope(user.clone()), 0_u32);
        rig.watched(beside, "scope.is_on, now and then in a new scope", || {
            left = left.checked_sub(1).unwrap_or_else(|| {
                scope = client.scope(user.clone());
                SCOPE_QUESTIONS
            });
            scope.is_on(black_box(FEATURE))
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside {
    Nothing,
    /// All the work of a refresh, of which nothing comes into force: what it does to evaluations, the machine does.
    Compiled,
    Refreshed,
}

struct Rig {
    api: Api,
    answers: [Answer; 2],
    fetcher: HttpFetcher,
    client: GrowthBookClient,
}

impl Rig {
    fn new(answers: [Answer; 2]) -> Self {
        let [first, _] = &answers;
        let api = Api::serving(first.clone());
        let fetcher = HttpFetcher::new(api.endpoint()).expect("the endpoint is configured well");
        let client = GrowthBookClient::builder()
            .fetcher(fetcher.clone())
            .build()
            .expect("the client is configured well");
        client.refresh().expect("the server is there");
        Self {
            api,
            answers,
            fetcher,
            client,
        }
    }

    fn watched(&self, beside: Beside, label: &str, ask: impl FnMut() -> bool) {
        let (is_over, installed) = (AtomicBool::new(false), AtomicU64::new(0));
        let latencies = thread::scope(|threads| {
            if beside != Beside::Nothing {
                threads.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let number = installed.fetch_add(1, Ordering::Relaxed);
                        self.refresh(beside, number);
                    }
                });
            }
            let latencies = watch(ask);
            is_over.store(true, Ordering::Relaxed);
            latencies
        });
        let beside = match beside {
            Beside::Nothing => "nothing beside",
            Beside::Compiled => "fetched and compiled beside",
            Beside::Refreshed => "refreshed beside",
        };
        println!("  {label}, {beside}, {} times", installed.into_inner());
        latencies.print();
    }

    fn refresh(&self, beside: Beside, number: u64) {
        let started = Instant::now();
        let [one, other] = &self.answers;
        let answer = if number.is_multiple_of(2) { other } else { one };
        self.api.serve(answer.clone());
        if beside == Beside::Refreshed {
            let refreshed = self.client.force_refresh();
            refreshed.expect("the server is there");
        } else {
            let fetched = self.fetcher.fetch(None).expect("the server is there");
            if let Fetched::Fresh(payload) = fetched {
                drop(black_box(Ruleset::from_json(payload.bytes(), None)));
            }
        }
        thread::sleep(INTERVAL.saturating_sub(started.elapsed()));
    }
}

struct Latencies {
    all: Histogram,
    /// The slowest one during which the thread kept its core; `None` if the system does not tell.
    undisturbed: Option<Duration>,
    /// How many of those were slower than any should be.
    too_slow: u32,
}

/// Asks as fast as it goes, and looks at each answer's time.
fn watch(mut ask: impl FnMut() -> bool) -> Latencies {
    let mut all = Histogram::new();
    let mut interruptions = process::interruptions();
    let mut undisturbed = interruptions.map(|_| Duration::ZERO);
    let mut too_slow = 0;
    let started = Instant::now();
    let mut before = started;
    while before.duration_since(started) < SPAN {
        black_box(ask());
        let now = Instant::now();
        let took = now.duration_since(before);
        before = now;
        all.add(took);
        if took > SLOW {
            let interrupted = process::interruptions();
            if interrupted == interruptions {
                undisturbed = undisturbed.map(|it| it.max(took));
                too_slow += u32::from(Time(took) > WORST);
            }
            interruptions = interrupted;
            before = Instant::now();
        }
    }
    Latencies {
        all,
        undisturbed,
        too_slow,
    }
}

impl Latencies {
    fn print(&self) {
        let all = &self.all;
        Row::new(&format!("  {} evaluations", all.total()))
            .figure("p50", all.at(500))
            .figure("p99", all.at(990))
            .within("p99.9", all.at(999), Time(Duration::from_micros(50)))
            .print();
        let row = Row::new("    the slowest").within("of all", all.worst(), WORST);
        match self.undisturbed {
            Some(slowest) => row
                .within("that kept its core", Time(slowest), WORST)
                .figure("of which too slow", self.too_slow),
            None => row.figure("that kept its core", NOT_MEASURED),
        }
        .print();
    }
}

fn attributes() -> Attributes {
    Attributes::from_json(&primary_user()).expect("the user is an object")
}

const FEATURE: &str = "w4-experiment";
const INTERVAL: Duration = Duration::from_millis(10);
const SPAN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 1 } else { 5 });
/// From here on it is looked at whether the machine was at it.
const SLOW: Duration = Duration::from_micros(20);
const WORST: Time = Time(Duration::from_millis(2));
const SCOPE_QUESTIONS: u32 = 5_000;
