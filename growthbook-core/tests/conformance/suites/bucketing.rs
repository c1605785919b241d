use std::sync::Arc;

use growthbook_core::bucketing::{
    BucketRanges, Namespace, Range, bucket_ranges, equal_weights, hash,
};
use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{Experiment, Ruleset, UserContext};
use serde_json::{Value, json};

use crate::case::{Case, difference};
use crate::report::suite;

#[test]
fn hashes() {
    suite("hash", |case| {
        let (seed, value): (String, String) = (case.get(0), case.get(1));
        difference(&json!(hash(&seed, &value, case.get(2))), &case.value(3))
    });
}

#[test]
fn get_bucket_range() {
    suite("getBucketRange", |case| {
        let (count, coverage, weights): (usize, f64, Option<Vec<f64>>) = case.get(1);
        let ranges = bucket_ranges(count, coverage, weights.as_deref());
        let actual: Vec<[f64; 2]> = ranges
            .iter()
            .map(|range| [floor(range.start()), floor(range.end())])
            .collect();
        let expected: Vec<[f64; 2]> = case.get(2);
        let expected: Vec<[f64; 2]> = expected
            .into_iter()
            .map(|[start, end]| [floor(start), floor(end)])
            .collect();
        difference(&json!(actual), &json!(expected))
    });
}

#[test]
fn get_equal_weights() {
    suite("getEqualWeights", |case| {
        let actual: Vec<f64> = equal_weights(case.get(0)).into_iter().map(floor).collect();
        let expected: Vec<f64> = case.get::<Vec<f64>>(1).into_iter().map(floor).collect();
        difference(&json!(actual), &json!(expected))
    });
}

#[test]
fn choose_variation() {
    suite("chooseVariation", |case| {
        let ranges: Vec<[f64; 2]> = case.get(2);
        let ranges = ranges
            .into_iter()
            .map(|[start, end]| Range::new(start, end));
        let chosen = BucketRanges::from(ranges.collect::<Vec<_>>()).choose(case.get(1));
        difference(
            &json!(chosen.map_or(-1, |index| i64::try_from(index).unwrap())),
            &case.value(3),
        )
    });
}

#[test]
fn in_namespace() {
    suite("inNamespace", |case| {
        let (value, (id, start, end)): (String, (String, f64, f64)) = (case.get(1), case.get(2));
        let inside = Namespace::new(&id, Range::new(start, end)).contains(&value);
        difference(&json!(inside), &case.value(3))
    });
}

/// The override shows in an experiment of that key, which gives the variation without hashing.
#[test]
fn get_query_string_override() {
    suite("getQueryStringOverride", |case: &Case| {
        let (key, url, count): (String, String, usize) = (case.get(1), case.get(2), case.get(3));
        let experiment = Experiment::builder(key, 0..count).build().unwrap();
        let user = UserContext::default().with_url(url);
        let ruleset = Arc::new(Ruleset::empty());
        let result = engine::run(
            &ruleset,
            &experiment,
            &Subject::new(&user),
            None,
            &mut Silent,
        );
        let assignment = result.assignment();
        let actual = assignment
            .in_experiment()
            .then(|| assignment.variation_index());
        difference(&actual.map_or(Value::Null, Value::from), &case.value(4))
    });
}

fn floor(number: f64) -> f64 {
    (number * 1e8).floor() / 1e8
}
