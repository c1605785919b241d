//! One feature, or all, of one user.

use std::hint::black_box;
use std::thread;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{GrowthBookClient, UserContext};
use growthbook_testkit::Operation;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fixtures::{Fixtures, client, user};
use crate::payload::{feature_keys, payload};
use crate::workload::{Target, Workload, repeat};

pub(crate) fn workloads() -> Vec<Workload> {
    let mut workloads: Vec<Workload> = CASES.iter().flat_map(Case::workloads).collect();
    workloads.push(Workload::new("w4/client.value enum", |fixtures| {
        value(W4.client(fixtures), W4.feature, Arm::Control)
    }));
    workloads.extend([all_on(), all_results()]);
    workloads.extend(CLAUSES.iter().map(|(name, clause)| single(name, clause)));
    workloads.extend(flat_features("w2", "w2-simple-force"));
    workloads.extend(flat_features("w4", "w4-experiment"));
    workloads.extend(flat_members());
    workloads.extend([threads(1), threads(2)]);
    // Variants of a group stand together.
    let mut order: Vec<String> = Vec::new();
    for workload in &workloads {
        if !order.iter().any(|group| group == workload.group()) {
            order.push(workload.group().to_owned());
        }
    }
    workloads.sort_by_key(|workload| order.iter().position(|group| group == workload.group()));
    workloads
}

/// A feature that is measured every way that there is to ask for it.
#[derive(Debug)]
struct Case {
    name: &'static str,
    feature: &'static str,
    groups: &'static [usize],
    kind: Kind,
    is_on: bool,
    nanoseconds: f64,
}

#[derive(Debug)]
enum Kind {
    Bool,
    Text,
}

/// The two arms of `w4-experiment`: a text that is read without being copied.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Arm {
    Control,
    Treatment,
}

impl Case {
    const fn new(name: &'static str, feature: &'static str, nanoseconds: f64) -> Self {
        Self {
            name,
            feature,
            groups: &[1_000],
            kind: Kind::Bool,
            is_on: true,
            nanoseconds,
        }
    }

    const fn text(mut self) -> Self {
        self.kind = Kind::Text;
        self
    }

    const fn with_groups(mut self, groups: &'static [usize]) -> Self {
        self.groups = groups;
        self
    }

    fn workloads(&'static self) -> [Workload; 4] {
        let named = |variant: &str| format!("{}/{variant}", self.name);
        let typed = Target::new(self.nanoseconds, 0);
        let text = match self.kind {
            Kind::Bool => typed,
            // A text of one's own is copied.
            Kind::Text => Target::new(self.nanoseconds, 1),
        };
        let full = if self.name == "w4" {
            Target::new(120.0, 1)
        } else {
            Target::NONE
        };
        [
            Workload::new(named("client.is_on"), move |fixtures| {
                is_on(self.client(fixtures), self.feature)
            })
            .within(typed),
            Workload::new(named("client.value"), move |fixtures| {
                let client = self.client(fixtures);
                match self.kind {
                    Kind::Bool => value(client, self.feature, false),
                    Kind::Text => value(client, self.feature, String::new()),
                }
            })
            .within(text),
            Workload::new(named("client.evaluate"), move |fixtures| {
                let (client, user) = (self.client(fixtures), user());
                repeat(move || client.evaluate(black_box(self.feature), black_box(&user)))
            })
            .within(full),
            Workload::new(named("engine.evaluate"), move |fixtures| {
                let (ruleset, user) = (self.client(fixtures).ruleset(), user());
                repeat(move || {
                    let subject = Subject::new(black_box(&user));
                    let feature = black_box(self.feature);
                    engine::evaluate(&ruleset, feature, &subject, None, &mut Silent)
                })
            })
            .within(full),
        ]
    }

    /// A client, after a look whether it answers as it should.
    fn client(&self, fixtures: &Fixtures) -> GrowthBookClient {
        let client = fixtures.client(1_000, self.groups);
        assert_eq!(client.is_on(self.feature, &user()), self.is_on, "{self:?}");
        client
    }
}

fn is_on(client: GrowthBookClient, feature: &'static str) -> Operation {
    let user = user();
    repeat(move || client.is_on(black_box(feature), black_box(&user)))
}

fn value<T: Clone + DeserializeOwned + 'static>(
    client: GrowthBookClient,
    feature: &'static str,
    fallback: T,
) -> Operation {
    let user = user();
    repeat(move || client.value(black_box(feature), black_box(&user), fallback.clone()))
}

