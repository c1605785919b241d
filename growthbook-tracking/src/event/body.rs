use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::json;

/// What happened.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventBody {
    /// The program logged an event of its own.
    Custom(LoggedEvent),
    /// A user was bucketed into an experiment: an exposure.
    ExperimentViewed(Box<ViewedExperiment>),
    /// A feature was evaluated.
    FeatureEvaluated(Box<EvaluatedFeature>),
}

/// An event that the program logged.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LoggedEvent {
    pub(super) name: Box<str>,
    pub(super) properties: Properties,
}

impl LoggedEvent {
    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the program said about it. Parses and allocates.
    pub fn properties(&self) -> Map<String, Value> {
        json::members(&self.properties.0)
    }

    /// The same as JSON text, an object.
    pub fn properties_json(&self) -> &str {
        self.properties.0.get()
    }

    #[cfg(feature = "http")]
    pub(crate) fn raw_properties(&self) -> &RawValue {
        &self.properties.0
    }
}

/// A user was bucketed into an experiment.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ViewedExperiment {
    pub(super) experiment: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) experiment_name: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) feature: Option<Box<str>>,
    pub(super) variation_index: usize,
    pub(super) variation_key: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variation_name: Option<Box<str>>,
    pub(super) hash_attribute: Box<str>,
    pub(super) hash_value: HashValue,
    pub(super) in_experiment: bool,
    pub(super) hash_used: bool,
    pub(super) sticky_bucket_used: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bucket: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bandit: Option<Box<Bandit>>,
}

impl ViewedExperiment {
    /// The experiment's key.
    pub fn experiment(&self) -> &str {
        &self.experiment
    }

    /// The experiment's name, for people.
    pub fn experiment_name(&self) -> Option<&str> {
        self.experiment_name.as_deref()
    }

    /// The feature that ran the experiment; `None` if it ran on its own.
    pub fn feature(&self) -> Option<&str> {
        self.feature.as_deref()
    }

    /// The index of the variation that the user saw.
    pub fn variation_index(&self) -> usize {
        self.variation_index
    }

    /// The key of that variation, by which analytics knows it.
    pub fn variation_key(&self) -> &str {
        &self.variation_key
    }

    /// The name of that variation, for people.
    pub fn variation_name(&self) -> Option<&str> {
        self.variation_name.as_deref()
    }

    /// The attribute by which the user was bucketed.
    pub fn hash_attribute(&self) -> &str {
        &self.hash_attribute
    }

    /// The user's value of that attribute, as text; hashed if the tracker is told to hash that attribute.
    pub fn hash_value(&self) -> &str {
        &self.hash_value.0
    }

    /// Whether the user is in the experiment, which they always are in what is an exposure by hash or sticky bucket.
    pub fn in_experiment(&self) -> bool {
        self.in_experiment
    }

    /// Whether hashing chose the variation.
    pub fn hash_used(&self) -> bool {
        self.hash_used
    }

    /// Whether the user kept the variation of an earlier day.
    pub fn sticky_bucket_used(&self) -> bool {
        self.sticky_bucket_used
    }

    /// Where the user's hash fell, from 0 to 1.
    pub fn bucket(&self) -> Option<f64> {
        self.bucket
    }

    /// What a contextual bandit needs to learn from it, if one decided.
    pub fn bandit(&self) -> Option<&Bandit> {
        self.bandit.as_deref()
    }
}

/// How a contextual bandit weighed the variations when it decided.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Bandit {
    pub(super) leaf_id: i64,
    #[serde(deserialize_with = "weights")]
    pub(super) variation_weights: Box<[f64]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
}

impl Bandit {
    /// The leaf of the bandit's tree that the user fell into; -1 for none.
    pub fn leaf_id(&self) -> i64 {
        self.leaf_id
    }

    /// The weight of each variation there.
    pub fn variation_weights(&self) -> &[f64] {
        &self.variation_weights
    }

    /// The version of the bandit's weights.
    pub fn version(&self) -> Option<i64> {
        self.version
    }
}

/// A feature was evaluated.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EvaluatedFeature {
    pub(super) feature: Box<str>,
    pub(super) value: Properties,
    pub(super) source: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rule_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) experiment: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variation_index: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variation_key: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_experiment: Option<bool>,
}

impl EvaluatedFeature {
    /// The feature's key.
    pub fn feature(&self) -> &str {
        &self.feature
    }

    /// Its value. Parses and allocates.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.value.0.get()).unwrap_or_default()
    }

    /// The same as JSON text.
    pub fn value_json(&self) -> &str {
        self.value.0.get()
    }

    #[cfg(feature = "http")]
    pub(crate) fn raw_value(&self) -> &RawValue {
        &self.value.0
    }

    /// Why it has that value, in the words of every SDK: `force`, `defaultValue`, ...
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The id of the rule that decided, if one did and has an id.
    pub fn rule_id(&self) -> Option<&str> {
        self.rule_id.as_deref()
    }

    /// The key of the experiment that ran, if one did.
    pub fn experiment(&self) -> Option<&str> {
        self.experiment.as_deref()
    }

    /// The index of the variation whose value it is, if an experiment ran.
    pub fn variation_index(&self) -> Option<usize> {
        self.variation_index
    }

    /// The key of that variation.
    pub fn variation_key(&self) -> Option<&str> {
        self.variation_key.as_deref()
    }

    /// Whether the user is in the experiment, if one ran.
    pub fn in_experiment(&self) -> Option<bool> {
        self.in_experiment
    }
}

/// JSON has no word for what is not finite and takes `null` for it, which is read again as a number.
fn weights<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[f64]>, D::Error> {
    let weights = Vec::<Option<f64>>::deserialize(deserializer)?;
    let number = |weight: Option<f64>| weight.unwrap_or(f64::NAN);
    Ok(weights.into_iter().map(number).collect())
}

/// JSON that is passed on as it is, and that `Debug` does not show.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Properties(pub(super) Box<RawValue>);

/// Text that identifies a user, which `Debug` does not show.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct HashValue(pub(super) Box<str>);

macro_rules! hidden {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("..")
            }
        }
    )*};
}

hidden!(HashValue, Properties);
