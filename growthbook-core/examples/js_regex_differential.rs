//! Compares the regular expression engines with answers recorded from Node:
//!
//! ```text
//! node conformance/js_regex_fuzz.js <seed> <count> <out.jsonl>
//! cargo run --release -p growthbook-core --example js_regex_differential -- <out.jsonl>
//! ```
//!
//! Every sample runs on the engine that would be chosen, and on each other engine that can run it.
//! Prints the samples that differ, then counts; fails if any differed. A used-up budget is counted,
//! not a difference.

#![expect(clippy::print_stdout, reason = "a command-line tool")]
#![expect(
    clippy::disallowed_methods,
    reason = "reads the samples, outside of the library"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use growthbook_core::js_regex::{EngineKind, JsRegex};
use serde::Deserialize;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: js_regex_differential <samples.jsonl>")?;
    let mut tally = Tally::default();
    for line in std::fs::read_to_string(path)?.lines() {
        tally.compare(&serde_json::from_str(line)?);
    }
    println!(
        "samples: {}, invalid patterns: {}",
        tally.samples, tally.invalid
    );
    for (kind, count) in &tally.chosen {
        println!("chosen engine {kind:?}: {count}");
    }
    for (kind, count) in &tally.runs {
        println!("runs on {kind:?}: {count}");
    }
    println!(
        "budget exhausted: {} by choice, {} in all",
        tally.exhausted, tally.exhausted_anywhere
    );
    println!("differences: {}", tally.differences);
    Ok(if tally.differences == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Deserialize)]
struct Sample(String, String, String, Answer);

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Answer {
    Matches(bool),
    Invalid(String),
}

#[derive(Default)]
struct Tally {
    samples: u64,
    invalid: u64,
    chosen: BTreeMap<EngineKind, u64>,
    runs: BTreeMap<EngineKind, u64>,
    exhausted: u64,
    exhausted_anywhere: u64,
    differences: u64,
}

impl Tally {
    fn compare(&mut self, sample: &Sample) {
        let Sample(pattern, flags, text, expected) = sample;
        let ignore_case = flags == "i";
        self.samples += 1;
        let chosen = match JsRegex::new(pattern, ignore_case) {
            Ok(regex) => regex.engine(),
            Err(error) => {
                self.invalid += 1;
                if matches!(expected, Answer::Matches(_)) {
                    self.differ(sample, &error.to_string());
                }
                return;
            }
        };
        *self.chosen.entry(chosen).or_default() += 1;
        for kind in [
            EngineKind::Literals,
            EngineKind::Matcher,
            EngineKind::Translated,
        ] {
            let Ok(Some(regex)) = JsRegex::on_engine(pattern, ignore_case, kind) else {
                continue;
            };
            *self.runs.entry(kind).or_default() += 1;
            match regex.is_match(text) {
                Ok(matches) if *expected == Answer::Matches(matches) => {}
                Ok(matches) => self.differ(sample, &format!("{kind:?} says {matches}")),
                Err(_) => {
                    self.exhausted_anywhere += 1;
                    if kind == chosen {
                        self.exhausted += 1;
                        println!("budget exhausted: /{pattern}/{flags} on {text:?}");
                    }
                }
            }
        }
    }

    fn differ(&mut self, Sample(pattern, flags, text, expected): &Sample, found: &str) {
        self.differences += 1;
        println!("/{pattern}/{flags} on {text:?}: Node says {expected:?}, {found}");
    }
}
