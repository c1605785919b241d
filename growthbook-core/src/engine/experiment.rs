//! The numbered steps of spec 16, in order. The first that settles the outcome wins.

use std::sync::{Arc, LazyLock};

use super::bandit::Selected;
use super::outcome::{BanditUse, Outcome};
use super::sticky::Lookup;
use super::subject::HashSource;
use super::witness::Witness;
use super::{Exposure, Run};
use crate::bucketing::{Namespace, Range, bucket_ranges, choose_weighted, weights_are_valid};
use crate::condition::Condition;
use crate::experiment::read::{Forced, Status, Targeting};
use crate::experiment::{ExperimentInfo, ExperimentOverride, Replacement};
use crate::explanation::Step;
use crate::page_url::{LegacyUrlPattern, PageUrl};

/// An experiment as it runs: as written, with what overrides and a bandit change.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(super) experiment: &'a Arc<ExperimentInfo>,
    overrides: Option<&'a ExperimentOverride>,
    /// The weights of a bandit's leaf.
    pub(super) leaf_weights: Option<&'a [f64]>,
    pub(super) bandit: Option<BanditUse<'a>>,
    pub(super) hash: HashSource<'a>,
}

impl<'a, R: Witness<'a>> Run<'a, '_, R> {
    /// Runs an experiment for the feature `feature`, or for none, with what its bandit selected.
    pub(crate) fn experiment(
        &mut self,
        experiment: &'a Arc<ExperimentInfo>,
        feature: Option<&'a str>,
        selected: Option<Selected<'a>>,
    ) -> Outcome<'a> {
        let is_sticky = self.sticky.is_some() && experiment.sticky.enabled;
        let fallback = experiment.fallback_attribute.as_ref().filter(|_| is_sticky);
        let mut setup = Setup {
            experiment,
            overrides: None,
            leaf_weights: None,
            bandit: None,
            hash: self
                .subject
                .hash_source(&experiment.hash_attribute, fallback),
        };
        if let Some(selected) = selected {
            setup.leaf_weights = selected.leaf_weights;
            setup.bandit = Some(selected.used);
        }
        self.recorder.experiment_begins(&setup);
        let settled = self.bucketed(&mut setup, is_sticky);
        self.recorder.experiment_ends(settled.outcome());
        match settled {
            Settled::Bucketed(outcome) => {
                if is_sticky {
                    self.save_sticky(&outcome);
                }
                let exposure = Exposure::here(self.shared, feature, outcome);
                self.recorder.experiment_viewed(&exposure);
                outcome
            }
            Settled::Otherwise(outcome) => outcome,
        }
    }

    #[expect(clippy::too_many_lines, reason = "the steps, one after the other")]
    fn bucketed(&mut self, setup: &mut Setup<'a>, is_sticky: bool) -> Settled<'a> {
        let experiment = setup.experiment;
        let key = experiment.key();
        // 1
        if experiment.variation_count() < 2 {
            self.recorder.settled_by(Step::FewVariations);
            return setup.excluded();
        }
        // 2
        if self.subject.is_disabled() {
            self.recorder.settled_by(Step::Disabled);
            return setup.excluded();
        }
        // 3
        setup.overrides = self.subject.overrides(key);
        setup.settle_bandit();
        let targeting = experiment.targeting.as_deref();
        // 4
        if targeting.is_some_and(|targeting| !self.is_on_page(targeting)) {
            self.recorder.settled_by(Step::Page);
            return setup.excluded();
        }
        // 5
        let count = experiment.variation_count();
        if let Some(index) = self
            .subject
            .url()
            .and_then(|url| url.query_override(key, count))
        {
            self.recorder.settled_by(Step::QueryString);
            return setup.forced(Some(index));
        }
        // 6
        if let Some(index) = self.subject.forced_variation(key) {
            self.recorder.settled_by(Step::ForcedVariation);
            return setup.forced(Some(index));
        }
        // 7
        if setup.status() == Status::Draft || !setup.is_active() {
            self.recorder.settled_by(Step::Inactive);
            return setup.excluded();
        }
        // 8
        let mut buffer = ryu_js::Buffer::new();
        let Some(text) = setup
            .hash
            .value
            .and_then(|value| value.identity(&mut buffer))
        else {
            self.recorder.settled_by(Step::NoHashValue);
            return setup.excluded();
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
        // 10
        if kept.is_none() && !self.admits(setup, text) {
            return setup.excluded();
        }
        // 11
        if setup
            .legacy_url()
            .is_some_and(|pattern| !self.subject.url().is_some_and(|url| pattern.matches(url)))
        {
            self.recorder.settled_by(Step::LegacyUrl);
            return setup.excluded();
        }
        // 12
        let Some(version) = experiment.hash_version else {
            self.recorder.settled_by(Step::HashVersion);
            return setup.excluded();
        };
        let bucket = experiment.seed.bucket(text, version);
        self.recorder.bucketed(setup, bucket);
        // 13
        let assigned = kept.or_else(|| setup.choose(bucket));
        // 14
        if matches!(found, Lookup::Blocked) {
            self.recorder.settled_by(Step::StickyBlocked);
            return Settled::Otherwise(Outcome {
                sticky_used: true,
                ..setup.outcome(0, false)
            });
        }
        // 15
        let Some(assigned) = assigned else {
            self.recorder.settled_by(Step::Coverage);
            return setup.excluded();
        };
        // 16
        if let Forced::To(index) = setup.force() {
            self.recorder.settled_by(Step::ForcedForAll);
            return setup.forced(index);
        }
        // 17
        if self.subject.is_in_qa_mode() {
            self.recorder.settled_by(Step::QaMode);
            return setup.excluded();
        }
        // 18
        if self.subject.skips_experiments() {
            self.recorder.settled_by(Step::Skipped);
            return setup.excluded();
        }
        // 19
        if setup.status() == Status::Stopped {
            self.recorder.settled_by(Step::Stopped);
            return setup.excluded();
        }
        // 20. More ranges than variations can assign one that is not there.
        if assigned >= count {
            self.recorder.settled_by(Step::NoSuchVariation);
            return setup.excluded();
        }
        self.recorder.settled_by(match kept {
            Some(_) => Step::StickyBucket,
            None => Step::Bucket,
        });
        Settled::Bucketed(Outcome {
            bucket: Some(bucket),
            sticky_used: kept.is_some(),
            bandit: setup.bandit,
            ..setup.outcome(assigned, true)
        })
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
    fn admits(&mut self, setup: &Setup<'a>, hash_text: &str) -> bool {
        let targeting = setup.experiment.targeting.as_deref();
        if targeting.is_none() && setup.overrides.is_none() {
            return true;
        }
        if targeting.is_some_and(|targeting| !self.passes(&targeting.filters)) {
            self.recorder.settled_by(Step::Filters);
            return false;
        }
        let has_filters = targeting.is_some_and(|it| it.has_filters);
        if !has_filters && let Some(namespace) = setup.namespace() {
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
        if setup
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
        let admits = setup.groups().is_empty() || self.subject.is_in_any_group(setup.groups());
        if !admits {
            self.recorder.settled_by(Step::Groups);
        }
        admits
    }
}

/// No address is the empty one.
static NOWHERE: LazyLock<PageUrl> = LazyLock::new(|| PageUrl::new(""));

/// An outcome, and whether hashing brought it about: then it is stored and reported.
enum Settled<'a> {
    Bucketed(Outcome<'a>),
    Otherwise(Outcome<'a>),
}

impl<'a> Settled<'a> {
    fn outcome(&self) -> &Outcome<'a> {
        match self {
            Self::Bucketed(outcome) | Self::Otherwise(outcome) => outcome,
        }
    }
}

impl<'a> Setup<'a> {
    pub(super) fn outcome(&self, variation: usize, in_experiment: bool) -> Outcome<'a> {
        Outcome {
            experiment: self.experiment,
            overrides: self.overrides,
            variation,
            in_experiment,
            hash: self.hash,
            bucket: None,
            sticky_used: false,
            leaf_weights: self.leaf_weights,
            bandit: None,
        }
    }

    fn excluded(&self) -> Settled<'a> {
        Settled::Otherwise(self.outcome(0, false))
    }

    /// A variation that was not hashed. One that does not exist excludes.
    fn forced(&self, index: Option<usize>) -> Settled<'a> {
        let index = index.filter(|index| *index < self.experiment.variation_count());
        Settled::Otherwise(self.outcome(index.unwrap_or(0), index.is_some()))
    }

    fn status(&self) -> Status {
        self.overrides
            .and_then(|it| it.status)
            .unwrap_or(self.experiment.status)
    }

    fn is_active(&self) -> bool {
        self.overrides
            .and_then(|it| it.is_active)
            .unwrap_or(self.experiment.is_active)
    }

    fn force(&self) -> Forced {
        self.overrides
            .and_then(|it| it.force)
            .unwrap_or(self.experiment.force)
    }

    fn targeting(&self) -> Option<&'a Targeting> {
        self.experiment.targeting.as_deref()
    }

    fn condition(&self) -> Option<&'a Condition> {
        match self.overrides.map(|it| &it.condition) {
            Some(Replacement::With(condition)) => condition.as_ref(),
            _ => self.targeting()?.condition.as_ref(),
        }
    }

    fn namespace(&self) -> Option<&'a Namespace> {
        match self.overrides.map(|it| &it.namespace) {
            Some(Replacement::With(namespace)) => namespace.as_ref(),
            _ => self.targeting()?.namespace.as_ref(),
        }
    }

    fn groups(&self) -> &'a [Box<str>] {
        match self.overrides.and_then(|it| it.groups.as_ref()) {
            Some(groups) => groups,
            None => self.targeting().map_or(&[], |targeting| &targeting.groups),
        }
    }

    fn legacy_url(&self) -> Option<&'a LegacyUrlPattern> {
        match self.overrides.map(|it| &it.legacy_url) {
            Some(Replacement::With(pattern)) => pattern.as_ref(),
            _ => self.targeting()?.legacy_url.as_ref(),
        }
    }

    /// The weights as written, unless a leaf has others, or an override, which comes after.
    fn weights(&self) -> Replacement<Option<&'a [f64]>> {
        match self.overrides.map(|it| &it.weights) {
            Some(Replacement::With(weights)) => Replacement::With(weights.as_deref()),
            _ => match self.leaf_weights {
                Some(weights) => Replacement::With(Some(weights)),
                None => Replacement::Keep,
            },
        }
    }

    /// Step 13.
    fn choose(&self, bucket: f64) -> Option<usize> {
        let count = self.experiment.variation_count();
        match self.dealt_anew() {
            None => self.experiment.allotment.ranges.choose(bucket),
            Some((coverage, weights)) => choose_weighted(bucket, count, coverage, weights),
        }
    }

    /// The ranges that [`Setup::choose`] looks through.
    pub(super) fn ranges(&self) -> Vec<Range> {
        let count = self.experiment.variation_count();
        match self.dealt_anew() {
            None => self.experiment.allotment.ranges.as_slice().to_vec(),
            Some((coverage, weights)) => bucket_ranges(count, coverage, weights),
        }
    }

    /// The coverage and the weights, unless the ranges are those that were worked out beforehand.
    fn dealt_anew(&self) -> Option<(f64, Option<&'a [f64]>)> {
        let allotment = &self.experiment.allotment;
        let coverage = self.overrides.and_then(|it| it.coverage);
        let weights = match self.weights() {
            _ if allotment.is_explicit => return None,
            Replacement::Keep if coverage.is_none() => return None,
            Replacement::Keep => allotment.weights.as_deref(),
            Replacement::With(weights) => weights,
        };
        Some((coverage.unwrap_or(allotment.coverage), weights))
    }

    /// Makes the reported weights those that bucketing will use (spec 18.3).
    fn settle_bandit(&mut self) {
        if self.experiment.allotment.is_explicit {
            self.bandit = None;
        }
        let count = self.experiment.variation_count();
        let weights = match self.weights() {
            Replacement::Keep => self.experiment.allotment.weights.as_deref(),
            Replacement::With(weights) => weights,
        };
        if let Some(bandit) = &mut self.bandit {
            bandit.weights = weights.filter(|weights| weights_are_valid(weights, count));
        }
    }
}
