//! All features of one user at once.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::question::Everything;
use crate::client::visit::Visit;
use crate::engine::FeatureUsage;
use crate::experiment::ExperimentInfo;
use crate::feature_value::{FeatureValue, NULL, ValueId};
use crate::result::FeatureSource;
use crate::ruleset::{RulePlace, Ruleset};

/// What all features came to for one user: see [`UserScope::evaluate_all`](crate::UserScope::evaluate_all).
///
/// It points into the features that it was decided from, and copies none of them.
///
/// # Example
///
/// ```
/// use growthbook_core::{GrowthBookClient, UserContext};
/// use serde_json::json;
///
/// let client = GrowthBookClient::builder()
///     .payload(r#"{"features": {"color": {"defaultValue": "green"}, "size": {"defaultValue": 3}}}"#)
///     .build()?;
/// let features = client.scope(UserContext::default()).evaluate_all();
/// assert_eq!(features.to_json(), json!({"color": "green", "size": 3}));
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct AllFeatures {
    ruleset: Arc<Ruleset>,
    entries: Box<[Entry]>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    place: u32,
    value: EntryValue,
    source: FeatureSource,
    rule: Option<RulePlace>,
    variation: Option<usize>,
}

#[derive(Clone)]
enum EntryValue {
    Forced(Box<FeatureValue>),
    Null,
    Stored(ValueId),
}

impl AllFeatures {
    pub(crate) fn of(visit: &Visit<'_>) -> Self {
        Self {
            ruleset: Arc::clone(&visit.snapshot.ruleset),
            entries: visit.ask(&Everything),
        }
    }

    /// The number of features.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The features, in the payload's order.
    pub fn iter(&self) -> impl Iterator<Item = EvaluatedFeature<'_>> {
        self.entries.iter().map(|entry| self.feature(entry))
    }

    /// One of them.
    pub fn get(&self, key: &str) -> Option<EvaluatedFeature<'_>> {
        let place = self.ruleset.feature_place(key)?;
        let found = self
            .entries
            .binary_search_by_key(&place, |entry| entry.place)
            .ok()?;
        Some(self.feature(self.entries.get(found)?))
    }

    /// Keys and values as a JSON object: what a page needs to show what the user gets. GrowthBook's JavaScript SDK takes its
    /// entries as `setForcedFeatures`.
    pub fn to_json(&self) -> Value {
        let values = self
            .iter()
            .map(|feature| (feature.key().to_owned(), feature.value().clone()));
        Value::Object(values.collect::<Map<_, _>>())
    }

    fn feature<'f>(&'f self, entry: &'f Entry) -> EvaluatedFeature<'f> {
        EvaluatedFeature {
            ruleset: &self.ruleset,
            entry,
        }
    }
}

impl Entry {
    pub(crate) fn new(feature: &FeatureUsage<'_>) -> Self {
        let decision = feature.decision();
        Self {
            place: feature.place().unwrap_or(u32::MAX),
            value: match (decision.stored(), decision.source) {
                (Some(value), _) => EntryValue::Stored(value),
                (None, FeatureSource::Override) => {
                    EntryValue::Forced(Box::new(decision.value.clone()))
                }
                (None, _) => EntryValue::Null,
            },
            source: decision.source,
            rule: decision.rule(),
            variation: feature.variation(),
        }
    }
}

impl fmt::Debug for AllFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllFeatures")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// One feature of [`AllFeatures`].
#[derive(Clone, Copy)]
pub struct EvaluatedFeature<'f> {
    ruleset: &'f Ruleset,
    entry: &'f Entry,
}

impl<'f> EvaluatedFeature<'f> {
    /// The feature's key.
    pub fn key(&self) -> &'f str {
        self.ruleset.feature_key(self.entry.place)
    }

    /// Its value; null if there is none.
    pub fn value(&self) -> &'f Value {
        self.feature_value().json()
    }

    /// Whether the value is truthy, as in JavaScript.
    pub fn is_on(&self) -> bool {
        self.feature_value().is_truthy()
    }

    /// Why it has that value.
    pub fn source(&self) -> FeatureSource {
        self.entry.source
    }

    /// The id of the rule that decided, if one did and has an id.
    pub fn rule_id(&self) -> Option<&'f str> {
        let rule = self.ruleset.rule(self.entry.rule?)?;
        Some(&*rule.id).filter(|id| !id.is_empty())
    }

    /// The experiment whose variation it is.
    pub fn experiment(&self) -> Option<&'f ExperimentInfo> {
        self.entry.variation?;
        let rule = self.ruleset.rule(self.entry.rule?)?;
        rule.as_experiment().map(|experiment| &**experiment)
    }

    /// The key of that variation.
    pub fn variation_key(&self) -> Option<&'f str> {
        self.experiment()?.variation_key(self.entry.variation?)
    }

    fn feature_value(&self) -> &'f FeatureValue {
        match &self.entry.value {
            EntryValue::Forced(value) => value,
            EntryValue::Null => &NULL,
            EntryValue::Stored(value) => self.ruleset.value(*value),
        }
    }
}

impl fmt::Debug for EvaluatedFeature<'_> {
    /// Says the key and not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluatedFeature")
            .field("key", &self.key())
            .field("source", &self.source())
            .field("rule_id", &self.rule_id())
            .finish_non_exhaustive()
    }
}
