use std::sync::Arc;

use crate::attributes::{AttributeValue, shortened_text};
use crate::bucketing::{HashSeed, HashVersion, Range};

/// Where a user falls when an attribute is hashed, and whether that is inside: a filter, a namespace, a rollout, or an
/// experiment's own hash.
#[derive(Clone, Debug)]
pub struct ExplainedBucket {
    attribute: Arc<str>,
    value: AttributeValue,
    seed: String,
    hash_version: Option<HashVersion>,
    bucket: Option<f64>,
    ranges: Vec<Range>,
    pub(crate) range_count: usize,
    coverage: Option<f64>,
    pub(crate) is_included: bool,
}

impl ExplainedBucket {
    /// What is hashed, and the bucket that this gives. Nothing is inside yet.
    pub(crate) fn new(
        attribute: &Arc<str>,
        value: Option<&AttributeValue>,
        seed: &HashSeed,
        hash_version: Option<HashVersion>,
    ) -> Self {
        let mut buffer = ryu_js::Buffer::new();
        let text = value.and_then(|value| value.identity(&mut buffer));
        let bucket = text
            .zip(hash_version)
            .map(|(text, version)| seed.bucket(text, version));
        Self {
            attribute: Arc::clone(attribute),
            value: value.map_or(AttributeValue::Null, AttributeValue::shortened),
            seed: shortened_text(seed.as_str()),
            hash_version,
            bucket,
            ranges: Vec::new(),
            range_count: 0,
            coverage: None,
            is_included: false,
        }
    }

    /// With the ranges that are inside, of which the first few are kept.
    pub(crate) fn within(mut self, ranges: &[Range]) -> Self {
        let inside = |bucket| ranges.iter().any(|range| range.contains(bucket));
        self.is_included = self.bucket.is_some_and(inside);
        self.ranges = ranges.iter().take(MOST_RANGES).copied().collect();
        self.range_count = ranges.len();
        self
    }

    /// With a share that is inside, which may be anything that was written.
    pub(crate) fn covering(self, coverage: f64) -> Self {
        Self {
            coverage: Some(coverage),
            ..self
        }
    }

    /// The attribute whose value is hashed.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The user's value of it; null if there is none that identifies anybody.
    pub fn value(&self) -> &AttributeValue {
        &self.value
    }

    /// The seed that is hashed with it.
    pub fn seed(&self) -> &str {
        &self.seed
    }

    /// The version of the hash; none if the payload names one that this SDK does not know.
    pub fn hash_version(&self) -> Option<HashVersion> {
        self.hash_version
    }

    /// The bucket, from 0 up to 1; none if there is nothing to hash, or no way to.
    pub fn bucket(&self) -> Option<f64> {
        self.bucket
    }

    /// The buckets that are inside: the first few ranges, if there are many. None of an experiment's own hash, whose
    /// ranges are its [variations'](super::ExplainedExperiment::variations).
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// The share of users that is inside, if it is given like that.
    pub fn coverage(&self) -> Option<f64> {
        self.coverage
    }

    /// Whether the user is inside.
    pub fn is_included(&self) -> bool {
        self.is_included
    }
}

/// Ranges that are told.
const MOST_RANGES: usize = 16;
