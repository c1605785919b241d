use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::read::Origin;
use super::{Experiment, ExperimentError, ExperimentInfo};
use crate::attributes::Number;
use crate::audience::Reader;
use crate::bucketing::{HashVersion, weights_are_valid};
use crate::condition::{Parser, Shared};
use crate::json::{Json, Object, write_members};

/// Builds an [`Experiment`]: see [`Experiment::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ExperimentBuilder<T> {
    variations: Vec<T>,
    fields: Object<'static>,
    weights: Option<Vec<f64>>,
    include: Option<bool>,
    error: Option<ExperimentError>,
}

impl<T> ExperimentBuilder<T> {
    pub(super) fn new(key: String, variations: Vec<T>) -> Self {
        let mut fields = Object::default();
        fields.set("key", Json::String(Cow::Owned(key)));
        Self {
            variations,
            fields,
            weights: None,
            include: None,
            error: None,
        }
    }

    /// How the traffic is split: one number per variation, none negative, adding up to 1. Equal by default.
    pub fn weights(mut self, weights: impl IntoIterator<Item = f64>) -> Self {
        let weights: Vec<f64> = weights.into_iter().collect();
        self.fields.set("weights", numbers(&weights));
        self.weights = Some(weights);
        self
    }

    /// The share of users who are included, from 0 to 1. All by default.
    pub fn coverage(self, coverage: f64) -> Self {
        self.with("coverage", Json::from(coverage))
    }

    /// The attribute by which users are bucketed. `id` by default.
    pub fn hash_attribute(self, name: impl Into<String>) -> Self {
        self.with_text("hashAttribute", name)
    }

    /// The attribute for users who lack the first. It counts only with sticky buckets (spec 8).
    pub fn fallback_attribute(self, name: impl Into<String>) -> Self {
        self.with_text("fallbackAttribute", name)
    }

    /// The hashing algorithm, 1 or 2. 1 by default, as in every SDK; 2 spreads users better and is what to choose.
    pub fn hash_version(self, version: u8) -> Self {
        self.with("hashVersion", Json::from(f64::from(version)))
    }

    /// What the hash is seeded with. The key by default.
    pub fn seed(self, seed: impl Into<String>) -> Self {
        self.with_text("seed", seed)
    }

    /// Who may be included: a condition in GrowthBook's JSON, such as `{"country": "US"}`.
    ///
    /// A `Value` keeps its keys in whatever order `serde_json` does. That shows only where a condition compares whole
    /// objects; [`ExperimentBuilder::condition_json`] keeps the order of the text.
    pub fn condition(mut self, condition: &Value) -> Self {
        let Ok(text) = serde_json::to_string(condition) else {
            self.error = Some(ExperimentError::InvalidCondition);
            return self;
        };
        self.condition_json(&text)
    }

    /// Who may be included: a condition as JSON text.
    pub fn condition_json(mut self, condition: &str) -> Self {
        let Ok(json @ Json::Object(_)) = Json::parse(condition) else {
            self.error = Some(ExperimentError::InvalidCondition);
            return self;
        };
        self.with("condition", json.into_owned())
    }

    /// Takes part in a namespace with the range from `start` to `end`, so that experiments with other ranges of it share
    /// no users (spec 10).
    pub fn namespace(self, id: impl Into<String>, start: f64, end: f64) -> Self {
        let id = Json::String(Cow::Owned(id.into()));
        self.with(
            "namespace",
            Json::Array(vec![id, Json::from(start), Json::from(end)]),
        )
    }

    /// Gives the variation with this index to everybody who is included.
    pub fn force(self, index: usize) -> Self {
        self.with("force", Json::from(Number::from(index).get()))
    }

    /// Whether the experiment runs at all. It does by default.
    pub fn active(self, active: bool) -> Self {
        self.with("active", Json::Bool(active))
    }

    /// Whether a check of your own admits the user. It is asked after forced variations and sticky buckets (spec 16,
    /// step 10c).
    pub fn include(mut self, admitted: bool) -> Self {
        self.include = Some(admitted);
        self
    }

