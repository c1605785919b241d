//! Scopes, and what it costs to be told of exposures.

use std::hint::black_box;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use growthbook_core::{
    Attributes, Flag, GrowthBookClient, Interest, OwnedTrackingEvent, TrackingEvent,
    TrackingPlugin, UserContext,
};
use growthbook_testkit::Operation;

use crate::fixtures::{Fixtures, user};
use crate::payload::payload;
use crate::workload::{Target, Workload, collect, repeat};

pub(crate) fn workloads() -> Vec<Workload> {
    let mut workloads: Vec<Workload> = Vec::new();
    for (name, feature, nanoseconds) in FEATURES {
        workloads.extend(asked(name, feature, nanoseconds));
    }
    workloads.push(flag());
    workloads.extend([made(), made_with_attributes(), evaluate_all()]);
    workloads.extend(exposures());
    workloads.extend([threads(1), threads(2)]);
    workloads
}

/// `evaluations` has the same through the client.
const FEATURES: [(&str, &str, f64); 8] = [
    ("w1u", "no-such-feature", 10.0),
    ("w1d", "w1-default", 15.0),
    ("w2", "w2-simple-force", 27.0),
    ("w3", "w3-rollout", 73.0),
    ("w4", "w4-experiment", 73.0),
    ("w5", "w5-heavy", 150.0),
    ("w6-1k", "w6-group-1k", 38.0),
    ("w7", "w7-chain-0", 62.0),
];

fn client(fixtures: &Fixtures) -> GrowthBookClient {
    fixtures.client(1_000, &[1_000])
}

fn asked(name: &str, feature: &'static str, nanoseconds: f64) -> [Workload; 2] {
    let target = Target::new(nanoseconds, 0);
    [
        Workload::new(format!("{name}/scope.is_on"), move |fixtures| {
            let scope = client(fixtures).scope(user());
            repeat(move || scope.is_on(black_box(feature)))
        })
        .within(target),
        Workload::new(format!("{name}/scope.value"), move |fixtures| {
            let scope = client(fixtures).scope(user());
            let is_text = scope.value_as::<&str>(feature).is_ok();
            if is_text {
                repeat(move || scope.value(black_box(feature), "fallback").len())
            } else {
                repeat(move || scope.value(black_box(feature), false))
            }
        })
        .within(target),
    ]
}

fn flag() -> Workload {
    static DEFAULT: Flag<bool> = Flag::new("w1-default", false);
    Workload::new("w1d/scope.get", |fixtures| {
        let scope = client(fixtures).scope(user());
        repeat(move || scope.get(black_box(&DEFAULT)))
    })
    .within(Target::new(15.0, 0))
}

fn made() -> Workload {
    Workload::new("scope/made", |fixtures| {
        let (client, user) = (client(fixtures), user());
        collect(move || client.scope(black_box(&user).clone()))
    })
}

fn made_with_attributes() -> Workload {
    Workload::new("scope/made, with 15 attributes", |fixtures| {
        let client = client(fixtures);
        collect(move || client.scope(user()))
    })
}

fn evaluate_all() -> Workload {
    Workload::new("w8/scope.evaluate_all x 1000", |fixtures| {
        let scope = client(fixtures).scope(user());
        repeat(move || scope.evaluate_all())
    })
    .within(Target::nanoseconds(30_000.0))
}

/// Sends what it hears to nobody: the queue is as full as it gets at once, which is the same to the one who sends.
#[derive(Debug)]
struct Queue(SyncSender<OwnedTrackingEvent>);

impl TrackingPlugin for Queue {
    fn interest(&self) -> Interest {
        Interest::EXPERIMENT_VIEWED
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        let _ = self.0.try_send(event.into_owned());
    }
}

fn telling_client() -> GrowthBookClient {
    let (sender, receiver) = sync_channel(1_000);
    // The other end stays open.
    std::mem::forget(receiver);
    GrowthBookClient::builder()
        .payload(payload(1_000, &[1_000]))
        .plugin(Queue(sender))
        .build()
        .expect("a payload made here is one")
}

fn exposures() -> [Workload; 4] {
    let again = |name: &'static str, ask: fn(&GrowthBookClient) -> Operation| {
        Workload::new(name, move |_| ask(&telling_client()))
    };
    [
        again("exposure/nobody listens", |_| {
            let client = crate::fixtures::client(payload(1_000, &[1_000]));
            let scope = client.scope(user());
            repeat(move || scope.is_on(black_box("w4-experiment")))
        }),
        again("exposure/reported before", |client| {
            let scope = client.scope(user());
            repeat(move || scope.is_on(black_box("w4-experiment")))
        })
        .within(Target::new(73.0 + 60.0, 0)),
        again("exposure/a new user, nobody listens", |_| {
            new_users(&crate::fixtures::client(payload(1_000, &[1_000])))
        }),
        again("exposure/a new user, put into a queue", new_users),
    ]
}

/// One user after the other, each in a scope of their own.
fn new_users(client: &GrowthBookClient) -> Operation {
    let (client, mut number) = (client.clone(), 0_u64);
    repeat(move || {
        number += 1;
        let attributes = Attributes::new()
            .with("id", format!("user-{number}"))
            .with("country", "US");
        let scope = client.scope(UserContext::new(attributes));
        scope.is_on(black_box("w4-experiment"))
    })
}

/// The same number of evaluations, shared by threads that have a scope each.
fn threads(threads: u64) -> Workload {
    let target = match threads {
        2 => Target::ratio(1.0 / 1.95),
        _ => Target::NONE,
    };
    Workload::new(format!("w4 scopes in threads/{threads}"), move |fixtures| {
        let client = client(fixtures);
        Box::new(move |times| {
            thread::scope(|all| {
                for _ in 0..threads {
                    let scope = client.scope(user());
                    all.spawn(move || {
                        for _ in 0..times / threads {
                            black_box(scope.is_on(black_box("w4-experiment")));
                        }
                    });
                }
            });
            Box::new(())
        })
    })
    .within(target)
    .unlisted()
}
