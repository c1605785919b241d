//! What must not grow with the payload, and must shrink with threads.

use std::hint::black_box;
use std::thread;

use growthbook_core::{GrowthBookClient, UserContext};

use crate::evaluations::is_on;
use crate::fixtures::{client, user};
use crate::payload::payload;
use crate::workload::{Target, Workload};

pub(crate) fn workloads() -> Vec<Workload> {
    let mut workloads = Vec::new();
    workloads.extend(flat_features("w2", "w2-simple-force"));
    workloads.extend(flat_features("w4", "w4-experiment"));
    workloads.extend(flat_members());
    workloads.extend([threads(1), threads(2)]);
    workloads
}

/// The same feature among more and more others.
fn flat_features(name: &'static str, feature: &'static str) -> impl Iterator<Item = Workload> {
    // Twelve are the least that a payload holds.
    [12, 100, 1_000, 10_000].into_iter().map(move |features| {
        let workload = Workload::new(
            format!("{name} flat/{features} features"),
            move |fixtures| is_on(fixtures.client(features, &[1_000]), feature),
        );
        // Under valgrind, this payload takes longer to make than all else together.
        if features == 10_000 {
            workload.unlisted()
        } else {
            workload
        }
    })
}

/// The same feature with a larger and larger group.
fn flat_members() -> impl Iterator<Item = Workload> {
    [10, 100, 1_000, 10_000, 100_000]
        .into_iter()
        .map(|members| {
            Workload::new(format!("w6 flat/{members} members"), move |_| {
                let group = match members {
                    1_000 => "sg_1k".to_owned(),
                    10_000 => "sg_10k".to_owned(),
                    100_000 => "sg_100k".to_owned(),
                    _ => format!("sg_{members}"),
                };
                // Whoever asks for the small group gets the one of this size.
                let payload = payload(12, &[members]).replace(
                    r#"{"$inGroup":"sg_1k"}"#,
                    &format!(r#"{{"$inGroup":"{group}"}}"#),
                );
                let client = client(payload);
                assert!(client.is_on("w6-group-1k", &user()), "{members} members");
                is_on(client, "w6-group-1k")
            })
        })
}

/// The same number of evaluations, shared by threads that share a client.
fn threads(threads: u64) -> Workload {
    let target = match threads {
        2 => Target::ratio(1.0 / 1.95),
        _ => Target::NONE,
    };
    Workload::new(format!("w4 threads/{threads}"), move |fixtures| {
        let (client, user) = (fixtures.client(1_000, &[1_000]), user());
        Box::new(move |times| {
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| in_a_thread(&client, &user, times / threads));
                }
            });
            Box::new(())
        })
    })
    .within(target)
    .unlisted()
}

fn in_a_thread(client: &GrowthBookClient, user: &UserContext, times: u64) {
    for _ in 0..times {
        black_box(client.is_on(black_box("w4-experiment"), black_box(user)));
    }
}
