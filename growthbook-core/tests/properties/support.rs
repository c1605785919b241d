//! Short ways to ask.

use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{
    Attributes, Experiment, ExperimentResult, FeatureResult, Ruleset, UserContext,
};
use proptest::prelude::*;
use serde_json::Value;

pub(crate) fn ruleset(payload: &str) -> Arc<Ruleset> {
    Arc::new(
        Ruleset::from_json(payload.as_bytes(), None)
            .unwrap_or_else(|error| panic!("{error}: {payload}")),
    )
}

/// The feature `f` with these rules and the default `"default"`.
pub(crate) fn feature(rules: &str) -> Arc<Ruleset> {
    ruleset(&format!(
        "{{\"features\":{{\"f\":{{\"defaultValue\":\"default\",\"rules\":{rules}}}}}}}"
    ))
}

pub(crate) fn user(attributes: &str) -> UserContext {
    UserContext::new(
        Attributes::from_json(attributes).unwrap_or_else(|error| panic!("{error}: {attributes}")),
    )
}

pub(crate) fn user_with_id(id: &str) -> UserContext {
    UserContext::new(Attributes::new().with("id", id))
}

pub(crate) fn evaluate(ruleset: &Arc<Ruleset>, key: &str, user: &UserContext) -> FeatureResult {
    engine::evaluate(ruleset, key, &Subject::new(user), None, &mut Silent)
}

pub(crate) fn run<'e>(
    experiment: &'e Experiment<Value>,
    user: &UserContext,
) -> ExperimentResult<&'e Value> {
    engine::run(
        &Arc::new(Ruleset::empty()),
        experiment,
        &Subject::new(user),
        None,
        &mut Silent,
    )
}

/// The variation that a user is bucketed into.
pub(crate) fn variation(experiment: &Experiment<Value>, id: &str) -> Option<usize> {
    let result = run(experiment, &user_with_id(id));
    let assignment = result.assignment();
    assignment
        .in_experiment()
        .then(|| assignment.variation_index())
}

pub(crate) fn experiment(json: &str) -> Experiment<Value> {
    Experiment::from_json(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Bytes to choose by.
pub(crate) fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// So many cases, and no files of failures: what fails becomes a test of its own.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        cases: count,
        failure_persistence: None,
        max_global_rejects: 20 * count,
        ..ProptestConfig::default()
    }
}
