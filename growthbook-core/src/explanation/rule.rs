use std::fmt;

use super::{ExplainedBucket, ExplainedExperiment};
use crate::attributes::AttributeValue;
use crate::condition::ConditionPart;

/// A rule that was looked at, and what became of it.
#[derive(Clone, Debug)]
pub struct ExplainedRule {
    pub(crate) index: usize,
    pub(crate) id: Option<String>,
    pub(crate) kind: RuleKind,
    pub(crate) outcome: RuleOutcome,
    pub(crate) prerequisites: Vec<ExplainedPrerequisite>,
    pub(crate) filters: Vec<ExplainedBucket>,
    pub(crate) condition: Option<ConditionPart>,
    pub(crate) rollout: Option<ExplainedBucket>,
    pub(crate) experiment: Option<Box<ExplainedExperiment>>,
    pub(crate) tracks: Vec<(String, String)>,
}

impl ExplainedRule {
    /// The rule's place in the feature's list of rules, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The rule's id, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What the rule does.
    pub fn kind(&self) -> RuleKind {
        self.kind
    }

    /// What became of it.
    pub fn outcome(&self) -> RuleOutcome {
        self.outcome
    }

    /// The prerequisites that were asked, in order.
    pub fn prerequisites(&self) -> &[ExplainedPrerequisite] {
        &self.prerequisites
    }

    /// The filters that were asked, in order.
    pub fn filters(&self) -> &[ExplainedBucket] {
        &self.filters
    }

    /// The condition, if it was asked. An experiment's is [its own](ExplainedExperiment::condition).
    pub fn condition(&self) -> Option<&ConditionPart> {
        self.condition.as_ref()
    }

    /// The share of users that the rule is for, if it was asked.
    pub fn rollout(&self) -> Option<&ExplainedBucket> {
        self.rollout.as_ref()
    }

    /// The experiment, if it was run.
    pub fn experiment(&self) -> Option<&ExplainedExperiment> {
        self.experiment.as_deref()
    }

    /// The exposures that a remote evaluation reports through this rule: experiments and keys of variations.
    pub fn tracks(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.tracks
            .iter()
            .map(|(experiment, variation)| (experiment.as_str(), variation.as_str()))
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RuleKind {
    /// It runs an experiment.
    Experiment,
    /// It serves one value, to all whom it concerns or to a share of them.
    Force,
    /// It serves nothing, but its prerequisites may end the evaluation.
    Gate,
}

impl RuleKind {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Force => "force",
            Self::Gate => "gate",
        }
    }
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RuleOutcome {
    /// It decided the feature's value.
    Applied,
    /// It was skipped: its condition does not hold.
    Condition,
    /// It ended the evaluation: a prerequisite leads in a circle.
    Cyclic,
    /// It was skipped: the user is outside its filters.
    Filters,
    /// It ended the evaluation: a prerequisite that gates the feature is not met.
    GateClosed,
    /// It was passed: it serves nothing itself, and no prerequisite objects.
    GateOpen,
    /// It was skipped: the user is not in its experiment. The experiment's [step](super::Step) says why.
    NotInExperiment,
    /// It was passed: the user is in its experiment, but the rules below decide, as in a holdout.
    PassedThrough,
    /// It was skipped: a prerequisite is not met.
    Prerequisite,
    /// It was skipped: the user is not in the share that it is rolled out to.
    Rollout,
}

impl RuleOutcome {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Condition => "condition",
            Self::Cyclic => "cyclic",
            Self::Filters => "filters",
            Self::GateClosed => "gateClosed",
            Self::GateOpen => "gateOpen",
            Self::NotInExperiment => "notInExperiment",
            Self::PassedThrough => "passedThrough",
            Self::Prerequisite => "prerequisite",
            Self::Rollout => "rollout",
        }
    }
}

impl fmt::Display for RuleOutcome {
    /// A clause that says what became of the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Applied => "applies",
            Self::Condition => "skipped, its condition does not hold",
            Self::Cyclic => "ends here, a prerequisite leads in a circle",
            Self::Filters => "skipped, the user is outside its filters",
            Self::GateClosed => "ends here, the gate is closed",
            Self::GateOpen => "passed, it serves nothing itself",
            Self::NotInExperiment => "skipped, the user is not in the experiment",
            Self::PassedThrough => "passed, in the experiment but the rules below decide",
            Self::Prerequisite => "skipped, a prerequisite is not met",
            Self::Rollout => "skipped, the user is outside the rollout",
        })
    }
}

/// A prerequisite that was asked: another feature's value, and a condition on it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct ExplainedPrerequisite {
    pub(crate) feature: Option<String>,
    pub(crate) is_malformed: bool,
    pub(crate) is_gate: bool,
    pub(crate) is_cyclic: bool,
    pub(crate) is_met: bool,
    pub(crate) value: AttributeValue,
    pub(crate) condition: Option<ConditionPart>,
}

impl ExplainedPrerequisite {
    /// The key of the feature that was asked for; none if the entry names none. Its own explanation is among
    /// [the others](super::Explanation::others).
    pub fn feature(&self) -> Option<&str> {
        self.feature.as_deref()
    }

    /// Whether the entry is none at all, which is never met.
    pub fn is_malformed(&self) -> bool {
        self.is_malformed
    }

    /// Whether the feature is null when this is not met, instead of the rule being skipped.
    pub fn is_gate(&self) -> bool {
        self.is_gate
    }

    /// Whether asking led in a circle, or further than is allowed.
    pub fn is_cyclic(&self) -> bool {
        self.is_cyclic
    }

    /// Whether it is met.
    pub fn is_met(&self) -> bool {
        self.is_met
    }

    /// The value that the condition is about, shortened if it is long.
    pub fn value(&self) -> &AttributeValue {
        &self.value
    }

    /// The condition on the value, if there is one.
    pub fn condition(&self) -> Option<&ConditionPart> {
        self.condition.as_ref()
    }
}
