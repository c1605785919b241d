//! Reduction of payloads and conditions through the public API: the tables of spec 22, 23 and 28.2, the properties that
//! make it safe, and payloads made to hurt it.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests are tests, too"
)]

mod chains;
mod conditions;
mod entangled;
mod generate;
mod payloads;
mod properties;

use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::reduce::{PrunedCondition, ReduceOptions, prune_condition, reduce_payload};
use growthbook_core::{Attributes, FeatureResult, Ruleset, UserContext};
use serde_json::Value;

fn attributes(json: &str) -> Attributes {
    Attributes::from_json(json).unwrap()
}

/// A pruned condition as JSON text: `true`, `false` or what is left.
fn pruned(condition: &str, known: &Attributes, groups: Option<&str>) -> String {
    match prune_condition(condition, known, groups).unwrap() {
        PrunedCondition::Decided(holds) => holds.to_string(),
        PrunedCondition::Left(condition) => condition,
    }
}

fn reduced(payload: &str, known: &str) -> String {
    reduce_payload(payload, &attributes(known), &ReduceOptions::new()).unwrap()
}

fn evaluate(ruleset: &Arc<Ruleset>, feature: &str, user: &UserContext) -> FeatureResult {
    engine::evaluate(ruleset, feature, &Subject::new(user), None, &mut Silent)
}

fn ruleset(payload: &str) -> Arc<Ruleset> {
    Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap())
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}