/// All features of one user, one after the other.
fn all_on() -> Workload {
    Workload::new("w8/client.is_on x 1000", |fixtures| {
        let (client, user, keys) = (
            fixtures.client(1_000, &[1_000]),
            user(),
            feature_keys(1_000),
        );
        repeat(move || {
            keys.iter()
                .filter(|key| client.is_on(black_box(key), black_box(&user)))
                .count()
        })
    })
    .within(Target::nanoseconds(30_000.0))
}

fn all_results() -> Workload {
    Workload::new("w8/client.evaluate x 1000", |fixtures| {
        let (client, user, keys) = (
            fixtures.client(1_000, &[1_000]),
            user(),
            feature_keys(1_000),
        );
        repeat(move || {
            for key in &keys {
                black_box(client.evaluate(black_box(key), black_box(&user)));
            }
        })
    })
}

/// One feature with one condition.
fn single(name: &str, condition: &'static str) -> Workload {
    Workload::new(format!("clause/{name}"), move |_| {
        let payload = format!(
            r#"{{"features":{{"it":{{"defaultValue":false,"rules":[{{"condition":{condition},"force":true}}]}}}}}}"#
        );
        is_on(client(payload), "it")
    })
}

/// The same feature among more and more others.
fn flat_features(name: &'static str, feature: &'static str) -> impl Iterator<Item = Workload> {
    // Twelve are the least that a payload holds.
    [12, 100, 1_000, 10_000].into_iter().map(move |features| {
        Workload::new(
            format!("{name} flat/{features} features"),
            move |fixtures| is_on(fixtures.client(features, &[1_000]), feature),
        )
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
    Workload::new(format!("threads/w4 by {threads}"), move |fixtures| {
        let (client, user) = (W4.client(fixtures), user());
        Box::new(move |times| {
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| in_a_thread(&client, &user, times / threads));
                }
            });
            Box::new(())
        })
    })
    .unlisted()
}

fn in_a_thread(client: &GrowthBookClient, user: &UserContext, times: u64) {
    for _ in 0..times {
        black_box(client.is_on(black_box(W4.feature), black_box(user)));
    }
}

static CASES: [Case; 10] = [
    Case {
        is_on: false,
        ..Case::new("w1u", "no-such-feature", 10.0)
    },
    Case::new("w1d", "w1-default", 15.0),
    Case::new("w2", "w2-simple-force", 27.0),
    Case::new("w3", "w3-rollout", 73.0),
    W4,
    Case::new("w5", "w5-heavy", 150.0).text(),
    Case::new("w6-1k", "w6-group-1k", 38.0),
    Case::new("w6-10k", "w6-group-10k", 38.0).with_groups(&[1_000, 10_000]),
    Case::new("w6-100k", "w6-group-100k", 38.0).with_groups(&[1_000, 100_000]),
    Case::new("w7", "w7-chain-0", 62.0),
];

const W4: Case = Case::new("w4", "w4-experiment", 73.0).text();

/// The clauses of `w5-heavy` one by one, and patterns that differ in what it takes to match them.
const CLAUSES: [(&str, &str); 13] = [
    ("eq", r#"{"country":"US"}"#),
    (
        "in",
        r#"{"country":{"$in":["GB","DE","FR","ES","IT","NL","SE","NO","DK","FI","US","CA"]}}"#,
    ),
    ("vgte", r#"{"appVersion":{"$vgte":"2.10.0"}}"#),
    ("ne", r#"{"plan":{"$ne":"free"}}"#),
    ("range", r#"{"age":{"$gte":18,"$lt":65}}"#),
    ("bool", r#"{"loggedIn":true}"#),
    ("path", r#"{"company.size":{"$gt":50}}"#),
    ("elemMatch", r#"{"tags":{"$elemMatch":{"$eq":"beta"}}}"#),
    (
        "regex suffix",
        r#"{"email":{"$regex":"@(example|acme)\\.com$"}}"#,
    ),
    ("regex prefix", r#"{"email":{"$regex":"^jane"}}"#),
    ("regex part", r#"{"email":{"$regex":"doe"}}"#),
    (
        "regex classes",
        r#"{"email":{"$regex":"^[a-z]+\\.[a-z]+\\.\\d+@"}}"#,
    ),
    (
        "regex lookahead",
        r#"{"email":{"$regex":"^(?=.*acme)jane"}}"#,
    ),
];
