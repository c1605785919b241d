use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::Interest;
use super::occasion::{Occasion, TrackedUser};
use super::owned::{OwnedTrackingEvent, OwnedWhat};
use crate::assignment::Assignment;
use crate::attributes::AttributeValue;
use crate::engine::{Exposure, FeatureUsage};
use crate::experiment::ExperimentInfo;
use crate::result::{FeatureResult, FeatureSource};

/// Something worth reporting. It borrows everything; [`TrackingEvent::into_owned`] makes it last.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TrackingEvent<'a> {
    /// The program logged an event of its own.
    Custom(CustomEvent<'a>),
    /// A user was bucketed into an experiment.
    ExperimentViewed(ExperimentViewed<'a>),
    /// A feature was evaluated.
    FeatureEvaluated(FeatureEvaluated<'a>),
}

impl<'a> TrackingEvent<'a> {
    /// Whom it is about.
    pub fn user(&self) -> TrackedUser<'a> {
        self.occasion().tracked_user()
    }

    /// When it happened.
    pub fn at(&self) -> SystemTime {
        self.occasion().at
    }

    /// Its kind.
    pub fn kind(&self) -> Interest {
        match self {
            Self::Custom(_) => Interest::CUSTOM,
            Self::ExperimentViewed(_) => Interest::EXPERIMENT_VIEWED,
            Self::FeatureEvaluated(_) => Interest::FEATURE_EVALUATED,
        }
    }

    /// The same event, to be kept or sent to another thread. It shares the payload and the user instead of copying them.
    pub fn into_owned(self) -> OwnedTrackingEvent {
        let what = match self {
            Self::Custom(event) => OwnedWhat::Custom {
                name: event.name.into(),
                properties: Arc::clone(event.properties),
            },
            Self::ExperimentViewed(event) => {
                OwnedWhat::ExperimentViewed(event.exposure.into_owned())
            }
            Self::FeatureEvaluated(event) => OwnedWhat::FeatureEvaluated(event.to_result()),
        };
        OwnedTrackingEvent::new(what, self.occasion())
    }

    fn occasion(&self) -> Occasion<'a> {
        match self {
            Self::Custom(event) => event.occasion,
            Self::ExperimentViewed(event) => event.occasion,
            Self::FeatureEvaluated(event) => event.occasion,
        }
    }
}

/// An event that the program logged.
#[derive(Clone, Copy)]
pub struct CustomEvent<'a> {
    pub(crate) name: &'a str,
    pub(crate) properties: &'a Arc<Map<String, Value>>,
    pub(crate) occasion: Occasion<'a>,
}

impl<'a> CustomEvent<'a> {
    /// The event's name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// What the program said about it.
    pub fn properties(&self) -> &'a Map<String, Value> {
        self.properties
    }

    /// Who did it.
    pub fn user(&self) -> TrackedUser<'a> {
        self.occasion.tracked_user()
    }

    /// When.
    pub fn at(&self) -> SystemTime {
        self.occasion.at
    }
}

impl fmt::Debug for CustomEvent<'_> {
    /// Says the name and not the properties.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomEvent")
            .field("name", &self.name)
            .field("at", &self.occasion.at)
            .finish_non_exhaustive()
    }
}

/// A user was bucketed into an experiment (spec 20).
#[derive(Clone, Copy, Debug)]
pub struct ExperimentViewed<'a> {
    pub(crate) exposure: Exposure<'a>,
    pub(crate) occasion: Occasion<'a>,
}

impl<'a> ExperimentViewed<'a> {
    /// What was seen.
    pub fn exposure(&self) -> &Exposure<'a> {
        &self.exposure
    }

    /// The experiment.
    pub fn experiment(&self) -> &'a ExperimentInfo {
        self.exposure.experiment()
    }

    /// The key of the variation that the user saw, by which analytics knows it.
    pub fn variation_key(&self) -> &'a str {
        self.exposure.variation_key()
    }

    /// The feature that ran the experiment; `None` if it ran on its own.
    pub fn feature(&self) -> Option<&'a str> {
        self.exposure.feature()
    }

    /// The attribute by which the user was bucketed.
    pub fn hash_attribute(&self) -> &'a str {
        self.exposure.hash_attribute()
    }

    /// The user's value of that attribute.
    pub fn hash_value(&self) -> Option<&'a AttributeValue> {
        self.exposure.hash_value()
    }

    /// Which variation, and how it was chosen. Allocates.
    pub fn assignment(&self) -> Assignment {
        self.exposure.assignment()
    }

    /// Who saw it.
    pub fn user(&self) -> TrackedUser<'a> {
        self.occasion.tracked_user()
    }

    /// When.
    pub fn at(&self) -> SystemTime {
        self.occasion.at
    }

    /// The exposure as the JavaScript SDK passes it on: `{"experiment": .., "result": .., "user": ..}`.
    pub fn to_json(&self) -> Value {
        let mut json = self.exposure.to_json();
        if let Value::Object(json) = &mut json {
            json.insert("user".to_owned(), self.user().to_json());
        }
        json
    }
}

/// A feature was evaluated (spec 20).
#[derive(Clone, Copy)]
pub struct FeatureEvaluated<'a> {
    pub(crate) what: Evaluated<'a>,
    pub(crate) occasion: Occasion<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Evaluated<'a> {
    Kept(&'a FeatureResult),
    Now(FeatureUsage<'a>),
}

impl<'a> FeatureEvaluated<'a> {
    /// The feature's key.
    pub fn feature(&self) -> &'a str {
        match &self.what {
            Evaluated::Kept(result) => result.key(),
            Evaluated::Now(usage) => usage.key(),
        }
    }

    /// Its value.
    pub fn value(&self) -> &'a Value {
        match &self.what {
            Evaluated::Kept(result) => result.value(),
            Evaluated::Now(usage) => usage.value(),
        }
    }

    /// Why it has that value.
    pub fn source(&self) -> FeatureSource {
        match &self.what {
            Evaluated::Kept(result) => result.source(),
            Evaluated::Now(usage) => usage.source(),
        }
    }

    /// The id of the rule that decided, if one did and has an id.
    pub fn rule_id(&self) -> Option<&'a str> {
        match &self.what {
            Evaluated::Kept(result) => result.rule_id(),
            Evaluated::Now(usage) => usage.rule_id(),
        }
    }

    /// The key of the variation whose value it is, if an experiment decided.
    pub fn variation_key(&self) -> Option<&'a str> {
        match &self.what {
            Evaluated::Kept(result) => result.assignment().map(Assignment::variation_key),
            Evaluated::Now(usage) => usage.variation_key(),
        }
    }

    /// The same as a result. Allocates.
    pub fn to_result(&self) -> FeatureResult {
        match &self.what {
            Evaluated::Kept(result) => (*result).clone(),
            Evaluated::Now(usage) => usage.to_result(),
        }
    }

    /// For whom.
    pub fn user(&self) -> TrackedUser<'a> {
        self.occasion.tracked_user()
    }

    /// When.
    pub fn at(&self) -> SystemTime {
        self.occasion.at
    }
}

impl fmt::Debug for FeatureEvaluated<'_> {
    /// Says why the feature has its value, and neither the value nor for whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureEvaluated")
            .field("feature", &self.feature())
            .field("source", &self.source())
            .field("rule_id", &self.rule_id())
            .field("variation_key", &self.variation_key())
            .field("at", &self.occasion.at)
            .finish_non_exhaustive()
    }
}
