//! What makes reduction safe: nobody can tell, by evaluating, that it has happened.

use std::sync::Arc;

use growthbook_core::engine::{AutoOptions, Silent, Subject, run_auto_experiments};
use growthbook_core::reduce::{ReduceOptions, reduce_payload};
use growthbook_core::{Ruleset, UserContext};
use proptest::prelude::*;
use serde_json::Value;

use crate::entangled;
use crate::generate::{self, User};
use crate::{evaluate, pruned, ruleset, value};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pruned_condition_holds_for_the_same_users(
        condition in generate::condition(),
        groups in generate::groups(),
        user in generate::user(),
    ) {
        let left = pruned(&condition, &user.known, Some(&groups));
        prop_assert_eq!(
            holds(&left, &groups, &user),
            holds(&condition, &groups, &user),
            "{} of {}", left, condition
        );
        if left.starts_with('{') {
            prop_assert_eq!(pruned(&left, &user.known, Some(&groups)), left);
        }
    }

    #[test]
    fn a_reduced_payload_evaluates_like_the_original(
        payload in generate::payload(),
        options in generate::options(),
        user in generate::user(),
    ) {
        let options = ReduceOptions::from_json(&options).unwrap();
        let reduced = reduce_payload(&payload, &user.known, &options).unwrap();
        let (before, after) = (ruleset(&payload), ruleset(&reduced));
        let context = UserContext::new(user.all.clone());
        for feature in after.feature_keys() {
            let (was, is) = (evaluate(&before, feature, &context), evaluate(&after, feature, &context));
            prop_assert_eq!(was.value(), is.value(), "{} in {}", feature, reduced);
            prop_assert_eq!(was.source(), is.source());
            prop_assert_eq!(was.rule_id(), is.rule_id());
            prop_assert_eq!(was.assignment(), is.assignment());
        }
        if options == ReduceOptions::new() {
            prop_assert_eq!(before.feature_count(), after.feature_count());
            prop_assert_eq!(autos(&before, &context), autos(&after, &context));
        }
        prop_assert_eq!(&reduce_payload(&reduced, &user.known, &options).unwrap(), &reduced);
        check_shape(&payload, &reduced);
    }

    #[test]
    fn entangled_groups_hold_for_the_same_users(
        payload in entangled::payload(),
        user in entangled::owner(),
    ) {
        let options = ReduceOptions::new();
        let reduced = reduce_payload(&payload, &user.known, &options).unwrap();
        let (before, after) = (ruleset(&payload), ruleset(&reduced));
        let context = UserContext::new(user.all.clone());
        for feature in before.feature_keys() {
            let (was, is) = (evaluate(&before, feature, &context), evaluate(&after, feature, &context));
            prop_assert_eq!(was.source(), is.source(), "{} in {}", feature, reduced);
        }
        prop_assert_eq!(&reduce_payload(&reduced, &user.known, &options).unwrap(), &reduced);
    }
}

/// Nothing but conditions, forced values and what nothing needs has gone, and nothing has moved.
fn check_shape(payload: &str, reduced: &str) {
    let (before, after) = (value(payload), value(reduced));
    for (key, feature) in after["features"].as_object().unwrap() {
        assert_eq!(ids(&before["features"][key]), ids(feature));
    }
    for (id, group) in after["savedGroups"].as_object().unwrap() {
        assert!(
            weight(group) <= weight(&before["savedGroups"][id]),
            "{}",
            id
        );
    }
    assert!(
        weight(&after) <= weight(&before) + allowance(payload),
        "{}",
        reduced
    );
}

fn holds(condition: &str, groups: &str, user: &User) -> bool {
    let decided = condition.parse::<bool>();
    decided.unwrap_or_else(|_| {
        let payload = format!(
            r#"{{"features":{{"f":{{"rules":[{{"condition":{condition},"force":true}}]}}}},"savedGroups":{groups}}}"#
        );
        evaluate(&ruleset(&payload), "f", &UserContext::new(user.all.clone())).is_on()
    })
}

fn autos(ruleset: &Arc<Ruleset>, context: &UserContext) -> Vec<(bool, usize, Option<f64>)> {
    let subject = Subject::new(context);
    let run = run_auto_experiments(ruleset, &subject, &AutoOptions::new(), None, &mut Silent);
    let assignments = run
        .results()
        .iter()
        .map(|it| it.result().assignment().clone());
    assignments
        .map(|it| (it.in_experiment(), it.variation_index(), it.bucket()))
        .collect()
}

fn ids(feature: &Value) -> Vec<&Value> {
    let rules = feature["rules"].as_array().unwrap();
    rules.iter().map(|rule| &rule["id"]).collect()
}

/// The bytes of a value.
fn weight(json: &Value) -> usize {
    json.to_string().len()
}

/// What reduction may add: a condition that nobody meets in a rule or an experiment, and an empty one in a context.
fn allowance(payload: &str) -> usize {
    let conditional =
        payload.matches(r#""condition""#).count() + payload.matches(r#""leafId""#).count();
    conditional * r#","condition":{"$not":{}}"#.len()
}
