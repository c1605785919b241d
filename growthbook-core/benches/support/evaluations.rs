//! One feature, or all, of one user.

use std::hint::black_box;
use std::sync::Arc;

use growthbook_core::GrowthBookClient;
use growthbook_core::engine::{self, Binding, Silent, Subject};
use growthbook_testkit::Operation;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fixtures::{Fixtures, client, user};
use crate::payload::feature_keys;
use crate::workload::{Target, Workload, repeat};

pub(crate) fn workloads() -> Vec<Workload> {
    let mut workloads = Vec::new();
    for case in &CASES {
        workloads.extend(case.workloads());
        if case.name == W4.name {
            workloads.push(arm());
        }
    }
    workloads.extend([all_on(), all_results(), all_at_once(), all_bound()]);
    workloads.extend(CLAUSES.iter().map(|(name, clause)| single(name, clause)));
    workloads
}

/// A feature that is measured every way that there is to ask for it.
#[derive(Debug)]
struct Case {
    name: &'static str,
    feature: &'static str,
    groups: &'static [usize],
    kind: Kind,
    /// The primary user's value, as JSON.
    answer: &'static str,
    nanoseconds: f64,
}

#[derive(Debug)]
enum Kind {
    Bool,
    Text,
}

/// The two arms of `w4-experiment`.
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
            answer: "true",
            nanoseconds,
        }
    }

    const fn text(mut self, answer: &'static str) -> Self {
        self.kind = Kind::Text;
        self.answer = answer;
        self
    }

    const fn with_groups(mut self, groups: &'static [usize]) -> Self {
        self.groups = groups;
        self
    }

    fn workloads(&'static self) -> [Workload; 5] {
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
            Workload::new(named("engine.evaluate bound"), move |fixtures| {
                let bound = Binding::new(self.client(fixtures).ruleset(), user());
                repeat(move || {
                    let subject = black_box(&bound).subject();
                    let feature = black_box(self.feature);
                    engine::evaluate(bound.ruleset(), feature, &subject, None, &mut Silent)
                })
            })
            .within(full),
        ]
    }

    /// A client, after a look whether it answers as it should.
    fn client(&self, fixtures: &Fixtures) -> GrowthBookClient {
        let client = fixtures.client(1_000, self.groups);
        let result = client.evaluate(self.feature, &user());
        assert_eq!(result.value().to_string(), self.answer, "{}", self.name);
        client
    }
}

pub(crate) fn is_on(client: GrowthBookClient, feature: &'static str) -> Operation {
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

/// A text that need not be copied to be understood.
fn arm() -> Workload {
    Workload::new("w4/client.value enum", |fixtures| {
        value(W4.client(fixtures), W4.feature, Arm::Control)
    })
    .within(Target::new(W4.nanoseconds, 0))
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

/// All features of a user who was never seen before.
fn all_at_once() -> Workload {
    Workload::new("w8/engine.evaluate_all", |fixtures| {
        let (ruleset, user) = (fixtures.client(1_000, &[1_000]).ruleset(), user());
        repeat(move || {
            on(&Binding::new(
                Arc::clone(&ruleset),
                black_box(&user).clone(),
            ))
        })
    })
    .within(Target::nanoseconds(30_000.0))
}

/// The same for a user whose attributes were asked for before.
fn all_bound() -> Workload {
    Workload::new("w8/engine.evaluate_all bound", |fixtures| {
        let bound = Binding::new(fixtures.client(1_000, &[1_000]).ruleset(), user());
        repeat(move || on(black_box(&bound)))
    })
}

/// How many features are on.
fn on(bound: &Binding) -> usize {
    let mut on = 0;
    let subject = bound.subject();
    engine::evaluate_all(bound.ruleset(), &subject, None, &mut Silent, |feature| {
        on += usize::from(feature.is_on());
    });
    on
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

static CASES: [Case; 10] = [
    Case {
        answer: "null",
        ..Case::new("w1u", "no-such-feature", 10.0)
    },
    Case::new("w1d", "w1-default", 15.0),
    Case::new("w2", "w2-simple-force", 27.0),
    Case::new("w3", "w3-rollout", 73.0),
    W4,
    Case::new("w5", "w5-heavy", 150.0).text(r#""on""#),
    Case::new("w6-1k", "w6-group-1k", 38.0),
    Case::new("w6-10k", "w6-group-10k", 38.0).with_groups(&[1_000, 10_000]),
    Case::new("w6-100k", "w6-group-100k", 38.0).with_groups(&[1_000, 100_000]),
    Case::new("w7", "w7-chain-0", 62.0),
];

const W4: Case = Case::new("w4", "w4-experiment", 73.0).text(r#""treatment""#);

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
