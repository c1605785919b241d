//! Why a user gets the value that they get: an evaluation, told fact by fact.
//!
//! "The rule was for 25 % of users and this one is not among them" and "the condition wants another country" look the
//! same from outside: the default value. An [`Explanation`] tells them apart. [`engine::explain`](crate::engine::explain)
//! makes it by running the very evaluation that serves the value, so the two cannot disagree; it exposes nobody and
//! stores nothing.
//!
//! # Personal data
//!
//! Explanations are for the developer who asks. They contain the user's attributes, which is their point: **do not log
//! them for real users**. `Debug` leaves attributes out; `Display` and `to_json` do not.
//!
//! # Size
//!
//! A feature that is asked for twice is told once. Long lists and texts are shortened, and at most 10,000 facts are told:
//! [`Explanation::is_cut`] says when there were more.

mod bucket;
mod experiment;
mod json;
mod rule;
mod step;
mod text;

use serde_json::Value;

pub use self::bucket::ExplainedBucket;
pub use self::experiment::{
    ExplainedBandit, ExplainedExperiment, ExplainedLeaf, ExplainedVariation, StickyAnswer,
};
pub use self::rule::{ExplainedPrerequisite, ExplainedRule, RuleKind, RuleOutcome};
pub use self::step::Step;
use crate::attributes::AttributeValue;
pub use crate::condition::{ConditionPart, Holds};
use crate::result::{FeatureResult, FeatureSource};

/// Why a feature has its value for one user. Printed, it is a tree that a person can read.
///
/// # Example
///
/// ```
/// use growthbook_core::engine::{self, Subject};
/// use growthbook_core::explanation::RuleOutcome;
/// use growthbook_core::{Attributes, Ruleset, UserContext};
/// use std::sync::Arc;
///
/// let ruleset = Arc::new(Ruleset::from_json(
///     br#"{"features": {"beta": {"defaultValue": false, "rules": [
///         {"id": "fr_pro", "condition": {"plan": "pro"}, "force": true, "coverage": 0.1}
///     ]}}}"#,
///     None,
/// )?);
/// let user = UserContext::new(Attributes::new().with("id", "u-1").with("plan", "pro"));
/// let explanation = engine::explain(&ruleset, "beta", &Subject::new(&user), None);
///
/// assert_eq!(explanation.rules()[0].outcome(), RuleOutcome::Rollout);
/// assert_eq!(explanation.to_string(), r#"
/// beta = false [defaultValue]: no rule applied
///   rules[0] fr_pro (force): skipped, the user is outside the rollout
///     yes  plan = "pro"   found "pro"
///     no   rollout: id "u-1" has bucket 0.976, outside coverage 0.1 (seed "beta", hash version 1)
/// "#.trim_start());
/// # Ok::<(), growthbook_core::PayloadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    pub(crate) feature: ExplainedFeature,
    pub(crate) others: Vec<ExplainedFeature>,
    pub(crate) is_cut: bool,
}

impl Explanation {
    /// The feature that was asked for.
    pub fn feature(&self) -> &ExplainedFeature {
        &self.feature
    }

    /// The feature's value, as evaluating it gives.
    pub fn value(&self) -> &Value {
        self.feature.value()
    }

    /// Why the feature has this value, in one word.
    pub fn source(&self) -> FeatureSource {
        self.feature.source()
    }

    /// The rules that were looked at, in order: none after the one that decided.
    pub fn rules(&self) -> &[ExplainedRule] {
        self.feature.rules()
    }

    /// The features that were evaluated on the way, in the order in which they were first asked for.
    pub fn others(&self) -> &[ExplainedFeature] {
        &self.others
    }

    /// Whether there was more to tell than an explanation holds.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The explanation as JSON, for tools. Members that have nothing to say are left out.
    pub fn to_json(&self) -> Value {
        json::feature_explanation(self)
    }
}

/// A feature in an explanation.
#[derive(Clone, Debug)]
pub struct ExplainedFeature {
    pub(crate) result: FeatureResult,
    pub(crate) rules: Vec<ExplainedRule>,
}

impl ExplainedFeature {
    /// The feature's key.
    pub fn key(&self) -> &str {
        self.result.key()
    }

    /// Its value.
    pub fn value(&self) -> &Value {
        self.result.value()
    }

    /// Why it has this value, in one word.
    pub fn source(&self) -> FeatureSource {
        self.result.source()
    }

    /// The whole result, as evaluating the feature gives.
    pub fn result(&self) -> &FeatureResult {
        &self.result
    }

    /// The rules that were looked at, in order.
    pub fn rules(&self) -> &[ExplainedRule] {
        &self.rules
    }

    /// The value, shortened if it is long.
    fn shown(&self) -> AttributeValue {
        self.result.feature_value().as_attribute().shortened()
    }
}

/// Why a user gets a variation of an experiment that the program defines, or none. Printed, it is a tree.
#[derive(Clone, Debug)]
pub struct ExperimentExplanation {
    pub(crate) experiment: ExplainedExperiment,
    pub(crate) others: Vec<ExplainedFeature>,
    pub(crate) is_cut: bool,
}

impl ExperimentExplanation {
    /// The experiment.
    pub fn experiment(&self) -> &ExplainedExperiment {
        &self.experiment
    }

    /// The features that were evaluated on the way, in the order in which they were first asked for.
    pub fn others(&self) -> &[ExplainedFeature] {
        &self.others
    }

    /// Whether there was more to tell than an explanation holds.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The explanation as JSON, for tools. Members that have nothing to say are left out.
    pub fn to_json(&self) -> Value {
        json::experiment_explanation(self)
    }
}
