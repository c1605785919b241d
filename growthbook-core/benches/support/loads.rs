//! Payloads and users, made from what a program gets.

use std::hint::black_box;

use growthbook_core::{Attributes, Ruleset};
use serde_json::Value;

use crate::payload::{payload, primary_user};
use crate::workload::{Target, Workload, collect, repeat};

pub(crate) fn workloads() -> Vec<Workload> {
    let mut workloads = Vec::new();
    for load in &LOADS {
        let (features, groups) = (load.features, load.groups);
        workloads.push(
            Workload::new(format!("l1 {}/from_json", load.name), move |_| {
                let payload = payload(features, groups);
                collect(move || ruleset(&payload))
            })
            .within(Target::nanoseconds(load.nanoseconds))
            .long(),
        );
        workloads.push(
            Workload::new(format!("l1 {}/and drop", load.name), move |_| {
                let payload = payload(features, groups);
                repeat(move || ruleset(&payload))
            })
            .long(),
        );
    }
    workloads.extend([with(), from_json(), from_value()]);
    workloads
}

/// A payload, and what loading it may cost.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    features: usize,
    groups: &'static [usize],
    nanoseconds: f64,
    /// What may be live after the load.
    pub(crate) bytes: Option<i64>,
}

impl Load {
    pub(crate) fn payload(&self) -> String {
        payload(self.features, self.groups)
    }
}

pub(crate) fn ruleset(payload: &str) -> Ruleset {
    Ruleset::from_json(black_box(payload).as_bytes(), None).expect("a payload made here is one")
}

/// The primary user's attributes from borrowed texts, as a service has them.
fn with() -> Workload {
    Workload::new("attributes/with x 15", |_| {
        let user: Value = serde_json::from_str(&primary_user()).expect("the user is JSON");
        let text = |path: &str| {
            let text = user.pointer(path).and_then(Value::as_str);
            text.expect("the user has it").to_owned()
        };
        let texts = [
            "/id",
            "/deviceId",
            "/email",
            "/country",
            "/plan",
            "/appVersion",
            "/browser",
            "/os",
            "/url",
            "/company/id",
            "/company/industry",
        ]
        .map(text);
        repeat(move || {
            let [
                id,
                device,
                email,
                country,
                plan,
                version,
                browser,
                os,
                url,
                company,
                industry,
            ] = black_box(&texts);
            Attributes::with_capacity(15)
                .with("id", id)
                .with("deviceId", device)
                .with("email", email)
                .with("country", country)
                .with("plan", plan)
                .with("appVersion", version)
                .with("browser", browser)
                .with("os", os)
                .with("age", black_box(34))
                .with("ltv", black_box(182.5))
                .with("loggedIn", black_box(true))
                .with("url", url)
                .with(
                    "company",
                    Attributes::with_capacity(3)
                        .with("id", company)
                        .with("size", black_box(250))
                        .with("industry", industry),
                )
                .with("tags", black_box(["power-user", "beta", "newsletter"]))
                .with("roles", black_box(["editor", "billing"]))
        })
    })
    .within(Target::new(450.0, 23))
}

fn from_json() -> Workload {
    Workload::new("attributes/from_json", |_| {
        let user = primary_user();
        repeat(move || Attributes::from_json(black_box(&user)))
    })
}

fn from_value() -> Workload {
    Workload::new("attributes/from_serialize", |_| {
        let user: Value = serde_json::from_str(&primary_user()).expect("the user is JSON");
        repeat(move || Attributes::from_serialize(black_box(&user)))
    })
}

pub(crate) const LOADS: [Load; 3] = [
    Load {
        name: "1k",
        features: 1_000,
        groups: &[1_000],
        nanoseconds: 1.3e6,
        bytes: None,
    },
    Load {
        name: "10k",
        features: 10_000,
        groups: &[1_000],
        nanoseconds: 12e6,
        bytes: Some(6_000_000),
    },
    Load {
        name: "1k+100k ids",
        features: 1_000,
        groups: &[1_000, 100_000],
        nanoseconds: 6e6,
        bytes: Some(6_000_000),
    },
];
