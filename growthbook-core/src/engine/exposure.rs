use std::hash::Hasher;
use std::sync::Arc;

use serde_json::Value;

use super::Outcome;
use crate::assignment::Assignment;
use crate::attributes::AttributeValue;
use crate::experiment::ExperimentInfo;
use crate::feature_value::ValueId;
use crate::result::{ExperimentChanges, ResultKey, experiment_json};
use crate::ruleset::{Ruleset, Track};

/// Somebody saw a variation (spec 20).
///
/// It borrows from the ruleset and the user, and costs nothing to make; [`Exposure::into_owned`] makes it last.
#[derive(Clone, Copy, Debug)]
pub struct Exposure<'a> {
    ruleset: &'a Arc<Ruleset>,
    feature: Option<&'a str>,
    experiment: &'a Arc<ExperimentInfo>,
    seen: Seen<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Seen<'a> {
    /// This evaluation bucketed the user.
    Here(Outcome<'a>),
    /// It was settled before: by a remote evaluation, or by one whose exposure was kept.
    Before {
        assignment: &'a Assignment,
        value: Option<ValueId>,
        changes: Option<&'a ExperimentChanges>,
    },
}

impl<'a> Exposure<'a> {
    pub(crate) fn here(
        ruleset: &'a Arc<Ruleset>,
        feature: Option<&'a str>,
        outcome: Outcome<'a>,
    ) -> Self {
        Self {
            ruleset,
            feature,
            experiment: outcome.experiment,
            seen: Seen::Here(outcome),
        }
    }

    pub(crate) fn elsewhere(ruleset: &'a Arc<Ruleset>, feature: &'a str, track: &'a Track) -> Self {
        Self {
            ruleset,
            feature: Some(feature),
            experiment: &track.experiment,
            seen: Seen::Before {
                assignment: &track.assignment,
                value: Some(track.value),
                changes: None,
            },
        }
    }

    /// The experiment.
    pub fn experiment(&self) -> &'a ExperimentInfo {
        self.experiment
    }

    /// The feature that ran the experiment; `None` if it ran on its own.
    pub fn feature(&self) -> Option<&'a str> {
        self.feature
    }

    /// The index of the variation that was seen.
    pub fn variation_index(&self) -> usize {
        match &self.seen {
            Seen::Here(outcome) => outcome.variation,
            Seen::Before { assignment, .. } => assignment.variation_index,
        }
    }

    /// The key of the variation that was seen, by which analytics knows it.
    pub fn variation_key(&self) -> &'a str {
        match &self.seen {
            Seen::Here(outcome) => outcome.meta().map_or("0", |meta| &meta.key),
            Seen::Before { assignment, .. } => assignment.variation_key(),
        }
    }

    /// The attribute by which the user was bucketed.
    pub fn hash_attribute(&self) -> &'a str {
        match &self.seen {
            Seen::Here(outcome) => outcome.hash.attribute.as_str(),
            Seen::Before { assignment, .. } => assignment.hash_attribute(),
        }
    }

    /// The user's value of that attribute.
    pub fn hash_value(&self) -> Option<&'a AttributeValue> {
        match &self.seen {
            Seen::Here(outcome) => outcome.hash.value,
            Seen::Before { assignment, .. } => Some(assignment.hash_value()),
        }
    }

    /// Which variation was seen, and how it was chosen. Allocates.
    pub fn assignment(&self) -> Assignment {
        match &self.seen {
            Seen::Here(outcome) => outcome.assignment(),
            Seen::Before { assignment, .. } => (*assignment).clone(),
        }
    }

    /// The same exposure, kept: it shares the ruleset and outlives everything else.
    pub fn into_owned(self) -> OwnedExposure {
        OwnedExposure {
            ruleset: Arc::clone(self.ruleset),
            feature: self
                .feature
                .map(|feature| ResultKey::of(self.ruleset, feature)),
            experiment: Arc::clone(self.experiment),
            assignment: self.assignment(),
            value: self.value(),
            changes: match self.seen {
                Seen::Here(outcome) => outcome.changes(),
                Seen::Before { changes, .. } => changes.cloned().map(Box::new),
            },
        }
    }

    /// The exposure as the JavaScript SDK writes it: `{"experiment": .., "result": ..}`.
    ///
    /// The variations of an inline experiment are any type of the program's, and are left out.
    pub fn to_json(&self) -> Value {
        let assignment = self.assignment();
        let own_changes;
        let changes = match &self.seen {
            Seen::Here(outcome) => {
                own_changes = outcome.changes();
                own_changes.as_deref()
            }
            Seen::Before { changes, .. } => *changes,
        };
        let experiment = experiment_json(self.ruleset, self.experiment, &assignment, changes);
        let value = self.value();
        let value = value.map_or(&Value::Null, |id| self.ruleset.value(id).json());
        let result = assignment.to_json(self.feature, value);
        serde_json::json!({ "experiment": experiment, "result": result })
    }

    fn value(&self) -> Option<ValueId> {
        match &self.seen {
            Seen::Here(outcome) => self.experiment.values.get(outcome.variation).copied(),
            Seen::Before { value, .. } => *value,
        }
    }

    /// What makes it another exposure than the next: who, by what, in which experiment, which variation. A new phase, seed,
    /// hash version or bucket version of an experiment deals the users anew, so it exposes them anew.
    pub(crate) fn identify(&self, hasher: &mut impl Hasher) {
        let (attribute, value) = match &self.seen {
            Seen::Here(outcome) => (outcome.hash.attribute.as_str(), outcome.hash.value),
            Seen::Before { assignment, .. } => {
                (assignment.hash_attribute(), Some(&assignment.hash_value))
            }
        };
        hasher.write_u64(self.experiment.identity);
        hasher.write_usize(self.variation_index());
        // With its length before it, a text cannot pass for a part of the next.
        hasher.write_usize(attribute.len());
        hasher.write(attribute.as_bytes());
        let mut buffer = ryu_js::Buffer::new();
        let text = value.and_then(|value| value.identity(&mut buffer));
        hasher.write(text.unwrap_or_default().as_bytes());
    }
}

/// An exposure that was kept, to be looked at later or in another thread.
#[derive(Clone, Debug)]
pub struct OwnedExposure {
    ruleset: Arc<Ruleset>,
    feature: Option<ResultKey>,
    experiment: Arc<ExperimentInfo>,
    assignment: Assignment,
    value: Option<ValueId>,
    changes: Option<Box<ExperimentChanges>>,
}

impl OwnedExposure {
    /// The exposure, to be looked at.
    pub fn as_exposure(&self) -> Exposure<'_> {
        Exposure {
            ruleset: &self.ruleset,
            feature: self.feature.as_ref().map(|key| key.text(&self.ruleset)),
            experiment: &self.experiment,
            seen: Seen::Before {
                assignment: &self.assignment,
                value: self.value,
                changes: self.changes.as_deref(),
            },
        }
    }

    /// Which variation was seen, and how it was chosen.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }
}
