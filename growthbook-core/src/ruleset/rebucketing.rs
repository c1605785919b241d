//! Experiments whose users move from one variation to another when other features come in force.

use std::fmt;

/// An experiment that deals users who are in it to other variations than before: see
/// [`FeatureChanges::rebucketings`](crate::FeatureChanges::rebucketings).
///
/// A variation is known by its key, or by its place if its key is new.
///
/// # Example
///
/// ```
/// use growthbook_core::{RebucketingCause, Ruleset};
///
/// let payload = |weights: &str| {
///     let rule = format!(r#"{{"key": "exp", "variations": ["a", "b"], "weights": {weights}}}"#);
///     let text = format!(r#"{{"features": {{"f": {{"rules": [{rule}]}}}}}}"#);
///     Ruleset::from_json(text.as_bytes(), None)
/// };
/// let (before, after) = (payload("[0.5, 0.5]")?, payload("[0.9, 0.1]")?);
/// let changes = after.changes_since(&before);
/// let moved: Vec<_> = changes.rebucketings().collect();
/// assert_eq!(moved[0].experiment_key(), "exp");
/// assert_eq!(moved[0].cause(), RebucketingCause::TrafficSplit);
/// # Ok::<(), growthbook_core::PayloadError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rebucketing<'a> {
    pub(super) feature: &'a str,
    pub(super) experiment: &'a str,
    pub(super) cause: RebucketingCause,
    pub(super) spares_the_kept: bool,
}

impl<'a> Rebucketing<'a> {
    /// The key of the feature whose rule runs the experiment.
    pub fn feature_key(&self) -> &'a str {
        self.feature
    }

    /// The experiment's key.
    pub fn experiment_key(&self) -> &'a str {
        self.experiment
    }

    /// Why users move: the first cause that applies, of the attribute, the seed, the hash version, the split, the fallback
    /// attribute and sticky buckets.
    pub fn cause(&self) -> RebucketingCause {
        self.cause
    }

    /// Whether users move in a program that keeps no sticky buckets.
    pub fn moves_without_sticky_buckets(&self) -> bool {
        !matches!(
            self.cause,
            RebucketingCause::FallbackAttribute | RebucketingCause::StickyBuckets
        )
    }

    /// Whether users move in a program that keeps sticky buckets, and whose users all have one. They do not if theirs
    /// still counts, and neither if it keeps them out.
    pub fn moves_with_sticky_buckets(&self) -> bool {
        !self.spares_the_kept
    }
}

impl fmt::Display for Rebucketing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (experiment, feature, cause) = (self.experiment, self.feature, self.cause);
        write!(
            f,
            "users of experiment `{experiment}` of feature `{feature}` change their variation: {cause}"
        )
    }
}

/// Why users of an experiment get another variation than before.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RebucketingCause {
    /// Users who lack the hash attribute are hashed by another fallback attribute. Concerns only programs that keep sticky
    /// buckets.
    FallbackAttribute,
    /// Users are hashed by another attribute.
    HashAttribute,
    /// Users are hashed in the other way.
    HashVersion,
    /// Users are hashed with another seed, as when a new phase deals all of them anew.
    Seed,
    /// Sticky buckets do not count any more: the bucket version is another one, variations have other keys or are gone, or
    /// the experiment does without them. Whoever hashing would have put elsewhere meanwhile goes there now. Concerns only
    /// programs that keep sticky buckets.
    StickyBuckets,
    /// Weights, ranges, coverage, or the number or the order of the variations, so that some buckets belong to another
    /// variation.
    TrafficSplit,
}

impl fmt::Display for RebucketingCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FallbackAttribute => "another fallback attribute",
            Self::HashAttribute => "another hash attribute",
            Self::HashVersion => "another hash version",
            Self::Seed => "another seed",
            Self::StickyBuckets => "sticky buckets that do not count any more",
            Self::TrafficSplit => "another split of the traffic",
        })
    }
}
