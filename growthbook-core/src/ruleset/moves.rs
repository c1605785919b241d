//! Two definitions of an experiment, side by side: whom the later one moves from variation to variation.

use std::collections::{HashMap, HashSet, VecDeque};

use foldhash::fast::RandomState;

use super::deal::Deal;
use super::model::{Feature, Rule};
use super::namesakes::Namesakes;
use super::rebucketing::{Rebucketing, RebucketingCause};
use crate::audience::HashAttribute;
use crate::bucketing::{HashSeed, HashVersion, Range};
use crate::experiment::{ExperimentInfo, is_kept_out};

/// The experiments that a feature runs in both of its definitions, where they differ.
pub(super) fn steps<'a>(
    feature: &'a str,
    before: &'a Feature,
    after: &'a Feature,
) -> impl Iterator<Item = Step<'a>> {
    let (old, new) = (runs(before), runs(after));
    let definitions = |runs: &[Run<'a>]| -> HashSet<_, RandomState> {
        runs.iter().map(Run::definition).collect()
    };
    // Rules that are the same stay out of it, and the others are paired in their order.
    let (known, kept) = (definitions(&old), definitions(&new));
    let mut rest: HashMap<&str, VecDeque<Run<'a>>, RandomState> = HashMap::default();
    for run in old {
        if !kept.contains(&run.definition()) {
            let namesakes = rest.entry(run.experiment.key()).or_default();
            namesakes.push_back(run);
        }
    }
    let changed = new.into_iter();
    let mut changed = changed.filter(move |new| !known.contains(&new.definition()));
    std::iter::from_fn(move || {
        changed.find_map(|after| {
            let before = rest.get_mut(after.experiment.key())?.pop_front()?;
            Some(Step {
                feature,
                before,
                after,
            })
        })
    })
}

/// From one definition of an experiment to the next.
pub(super) struct Step<'a> {
    feature: &'a str,
    before: Run<'a>,
    after: Run<'a>,
}

impl<'a> Step<'a> {
    pub(super) fn rebucketing(&self) -> Option<Rebucketing<'a>> {
        Some(Rebucketing {
            feature: self.feature,
            experiment: self.after.experiment.key(),
            cause: self.cause()?,
            spares_the_kept: self.spares_the_kept(),
        })
    }

    fn cause(&self) -> Option<RebucketingCause> {
        if self.nobody_is_in_both() {
            return None;
        }
        let Self { before, after, .. } = self;
        let (old, new) = (before.experiment, after.experiment);
        let names = self.namesakes();
        // Whatever hashes anew may move anybody, so all that counts is whether there is somewhere to go.
        let scatters = || {
            let (Some(from), Some(to)) = (before.deal(), after.deal()) else {
                return false;
            };
            from.dealt()
                .any(|from| to.dealt().any(|to| names.of(from) != Some(to)))
        };
        let anew = [
            (
                old.hash_attribute() != new.hash_attribute(),
                RebucketingCause::HashAttribute,
            ),
            (old.seed != new.seed, RebucketingCause::Seed),
            (
                old.hash_version != new.hash_version,
                RebucketingCause::HashVersion,
            ),
        ];
        if let Some((_, cause)) = anew.into_iter().find(|(applies, _)| *applies) {
            return scatters().then_some(cause);
        }
        if self.splits_differently(&names) {
            return Some(RebucketingCause::TrafficSplit);
        }
        if !old.sticky.enabled {
            return None;
        }
        let fallbacks = old.fallback_attribute().zip(new.fallback_attribute());
        if new.sticky.enabled && fallbacks.is_some_and(|(old, new)| old != new) && scatters() {
            return Some(RebucketingCause::FallbackAttribute);
        }
        let is_kept = self.keeps_out() || self.keeps(&names, |index| is_findable(old, index));
        let was_kept = (0..old.variation_count()).any(|index| is_findable(old, index));
        (was_kept && !is_kept && scatters()).then_some(RebucketingCause::StickyBuckets)
    }

    fn nobody_is_in_both(&self) -> bool {
        let slices: Vec<_> = self.before.slices().chain(self.after.slices()).collect();
        // Each with itself as well: nobody is in an empty one.
        slices
            .iter()
            .any(|one| slices.iter().any(|other| one.excludes(other)))
    }

    fn splits_differently(&self, names: &Namesakes) -> bool {
        let (old, new) = (self.before.experiment, self.after.experiment);
        if names.is_by_place()
            && old.variation_count() == new.variation_count()
            && old.allotment.ranges == new.allotment.ranges
        {
            return false;
        }
        let (Some(from), Some(to)) = (self.before.deal(), self.after.deal()) else {
            return false;
        };
        from.pairs(&to).any(|(from, to)| names.of(from) != Some(to))
    }

    /// Whether nobody who has a sticky bucket moves.
    fn spares_the_kept(&self) -> bool {
        let (old, new) = (self.before.experiment, self.after.experiment);
        let [first, second] = new.sticky_attributes().map(HashAttribute::as_str);
        let known = [Some(old.hash_attribute()), old.fallback_attribute()];
        let is_found = known
            .into_iter()
            .flatten()
            .all(|name| name == first || name == second);
        // The first attribute wins, so it must not be one that came second.
        let is_first = first == old.hash_attribute() || !known.contains(&Some(first));
        old.sticky.enabled
            && is_found
            && is_first
            && (self.keeps_out() || self.keeps(&self.namesakes(), |_| true))
    }

    /// Whether whoever has a sticky bucket is kept out.
    fn keeps_out(&self) -> bool {
        let (old, new) = (&self.before.experiment, &self.after.experiment);
        let min = new.sticky.min_bucket_version;
        new.sticky.enabled && is_kept_out(&old.sticky.assignment_key, new.key(), min)
    }

    /// Whether a sticky bucket of one of `some` variations is still found, and says the same.
    fn keeps(&self, names: &Namesakes, some: impl Fn(usize) -> bool) -> bool {
        let (old, new) = (self.before.experiment, self.after.experiment);
        let mut variations = (0..old.variation_count()).filter(|index| some(*index));
        new.sticky.enabled
            && new.sticky.assignment_key == old.sticky.assignment_key
            && variations.all(|index| {
                let place = names.of(index).filter(|place| is_findable(new, *place));
                place.is_some_and(|place| new.variation_key(place) == old.variation_key(index))
            })
    }

    fn namesakes(&self) -> Namesakes {
        Namesakes::between(self.before.experiment, self.after.experiment)
    }
}

