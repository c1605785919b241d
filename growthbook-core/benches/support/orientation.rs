//! The parts that evaluations are made of, by themselves.

use std::hint::black_box;

use growthbook_core::bucketing::{HashSeed, HashVersion};
use regex::Regex;

use crate::fixtures::attributes;
use crate::workload::{Target, Workload, repeat};

pub(crate) fn workloads() -> Vec<Workload> {
    vec![
        bucket("v1", HashVersion::V1),
        // Where a machine takes longer than this, it is the machine: the chain of multiplications is as long as the text.
        bucket("v2", HashVersion::V2).within(Target::nanoseconds(33.0)),
        regex("suffix", r"@(example|acme)\.com$"),
        regex("classes", r"^[a-z]+\.[a-z]+\.\d+@"),
        Workload::new("regex/compile suffix", |_| {
            repeat(|| Regex::new(black_box(r"@(example|acme)\.com$")))
        }),
    ]
}

/// The bucket of an id of 24 characters, by a seed of 36.
fn bucket(name: &str, version: HashVersion) -> Workload {
    Workload::new(format!("bucket/{name}"), move |_| {
        let seed = HashSeed::new("7b1a0d34-5f0c-4a8e-9a57-0e3a6a1c9f02");
        repeat(move || seed.bucket(black_box("0123456789abcdef01234567"), version))
    })
}

/// What `regex` takes without us.
fn regex(name: &str, pattern: &'static str) -> Workload {
    Workload::new(format!("regex/{name}"), move |_| {
        let pattern = Regex::new(pattern).expect("the pattern is valid");
        let attributes = attributes();
        let email = attributes.get("email").and_then(|email| email.as_str());
        let email = email.expect("the user has an email").to_owned();
        assert!(pattern.is_match(&email));
        repeat(move || pattern.is_match(black_box(&email)))
    })
}
