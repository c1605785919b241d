//! What events are called, and what they say.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::EventNaming;
use crate::{EvaluatedFeature, EventBody, ViewedExperiment};

/// The event's name.
pub(super) fn name(body: &EventBody, naming: EventNaming) -> &str {
    match (body, naming) {
        (EventBody::Custom(event), _) => event.name(),
        (EventBody::ExperimentViewed(_), EventNaming::JavaScript) => "Experiment Viewed",
        (EventBody::ExperimentViewed(_), EventNaming::Python) => "$$experiment_viewed",
        (EventBody::FeatureEvaluated(_), EventNaming::JavaScript) => "Feature Evaluated",
        (EventBody::FeatureEvaluated(_), EventNaming::Python) => "$$feature_evaluated",
    }
}

/// The event's properties.
pub(super) struct Properties<'a> {
    pub(super) body: &'a EventBody,
    pub(super) naming: EventNaming,
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.body, self.naming) {
            (EventBody::Custom(event), _) => event.raw_properties().serialize(serializer),
            (EventBody::ExperimentViewed(event), naming) => {
                let mut map = serializer.serialize_map(None)?;
                match naming {
                    EventNaming::JavaScript => exposure(event, &mut map)?,
                    EventNaming::Python => python_exposure(event, &mut map)?,
                }
                bandit(event, &mut map)?;
                map.end()
            }
            (EventBody::FeatureEvaluated(event), naming) => {
                let mut map = serializer.serialize_map(None)?;
                match naming {
                    EventNaming::JavaScript => usage(event, &mut map)?,
                    EventNaming::Python => python_usage(event, &mut map)?,
                }
                map.end()
            }
        }
    }
}

fn exposure<M: SerializeMap>(event: &ViewedExperiment, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("experimentId", event.experiment())?;
    map.serialize_entry("variationId", event.variation_key())?;
    map.serialize_entry("hashAttribute", event.hash_attribute())?;
    map.serialize_entry("hashValue", event.hash_value())
}

fn python_exposure<M: SerializeMap>(event: &ViewedExperiment, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("experiment_id", event.experiment())?;
    map.serialize_entry("variation_id", &event.variation_index())?;
    map.serialize_entry("variation_key", event.variation_key())?;
    map.serialize_entry("in_experiment", &event.in_experiment())?;
    map.serialize_entry("hash_used", &event.hash_used())?;
    map.serialize_entry("hash_attribute", event.hash_attribute())?;
    map.serialize_entry("hash_value", event.hash_value())
}

/// What a bandit is trained with has one name in either naming: no SDK but this one sends it.
fn bandit<M: SerializeMap>(event: &ViewedExperiment, map: &mut M) -> Result<(), M::Error> {
    let Some(bandit) = event.bandit() else {
        return Ok(());
    };
    map.serialize_entry("leafId", &bandit.leaf_id())?;
    map.serialize_entry("variationWeights", bandit.variation_weights())?;
    match bandit.version() {
        Some(version) => map.serialize_entry("banditVersion", &version),
        None => Ok(()),
    }
}

fn usage<M: SerializeMap>(event: &EvaluatedFeature, map: &mut M) -> Result<(), M::Error> {
    let rule = match event.source() {
        "defaultValue" => "$default",
        _ => event.rule_id().unwrap_or_default(),
    };
    map.serialize_entry("feature", event.feature())?;
    map.serialize_entry("source", event.source())?;
    map.serialize_entry("value", event.raw_value())?;
    map.serialize_entry("ruleId", rule)?;
    map.serialize_entry("variationId", event.variation_key().unwrap_or_default())
}

fn python_usage<M: SerializeMap>(event: &EvaluatedFeature, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("feature_key", event.feature())?;
    map.serialize_entry("feature_value", event.raw_value())?;
    map.serialize_entry("source", event.source())?;
    if let Some(rule) = event.rule_id() {
        map.serialize_entry("rule_id", rule)?;
    }
    if let Some(experiment) = event.experiment() {
        map.serialize_entry("experiment_id", experiment)?;
    }
    if let Some(index) = event.variation_index() {
        map.serialize_entry("variation_id", &index)?;
    }
    match event.in_experiment() {
        Some(is_in) => map.serialize_entry("in_experiment", &is_in),
        None => Ok(()),
    }
}
