//! Which variation a user got.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::attributes::AttributeValue;
use crate::json::number_value;

/// Which variation of an experiment a user got, and how it was chosen (spec 19.2).
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the result's flags, as every SDK has them"
)]
pub struct Assignment {
    pub(crate) variation_index: usize,
    pub(crate) variation_key: Arc<str>,
    pub(crate) variation_name: Option<Arc<str>>,
    pub(crate) in_experiment: bool,
    pub(crate) hash_used: bool,
    pub(crate) hash_attribute: Arc<str>,
    /// Null if the user has none.
    pub(crate) hash_value: AttributeValue,
    pub(crate) bucket: Option<f64>,
    pub(crate) sticky_bucket_used: bool,
    pub(crate) passthrough: bool,
    pub(crate) bandit: Option<Box<BanditAssignment>>,
}

impl Assignment {
    /// The variation's index; 0, the control, for users who are not in the experiment.
    pub fn variation_index(&self) -> usize {
        self.variation_index
    }

    /// The variation's key, by which analytics and sticky buckets know it; its index as text if it was given none.
    pub fn variation_key(&self) -> &str {
        &self.variation_key
    }

    /// The variation's name, for people.
    pub fn variation_name(&self) -> Option<&str> {
        self.variation_name.as_deref()
    }

    /// Whether the user is in the experiment: bucketed into it, or forced to a variation.
    pub fn in_experiment(&self) -> bool {
        self.in_experiment
    }

    /// Whether hashing chose the variation. Only such assignments are exposures.
    pub fn hash_used(&self) -> bool {
        self.hash_used
    }

    /// The attribute by which the user was, or would have been, bucketed.
    pub fn hash_attribute(&self) -> &str {
        &self.hash_attribute
    }

    /// The user's value of that attribute; null if there is none that identifies anybody.
    pub fn hash_value(&self) -> &AttributeValue {
        &self.hash_value
    }

    /// The user's bucket, from 0 up to 1, if hashing chose the variation.
    pub fn bucket(&self) -> Option<f64> {
        self.bucket
    }

    /// Whether the variation was kept from an earlier assignment, or the user kept out because of one (spec 17).
    pub fn sticky_bucket_used(&self) -> bool {
        self.sticky_bucket_used
    }

    /// Whether the rules below still decide the feature's value, as in a holdout.
    pub fn passthrough(&self) -> bool {
        self.passthrough
    }

    /// How a contextual bandit set the weights, if one did (spec 18).
    pub fn bandit(&self) -> Option<&BanditAssignment> {
        self.bandit.as_deref()
    }

    /// The result as the JavaScript SDK writes it.
    pub(crate) fn to_json(&self, feature: Option<&str>, value: &Value) -> Map<String, Value> {
        let mut json = Map::new();
        let mut put = |name: &str, value: Value| json.insert(name.to_owned(), value);
        put("featureId", feature.map_or(Value::Null, Value::from));
        put("inExperiment", self.in_experiment.into());
        put("variationId", self.variation_index.into());
        put("value", value.clone());
        put("key", Value::from(&*self.variation_key));
        put("hashUsed", self.hash_used.into());
        put("hashAttribute", Value::from(&*self.hash_attribute));
        put(
            "hashValue",
            match &self.hash_value {
                AttributeValue::Null => Value::from(""),
                value => Value::from(value),
            },
        );
        put("stickyBucketUsed", self.sticky_bucket_used.into());
        if let Some(bucket) = self.bucket {
            put("bucket", number_value(bucket));
        }
        if let Some(name) = &self.variation_name {
            put("name", Value::from(&**name));
        }
        if self.passthrough {
            put("passthrough", Value::Bool(true));
        }
        if let Some(bandit) = &self.bandit {
            bandit.write(&mut json);
        }
        json
    }
}

/// The part that a contextual bandit had in an assignment (spec 18).
#[derive(Clone, Debug, PartialEq)]
pub struct BanditAssignment {
    pub(crate) leaf_id: i64,
    pub(crate) variation_weights: Box<[f64]>,
    pub(crate) bandit_version: Option<i64>,
}

impl BanditAssignment {
    /// The leaf of the bandit's tree that the user fell into; -1 if none could be used.
    pub fn leaf_id(&self) -> i64 {
        self.leaf_id
    }

    /// The weights that the user was bucketed with, by variation.
    pub fn variation_weights(&self) -> &[f64] {
        &self.variation_weights
    }

    /// The version of the bandit's definition.
    pub fn bandit_version(&self) -> Option<i64> {
        self.bandit_version
    }

    pub(crate) fn write(&self, json: &mut Map<String, Value>) {
        json.insert("leafId".to_owned(), self.leaf_id.into());
        let weights = self
            .variation_weights
            .iter()
            .copied()
            .map(number_value)
            .collect();
        json.insert("variationWeights".to_owned(), Value::Array(weights));
        if let Some(version) = self.bandit_version {
            json.insert("banditVersion".to_owned(), version.into());
        }
    }
}
