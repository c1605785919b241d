//! Many threads evaluate while features are replaced all the time (K7): an answer is of one version, never of two.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{Attributes, FeatureResult, Flag, GrowthBookClient, UserContext, UserScope};

use super::support::is_long;

#[test]
fn no_answer_mixes_two_versions() {
    let client = GrowthBookClient::builder()
        .payload(payload("A"))
        .on_event(|_| {})
        .build()
        .unwrap();
    let (is_over, evaluations, loads) =
        (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for number in 0..EVALUATORS {
            let (client, is_over, evaluations) = (&client, &is_over, &evaluations);
            scope.spawn(move || {
                let (mut seen, mut count) = ([0_u64; 2], 0);
                while !is_over.load(Ordering::Relaxed) {
                    let user = user(number);
                    for key in KEYS {
                        version_of(&client.evaluate(key, &user));
                    }
                    let scoped = scoped(&client.scope(user));
                    seen[usize::from(scoped == "B")] += 1;
                    count += 3 * KEYS.len() as u64 + 2;
                }
                evaluations.fetch_add(count, Ordering::Relaxed);
                seen
            });
        }
        let payloads = ["A", "B"].map(payload);
        let started = Instant::now();
        while started.elapsed() < duration() {
            for payload in &payloads {
                client.load(payload.as_bytes()).unwrap();
                loads.fetch_add(1, Ordering::Relaxed);
                // The pace of the loads, not a wait for anything.
                thread::sleep(Duration::from_millis(1));
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(client.status().callback_panics(), 0);
    println!(
        "{EVALUATORS} threads: {} evaluations, {} loads in {:?}",
        evaluations.into_inner(),
        loads.into_inner(),
        duration()
    );
}

/// The test above can fail: rules of one version with groups of the other are found out.
#[test]
fn a_mixture_would_be_noticed() {
    for (features, groups) in [("A", "B"), ("B", "A")] {
        let mixed = payload(features).replace(
            &format!("member-{features}\"]"),
            &format!("member-{groups}\"]"),
        );
        let client = GrowthBookClient::builder().payload(mixed).build().unwrap();
        let features = client.scope(user(1)).evaluate_all();
        assert_eq!(features.get("grouped").unwrap().value(), "broken");
    }
    let client = GrowthBookClient::builder()
        .payload(payload("A").replace(
            r#""base":{"defaultValue":"A base"}"#,
            r#""base":{"defaultValue":"B base"}"#,
        ))
        .build()
        .unwrap();
    assert_eq!(client.value("gated", &user(1), String::new()), "broken");
}

/// Asks a scope in every way, and says which version it saw.
fn scoped(scope: &UserScope) -> String {
    let first = version_of(&scope.evaluate("plain"));
    for key in KEYS {
        assert_eq!(version_of(&scope.evaluate(key)), first, "{key}");
        thread::yield_now();
    }
    let flags = [&PLAIN, &GROUPED, &TESTED];
    for flag in flags {
        assert_eq!(scope.get(flag), format!("{first} {}", flag.key()));
    }
    let all = scope.evaluate_all();
    assert_eq!(
        all.len(),
        KEYS.len() + if first == "B" { FILLERS } else { 0 }
    );
    for feature in all.iter() {
        assert_eq!(*feature.value(), format!("{first} {}", feature.key()));
    }
    first
}

/// Which version a result is of, all of it.
fn version_of(result: &FeatureResult) -> String {
    let value = result.value().as_str().unwrap();
    let version = value.trim_end_matches(result.key()).trim_end();
    assert!(["A", "B"].contains(&version), "{result:?}");
    if let Some(experiment) = result.experiment() {
        assert_eq!(experiment.key(), format!("exp-{version}"));
        let variation = result.assignment().unwrap();
        assert_eq!(variation.variation_key(), version, "{result:?}");
    }
    if let Some(rule) = result.rule_id() {
        assert_eq!(rule, format!("rule-{version}"));
    }
    version.to_owned()
}

/// A member of both versions' groups, each by the attribute that this version's rules look at.
fn user(number: usize) -> UserContext {
    UserContext::new(
        Attributes::new()
            .with("id", number.to_string())
            .with("of-A", "member-A")
            .with("of-B", "member-B"),
    )
}

/// All that a version says bears its name; its features are elsewhere than the other's.
fn payload(version: &str) -> String {
    let mut features = vec![
        format!(r#""plain":{{"defaultValue":"{version} plain"}}"#),
        format!(r#""base":{{"defaultValue":"{version} base"}}"#),
        format!(
            r#""gated":{{"defaultValue":"broken","rules":[{{"id":"rule-{version}","force":"{version} gated",
                "parentConditions":[{{"id":"base","condition":{{"value":"{version} base"}}}}]}}]}}"#
        ),
        format!(
            r#""grouped":{{"defaultValue":"broken","rules":[{{"id":"rule-{version}","force":"{version} grouped",
                "condition":{{"of-{version}":{{"$inGroup":"members"}}}}}}]}}"#
        ),
        format!(
            r#""tested":{{"defaultValue":"broken","rules":[{{"id":"rule-{version}","key":"exp-{version}","seed":"seed",
                "variations":["{version} tested","{version} tested"],"meta":[{{"key":"{version}"}},{{"key":"{version}"}}]}}]}}"#
        ),
    ];
    if version == "B" {
        features.reverse();
        let fillers =
            (0..FILLERS).map(|n| format!(r#""filler-{n}":{{"defaultValue":"B filler-{n}"}}"#));
        features.splice(1..1, fillers);
    }
    format!(
        r#"{{"features":{{{}}},"savedGroups":{{"members":["member-{version}"]}}}}"#,
        features.join(",")
    )
}

fn duration() -> Duration {
    Duration::from_secs(if is_long() { 60 } else { 3 })
}

static PLAIN: Flag<&str> = Flag::new("plain", "none");
static GROUPED: Flag<&str> = Flag::new("grouped", "none");
static TESTED: Flag<&str> = Flag::new("tested", "none");

const KEYS: [&str; 5] = ["plain", "base", "gated", "grouped", "tested"];
const FILLERS: usize = 3;
const EVALUATORS: usize = 16;
