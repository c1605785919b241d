//! What an evaluation answers.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::assignment::Assignment;
use crate::experiment::ExperimentInfo;
use crate::feature_value::{FeatureValue, ValueId};
use crate::ruleset::{Rule, RulePlace, Ruleset};

/// A feature's value for one user, and why it is that one (spec 19.1).
///
/// It shares the payload that it was decided from, so it stays whole when a new payload comes in.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, FeatureSource, GrowthBookClient, UserContext};
///
/// let client = GrowthBookClient::builder().build()?;
/// client.load(br#"{"features": {"banner": {"defaultValue": "none", "rules": [
///     {"id": "fr_1", "condition": {"plan": "pro"}, "force": "gold"}
/// ]}}}"#)?;
///
/// let result = client.evaluate("banner", &UserContext::new(Attributes::new().with("plan", "pro")));
/// assert_eq!(result.value(), "gold");
/// assert_eq!(result.source(), FeatureSource::Force);
/// assert_eq!(result.rule_id(), Some("fr_1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FeatureResult {
    pub(crate) ruleset: Arc<Ruleset>,
    pub(crate) key: ResultKey,
    pub(crate) value: ResultValue,
    pub(crate) source: FeatureSource,
    pub(crate) rule: Option<RulePlace>,
    pub(crate) assignment: Option<Assignment>,
    /// What differs from the rule in the experiment that ran, if anything does.
    pub(crate) changes: Option<Box<ExperimentChanges>>,
}

/// Where a result's key is.
#[derive(Clone, Debug)]
pub(crate) enum ResultKey {
    /// In the payload, which names this feature.
    Stored(u32),
    /// Nowhere else.
    Other(Box<str>),
}

impl ResultKey {
    pub(crate) fn of(ruleset: &Ruleset, key: &str) -> Self {
        ruleset
            .feature_place(key)
            .map_or_else(|| Self::Other(key.into()), Self::Stored)
    }

    pub(crate) fn text<'r>(&'r self, ruleset: &'r Ruleset) -> &'r str {
        match self {
            Self::Stored(place) => ruleset.feature_key(*place),
            Self::Other(key) => key,
        }
    }
}

/// Where a result's value is.
#[derive(Clone, Debug)]
pub(crate) enum ResultValue {
    /// In the payload.
    Stored(ValueId),
    /// It was forced from outside.
    Forced(Box<FeatureValue>),
    /// There is none.
    Null,
}

/// Where the experiment that ran differs from the rule as written: weights of a bandit's leaf, legacy overrides.
#[derive(Clone, Default)]
pub(crate) struct ExperimentChanges {
    pub(crate) weights: Option<Box<[f64]>>,
    /// A JSON object whose members replace the experiment's.
    pub(crate) overrides: Option<Box<str>>,
}

impl fmt::Debug for ExperimentChanges {
    /// Does not say the overrides: they may hold conditions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExperimentChanges")
            .field("weights", &self.weights)
            .field("overrides", &self.overrides.is_some())
            .finish()
    }
}

/// Why a feature has the value that it has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FeatureSource {
    /// The feature depends on itself through prerequisites; its value is null.
    CyclicPrerequisite,
    /// No rule applied.
    DefaultValue,
    /// A variation of an experiment.
    Experiment,
    /// A rule that forces a value, or a gradual rollout.
    Force,
    /// A value forced for this user or this client, from code.
    Override,
    /// A prerequisite that gates the feature is not met; its value is null.
    Prerequisite,
    /// There is no such feature; its value is null.
    UnknownFeature,
}

impl FeatureSource {
    /// The name that all GrowthBook SDKs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CyclicPrerequisite => "cyclicPrerequisite",
            Self::DefaultValue => "defaultValue",
            Self::Experiment => "experiment",
            Self::Force => "force",
            Self::Override => "override",
            Self::Prerequisite => "prerequisite",
            Self::UnknownFeature => "unknownFeature",
        }
    }
}

impl fmt::Display for FeatureSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FeatureResult {
    /// The feature's key.
    pub fn key(&self) -> &str {
        self.key.text(&self.ruleset)
    }

    /// The value; null if there is none.
    pub fn value(&self) -> &Value {
        self.feature_value().json()
    }

    /// The value as a type of yours, which may borrow from the result.
    ///
    /// # Errors
    ///
    /// [`ValueError::Missing`] if there is no value, [`ValueError::Mismatch`] if it is not of this type.
    pub fn value_as<'r, T: Deserialize<'r>>(&'r self) -> Result<T, ValueError> {
        read_value(self.value())
    }