fn runs(feature: &Feature) -> Vec<Run<'_>> {
    let run = |rule| {
        Some(Run {
            rule,
            experiment: Rule::as_experiment(rule)?,
        })
    };
    feature.rules.iter().filter_map(run).collect()
}

/// An experiment as a rule runs it.
#[derive(Clone, Copy)]
struct Run<'a> {
    rule: &'a Rule,
    experiment: &'a ExperimentInfo,
}

impl<'a> Run<'a> {
    /// All of it but the variations' values.
    fn definition(&self) -> (&'a str, usize) {
        let experiment = self.experiment;
        (&experiment.definition, experiment.variation_count())
    }

    fn deal(&self) -> Option<Deal> {
        let (experiment, version) = (self.experiment, self.experiment.hash_version?);
        let ranges = experiment.allotment.ranges.as_slice();
        Some(Deal::new(ranges, experiment.variation_count(), version))
    }

    /// What users must be in to get so far as to be hashed.
    fn slices(&self) -> impl Iterator<Item = Slice<'a>> {
        let experiment = self.experiment;
        let filters = self.rule.filters().iter().map(|filter| Slice {
            attributes: (filter.attribute.as_str(), None),
            seed: &filter.seed,
            version: filter.version,
            ranges: &filter.ranges,
        });
        let targeting = experiment.targeting.as_deref();
        let targeting = targeting.filter(|targeting| !targeting.has_filters);
        let namespace = targeting.and_then(|targeting| targeting.namespace.as_ref());
        let namespace = namespace.map(|namespace| Slice {
            attributes: (experiment.hash_attribute(), experiment.fallback_attribute()),
            seed: &namespace.seed,
            version: Some(HashVersion::V1),
            ranges: std::slice::from_ref(&namespace.range),
        });
        filters.chain(namespace).take(MOST_SLICES)
    }
}

/// A part of the population: a filter or a namespace.
struct Slice<'a> {
    /// What is hashed, and what instead of it.
    attributes: (&'a str, Option<&'a str>),
    seed: &'a HashSeed,
    version: Option<HashVersion>,
    ranges: &'a [Range],
}

impl Slice<'_> {
    /// Whether nobody is in both, whoever there is.
    fn excludes(&self, other: &Self) -> bool {
        let is_comparable = self.attributes == other.attributes
            && self.seed == other.seed
            && self.version == other.version;
        let Some(version) = self.version else {
            return true;
        };
        let deal = |ranges: &[Range]| Deal::new(ranges, ranges.len(), version);
        is_comparable && !deal(self.ranges).meets(&deal(other.ranges))
    }
}

/// Whether sticky buckets find the variation.
fn is_findable(experiment: &ExperimentInfo, index: usize) -> bool {
    let variation = experiment.variations.get(index);
    variation.is_some_and(|variation| variation.has_own_key)
}

/// The filters of a rule that are looked at. Whoever is kept out by the others alone counts as being in.
const MOST_SLICES: usize = 16;
