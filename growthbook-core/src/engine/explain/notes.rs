//! What is written down of each thing heard.

use super::super::experiment::Setup;
use super::super::sticky::Lookup;
use super::super::subject::HashSource;
use super::super::{Decision, Exposure, Key, Outcome, Parent, Recorder, RulePlace, Witness};
use super::{Explainer, Open, Running, facts};
use crate::attributes::AttributeValue;
use crate::audience::{Filter, Prerequisite};
use crate::bucketing::{HashVersion, Namespace};
use crate::condition::{Condition, ConditionPart, Scope};
use crate::explanation::{ExplainedBucket, ExplainedFeature, RuleKind, RuleOutcome, Step};
use crate::page_url::PageUrl;
use crate::ruleset::{Context, Rollout, Rule};

impl<'a> Recorder<'a> for Explainer<'a> {
    /// An exposure of a rule that runs no experiment comes from elsewhere.
    fn experiment_viewed(&mut self, exposure: &Exposure<'a>) {
        let Some(rule) = self.rule().filter(|rule| rule.kind == RuleKind::Force) else {
            return;
        };
        let track = (exposure.experiment().key(), exposure.variation_key());
        rule.tracks.push((track.0.to_owned(), track.1.to_owned()));
    }
}

impl<'a> Witness<'a> for Explainer<'a> {
    fn feature_begins(&mut self, key: Key<'a>) {
        let mut open = Open::listening(key.text(self.ruleset));
        open.listens = self.keys.insert(open.key) && self.budget.take();
        if open.listens {
            open.place = Some(self.features.len());
            self.features.push(None);
        }
        self.open.push(open);
    }

    fn feature_ends(&mut self, decision: &Decision<'a>, outcome: Option<&Outcome<'a>>) {
        let Some(open) = self.open.pop() else { return };
        let place = open.place.and_then(|place| self.features.get_mut(place));
        if let Some(place) = place {
            *place = Some(ExplainedFeature {
                result: decision.into_result(self.ruleset, open.key, outcome),
                rules: open.rules,
            });
        }
    }

    fn rule_begins(&mut self, rule: &'a Rule, at: RulePlace) {
        if self.listener().is_none() {
            return;
        }
        let has_room = self.budget.take();
        let Some(open) = self.listener() else { return };
        if has_room {
            open.rules.push(facts::rule(rule, at));
        } else {
            open.listens = false;
        }
    }

    fn prerequisite(
        &mut self,
        prerequisite: &'a Prerequisite,
        parent: Option<Parent<'a>>,
        is_met: bool,
    ) {
        if self.listener().is_none() || !self.budget.take() {
            return;
        }
        let mut told = facts::prerequisite(prerequisite, parent, is_met, self.ruleset);
        if let (Prerequisite::Feature { condition, .. }, Some(parent)) = (prerequisite, parent)
            && let Some(condition) = condition
        {
            let scope = Scope::Prerequisite(parent.value.as_attribute());
            told.condition = self.parts(condition, &scope);
        }
        let outcome = match (told.is_cyclic, told.is_gate) {
            _ if is_met => None,
            (true, _) => Some(RuleOutcome::Cyclic),
            (false, true) => Some(RuleOutcome::GateClosed),
            (false, false) => Some(RuleOutcome::Prerequisite),
        };
        if let Some(experiment) = self.experiment() {
            experiment.prerequisites.push(told);
        } else if let Some(rule) = self.rule() {
            rule.outcome = outcome.unwrap_or(rule.outcome);
            rule.prerequisites.push(told);
        }
    }

    fn filters(&mut self, filters: &'a [Filter]) {
        if self.listener().is_none() {
            return;
        }
        let mut told = Vec::new();
        let mut is_outside = false;
        for filter in filters {
            if is_outside || !self.budget.take() {
                break;
            }
            let bucket = facts::filter(filter, self.subject.layers());
            is_outside = !bucket.is_included();
            told.push(bucket);
        }
        if let Some(experiment) = self.experiment() {
            experiment.filters = told;
        } else if let Some(rule) = self.rule() {
            rule.filters = told;
            if is_outside {
                rule.outcome = RuleOutcome::Filters;
            }
        }
    }

    fn condition(&mut self, condition: &'a Condition, holds: bool) {
        if self.listener().is_none() {
            return;
        }
        let scope = self.subject.scope();
        let told = self.parts(condition, &scope);
        let Some(open) = self.listener() else { return };
        if let (None, Some(leaf)) = (&open.running, open.leaves.last_mut()) {
            leaf.holds = told.as_ref().map_or(leaf.holds, ConditionPart::holds);
            leaf.condition = told;
            return;
        }
        if let Some(running) = &mut open.running {
            running.told.condition = told;
        } else if let Some(rule) = open.rules.last_mut() {
            rule.condition = told;
            if !holds {
                rule.outcome = RuleOutcome::Condition;
            }
        }
    }

    fn rollout(&mut self, rollout: &'a Rollout, source: HashSource<'a>) {
        if let Some(rule) = self.rule() {
            let told = facts::rollout(rollout, source);
            if !told.is_included() {
                rule.outcome = RuleOutcome::Rollout;
            }
            rule.rollout = Some(told);
        }
    }

    fn leaf(&mut self, context: &'a Context) {
        if self.listener().is_some()
            && self.budget.take()
            && let Some(open) = self.listener()
        {
            open.leaves.push(facts::leaf(context));
        }
    }

    fn experiment_begins(&mut self, setup: &Setup<'a>) {
        if let Some(open) = self.listener() {
            let mut told = facts::experiment(&setup.outcome(0, false), Step::Bucket);
            if !open.rules.is_empty() {
                told.bandit = facts::bandit(setup, std::mem::take(&mut open.leaves));
            }
            open.running = Some(Running {
                told,
                experiment: setup.experiment,
                hash: setup.hash,
            });
        }
    }

    fn sticky_found(&mut self, found: Lookup) {
        if let Some(running) = self.running() {
            running.told.sticky = Some(facts::sticky(found, running.experiment));
        }
    }

    fn namespace(&mut self, namespace: &'a Namespace, _hash_text: &str) {
        if let Some(running) = self.running() {
            let HashSource { attribute, value } = running.hash;
            let (seed, version) = (&namespace.seed, Some(HashVersion::V1));
            let bucket = ExplainedBucket::new(attribute.shared(), value, seed, version);
            running.told.namespace = Some(bucket.within(&[namespace.range]));
        }
    }

    fn bucketed(&mut self, setup: &Setup<'a>, bucket: f64) {
        if let Some(experiment) = self.experiment() {
            let ranges = setup.ranges();
            experiment.variations = facts::variations(setup.experiment, &ranges, bucket);
            experiment.variation_count = ranges.len();
        }
    }

    fn settled_by(&mut self, step: Step) {
        let page = self.subject.url().map(PageUrl::as_str);
        if let Some(experiment) = self.experiment() {
            experiment.step = step;
            if matches!(step, Step::Page | Step::QueryString | Step::LegacyUrl) {
                experiment.page = page.map(|page| AttributeValue::from(page).shortened());
            }
        }
    }

    fn experiment_ends(&mut self, outcome: &Outcome<'a>) {
        let Some(open) = self.listener() else { return };
        let Some(running) = open.running.take() else {
            return;
        };
        let mut experiment = running.told;
        experiment.assignment = outcome.assignment();
        if let Some(rule) = open.rules.last_mut() {
            rule.outcome = match (outcome.in_experiment, outcome.passes_through()) {
                (false, _) => RuleOutcome::NotInExperiment,
                (true, true) => RuleOutcome::PassedThrough,
                (true, false) => RuleOutcome::Applied,
            };
            rule.experiment = Some(Box::new(experiment));
        } else {
            self.ran.push(experiment);
        }
    }
}