    /// Whether the value is truthy, as in JavaScript: anything but null, `false`, `0` and `""`.
    pub fn is_on(&self) -> bool {
        self.feature_value().is_truthy()
    }

    /// Whether the value is not truthy.
    pub fn is_off(&self) -> bool {
        !self.is_on()
    }

    /// Why the feature has this value.
    pub fn source(&self) -> FeatureSource {
        self.source
    }

    /// The id of the rule that decided, if one did and has an id.
    pub fn rule_id(&self) -> Option<&str> {
        self.rule()
            .map(|rule| &*rule.id)
            .filter(|id| !id.is_empty())
    }

    /// The experiment whose variation this is.
    pub fn experiment(&self) -> Option<&ExperimentInfo> {
        self.assignment.as_ref()?;
        self.rule()?.as_experiment().map(|experiment| &**experiment)
    }

    /// The experiment's assignment of the user.
    pub fn assignment(&self) -> Option<&Assignment> {
        self.assignment.as_ref()
    }

    /// The result as JSON, exactly as the JavaScript SDK gives it: what a browser or another service understands.
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("value".to_owned(), self.value().clone());
        json.insert("on".to_owned(), self.is_on().into());
        json.insert("off".to_owned(), self.is_off().into());
        json.insert("source".to_owned(), self.source.as_str().into());
        json.insert(
            "ruleId".to_owned(),
            self.rule_id().unwrap_or_default().into(),
        );
        if let (Some(experiment), Some(assignment)) = (self.experiment(), &self.assignment) {
            let changes = self.changes.as_deref();
            let experiment = experiment_json(&self.ruleset, experiment, assignment, changes);
            json.insert("experiment".to_owned(), experiment.into());
            let result = assignment.to_json(Some(self.key()), self.value());
            json.insert("experimentResult".to_owned(), result.into());
        }
        Value::Object(json)
    }

    pub(crate) fn feature_value(&self) -> &FeatureValue {
        match &self.value {
            ResultValue::Stored(value) => self.ruleset.value(*value),
            ResultValue::Forced(value) => value,
            ResultValue::Null => &crate::feature_value::NULL,
        }
    }

    fn rule(&self) -> Option<&Rule> {
        self.ruleset.rule(self.rule?)
    }
}

impl fmt::Debug for FeatureResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureResult")
            .field("key", &self.key())
            .field("value", self.value())
            .field("source", &self.source)
            .field("rule_id", &self.rule_id())
            .field("assignment", &self.assignment)
            .finish_non_exhaustive()
    }
}

impl PartialEq for FeatureResult {
    /// Equal when all that they say is; the payloads they were decided from may differ.
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
            && self.value() == other.value()
            && self.source == other.source
            && self.rule_id() == other.rule_id()
            && self.assignment == other.assignment
    }
}

/// An experiment as it appears in results (spec 19.3).
///
/// The variations of an inline experiment are any type of the program's, and are left out.
pub(crate) fn experiment_json(
    ruleset: &Ruleset,
    experiment: &ExperimentInfo,
    assignment: &Assignment,
    changes: Option<&ExperimentChanges>,
) -> Map<String, Value> {
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let mut json = object(&experiment.definition);
    if !experiment.values.is_empty() {
        let value = |id: &ValueId| ruleset.value(*id).json().clone();
        let variations = experiment.values.iter().map(value).collect();
        json.insert("variations".to_owned(), Value::Array(variations));
    }
    if let Some(overrides) = changes.and_then(|it| it.overrides.as_deref()) {
        json.extend(object(overrides));
    }
    if let Some(weights) = changes.and_then(|it| it.weights.as_deref()) {
        let weights = weights
            .iter()
            .copied()
            .map(crate::json::number_value)
            .collect();
        json.insert("weights".to_owned(), Value::Array(weights));
    }
    if let Some(bandit) = &assignment.bandit {
        let mut metadata = Map::new();
        bandit.write(&mut metadata);
        json.insert("contextualBandit".to_owned(), Value::Object(metadata));
    }
    json
}

/// Reads a feature's value as a type.
pub(crate) fn read_value<'v, T: Deserialize<'v>>(value: &'v Value) -> Result<T, ValueError> {
    if value.is_null() {
        return Err(ValueError::Missing);
    }
    T::deserialize(value).map_err(|_| ValueError::Mismatch { found: kind(value) })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Why a feature has no value of the type that was asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The value is of another type, or of another shape inside. Check the feature's type in GrowthBook.
    #[error("the feature's value is {found}, which does not fit the type asked for")]
    Mismatch {
        /// The kind of value that the feature has.
        found: &'static str,
    },
    /// The value is null, which is what an unknown feature has, too.
    #[error("the feature has no value")]
    Missing,
}
