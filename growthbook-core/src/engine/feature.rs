use std::sync::Arc;

use super::{
    Exposure, FeatureUsage, Key, MOST_EVALUATED, MOST_PREREQUISITES, MOST_TRIED, Outcome, Run,
    Witness,
};
use crate::audience::{Filter, HashAttribute, Prerequisite};
use crate::condition::{Condition, Evaluator, Scope};
use crate::feature_value::{FeatureValue, NULL, ValueId};
use crate::result::{FeatureResult, FeatureSource, ResultKey, ResultValue};
use crate::ruleset::{Feature, ForceRule, Reach, Rollout, Rule, RuleKind, RulePlace, Ruleset};

/// What a feature came to for one user. Borrows everything; [`Decision::into_result`] makes it last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision<'a> {
    pub(crate) value: &'a FeatureValue,
    /// Where the value stands in the payload, if it does.
    stored: Option<ValueId>,
    pub(crate) source: FeatureSource,
    rule: Option<RulePlace>,
}

impl<'a> Decision<'a> {
    pub(crate) fn unknown() -> Self {
        Self::null(FeatureSource::UnknownFeature)
    }

    fn null(source: FeatureSource) -> Self {
        Self {
            value: &NULL,
            stored: None,
            source,
            rule: None,
        }
    }

    fn from_payload(ruleset: &'a Ruleset, value: ValueId, source: FeatureSource) -> Self {
        Self {
            stored: Some(value),
            value: ruleset.value(value),
            ..Self::null(source)
        }
    }

    pub(crate) fn stored(&self) -> Option<ValueId> {
        self.stored
    }

    pub(crate) fn rule(&self) -> Option<RulePlace> {
        self.rule
    }

    pub(crate) fn into_result(
        self,
        ruleset: &Arc<Ruleset>,
        key: &str,
        outcome: Option<&Outcome<'_>>,
    ) -> FeatureResult {
        let value = match (self.stored, self.source) {
            (Some(value), _) => ResultValue::Stored(value),
            (None, FeatureSource::Override) => ResultValue::Forced(Box::new(self.value.clone())),
            (None, _) => ResultValue::Null,
        };
        FeatureResult {
            key: match self.rule {
                Some(rule) => ResultKey::Stored(rule.feature),
                None => ResultKey::of(ruleset, key),
            },
            ruleset: Arc::clone(ruleset),
            value,
            source: self.source,
            rule: self.rule,
            assignment: outcome.map(Outcome::assignment),
            changes: outcome.and_then(Outcome::changes),
        }
    }
}

/// What dependent features look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent<'a> {
    pub(super) value: &'a FeatureValue,
    pub(super) is_cyclic: bool,
}

impl<'a> From<&Decision<'a>> for Parent<'a> {
    fn from(decision: &Decision<'a>) -> Self {
        Self {
            value: decision.value,
            is_cyclic: decision.source == FeatureSource::CyclicPrerequisite,
        }
    }
}

/// What a rule's prerequisite came to.
enum Need {
    Cyclic,
    Gate,
    Met,
    Skip,
}

/// What a rule came to.
enum Verdict<'a> {
    Decided(Decision<'a>),
    Skip,
}

