//! What was recorded, in the form in which a test compares it.

use serde_json::{Map, Value};

use crate::result::FeatureSource;
use crate::tracking::{CustomEvent, ExperimentViewed, FeatureEvaluated};

/// An exposure that a [`RecordingPlugin`](super::RecordingPlugin) kept. It equals the tuple of its parts:
/// `(experiment, variation key, hash attribute, hash value)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedExposure {
    experiment: String,
    variation_key: String,
    hash_attribute: String,
    hash_value: String,
}

impl RecordedExposure {
    pub(super) fn of(viewed: &ExperimentViewed<'_>) -> Self {
        let assignment = viewed.assignment();
        let mut buffer = ryu_js::Buffer::new();
        let hash_value = assignment.hash_value().identity(&mut buffer);
        Self {
            experiment: viewed.experiment().key().to_owned(),
            variation_key: viewed.variation_key().to_owned(),
            hash_attribute: assignment.hash_attribute().to_owned(),
            hash_value: hash_value.unwrap_or_default().to_owned(),
        }
    }

    /// The experiment's key.
    pub fn experiment(&self) -> &str {
        &self.experiment
    }

    /// The key of the variation that was seen.
    pub fn variation_key(&self) -> &str {
        &self.variation_key
    }

    /// The attribute by which the user was bucketed.
    pub fn hash_attribute(&self) -> &str {
        &self.hash_attribute
    }

    /// The user's value of it, as text: a number is written as JavaScript does.
    pub fn hash_value(&self) -> &str {
        &self.hash_value
    }
}

impl PartialEq<(&str, &str, &str, &str)> for RecordedExposure {
    fn eq(&self, other: &(&str, &str, &str, &str)) -> bool {
        let Self {
            experiment,
            variation_key,
            hash_attribute,
            hash_value,
        } = self;
        *other == (experiment, variation_key, hash_attribute, hash_value)
    }
}

/// An evaluated feature that a [`RecordingPlugin`](super::RecordingPlugin) kept. It equals the tuple of its parts:
/// `(feature, value, source)`, where the value is anything that a `serde_json::Value` can be compared with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedFeature {
    feature: String,
    value: Value,
    source: FeatureSource,
}

impl RecordedFeature {
    pub(super) fn of(evaluated: &FeatureEvaluated<'_>) -> Self {
        Self {
            feature: evaluated.feature().to_owned(),
            value: evaluated.value().clone(),
            source: evaluated.source(),
        }
    }

    /// The feature's key.
    pub fn feature(&self) -> &str {
        &self.feature
    }

    /// Its value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Why it had that value.
    pub fn source(&self) -> FeatureSource {
        self.source
    }
}

impl<V> PartialEq<(&str, V, FeatureSource)> for RecordedFeature
where
    Value: PartialEq<V>,
{
    fn eq(&self, (feature, value, source): &(&str, V, FeatureSource)) -> bool {
        self.feature == *feature && self.value == *value && self.source == *source
    }
}

/// An event of the program's own that a [`RecordingPlugin`](super::RecordingPlugin) kept. It equals the tuple of its parts:
/// `(name, properties)`, where the properties are a `serde_json::Value`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedCustom {
    name: String,
    properties: Value,
}

impl RecordedCustom {
    pub(super) fn of(custom: &CustomEvent<'_>) -> Self {
        Self {
            name: custom.name().to_owned(),
            properties: Value::Object(Map::clone(custom.properties())),
        }
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the program said about it: a JSON object.
    pub fn properties(&self) -> &Value {
        &self.properties
    }
}

impl PartialEq<(&str, Value)> for RecordedCustom {
    fn eq(&self, (name, properties): &(&str, Value)) -> bool {
        self.name == *name && self.properties == *properties
    }
}
