//! A payload compiled: what the engine walks.

use std::sync::Arc;

use crate::assignment::Assignment;
use crate::audience::{Filter, HashAttribute, Prerequisite};
use crate::bucketing::{HashSeed, HashVersion, Range};
use crate::condition::Condition;
use crate::experiment::ExperimentInfo;
use crate::feature_value::ValueId;

/// Where a rule stands in the payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RulePlace {
    pub(crate) feature: u32,
    pub(crate) rule: u32,
}

#[derive(Debug)]
pub(crate) struct Feature {
    pub(crate) default: ValueId,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) reach: Reach,
    /// Evaluating it may run an experiment: one of its own, or a prerequisite's.
    pub(crate) reaches_experiment: bool,
}

/// What a feature's prerequisites lead to, known when the payload is compiled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// Chains of prerequisites that end, the longest after so many steps.
    Ends(u32),
    /// A chain that comes back to where it has been.
    Cycle,
}

#[derive(Debug)]
pub(crate) struct Rule {
    /// Empty if it has none.
    pub(crate) id: Box<str>,
    guards: Option<Box<Guards>>,
    pub(crate) kind: RuleKind,
}

/// What is asked before anything else of a rule. Most rules have nothing of it.
#[derive(Debug)]
struct Guards {
    prerequisites: Box<[Prerequisite]>,
    filters: Box<[Filter]>,
}

impl Rule {
    pub(super) fn new(
        id: &str,
        prerequisites: Box<[Prerequisite]>,
        filters: Box<[Filter]>,
        kind: RuleKind,
    ) -> Self {
        let guards = Guards {
            prerequisites,
            filters,
        };
        let guards = (!guards.prerequisites.is_empty() || !guards.filters.is_empty())
            .then(|| Box::new(guards));
        Self {
            id: id.into(),
            guards,
            kind,
        }
    }

    #[inline]
    pub(crate) fn prerequisites(&self) -> &[Prerequisite] {
        self.guards
            .as_ref()
            .map_or(&[], |guards| &guards.prerequisites)
    }

    #[inline]
    pub(crate) fn filters(&self) -> &[Filter] {
        self.guards.as_ref().map_or(&[], |guards| &guards.filters)
    }

    #[inline]
    pub(crate) fn is_guarded(&self) -> bool {
        self.guards.is_some()
    }

    pub(crate) fn as_experiment(&self) -> Option<&Arc<ExperimentInfo>> {
        match &self.kind {
            RuleKind::Experiment(experiment) => Some(experiment),
            RuleKind::Force(_) | RuleKind::Gate => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum RuleKind {
    /// Runs an experiment (spec 15).
    Experiment(Arc<ExperimentInfo>),
    Force(ForceRule),
    /// Nothing but prerequisites: it ends the evaluation or is passed over.
    Gate,
}

/// A rule that serves one value, to all whom it concerns or to a share of them (spec 14).
#[derive(Debug)]
pub(crate) struct ForceRule {
    pub(crate) value: ValueId,
    pub(crate) condition: Option<Condition>,
    pub(crate) rollout: Option<Box<Rollout>>,
    pub(crate) tracks: Box<[Track]>,
}

/// A share of the users (spec 9.6).
#[derive(Debug)]
pub(crate) struct Rollout {
    pub(crate) seed: HashSeed,
    pub(crate) attribute: HashAttribute,
    /// Counts only with sticky buckets.
    pub(crate) fallback: Option<HashAttribute>,
    pub(crate) version: Option<HashVersion>,
    pub(crate) share: Share,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Share {
    /// Buckets below this.
    Below(f64),
    Nobody,
    Within(Range),
}

impl Share {
    pub(crate) fn contains(self, bucket: f64) -> bool {
        match self {
            Self::Below(coverage) => bucket < coverage,
            Self::Nobody => false,
            Self::Within(range) => range.contains(bucket),
        }
    }
}

/// An experiment that a remote evaluation ran on the user's behalf, to be reported when the rule's value is served.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) experiment: Arc<ExperimentInfo>,
    pub(crate) value: ValueId,
    pub(crate) assignment: Assignment,
}

/// An entry of `experiments`, run without being asked (spec 21).
#[derive(Debug)]
pub(crate) struct AutoExperiment {
    pub(crate) experiment: Arc<ExperimentInfo>,
    pub(crate) change: Change,
    pub(crate) change_id: Option<Box<str>>,
    pub(crate) is_manual: bool,
    pub(crate) persists_query: bool,
}

/// What an auto experiment does to a page.
#[derive(Debug)]
pub(crate) enum Change {
    /// Sends the user elsewhere: each variation's address, if it has one.
    Redirect(Box<[Option<Box<str>>]>),
    Unknown,
    Visual,
}

/// A contextual bandit's definition (spec 18).
#[derive(Debug)]
pub(crate) struct Bandit {
    pub(crate) version: Option<i64>,
    pub(crate) contexts: Box<[Context]>,
}

#[derive(Debug)]
pub(crate) enum Context {
    Leaf {
        /// `None` if it is not an integer.
        id: Option<i64>,
        condition: Option<Condition>,
        /// `None` if they are not numbers; whether they fit depends on the experiment.
        weights: Option<Box<[f64]>>,
    },
    /// The entry is not an object: selection fails when it gets here.
    Malformed,
}
