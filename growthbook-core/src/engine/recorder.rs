use serde_json::Value;

use super::{Decision, Key, Outcome};
use crate::assignment::Assignment;
use crate::experiment::ExperimentInfo;
use crate::result::{FeatureSource, experiment_json};
use crate::ruleset::{Ruleset, Track, ValueId};
use crate::sticky::StickyWrite;

/// Hears what an evaluation does beyond answering: whom it exposed to an experiment, which features it asked, what it
/// would store. Calls come in the order of the evaluation (spec 20).
///
/// An evaluation has no other effects; what becomes of these is the recorder's business. Every method does nothing by
/// default.
pub trait Recorder {
    /// Somebody was bucketed into an experiment. The same exposure may come more than once.
    fn experiment_viewed(&mut self, exposure: &Exposure<'_>) {
        let _ = exposure;
    }

    /// A feature was evaluated, on its own account or as a prerequisite. The same feature may come more than once.
    fn feature_evaluated(&mut self, usage: &FeatureUsage<'_>) {
        let _ = usage;
    }

    /// A sticky bucket was assigned, and is to be stored.
    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        let _ = write;
    }
}

/// Records nothing.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct Silent;

impl Recorder for Silent {}

/// Somebody saw a variation (spec 20).
#[derive(Clone, Copy, Debug)]
pub struct Exposure<'a> {
    ruleset: &'a Ruleset,
    feature: Option<&'a str>,
    /// Their values, as far as the payload holds them.
    variations: &'a [ValueId],
    seen: Seen<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Seen<'a> {
    /// A remote evaluation exposed the user.
    Elsewhere(&'a Track),
    Here(Outcome<'a>),
}

impl<'a> Exposure<'a> {
    pub(crate) fn here(
        ruleset: &'a Ruleset,
        feature: Option<&'a str>,
        variations: &'a [ValueId],
        outcome: Outcome<'a>,
    ) -> Self {
        Self {
            ruleset,
            feature,
            variations,
            seen: Seen::Here(outcome),
        }
    }

    pub(crate) fn elsewhere(ruleset: &'a Ruleset, feature: &'a str, track: &'a Track) -> Self {
        let variations = &track.variations;
        Self {
            ruleset,
            feature: Some(feature),
            variations,
            seen: Seen::Elsewhere(track),
        }
    }

    /// The experiment.
    pub fn experiment(&self) -> &'a ExperimentInfo {
        match &self.seen {
            Seen::Elsewhere(track) => &track.experiment,
            Seen::Here(outcome) => outcome.experiment,
        }
    }

    /// The feature that ran the experiment; `None` if it ran on its own.
    pub fn feature(&self) -> Option<&'a str> {
        self.feature
    }

    /// Which variation was seen, and how it was chosen. Allocates.
    pub fn assignment(&self) -> Assignment {
        match &self.seen {
            Seen::Elsewhere(track) => track.assignment.clone(),
            Seen::Here(outcome) => outcome.assignment(),
        }
    }

    /// The exposure as the JavaScript SDK writes it: `{"experiment": .., "result": ..}`.
    ///
    /// The variations of an inline experiment are any type of the program's, and are left out.
    pub fn to_json(&self) -> Value {
        let json = |id: &ValueId| self.ruleset.value(*id).json().clone();
        let assignment = self.assignment();
        let (value, changes) = match &self.seen {
            Seen::Elsewhere(track) => (json(&track.value), None),
            Seen::Here(outcome) => {
                let value = self.variations.get(outcome.variation);
                (value.map_or(Value::Null, json), outcome.changes())
            }
        };
        let variations = self.variations.iter().map(json).collect();
        let experiment = experiment_json(
            self.experiment(),
            variations,
            &assignment,
            changes.as_deref(),
        );
        let result = assignment.to_json(self.feature, &value);
        serde_json::json!({ "experiment": experiment, "result": result })
    }
}

/// A feature was evaluated.
#[derive(Clone, Copy, Debug)]
pub struct FeatureUsage<'a> {
    ruleset: &'a Ruleset,
    key: Key<'a>,
    decision: &'a Decision<'a>,
    outcome: Option<&'a Outcome<'a>>,
}

impl<'a> FeatureUsage<'a> {
    pub(crate) fn new(
        ruleset: &'a Ruleset,
        key: Key<'a>,
        decision: &'a Decision<'a>,
        outcome: Option<&'a Outcome<'a>>,
    ) -> Self {
        Self {
            ruleset,
            key,
            decision,
            outcome,
        }
    }

    /// The feature's key.
    pub fn key(&self) -> &'a str {
        self.key.text(self.ruleset)
    }

    /// Its value.
    pub fn value(&self) -> &'a Value {
        self.decision.value.json()
    }

    /// Why it has that value.
    pub fn source(&self) -> FeatureSource {
        self.decision.source
    }

    /// The id of the rule that decided, if one did and has an id.
    pub fn rule_id(&self) -> Option<&'a str> {
        let rule = self.ruleset.rule(self.decision.rule()?)?;
        Some(&*rule.id).filter(|id| !id.is_empty())
    }

    /// The variation of the experiment whose value it is. Allocates.
    pub fn assignment(&self) -> Option<Assignment> {
        self.outcome.map(Outcome::assignment)
    }
}
