use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use super::read::{Allotment, Forced, Status, StickySettings, Targeting, Variation};
use crate::audience::HashAttribute;
use crate::bucketing::{HashSeed, HashVersion};
use crate::feature_value::ValueId;

/// What an experiment is, without its variations' values: all that deciding a variation takes.
///
/// An inline experiment has one ([`Experiment::info`](crate::Experiment::info)), and so has every experiment rule of a
/// payload; exposures carry it to analytics.
pub struct ExperimentInfo {
    pub(crate) key: Arc<str>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) phase: Option<Box<str>>,
    pub(crate) variations: Box<[Variation]>,
    pub(crate) hash_attribute: HashAttribute,
    pub(crate) fallback_attribute: Option<HashAttribute>,
    pub(crate) seed: HashSeed,
    /// `None` if it is not one that exists: nobody is bucketed.
    pub(crate) hash_version: Option<HashVersion>,
    pub(crate) allotment: Allotment,
    pub(crate) is_active: bool,
    pub(crate) status: Status,
    pub(crate) force: Forced,
    pub(crate) sticky: StickySettings,
    /// What restricts it beyond buckets; most experiments have nothing.
    pub(crate) targeting: Option<Box<Targeting>>,
    /// The id of the contextual bandit that sets the weights.
    pub(crate) bandit: Option<Box<str>>,
    /// What exposures of it are told apart by from those of others: see [`ExperimentInfo::identity_of`].
    pub(crate) identity: u64,
    /// The variations' values, if a payload holds them.
    pub(crate) values: Box<[ValueId]>,
    /// The experiment as it was written, without its variations: compact JSON.
    pub(crate) definition: Box<str>,
}

impl ExperimentInfo {
    /// The experiment's key, under which its results are analysed.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its name, for people.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Its phase: a new one starts when the experiment's traffic is dealt anew.
    pub fn phase(&self) -> Option<&str> {
        self.phase.as_deref()
    }

    /// The attribute by which users are bucketed.
    pub fn hash_attribute(&self) -> &str {
        self.hash_attribute.as_str()
    }

    /// The attribute used when a user lacks the first, with sticky buckets only.
    pub fn fallback_attribute(&self) -> Option<&str> {
        self.fallback_attribute.as_ref().map(HashAttribute::as_str)
    }

    pub(crate) fn with_values(self, values: Box<[ValueId]>) -> Self {
        Self { values, ..self }
    }

    /// The attributes whose values may have sticky buckets of this experiment. An experiment without a fallback attribute
    /// is looked up by `id` as well (spec 17.2).
    pub(crate) fn sticky_attributes(&self) -> [&HashAttribute; 2] {
        let fallback = self.fallback_attribute.as_ref();
        [
            &self.hash_attribute,
            fallback.unwrap_or(HashAttribute::id()),
        ]
    }

    /// Whether running it evaluates features, with sticky buckets of their own.
    pub(crate) fn asks_for_features(&self) -> bool {
        self.targeting
            .as_ref()
            .is_some_and(|targeting| !targeting.prerequisites.is_empty())
    }

    /// What tells it from other experiments, and from itself before the users were dealt anew: a hash that is the same
    /// whenever the experiment is read.
    pub(super) fn identity_of(&self) -> u64 {
        let mut hasher = foldhash::quality::FixedState::with_seed(0).build_hasher();
        self.sticky.assignment_key.hash(&mut hasher);
        self.phase.hash(&mut hasher);
        self.seed.hash(&mut hasher);
        self.hash_version.hash(&mut hasher);
        hasher.finish()
    }

    /// The number of variations.
    pub fn variation_count(&self) -> usize {
        self.variations.len()
    }

    /// The key of a variation: the one that its author gave it, else its index as text.
    pub fn variation_key(&self, index: usize) -> Option<&str> {
        self.variations.get(index).map(|variation| &*variation.key)
    }
}

impl fmt::Debug for ExperimentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExperimentInfo")
            .field("key", &self.key)
            .field("variations", &self.variations.len())
            .finish_non_exhaustive()
    }
}
