//! What each fuzz target does with its input. The fuzzers in `fuzz/` and an ordinary test over `fuzz/seeds/` call the
//! same functions.

mod condition;
mod decrypt;
mod eval_any;
mod explain;
mod payload_gate;
mod regex;
mod url_targeting;

#[cfg(test)]
pub(crate) use self::condition::check_condition;
pub use self::condition::condition;
pub use self::decrypt::decrypt;
#[cfg(test)]
pub(crate) use self::eval_any::Case;
pub use self::eval_any::eval_any;
pub use self::payload_gate::payload_gate;
pub use self::regex::regex;
pub use self::url_targeting::url_targeting;

use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{FeatureResult, Ruleset, UserContext};

/// The lines of a text, without the last line's end.
fn lines(bytes: &[u8]) -> Option<Vec<&str>> {
    Some(
        std::str::from_utf8(bytes)
            .ok()?
            .trim_end_matches('\n')
            .split('\n')
            .collect(),
    )
}

fn evaluate(ruleset: &Arc<Ruleset>, feature: &str, user: &UserContext) -> FeatureResult {
    engine::evaluate(ruleset, feature, &Subject::new(user), None, &mut Silent)
}

/// Everything that can be read of a result agrees with everything else.
fn check_getters(result: &FeatureResult, feature: &str) {
    let json = result.to_json();
    assert_eq!(result.key(), feature);
    assert_eq!(json["value"], *result.value());
    assert_eq!(json["on"], result.is_on());
    assert_eq!(json["off"], result.is_off());
    assert_eq!(json["source"], result.source().as_str());
    assert_eq!(json["ruleId"], result.rule_id().unwrap_or_default());
    assert_eq!(
        json.get("experiment").is_some(),
        result.experiment().is_some()
    );
    assert_eq!(result.assignment().is_some(), result.experiment().is_some());
    if let (Some(assignment), Some(experiment)) = (result.assignment(), result.experiment()) {
        let written = &json["experimentResult"];
        assert!(assignment.variation_index() < experiment.variation_count());
        assert_eq!(written["variationId"], assignment.variation_index());
        assert_eq!(written["inExperiment"], assignment.in_experiment());
        assert_eq!(written["key"], assignment.variation_key());
        assert_eq!(
            experiment.variation_key(assignment.variation_index()),
            Some(assignment.variation_key())
        );
    }
    if !result.value().is_null() {
        assert_eq!(
            result.value_as::<serde_json::Value>().as_ref().ok(),
            Some(result.value())
        );
    }
    assert!(!format!("{result:?}").is_empty());
}
