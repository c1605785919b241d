//! Each exposure is reported once to each listener, whoever evaluates at the same time.

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Instant;

use growthbook_core::{
    BackendError, ExperimentViewed, GrowthBookClient, Interest, Saved, StickyAssignments,
    StickyBucketService, StickyIdentity, StickyWrite, TrackingEvent, TrackingPlugin, UserContext,
};

use super::support::{Gate, MANY_ROUNDS, name_of, run_time, user, watched, watched_for};

#[test]
fn many_threads_report_an_exposure_once() {
    watched_for(MANY_ROUNDS, "exposures", || {
        let counts = Arc::new(Counts::default());
        let client = client(&[&counts]);
        evaluate_at_once(&client, |client, user| drop(client.evaluate("f", user)));
        assert_eq!(counts.delivered(), once_each());
        // Scopes and other questions are about the same exposures.
        evaluate_at_once(&client, |client, user| {
            let scope = client.scope(user.clone());
            scope.is_on("f");
            scope.evaluate_all();
        });
        assert_eq!(counts.delivered(), once_each());
    });
}

#[test]
fn threads_that_share_a_scope_report_once() {
    watched_for(MANY_ROUNDS, "a shared scope", || {
        for memory in [0, 10_000] {
            let counts = Arc::new(Counts::default());
            let client = GrowthBookClient::builder()
                .payload(PAYLOAD)
                .exposure_memory(memory)
                .plugin(Arc::clone(&counts))
                .build()
                .unwrap();
            for name in names() {
                let (scope, start) = (client.scope(user(&name)), Barrier::new(THREADS));
                thread::scope(|threads| {
                    for _ in 0..THREADS {
                        threads.spawn(|| {
                            start.wait();
                            scope.is_on("f");
                            scope.is_on("f");
                        });
                    }
                });
            }
            assert_eq!(counts.delivered(), once_each());
            let used = counts.used.lock().unwrap();
            assert_eq!(used.len(), USERS);
            assert!(used.values().all(|times| *times == 1), "{used:?}");
        }
    });
}

#[test]
fn a_listener_that_fails_gets_it_again_until_it_does_not() {
    watched_for(MANY_ROUNDS, "failing listeners", || {
        let [failing, good] = [FAILURES, 0].map(|failures| {
            Arc::new(Counts {
                failures,
                ..Counts::default()
            })
        });
        let client = client(&[&good, &failing, &good]);
        evaluate_at_once(&client, |client, user| drop(client.evaluate("f", user)));
        // Who asks while another one is telling does not tell, so of many at once few may have told.
        for _ in 0..=FAILURES {
            for name in names() {
                drop(client.evaluate("f", &user(&name)));
            }
        }
        assert_eq!(failing.delivered(), once_each());
        let offered = failing.offered.lock().unwrap();
        assert!(
            offered.values().all(|times| *times == FAILURES + 1),
            "{offered:?}"
        );
        // It is registered twice, and told once by each.
        let twice = once_each().into_keys().map(|key| (key, 2));
        assert_eq!(good.delivered(), twice.collect());
        let panics = client.status().callback_panics();
        assert_eq!(panics, (FAILURES * USERS) as u64);
    });
}

#[test]
fn threads_that_share_a_scope_go_by_what_is_stored() {
    watched("a shared scope and a race for a bucket", || {
        let counts = Arc::new(Counts::default());
        let (arrive, arrived) = channel();
        let rival = Arc::new(Gate::default());
        let service = Rival {
            arrive: Mutex::new(Some(arrive)),
            gate: Arc::clone(&rival),
        };
        let client = GrowthBookClient::builder()
            .payload(STICKY)
            .sticky_buckets(service)
            .plugin(Arc::clone(&counts))
            .build()
            .unwrap();
        let scope = client.scope(user("user 1"));
        thread::scope(|threads| {
            let first = threads.spawn(|| scope.value("f", "none"));
            arrived.recv().unwrap();
            // The other one does not know yet whether its assignment stands.
            assert_eq!(scope.value("f", "none"), "a");
            rival.open();
            assert_eq!(first.join().unwrap(), "a");
        });
        assert_eq!(counts.delivered(), [("user 1 exp A".to_owned(), 1)].into());
        let documents = scope.sticky_documents();
        let (_, assignments) = documents.iter().next().unwrap();
        assert_eq!(assignments["exp__0"], "A");
    });
}

