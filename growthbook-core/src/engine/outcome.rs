use std::sync::Arc;

use crate::assignment::{Assignment, BanditAssignment};
use crate::attributes::AttributeValue;
use crate::experiment::read::Variation;
use crate::experiment::{ExperimentInfo, ExperimentOverride, Replacement};
use crate::result::ExperimentChanges;

use super::subject::HashSource;

/// What an experiment came to for one user. Borrows everything; [`Outcome::assignment`] makes it last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) experiment: &'a Arc<ExperimentInfo>,
    pub(crate) overrides: Option<&'a ExperimentOverride>,
    pub(crate) variation: usize,
    pub(crate) in_experiment: bool,
    pub(crate) hash: HashSource<'a>,
    /// The user's bucket, if hashing chose the variation.
    pub(crate) bucket: Option<f64>,
    pub(crate) sticky_used: bool,
    /// The weights that a bandit's leaf gave.
    pub(crate) leaf_weights: Option<&'a [f64]>,
    pub(crate) bandit: Option<BanditUse<'a>>,
}

/// What a bandit contributed, for analytics (spec 18).
#[derive(Clone, Copy, Debug)]
pub(crate) struct BanditUse<'a> {
    pub(crate) leaf_id: i64,
    /// `None`: equal weights.
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) version: Option<i64>,
}

impl<'a> Outcome<'a> {
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
                .bandit
                .map(|bandit| Box::new(self.bandit_assignment(&bandit))),
        }
    }

    fn bandit_assignment(&self, bandit: &BanditUse<'_>) -> BanditAssignment {
        let count = self.experiment.variation_count();
        BanditAssignment {
            leaf_id: bandit.leaf_id,
            variation_weights: bandit.weights.map_or_else(
                || crate::bucketing::equal_weights(i64::try_from(count).unwrap_or_default()).into(),
                Into::into,
            ),
            bandit_version: bandit.version,
        }
    }

    /// Where the experiment that ran differs from how it is written.
    pub(crate) fn changes(&self) -> Option<Box<ExperimentChanges>> {
        let overrides = self.overrides.map(|overrides| overrides.definition.clone());
        // An override of the weights comes after the leaf's.
        let overridden = self
            .overrides
            .is_some_and(|it| matches!(it.weights, Replacement::With(_)));
        let weights = self.leaf_weights.filter(|_| !overridden).map(Into::into);
        (overrides.is_some() || weights.is_some())
            .then(|| Box::new(ExperimentChanges { weights, overrides }))
    }
}
