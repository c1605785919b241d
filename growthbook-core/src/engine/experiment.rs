//! The numbered steps of spec 16, in order. The first that settles the outcome wins.

use std::sync::{Arc, LazyLock};

use super::bandit::Selected;
use super::outcome::Outcome;
use super::sticky::Lookup;
use super::subject::HashSource;
use super::witness::Witness;
use super::{Exposure, Run};
use crate::experiment::ExperimentInfo;
use crate::experiment::read::{Forced, Status, Targeting};
use crate::explanation::Step;
use crate::page_url::PageUrl;

impl<'a, R: Witness<'a>> Run<'a, '_, R> {
    /// Runs an experiment for the feature in the place `feature`, or for none, with what its bandit selected.
    #[inline]
    pub(crate) fn experiment(
        &mut self,
        experiment: &'a Arc<ExperimentInfo>,
        feature: Option<u32>,
        selected: Option<Selected<'a>>,
    ) -> Outcome<'a> {
        let is_sticky = self.sticky.is_some() && experiment.sticky.enabled;
        let fallback = experiment.fallback_attribute.as_ref().filter(|_| is_sticky);
        let hash = HashSource::find(&self.layers, &experiment.hash_attribute, fallback);
        let mut outcome = Outcome::excluded(experiment, selected, hash);
        self.recorder.experiment_begins(&outcome);
        self.settle(&mut outcome, is_sticky);
        self.recorder.experiment_ends(&outcome);
        if outcome.hash_used() {
            if is_sticky {
                self.save_sticky(&outcome);
            }
            let feature = feature.map(|place| self.ruleset.feature_key(place));
            let exposure = Exposure::here(self.shared, feature, outcome);
            self.recorder.experiment_viewed(&exposure);
        }
        outcome
    }

    /// Takes an outcome from where everybody begins, which is not in the experiment, to where it ends.
    #[inline]
    fn settle(&mut self, outcome: &mut Outcome<'a>, is_sticky: bool) {
        let experiment = outcome.experiment;
        // Of the steps that steer, nearly all experiments and users have nothing to do with any.
        let is_steered = !experiment.is_plain() || self.subject.steers_experiments();
        // 1 to 7
        if is_steered && self.is_settled_before_hashing(outcome) {
            return;
        }
        // 8
        let mut buffer = ryu_js::Buffer::new();
        let text = match outcome.hash.value {
            Some(value) => value.identity(&mut buffer),
            None => None,
        };
        let Some(text) = text else {
            self.recorder.settled_by(Step::NoHashValue);
            return;
        };
        // 9
        let found = if is_sticky {
            let found = self.find_sticky(experiment);
            self.recorder.sticky_found(found);
            found
        } else {
            Lookup::Nothing
        };
        let kept = found.variation();
        // 10, 11
        if is_steered && !self.is_meant_for(outcome, kept, text) {
            return;
        }
        // 12
        let Some(version) = experiment.hash_version else {
            self.recorder.settled_by(Step::HashVersion);
            return;
        };
        let bucket = experiment.seed.bucket(text, version);
        self.recorder.bucketed(outcome, bucket);
        // 13
        let assigned = kept.or_else(|| outcome.choose(bucket));
        // 14
        if matches!(found, Lookup::Blocked) {
            self.recorder.settled_by(Step::StickyBlocked);
            outcome.sticky_used = true;
            return;
        }
        // 15
        let Some(assigned) = assigned else {
            self.recorder.settled_by(Step::Coverage);
            return;
        };
        // 16 to 19
        if is_steered && self.is_settled_after_hashing(outcome) {
            return;
        }
        // 20. More ranges than variations can assign one that is not there.
        if assigned >= experiment.variation_count() {
            self.recorder.settled_by(Step::NoSuchVariation);
            return;
        }
        self.recorder.settled_by(match kept {
            Some(_) => Step::StickyBucket,
            None => Step::Bucket,
        });
        outcome.variation = assigned;
        outcome.in_experiment = true;
        outcome.bucket = Some(bucket);
        outcome.sticky_used = kept.is_some();
    }

    /// Steps 1 to 7.
    #[inline(never)]
    fn is_settled_before_hashing(&mut self, outcome: &mut Outcome<'a>) -> bool {
        let experiment = outcome.experiment;
        let key = experiment.key();
        // 1
        if experiment.variation_count() < 2 {
            self.recorder.settled_by(Step::FewVariations);
            return true;
        }
        // 2
        if self.subject.is_disabled() {
            self.recorder.settled_by(Step::Disabled);
            return true;
        }
        // 3
        outcome.overrides = self.subject.overrides(key);
        // 4
        if outcome
            .targeting()
            .is_some_and(|targeting| !self.is_on_page(targeting))
        {
            self.recorder.settled_by(Step::Page);
            return true;
        }
        // 5
        let count = experiment.variation_count();
        if let Some(index) = self
            .subject
            .url()
            .and_then(|url| url.query_override(key, count))
        {
            self.recorder.settled_by(Step::QueryString);
            outcome.force(Some(index));
            return true;
        }
        // 6
        if let Some(index) = self.subject.forced_variation(key) {
            self.recorder.settled_by(Step::ForcedVariation);
            outcome.force(Some(index));
            return true;
        }
        // 7
        let is_inactive = outcome.status() == Status::Draft || !outcome.is_active();
        if is_inactive {
            self.recorder.settled_by(Step::Inactive);
        }
        is_inactive
    }

    /// Steps 10 and 11.
    #[inline(never)]
    fn is_meant_for(
        &mut self,
        outcome: &Outcome<'a>,
        kept: Option<usize>,
        hash_text: &str,
    ) -> bool {
        if kept.is_none() && !self.admits(outcome, hash_text) {
            return false;
        }
        let is_there = outcome
            .legacy_url()
            .is_none_or(|pattern| self.subject.url().is_some_and(|url| pattern.matches(url)));
        if !is_there {
            self.recorder.settled_by(Step::LegacyUrl);
        }
        is_there
    }

    /// Steps 16 to 19.
    #[inline(never)]
    fn is_settled_after_hashing(&mut self, outcome: &mut Outcome<'a>) -> bool {
        // 16
        if let Forced::To(index) = outcome.author_force() {
            self.recorder.settled_by(Step::ForcedForAll);
            outcome.force(index);
            return true;
        }
        // 17
        if self.subject.is_in_qa_mode() {
            self.recorder.settled_by(Step::QaMode);
            return true;
        }
        // 18
        if self.subject.skips_experiments() {
            self.recorder.settled_by(Step::Skipped);
            return true;
        }
        // 19
        if outcome.status() == Status::Stopped {
            self.recorder.settled_by(Step::Stopped);
            return true;
        }
        false
    }

    fn is_on_page(&self, targeting: &Targeting) -> bool {
        let Some(patterns) = &targeting.url_patterns else {
            return true;
        };
        self.subject
            .url()
            .map_or_else(|| patterns.matches(&NOWHERE), |url| patterns.matches(url))
    }

    /// Step 10: whether the experiment is meant for this user.
    fn admits(&mut self, outcome: &Outcome<'a>, hash_text: &str) -> bool {
        let targeting = outcome.targeting();
        if targeting.is_none() && outcome.overrides.is_none() {
            return true;
        }
        if targeting.is_some_and(|targeting| !self.passes(&targeting.filters)) {
            self.recorder.settled_by(Step::Filters);
            return false;
        }
        let has_filters = targeting.is_some_and(|it| it.has_filters);
        if !has_filters && let Some(namespace) = outcome.namespace() {
            self.recorder.namespace(namespace, hash_text);
            if !namespace.contains(hash_text) {
                self.recorder.settled_by(Step::Namespace);
                return false;
            }
        }
        if targeting.is_some_and(|it| it.include == Some(false)) {
            self.recorder.settled_by(Step::Include);
            return false;
        }
        if outcome
            .condition()
            .is_some_and(|condition| !self.matches(condition))
        {
            self.recorder.settled_by(Step::Condition);
            return false;
        }
        if targeting.is_some_and(|it| !self.meets(&it.prerequisites)) {
            self.recorder.settled_by(Step::Prerequisites);
            return false;
        }
        let groups = outcome.groups();
        let admits = groups.is_empty() || self.subject.is_in_any_group(groups);
        if !admits {
            self.recorder.settled_by(Step::Groups);
        }
        admits
    }
}

/// No address is the empty one.
static NOWHERE: LazyLock<PageUrl> = LazyLock::new(|| PageUrl::new(""));