#[test]
fn an_evaluation_of_all_features_takes_time_by_their_number() {
    let start = Instant::now();
    // As much in all, in many small portions or in a few large ones.
    let time = |features: usize| {
        let times = 5 * 16_000 / features;
        let features: Vec<String> = (0..features)
            .map(|number| {
                format!(r#""f{number}":{{"rules":[{{"key":"e{number}","variations":[0,1]}}]}}"#)
            })
            .collect();
        let payload = format!(r#"{{"features":{{{}}}}}"#, features.join(","));
        let counts = Arc::new(Counts::default());
        let client = GrowthBookClient::builder()
            .payload(payload)
            .on_experiment_viewed(move |viewed| counts.viewed(viewed))
            .build()
            .unwrap();
        let before = run_time(start);
        for number in 0..times {
            client.scope(user(&number.to_string())).evaluate_all();
        }
        run_time(start).saturating_sub(before)
    };
    let (some, many) = (time(500), time(16_000));
    assert!(many < some * 4, "{some:?}, {many:?}");
}

#[test]
fn memory_of_exposures_forgets_the_oldest_and_not_all_at_once() {
    let counts = Arc::new(Counts::default());
    let client = GrowthBookClient::builder()
        .payload(PAYLOAD)
        .exposure_memory(100)
        .plugin(Arc::clone(&counts))
        .build()
        .unwrap();
    let see = |number: usize| client.is_on("f", &user(&number.to_string()));
    for number in 0..10_000 {
        see(number);
        // Used all the time, so never forgotten.
        see(0);
    }
    let delivered = counts.delivered();
    assert_eq!(delivered.len(), 10_000);
    assert!(delivered.values().all(|times| *times == 1));
    see(1);
    assert_eq!(
        counts.delivered().values().sum::<usize>(),
        10_001,
        "forgotten"
    );
}

/// Has all users evaluated by all threads, many times, beginning at once.
fn evaluate_at_once(client: &GrowthBookClient, ask: fn(&GrowthBookClient, &UserContext)) {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for name in names() {
                    let user = user(&name);
                    start.wait();
                    for _ in 0..TIMES {
                        ask(client, &user);
                    }
                }
            });
        }
    });
}

fn client(listeners: &[&Arc<Counts>]) -> GrowthBookClient {
    let builder = GrowthBookClient::builder().payload(PAYLOAD);
    listeners
        .iter()
        .fold(builder, |builder, counts| {
            builder.plugin(Arc::clone(*counts))
        })
        .build()
        .unwrap()
}

fn once_each() -> BTreeMap<String, usize> {
    // Which variation a user gets is the engine's business: it always is the same.
    let client = GrowthBookClient::builder()
        .payload(PAYLOAD)
        .build()
        .unwrap();
    names()
        .map(|name| {
            let result = client.evaluate("f", &user(&name));
            let variation = result.assignment().unwrap().variation_key();
            (format!("{name} exp {variation}"), 1)
        })
        .collect()
}

fn names() -> impl Iterator<Item = String> {
    (0..USERS).map(|number| format!("user {number}"))
}

/// Counts exposures, by unit, experiment and variation; panics at each so many times.
#[derive(Debug, Default)]
struct Counts {
    failures: usize,
    offered: Mutex<BTreeMap<String, usize>>,
    delivered: Mutex<BTreeMap<String, usize>>,
    used: Mutex<BTreeMap<String, usize>>,
}

impl Counts {
    fn delivered(&self) -> BTreeMap<String, usize> {
        self.delivered.lock().unwrap().clone()
    }

    fn viewed(&self, viewed: &ExperimentViewed<'_>) {
        let id = name_of(&viewed.user());
        let (experiment, variation) = (viewed.experiment().key(), viewed.variation_key());
        let key = format!("{id} {experiment} {variation}");
        let times = count(&self.offered, key.clone());
        assert!(times > self.failures, "failure {times}");
        count(&self.delivered, key);
    }
}

impl TrackingPlugin for Counts {
    fn interest(&self) -> Interest {
        Interest::EXPERIMENT_VIEWED | Interest::FEATURE_EVALUATED
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        match event {
            TrackingEvent::ExperimentViewed(viewed) => self.viewed(viewed),
            TrackingEvent::FeatureEvaluated(_) => {
                count(&self.used, name_of(&event.user()));
            }
            _ => {}
        }
    }
}

/// A store in which another process has put everybody into the variation A, after they were looked up. The first write has
/// to wait.
#[derive(Debug)]
struct Rival {
    arrive: Mutex<Option<Sender<()>>>,
    gate: Arc<Gate>,
}

impl StickyBucketService for Rival {
    fn load(
        &self,
        _: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        Ok(BTreeMap::new())
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let first = self.arrive.lock().unwrap().take();
        if let Some(arrive) = first {
            arrive.send(()).unwrap();
            self.gate.pass();
        }
        Ok(Saved::Kept("A".to_owned()))
    }
}

/// Everybody is in the variation B, by hash.
const STICKY: &str = r#"{"features":{"f":{"defaultValue":"default","rules":[
    {"key":"exp","variations":["a","b"],"weights":[0,1],"meta":[{"key":"A"},{"key":"B"}]}]}}}"#;

fn count(counts: &Mutex<BTreeMap<String, usize>>, key: String) -> usize {
    let mut counts = counts.lock().unwrap();
    let times = counts.entry(key).or_default();
    *times += 1;
    *times
}

const PAYLOAD: &str = r#"{"features":{"f":{"rules":[
    {"key":"exp","variations":[true,false],"meta":[{"key":"on"},{"key":"off"}]}]}}}"#;
const THREADS: usize = 8;
const USERS: usize = 50;
const TIMES: usize = 25;
const FAILURES: usize = 3;
