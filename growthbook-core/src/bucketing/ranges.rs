//! Weights and coverage as ranges of buckets.

/// The ranges of an experiment's variations, in the order of the variations.
///
/// # Example
///
/// ```
/// use growthbook_core::bucketing::{BucketRanges, Range};
///
/// let ranges = BucketRanges::from(vec![Range::new(0.0, 0.25), Range::new(0.5, 0.75)]);
/// assert_eq!(ranges.choose(0.6), Some(1));
/// assert_eq!(ranges.choose(0.25), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BucketRanges(Box<[Range]>);

impl BucketRanges {
    /// The index of the first range that contains `bucket` (section 9.5).
    ///
    /// With more ranges than variations the index may lie past the last variation: the user is
    /// then not in the experiment.
    #[inline]
    pub fn choose(&self, bucket: f64) -> Option<usize> {
        self.0.iter().position(|range| range.contains(bucket))
    }

    /// The ranges, in order.
    pub fn as_slice(&self) -> &[Range] {
        &self.0
    }
}

impl From<Vec<Range>> for BucketRanges {
    fn from(ranges: Vec<Range>) -> Self {
        Self(ranges.into_boxed_slice())
    }
}

/// A half-open interval of buckets, `start <= bucket < end`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
}

impl Range {
    /// The interval from `start` up to, not including, `end`. It is empty if `end <= start` or if
    /// either is NaN.
    pub const fn new(start: f64, end: f64) -> Self {
        Self { start, end }
    }

    /// The first bucket inside.
    pub const fn start(&self) -> f64 {
        self.start
    }

    /// The first bucket after the end.
    pub const fn end(&self) -> f64 {
        self.end
    }

    /// Whether the bucket lies inside (section 9.1).
    #[inline]
    pub fn contains(&self, bucket: f64) -> bool {
        bucket >= self.start && bucket < self.end
    }
}

/// One range per variation: its share of the weights, scaled down to `coverage` (section 9.4).
///
/// Coverage is clamped to `[0, 1]`, and NaN includes nobody. Missing or unusable weights
/// ([`weights_are_valid`]) become equal ones.
///
/// # Example
///
/// ```
/// use growthbook_core::bucketing::{Range, bucket_ranges};
///
/// let ranges = bucket_ranges(2, 0.5, None);
/// assert_eq!(ranges, [Range::new(0.0, 0.25), Range::new(0.5, 0.75)]);
/// ```
pub fn bucket_ranges(variations: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<Range> {
    weighted_ranges(variations, coverage, weights).collect()
}

/// The variation that [`bucket_ranges`] deals a bucket to, without putting the ranges anywhere: for weights that are known
/// only when a user is.
pub(crate) fn choose_weighted(
    bucket: f64,
    variations: usize,
    coverage: f64,
    weights: Option<&[f64]>,
) -> Option<usize> {
    weighted_ranges(variations, coverage, weights).position(|range| range.contains(bucket))
}

fn weighted_ranges(
    variations: usize,
    coverage: f64,
    weights: Option<&[f64]>,
) -> impl Iterator<Item = Range> {
    let coverage = coverage.clamp(0.0, 1.0);
    let weights = weights.filter(|weights| weights_are_valid(weights, variations));
    #[expect(
        clippy::cast_precision_loss,
        reason = "no experiment has 2^53 variations"
    )]
    let equal = 1.0 / variations as f64;
    let mut cumulative = 0.0;
    (0..variations).map(move |index| {
        let weight = weights
            .and_then(|it| it.get(index))
            .copied()
            .unwrap_or(equal);
        let start = cumulative;
        cumulative += weight;
        range_of(start, coverage, weight)
    })
}

/// Whether the weights can be used as they are: one finite, non-negative number per variation,
/// adding up to 1 within 0.01 (section 9.3).
pub fn weights_are_valid(weights: &[f64], variations: usize) -> bool {
    let total = weights.iter().fold(0.0, |total, weight| total + weight);
    weights.len() == variations
        && weights
            .iter()
            .all(|weight| weight.is_finite() && *weight >= 0.0)
        && (0.99..=1.01).contains(&total)
}

