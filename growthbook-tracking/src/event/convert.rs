//! From what the client tells of, which borrows, to what is kept.

use std::time::UNIX_EPOCH;

use growthbook_core::{
    Assignment, AttributeValue, Attributes, CustomEvent, ExperimentViewed, FeatureEvaluated,
    TrackingEvent,
};

use super::body::{
    Bandit, EvaluatedFeature, EventBody, HashValue, LoggedEvent, Properties, ViewedExperiment,
};
use super::{Event, EventId, json};

/// An event cannot be written as JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unfit;

impl Event {
    /// An event with those of the user's attributes that may leave the process.
    ///
    /// `hash_value` is what is passed on as the exposure's hash value, and as the user's id where no attribute says that.
    pub(crate) fn new(
        event: &TrackingEvent<'_>,
        attributes: &Attributes,
        hashed: impl Fn(&str, &AttributeValue) -> Option<String>,
        random: u128,
    ) -> Result<Self, Unfit> {
        let body = match event {
            TrackingEvent::Custom(event) => EventBody::Custom(logged(event)?),
            TrackingEvent::ExperimentViewed(event) => {
                EventBody::ExperimentViewed(Box::new(viewed(event, hashed)))
            }
            TrackingEvent::FeatureEvaluated(event) => {
                EventBody::FeatureEvaluated(Box::new(evaluated(event)?))
            }
            _ => return Err(Unfit),
        };
        let since = event.at().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            id: EventId::new(event.at(), random),
            at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            user_id: user_id(attributes, &body),
            body,
            attributes: json::written(attributes).ok_or(Unfit)?,
            url: event.user().url().map(|url| HashValue(url.into())),
        })
    }
}

fn user_id(attributes: &Attributes, body: &EventBody) -> Option<HashValue> {
    let known = ["id", "user_id"].into_iter().find_map(|name| {
        let value = attributes.get(name)?;
        value.identity_text().map(|text| HashValue(text.into()))
    });
    known.or_else(|| match body {
        EventBody::ExperimentViewed(viewed) => Some(viewed.hash_value.clone()),
        _ => None,
    })
}

fn logged(event: &CustomEvent<'_>) -> Result<LoggedEvent, Unfit> {
    Ok(LoggedEvent {
        name: event.name().into(),
        properties: json::written(event.properties()).ok_or(Unfit)?,
    })
}

fn viewed(
    event: &ExperimentViewed<'_>,
    hashed: impl Fn(&str, &AttributeValue) -> Option<String>,
) -> ViewedExperiment {
    let assignment = event.assignment();
    let value = assignment.hash_value();
    let own = || value.identity_text().unwrap_or_default().into_owned();
    let hash_value = hashed(assignment.hash_attribute(), value).unwrap_or_else(own);
    ViewedExperiment {
        experiment: event.experiment().key().into(),
        experiment_name: event.experiment().name().map(Into::into),
        feature: event.feature().map(Into::into),
        variation_index: assignment.variation_index(),
        variation_key: assignment.variation_key().into(),
        variation_name: assignment.variation_name().map(Into::into),
        hash_attribute: assignment.hash_attribute().into(),
        hash_value: HashValue(hash_value.into()),
        in_experiment: assignment.in_experiment(),
        hash_used: assignment.hash_used(),
        sticky_bucket_used: assignment.sticky_bucket_used(),
        bucket: assignment.bucket(),
        bandit: bandit(&assignment),
    }
}

fn bandit(assignment: &Assignment) -> Option<Box<Bandit>> {
    let bandit = assignment.bandit()?;
    Some(Box::new(Bandit {
        leaf_id: bandit.leaf_id(),
        variation_weights: bandit.variation_weights().into(),
        version: bandit.bandit_version(),
    }))
}

fn evaluated(event: &FeatureEvaluated<'_>) -> Result<EvaluatedFeature, Unfit> {
    let result = event.to_result();
    let assignment = result.assignment();
    let value: Properties = json::written(event.value()).ok_or(Unfit)?;
    Ok(EvaluatedFeature {
        feature: event.feature().into(),
        value,
        source: event.source().as_str().into(),
        rule_id: event.rule_id().map(Into::into),
        experiment: result.experiment().map(|it| it.key().into()),
        variation_index: assignment.map(Assignment::variation_index),
        variation_key: assignment.map(|it| it.variation_key().into()),
        in_experiment: assignment.map(Assignment::in_experiment),
    })
}
