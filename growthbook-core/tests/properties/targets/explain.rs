use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::explanation::{
    ConditionPart, ExplainedRule, ExplainedVariation, Holds, RuleKind, RuleOutcome, Step,
};
use growthbook_core::{Experiment, FeatureSource, Ruleset, StickyDocuments};
use serde_json::Value;

/// An explanation says what evaluating says, changes nothing, and contradicts itself nowhere.
pub(super) fn check_feature(
    ruleset: &Arc<Ruleset>,
    key: &str,
    subject: &Subject<'_>,
    documents: Option<&StickyDocuments>,
) {
    let before = documents.cloned();
    let explanation = engine::explain(ruleset, key, subject, documents);
    assert_eq!(documents, before.as_ref());
    let mut own = before;
    let result = engine::evaluate(ruleset, key, subject, own.as_mut(), &mut Silent);
    assert_eq!(explanation.feature().result(), &result);
    assert_eq!(explanation.value(), result.value());
    assert_eq!(explanation.source(), result.source());
    assert_eq!(explanation.to_json()["value"], *result.value());
    assert!(explanation.to_string().lines().count() > explanation.rules().len());
    assert!(!format!("{explanation:?}").is_empty());
    if explanation.is_cut() {
        return;
    }
    for feature in explanation.others().iter().chain([explanation.feature()]) {
        check_rules(feature.rules(), feature.source());
    }
    let last = explanation.rules().last();
    let decided = last.filter(|last| last.outcome() == RuleOutcome::Applied);
    assert_eq!(decided.and_then(ExplainedRule::id), result.rule_id());
}

/// As [`check_feature`], for an experiment that the program defines.
pub(super) fn check_experiment(
    ruleset: &Arc<Ruleset>,
    experiment: &Experiment<Value>,
    subject: &Subject<'_>,
    documents: &StickyDocuments,
) {
    let explanation = engine::explain_experiment(ruleset, experiment, subject, Some(documents));
    let mut own = documents.clone();
    let result = engine::run(ruleset, experiment, subject, Some(&mut own), &mut Silent);
    assert_eq!(explanation.experiment().assignment(), result.assignment());
    let is_hashed = matches!(
        explanation.experiment().step(),
        Step::Bucket | Step::StickyBucket
    );
    assert_eq!(is_hashed, result.assignment().hash_used());
    assert!(!format!("{explanation} {} {explanation:?}", explanation.to_json()).is_empty());
}

fn check_rules(rules: &[ExplainedRule], source: FeatureSource) {
    let decisive = match source {
        FeatureSource::Experiment | FeatureSource::Force => Some(RuleOutcome::Applied),
        FeatureSource::Prerequisite => Some(RuleOutcome::GateClosed),
        FeatureSource::CyclicPrerequisite => {
            // Asked for on its own path, a feature has no rules to tell.
            rules.last().map(|_| RuleOutcome::Cyclic)
        }
        _ => None,
    };
    let ends = [
        RuleOutcome::Applied,
        RuleOutcome::Cyclic,
        RuleOutcome::GateClosed,
    ];
    for (index, rule) in rules.iter().enumerate() {
        assert_eq!(rule.index(), index);
        let is_last = index + 1 == rules.len();
        let end = decisive.filter(|_| is_last);
        assert_eq!(ends.contains(&rule.outcome()), end.is_some(), "{rule:?}");
        assert!(end.is_none_or(|end| rule.outcome() == end), "{rule:?}");
        check_rule(rule);
    }
}

fn check_rule(rule: &ExplainedRule) {
    let outcome = rule.outcome();
    let unmet = rule.prerequisites().iter().any(|it| !it.is_met());
    let is_outside = rule.filters().iter().any(|filter| !filter.is_included());
    let fails = rule.condition().is_some_and(|it| it.holds() != Holds::Yes);
    let misses = rule.rollout().is_some_and(|rollout| !rollout.is_included());
    let expected = match outcome {
        RuleOutcome::Cyclic | RuleOutcome::GateClosed | RuleOutcome::Prerequisite => {
            [true, false, false, false]
        }
        RuleOutcome::Filters => [false, true, false, false],
        RuleOutcome::Condition => [false, false, true, false],
        RuleOutcome::Rollout => [false, false, false, true],
        _ => [false; 4],
    };
    assert_eq!([unmet, is_outside, fails, misses], expected, "{rule:?}");
    if let Some(experiment) = rule.experiment() {
        let assignment = experiment.assignment();
        assert_eq!(rule.kind(), RuleKind::Experiment);
        assert_eq!(
            outcome == RuleOutcome::NotInExperiment,
            !assignment.in_experiment()
        );
        let is_hashed = matches!(experiment.step(), Step::Bucket | Step::StickyBucket);
        assert_eq!(is_hashed, assignment.hash_used());
        if experiment.step() == Step::Bucket {
            let index = assignment.variation_index();
            let own = experiment.variations().iter().find(|it| it.holds_bucket());
            assert_eq!(own.map(ExplainedVariation::index), Some(index));
            assert_eq!(experiment.hash().bucket(), assignment.bucket());
        }
    }
    if let Some(condition) = rule.condition() {
        check_parts(condition);
    }
}

/// What the parts come to adds up to what the whole comes to, unless not all of it is told, and evaluation stops where it
/// should.
fn check_parts(part: &ConditionPart) {
    let parts = part.parts();
    parts.iter().for_each(check_parts);
    let is_whole = part.note().is_none() && !parts.is_empty();
    if !is_whole || !part.is_reached() || part.holds() == Holds::Malformed {
        return;
    }
    let (decisive, is_negated) = match part.operator() {
        "$and" | "$savedGroup" => (Holds::No, false),
        "$not" => (Holds::No, true),
        "$or" => (Holds::Yes, false),
        "$nor" => (Holds::Yes, true),
        _ => return,
    };
    let first = parts.iter().position(|part| part.holds() == decisive);
    let reached = first.map_or(parts.len(), |first| first + 1);
    assert!(parts.iter().take(reached).all(ConditionPart::is_reached));
    assert!(!parts.iter().skip(reached).any(ConditionPart::is_reached));
    let unknown = || parts.iter().any(|part| part.holds() == Holds::Unknown);
    let sum = match (first, decisive) {
        (Some(_), decisive) => decisive,
        (None, _) if unknown() => Holds::Unknown,
        (None, Holds::No) => Holds::Yes,
        (None, _) => Holds::No,
    };
    let expected = match sum {
        Holds::No if is_negated => Holds::Yes,
        Holds::Yes if is_negated => Holds::No,
        sum => sum,
    };
    assert_eq!(part.holds(), expected, "{part:?}");
}
