//! Facts of an explanation, from what the engine decides by.

use super::super::experiment::Setup;
use super::super::sticky::Lookup;
use super::super::subject::HashSource;
use super::super::{Outcome, Parent, RulePlace};
use crate::attributes::{AttributeValue, Layers, shortened_text};
use crate::audience::{FeatureRef, Filter, Prerequisite};
use crate::bucketing::{BucketRanges, Range};
use crate::condition::Holds;
use crate::experiment::ExperimentInfo;
use crate::explanation::{
    ExplainedBandit, ExplainedBucket, ExplainedExperiment, ExplainedLeaf, ExplainedPrerequisite,
    ExplainedRule, ExplainedVariation, RuleKind, RuleOutcome, Step, StickyAnswer,
};
use crate::ruleset::{Context, Rollout, Rule, RuleKind as Kind, Ruleset, Share};

/// A rule of which nothing is known yet that would keep it from being applied.
pub(super) fn rule(rule: &Rule, at: RulePlace) -> ExplainedRule {
    let (kind, outcome) = match &rule.kind {
        Kind::Experiment(_) => (RuleKind::Experiment, RuleOutcome::NotInExperiment),
        Kind::Force(_) => (RuleKind::Force, RuleOutcome::Applied),
        Kind::Gate => (RuleKind::Gate, RuleOutcome::GateOpen),
    };
    ExplainedRule {
        index: at.rule as usize,
        id: (!rule.id.is_empty()).then(|| shortened_text(&rule.id)),
        kind,
        outcome,
        prerequisites: Vec::new(),
        filters: Vec::new(),
        condition: None,
        rollout: None,
        experiment: None,
        tracks: Vec::new(),
    }
}

pub(super) fn prerequisite(
    prerequisite: &Prerequisite,
    parent: Option<Parent<'_>>,
    is_met: bool,
    ruleset: &Ruleset,
) -> ExplainedPrerequisite {
    let (feature, is_gate) = match prerequisite {
        Prerequisite::Feature { feature, gate, .. } => match feature {
            FeatureRef::Indexed(place) => (Some(ruleset.feature_key(*place)), *gate),
            FeatureRef::Named(key) => (Some(&**key), *gate),
            FeatureRef::Nowhere => (None, *gate),
        },
        Prerequisite::Malformed => (None, false),
    };
    ExplainedPrerequisite {
        feature: feature.map(shortened_text),
        is_malformed: parent.is_none(),
        is_gate,
        is_cyclic: parent.is_some_and(|parent| parent.is_cyclic),
        is_met,
        value: parent.map_or(AttributeValue::Null, |parent| {
            parent.value.as_attribute().shortened()
        }),
        condition: None,
    }
}

pub(super) fn filter(filter: &Filter, user: &Layers<'_>) -> ExplainedBucket {
    let value = filter.attribute.find(user);
    let attribute = filter.attribute.shared();
    ExplainedBucket::new(attribute, value, &filter.seed, filter.version).within(&filter.ranges)
}

pub(super) fn rollout(rollout: &Rollout, source: HashSource<'_>) -> ExplainedBucket {
    let attribute = source.attribute.shared();
    let bucket = ExplainedBucket::new(attribute, source.value, &rollout.seed, rollout.version);
    let included = bucket.bucket();
    let mut bucket = match rollout.share {
        Share::Below(coverage) => bucket.covering(coverage),
        Share::Nobody => bucket.covering(0.0),
        Share::Within(range) => bucket.within(&[range]),
    };
    bucket.is_included = included.is_some_and(|bucket| rollout.share.contains(bucket));
    bucket
}

pub(super) fn leaf(context: &Context) -> ExplainedLeaf {
    let (id, holds) = match context {
        Context::Leaf { id, .. } => (*id, Holds::Yes),
        Context::Malformed => (None, Holds::Malformed),
    };
    ExplainedLeaf {
        id,
        holds,
        condition: None,
    }
}

/// An experiment of which nothing is known but how it would end.
pub(super) fn experiment(outcome: &Outcome<'_>, step: Step) -> ExplainedExperiment {
    let experiment = outcome.experiment;
    let (attribute, value) = (outcome.hash.attribute.shared(), outcome.hash.value);
    let (seed, version) = (&experiment.seed, experiment.hash_version);
    ExplainedExperiment {
        key: shortened_text(experiment.key()),
        step,
        assignment: outcome.assignment(),
        page: None,
        bandit: None,
        sticky: None,
        filters: Vec::new(),
        namespace: None,
        condition: None,
        prerequisites: Vec::new(),
        hash: ExplainedBucket::new(attribute, value, seed, version),
        variations: Vec::new(),
        variation_count: 0,
    }
}

/// What the bandit of a rule's experiment said, if it names one.
pub(super) fn bandit(setup: &Setup<'_>, leaves: Vec<ExplainedLeaf>) -> Option<ExplainedBandit> {
    let usable = setup.bandit.filter(|_| setup.leaf_weights.is_some());
    Some(ExplainedBandit {
        id: shortened_text(setup.experiment.bandit.as_deref()?),
        is_defined: setup.bandit.is_some(),
        leaf_id: usable.map(|bandit| bandit.leaf_id),
        leaves,
    })
}

pub(super) fn sticky(found: Lookup, experiment: &ExperimentInfo) -> StickyAnswer {
    match found {
        Lookup::Blocked => StickyAnswer::Blocked,
        Lookup::Found(index) => {
            let variation = experiment.variation_key(index).unwrap_or_default();
            let variation = shortened_text(variation);
            StickyAnswer::Found { variation }
        }
        Lookup::Nothing => StickyAnswer::Nothing,
    }
}

/// The ranges of the first few variations, and of the one that holds the bucket.
pub(super) fn variations(
    experiment: &ExperimentInfo,
    ranges: &[Range],
    bucket: f64,
) -> Vec<ExplainedVariation> {
    let chosen = BucketRanges::from(ranges.to_vec()).choose(bucket);
    let told = |(index, range): (usize, &Range)| ExplainedVariation {
        index,
        key: experiment.variation_key(index).map(shortened_text),
        range: *range,
        holds_bucket: chosen == Some(index),
    };
    let ranges = ranges.iter().enumerate();
    ranges
        .filter(|(index, _)| *index < MOST_VARIATIONS || chosen == Some(*index))
        .map(told)
        .collect()
}

/// Variations whose ranges are told, beside the user's.
const MOST_VARIATIONS: usize = 16;