impl<'a, R: Witness<'a>> Run<'a, '_, R> {
    /// A feature that the payload does not even name.
    pub(super) fn unknown(&mut self, key: &'a str) -> Decision<'a> {
        self.recorder.feature_begins(Key::Text(key));
        if self.forces_values
            && let Some(value) = self.subject.forced_value(key)
        {
            return self.forced(value);
        }
        self.used(Key::Text(key), Decision::unknown())
    }

    /// Evaluates the feature at `place` (spec 12).
    pub(super) fn feature(&mut self, place: u32, key: Key<'a>) -> Decision<'a> {
        self.evaluated += 1;
        self.recorder.feature_begins(key);
        let feature = self.ruleset.feature(place);
        if self.ancestors.len() > 0 && self.leads_in_a_circle(place, feature) {
            return self.used(key, Decision::null(FeatureSource::CyclicPrerequisite));
        }
        if self.forces_values
            && let Some(value) = self.subject.forced_value(key.text(self.ruleset))
        {
            return self.forced(value);
        }
        let Some(feature) = feature else {
            return self.used(key, Decision::unknown());
        };
        self.ancestors.push(place);
        let decision = self.rules(feature, place);
        self.ancestors.pop();
        self.used(key, decision)
    }

    /// A value forced from outside is not reported as usage.
    fn forced(&mut self, value: &'a FeatureValue) -> Decision<'a> {
        let decision = Decision {
            value,
            ..Decision::null(FeatureSource::Override)
        };
        self.recorder.feature_ends(&decision, None);
        decision
    }

    fn used(&mut self, key: Key<'a>, decision: Decision<'a>) -> Decision<'a> {
        let outcome = self.outcome_of(&decision).copied();
        self.recorder.feature_ends(&decision, outcome.as_ref());
        let usage = FeatureUsage::new(self.shared, key, decision, outcome);
        self.recorder.feature_evaluated(&usage);
        decision
    }

    /// The outcome of the experiment that made a decision, right after it was made.
    pub(super) fn outcome_of(&self, decision: &Decision<'a>) -> Option<&Outcome<'a>> {
        self.last
            .as_ref()
            .filter(|_| decision.source == FeatureSource::Experiment)
    }

    fn leads_in_a_circle(&self, place: u32, feature: Option<&Feature>) -> bool {
        self.ancestors.len() > MOST_PREREQUISITES
            || self.evaluated > MOST_EVALUATED
            || self.tried > MOST_TRIED
            // Only a feature that leads into a cycle can be met on its own path.
            || feature.is_some_and(|feature| feature.reach == Reach::Cycle)
                && self.ancestors.iter().any(|ancestor| *ancestor == place)
    }

    fn rules(&mut self, feature: &'a Feature, place: u32) -> Decision<'a> {
        for (index, rule) in (0..).zip(&feature.rules) {
            let at = RulePlace {
                feature: place,
                rule: index,
            };
            self.recorder.rule_begins(rule, at);
            if let Verdict::Decided(decision) = self.rule(rule, at) {
                return decision;
            }
        }
        Decision::from_payload(self.ruleset, feature.default, FeatureSource::DefaultValue)
    }

    fn rule(&mut self, rule: &'a Rule, at: RulePlace) -> Verdict<'a> {
        self.tried = self.tried.saturating_add(1);
        for prerequisite in &rule.prerequisites {
            let source = match self.need(prerequisite) {
                Need::Cyclic => FeatureSource::CyclicPrerequisite,
                Need::Gate => FeatureSource::Prerequisite,
                Need::Met => continue,
                Need::Skip => return Verdict::Skip,
            };
            return Verdict::Decided(Decision::null(source));
        }
        self.rule_on_its_own(rule, at)
    }

    /// A rule whose prerequisites are met. Kept apart, like all that does not lead to further features: evaluation
    /// recurses through what calls it, and that must take little of the thread's stack.
    #[inline(never)]
    fn rule_on_its_own(&mut self, rule: &'a Rule, at: RulePlace) -> Verdict<'a> {
        if !self.passes(&rule.filters) {
            return Verdict::Skip;
        }
        match &rule.kind {
            RuleKind::Experiment(experiment) => {
                let key = self.ruleset.feature_key(at.feature);
                let selected = self.select_leaf(experiment);
                let outcome = self.experiment(experiment, Some(key), selected);
                let (in_experiment, passes_through) =
                    (outcome.in_experiment, outcome.passes_through());
                let value = experiment.values.get(outcome.variation);
                self.last = Some(outcome);
                let (true, false, Some(value)) = (in_experiment, passes_through, value) else {
                    return Verdict::Skip;
                };
                Verdict::Decided(Decision {
                    rule: Some(at),
                    ..Decision::from_payload(self.ruleset, *value, FeatureSource::Experiment)
                })
            }
            RuleKind::Force(rule) => self.force(rule, at),
            RuleKind::Gate => Verdict::Skip,
        }
    }

    /// Whether a rule's prerequisite is met, and if not, what becomes of the rule (spec 13).
    fn need(&mut self, prerequisite: &'a Prerequisite) -> Need {
        let Prerequisite::Feature {
            feature,
            condition,
            gate,
        } = prerequisite
        else {
            self.recorder.prerequisite(prerequisite, None, false);
            return Need::Skip;
        };
        let parent = self.prerequisite(feature);
        let met = !parent.is_cyclic && self.accepts(condition.as_ref(), parent.value);
        self.recorder.prerequisite(prerequisite, Some(parent), met);
        if parent.is_cyclic {
            Need::Cyclic
        } else if met {
            Need::Met
        } else if *gate {
            Need::Gate
        } else {
            Need::Skip
        }
    }

    /// Whether all of an experiment's own prerequisites are met, where gates mean nothing (spec 16, step 10e).
    pub(super) fn meets(&mut self, prerequisites: &'a [Prerequisite]) -> bool {
        prerequisites.iter().all(|prerequisite| match prerequisite {
            Prerequisite::Feature {
                feature, condition, ..
            } => {
                let parent = self.prerequisite(feature);
                let met = !parent.is_cyclic && self.accepts(condition.as_ref(), parent.value);
                self.recorder.prerequisite(prerequisite, Some(parent), met);
                met
            }
            Prerequisite::Malformed => {
                self.recorder.prerequisite(prerequisite, None, false);
                false
            }
        })
    }

    #[inline(never)]
    fn accepts(&self, condition: Option<&Condition>, value: &FeatureValue) -> bool {
        let Some(condition) = condition else {
            return true;
        };
        let scope = Scope::Prerequisite(value.as_attribute());
        Evaluator::holds(condition, &scope, self.ruleset.groups())
    }

    pub(super) fn matches(&mut self, condition: &'a Condition) -> bool {
        let holds = Evaluator::holds(condition, &self.subject.scope(), self.ruleset.groups());
        self.recorder.condition(condition, holds);
        holds
    }

    /// Whether the user is within all filters.
    #[inline]
    pub(super) fn passes(&mut self, filters: &'a [Filter]) -> bool {
        self.recorder.filters(filters);
        filters
            .iter()
            .all(|filter| filter.admits(self.subject.layers()))
    }

    fn force(&mut self, rule: &'a ForceRule, at: RulePlace) -> Verdict<'a> {
        if rule
            .condition
            .as_ref()
            .is_some_and(|condition| !self.matches(condition))
        {
            return Verdict::Skip;
        }
        if rule
            .rollout
            .as_ref()
            .is_some_and(|rollout| !self.rolls_out(rollout))
        {
            return Verdict::Skip;
        }
        for track in &rule.tracks {
            let key = self.ruleset.feature_key(at.feature);
            self.recorder
                .experiment_viewed(&Exposure::elsewhere(self.shared, key, track));
        }
        Verdict::Decided(Decision {
            rule: Some(at),
            ..Decision::from_payload(self.ruleset, rule.value, FeatureSource::Force)
        })
    }

    /// Whether the user is in the share that a rule is rolled out to (spec 9.6).
    fn rolls_out(&mut self, rollout: &'a Rollout) -> bool {
        let fallback: Option<&HashAttribute> =
            rollout.fallback.as_ref().filter(|_| self.sticky.is_some());
        let source = self.subject.hash_source(&rollout.attribute, fallback);
        self.recorder.rollout(rollout, source);
        let (Some(value), Some(version)) = (source.value, rollout.version) else {
            return false;
        };
        let mut buffer = ryu_js::Buffer::new();
        value
            .identity(&mut buffer)
            .is_some_and(|text| rollout.share.contains(rollout.seed.bucket(text, version)))
    }
}
