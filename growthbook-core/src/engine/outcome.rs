use std::sync::Arc;

use crate::assignment::{Assignment, BanditAssignment};
use crate::attributes::AttributeValue;
use crate::bucketing::{
    Namespace, Range, bucket_ranges, choose_weighted, equal_weights, weights_are_valid,
};
use crate::condition::Condition;
use crate::experiment::read::{Forced, Status, Targeting, Variation};
use crate::experiment::{ExperimentInfo, ExperimentOverride, Replacement};
use crate::page_url::LegacyUrlPattern;
use crate::result::ExperimentChanges;

use super::bandit::Selected;
use super::subject::HashSource;

/// What an experiment came to for one user. Borrows everything; [`Outcome::assignment`] makes it last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) experiment: &'a Arc<ExperimentInfo>,
    pub(crate) overrides: Option<&'a ExperimentOverride>,
    /// What a bandit selected, of which an override of the weights makes nothing.
    pub(super) selected: Option<Selected<'a>>,
    pub(crate) hash: HashSource<'a>,
    /// The user's bucket, if hashing chose the variation.
    pub(crate) bucket: Option<f64>,
    pub(crate) variation: usize,
    pub(crate) in_experiment: bool,
    pub(crate) sticky_used: bool,
}

impl<'a> Outcome<'a> {
    /// The outcome for a user who is not in the experiment, which every outcome is at first.
    pub(super) fn excluded(
        experiment: &'a Arc<ExperimentInfo>,
        selected: Option<Selected<'a>>,
        hash: HashSource<'a>,
    ) -> Self {
        Self {
            experiment,
            overrides: None,
            selected,
            hash,
            bucket: None,
            variation: 0,
            in_experiment: false,
            sticky_used: false,
        }
    }

    pub(crate) fn hash_used(&self) -> bool {
        self.bucket.is_some()
    }

    /// The variation's metadata. An experiment without any variations has none.
    pub(crate) fn meta(&self) -> Option<&'a Variation> {
        self.experiment.variations.get(self.variation)
    }

    pub(crate) fn passes_through(&self) -> bool {
        self.meta().is_some_and(|meta| meta.passthrough)
    }

    /// The outcome as owned data, which shares the experiment's texts.
    pub(crate) fn assignment(&self) -> Assignment {
        let meta = self.meta();
        Assignment {
            variation_index: self.variation,
            variation_key: meta.map_or_else(|| "0".into(), |meta| Arc::clone(&meta.key)),
            variation_name: meta.and_then(|meta| meta.name.clone()),
            in_experiment: self.in_experiment,
            hash_used: self.hash_used(),
            hash_attribute: Arc::clone(self.hash.attribute.shared()),
            hash_value: self.hash.value.map_or(AttributeValue::Null, Clone::clone),
            bucket: self.bucket,
            sticky_bucket_used: self.sticky_used,
            passthrough: self.passes_through(),
            bandit: self
                .selected
                .filter(|_| self.hash_used() && !self.experiment.allotment.is_explicit)
                .map(|selected| Box::new(self.bandit_assignment(&selected))),
        }
    }

    /// What a bandit contributed, for analytics: the weights are those that bucketing used (spec 18.3).
    fn bandit_assignment(&self, selected: &Selected<'_>) -> BanditAssignment {
        let count = self.experiment.variation_count();
        let weights = match self.weights() {
            Replacement::Keep => self.experiment.allotment.weights.as_deref(),
            Replacement::With(weights) => weights,
        };
        BanditAssignment {
            leaf_id: selected.leaf_id(),
            variation_weights: weights
                .filter(|weights| weights_are_valid(weights, count))
                .map_or_else(
                    || equal_weights(i64::try_from(count).unwrap_or_default()).into(),
                    Into::into,
                ),
            bandit_version: selected.version(),
        }
    }

    /// The weights as written, unless a leaf has others, or an override, which comes after.
    pub(super) fn weights(&self) -> Replacement<Option<&'a [f64]>> {
        match self.overrides.map(|it| &it.weights) {
            Some(Replacement::With(weights)) => Replacement::With(weights.as_deref()),
            _ => match self.leaf_weights() {
                Some(weights) => Replacement::With(Some(weights)),
                None => Replacement::Keep,
            },
        }
    }

    fn leaf_weights(&self) -> Option<&'a [f64]> {
        self.selected.as_ref()?.leaf_weights()
    }

    /// Where the experiment that ran differs from how it is written.
    pub(crate) fn changes(&self) -> Option<Box<ExperimentChanges>> {
        let overrides = self.overrides.map(|overrides| overrides.definition.clone());
        // An override of the weights comes after the leaf's.
        let overridden = self
            .overrides
            .is_some_and(|it| matches!(it.weights, Replacement::With(_)));
        let weights = self.leaf_weights().filter(|_| !overridden).map(Into::into);
        (overrides.is_some() || weights.is_some())
            .then(|| Box::new(ExperimentChanges { weights, overrides }))
    }
}