    /// The variations' keys, in their order: how analytics and sticky buckets name them. Analytics gets indices by default.
    ///
    /// Without keys a sticky bucket is stored and never found again, as in all SDKs: it is looked up by the key (spec 17).
    pub fn variation_keys<K: Into<String>>(self, keys: impl IntoIterator<Item = K>) -> Self {
        let entries = keys.into_iter().map(|key| {
            let mut entry = Object::default();
            entry.set("key", Json::String(Cow::Owned(key.into())));
            Json::Object(entry)
        });
        let meta = Json::Array(entries.collect());
        self.with("meta", meta)
    }

    /// The experiment's name, for people.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with_text("name", name)
    }

    /// The experiment's phase, for analytics.
    pub fn phase(self, phase: impl Into<String>) -> Self {
        self.with_text("phase", phase)
    }

    /// Leaves users where hashing puts them, even with a sticky bucket service.
    pub fn disable_sticky_buckets(self) -> Self {
        self.with("disableStickyBucketing", Json::Bool(true))
    }

    /// The version of the buckets. Raising it deals users anew (spec 17). 0 by default.
    pub fn bucket_version(self, version: u32) -> Self {
        self.with("bucketVersion", Json::from(f64::from(version)))
    }

    /// Keeps out users who were bucketed under a version below this one (spec 17). 0 by default.
    pub fn min_bucket_version(self, version: u32) -> Self {
        self.with("minBucketVersion", Json::from(f64::from(version)))
    }

    /// The experiment.
    ///
    /// # Errors
    ///
    /// When the key is empty, there are fewer than two variations, or a setting is out of its bounds.
    pub fn build(self) -> Result<Experiment<T>, ExperimentError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let number = |field: &str| self.fields.get(field).and_then(Json::as_f64);
        if self
            .fields
            .get("key")
            .and_then(Json::as_non_empty_str)
            .is_none()
        {
            return Err(ExperimentError::MissingKey);
        }
        if self.variations.len() < 2 {
            return Err(ExperimentError::FewVariations {
                count: self.variations.len(),
            });
        }
        if self
            .weights
            .as_ref()
            .is_some_and(|it| !weights_are_valid(it, self.variations.len()))
        {
            return Err(ExperimentError::InvalidWeights);
        }
        if number("coverage").is_some_and(|coverage| !(0.0..=1.0).contains(&coverage)) {
            return Err(ExperimentError::InvalidCoverage);
        }
        if number("hashVersion").is_some_and(|it| HashVersion::from_number(it).is_none()) {
            return Err(ExperimentError::UnsupportedHashVersion);
        }
        let count = self.variations.len();
        let mut values = self.variations.into_iter();
        let Some(control) = values.next() else {
            return Err(ExperimentError::FewVariations { count });
        };
        Ok(Experiment::assemble(
            &self.fields,
            count,
            control,
            values.collect(),
            self.include,
        ))
    }

    fn with(mut self, field: &str, value: Json<'static>) -> Self {
        self.fields.set(field, value);
        self
    }

    fn with_text(self, field: &str, text: impl Into<String>) -> Self {
        self.with(field, Json::String(Cow::Owned(text.into())))
    }
}

impl<T> Experiment<T> {
    /// The experiment that `fields` describe.
    pub(super) fn assemble(
        fields: &Object<'_>,
        count: usize,
        control: T,
        treatments: Vec<T>,
        include: Option<bool>,
    ) -> Self {
        let mut shared = Shared::default();
        let mut reader = Reader::new(Parser::new(None, &mut shared), None);
        let definition = write_members(fields.without("variations"));
        let mut info =
            ExperimentInfo::read(fields, count, Origin::Standalone, definition, &mut reader);
        if include.is_some() {
            info.targeting.get_or_insert_default().include = include;
        }
        Self {
            info: Arc::new(info),
            control,
            treatments,
        }
    }
}

fn numbers(numbers: &[f64]) -> Json<'static> {
    Json::Array(numbers.iter().copied().map(Json::from).collect())
}