/// `count` equal weights (section 9.2); none if `count` is below 1, or beyond what memory holds.
pub fn equal_weights(count: i64) -> Vec<f64> {
    let Ok(length @ 1..) = usize::try_from(count) else {
        return Vec::new();
    };
    let mut weights = Vec::new();
    if weights.try_reserve_exact(length).is_ok() {
        #[expect(
            clippy::cast_precision_loss,
            reason = "no experiment has 2^53 variations"
        )]
        weights.resize(length, 1.0 / length as f64);
    }
    weights
}

#[expect(
    clippy::suboptimal_flops,
    reason = "a fused multiply-add would move boundaries that users sit on by their last bit"
)]
fn range_of(start: f64, coverage: f64, weight: f64) -> Range {
    Range::new(start, start + coverage * weight)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(variations: usize, coverage: f64, weights: Option<&[f64]>, expected: &[[f64; 2]]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|&[from, to]| Range::new(from, to))
            .collect();
        assert_eq!(bucket_ranges(variations, coverage, weights), expected);
    }

    #[test]
    fn ranges_scale_with_coverage_and_start_where_the_full_share_does() {
        check(2, 0.5, None, &[[0.0, 0.25], [0.5, 0.75]]);
        check(2, -0.2, None, &[[0.0, 0.0], [0.5, 0.5]]);
        check(2, 7.0, None, &[[0.0, 0.5], [0.5, 1.0]]);
        check(0, 1.0, None, &[]);
        check(0, 1.0, Some(&[]), &[]);
    }

    #[test]
    fn unusable_weights_become_equal_ones() {
        let quarters = [[0.0, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1.0]];
        check(4, 1.0, Some(&[0.4, 0.4, 0.2]), &quarters);
        let halves = [[0.0, 0.5], [0.5, 1.0]];
        check(2, 1.0, Some(&[0.4, 0.1]), &halves);
        check(2, 1.0, Some(&[1.5, -0.5]), &halves);
        check(2, 1.0, Some(&[f64::NAN, 1.0]), &halves);
        check(2, 1.0, Some(&[f64::INFINITY, 0.0]), &halves);
        check(2, 1.0, Some(&[0.4, 0.5999]), &[[0.0, 0.4], [0.4, 0.9999]]);
    }

    #[test]
    fn the_last_bit_of_a_boundary_decides() {
        let fifths = [0.2; 5];
        let second = bucket_ranges(5, 0.1, Some(&fifths))[1];
        assert_eq!(second, Range::new(0.2, 0.220_000_000_000_000_03));
        assert!(second.contains(0.22));
        let second = bucket_ranges(5, 0.72, Some(&fifths))[1];
        assert_eq!(second, Range::new(0.2, 0.344));
        assert!(!second.contains(0.344));
    }

    #[test]
    fn the_first_matching_range_is_chosen() {
        let ranges = BucketRanges::from(vec![
            Range::new(0.0, 0.5),
            Range::new(0.5, 0.5),
            Range::new(0.5, 1.0),
            Range::new(0.0, 1.0),
        ]);
        assert_eq!(ranges.choose(0.5), Some(2));
        assert_eq!(ranges.choose(1.0), None);
        assert_eq!(ranges.choose(f64::NAN), None);
        assert_eq!(ranges.as_slice().len(), 4);
    }

    #[test]
    fn nan_coverage_includes_nobody() {
        let ranges = BucketRanges::from(bucket_ranges(2, f64::NAN, None));
        assert_eq!(ranges.choose(0.0), None);
    }

    #[test]
    fn equal_weights_survive_any_count() {
        assert_eq!(equal_weights(3), [1.0 / 3.0; 3]);
        for count in [0, -1, i64::MIN, i64::MAX] {
            assert!(equal_weights(count).is_empty(), "{count}");
        }
    }

    proptest! {
        #[test]
        fn full_coverage_leaves_no_gap(variations in 1_usize..40, bucket in 0.0..0.999) {
            let ranges = BucketRanges::from(bucket_ranges(variations, 1.0, None));
            prop_assert!(ranges.choose(bucket).is_some());
        }

        #[test]
        fn whatever_the_numbers_there_is_a_range_for_each(
            coverage: f64,
            weights: Vec<f64>,
            variations in 0_usize..20,
        ) {
            let ranges = bucket_ranges(variations, coverage, Some(&weights));
            prop_assert_eq!(ranges.len(), variations);
        }
    }
}