/// The experiment as it runs: as written, with what overrides and a bandit change.
impl<'a> Outcome<'a> {
    /// A variation that was not hashed. One that does not exist excludes.
    pub(super) fn force(&mut self, index: Option<usize>) {
        let index = index.filter(|index| *index < self.experiment.variation_count());
        self.variation = index.unwrap_or(0);
        self.in_experiment = index.is_some();
    }

    pub(super) fn status(&self) -> Status {
        self.overrides
            .and_then(|it| it.status)
            .unwrap_or(self.experiment.status)
    }

    pub(super) fn is_active(&self) -> bool {
        self.overrides
            .and_then(|it| it.is_active)
            .unwrap_or(self.experiment.is_active)
    }

    pub(super) fn author_force(&self) -> Forced {
        self.overrides
            .and_then(|it| it.force)
            .unwrap_or(self.experiment.force)
    }

    pub(super) fn targeting(&self) -> Option<&'a Targeting> {
        self.experiment.targeting.as_deref()
    }

    pub(super) fn condition(&self) -> Option<&'a Condition> {
        match self.overrides.map(|it| &it.condition) {
            Some(Replacement::With(condition)) => condition.as_ref(),
            _ => self.targeting()?.condition.as_ref(),
        }
    }

    pub(super) fn namespace(&self) -> Option<&'a Namespace> {
        match self.overrides.map(|it| &it.namespace) {
            Some(Replacement::With(namespace)) => namespace.as_ref(),
            _ => self.targeting()?.namespace.as_ref(),
        }
    }

    pub(super) fn groups(&self) -> &'a [Box<str>] {
        match self.overrides.and_then(|it| it.groups.as_ref()) {
            Some(groups) => groups,
            None => self.targeting().map_or(&[], |targeting| &targeting.groups),
        }
    }

    pub(super) fn legacy_url(&self) -> Option<&'a LegacyUrlPattern> {
        match self.overrides.map(|it| &it.legacy_url) {
            Some(Replacement::With(pattern)) => pattern.as_ref(),
            _ => self.targeting()?.legacy_url.as_ref(),
        }
    }

    /// Step 13.
    #[inline]
    pub(super) fn choose(&self, bucket: f64) -> Option<usize> {
        match self.dealt_anew() {
            None => self.experiment.allotment.ranges.choose(bucket),
            Some((coverage, weights)) => {
                choose_weighted(bucket, self.experiment.variation_count(), coverage, weights)
            }
        }
    }

    /// The ranges that [`Outcome::choose`] looks through.
    pub(super) fn ranges(&self) -> Vec<Range> {
        let count = self.experiment.variation_count();
        match self.dealt_anew() {
            None => self.experiment.allotment.ranges.as_slice().to_vec(),
            Some((coverage, weights)) => bucket_ranges(count, coverage, weights),
        }
    }

    /// The coverage and the weights, unless the ranges are those that were worked out beforehand.
    #[inline]
    fn dealt_anew(&self) -> Option<(f64, Option<&'a [f64]>)> {
        if self.overrides.is_none() && self.selected.is_none() {
            return None;
        }
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
}
