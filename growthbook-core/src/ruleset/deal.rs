//! Buckets, one by one: there are a thousand in version 1, and ten thousand in version 2 (spec 7.2).

use crate::bucketing::{HashVersion, Range};

/// The range that each bucket falls into: its index, if it is below a limit.
pub(super) struct Deal(Vec<Option<usize>>);

impl Deal {
    /// The first range that contains a bucket has it (spec 9.5), though nobody is dealt to one with an index of `limit` or
    /// more.
    pub(super) fn new(ranges: &[Range], limit: usize, version: HashVersion) -> Self {
        let count = count(version);
        let mut owners = vec![None; count];
        // At each bucket, one from which on there may be one that nothing has: itself, if it is one.
        let mut free: Vec<usize> = (0..count).collect();
        for (index, range) in ranges.iter().enumerate() {
            let mut place = first_from(range.start(), count);
            loop {
                place = next_free(&mut free, place);
                let (Some(owner), Some(next)) = (owners.get_mut(place), free.get_mut(place)) else {
                    break;
                };
                if !range.contains(bucket(place, count)) {
                    break;
                }
                *owner = (index < limit).then_some(index);
                *next = place + 1;
            }
        }
        Self(owners)
    }

    /// Whether some bucket is dealt here and there.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.pairs(other).next().is_some()
    }

    /// To what each bucket is dealt that is dealt here and there. Both are for the same version.
    pub(super) fn pairs(&self, other: &Self) -> impl Iterator<Item = (usize, usize)> {
        let both = self.0.iter().zip(&other.0);
        both.filter_map(|(one, other)| Some(((*one)?, (*other)?)))
    }

    /// To what buckets are dealt at all. May name the same again.
    pub(super) fn dealt(&self) -> impl Iterator<Item = usize> {
        // A range has buckets side by side.
        let mut last = None;
        self.0.iter().flatten().copied().filter(move |owner| {
            let is_new = last != Some(*owner);
            last = Some(*owner);
            is_new
        })
    }
}

fn count(version: HashVersion) -> usize {
    match version {
        HashVersion::V1 => 1_000,
        HashVersion::V2 => 10_000,
    }
}

/// The bucket in a place, as hashing computes it.
#[expect(clippy::cast_precision_loss, reason = "at most ten thousand")]
fn bucket(place: usize, count: usize) -> f64 {
    place as f64 / count as f64
}

/// The place of the first bucket that is not below `start`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "what is no place becomes the nearest one"
)]
fn first_from(start: f64, count: usize) -> usize {
    // The product may be off by its last bit.
    let mut place = ((start * count as f64).ceil() as usize).saturating_sub(1);
    while place < count && bucket(place, count) < start {
        place += 1;
    }
    place
}

/// The next place that is free, from `place` on. Leaves a shorter way behind.
fn next_free(free: &mut [usize], mut place: usize) -> usize {
    while let Some(next) = free.get(place).copied().filter(|next| *next != place) {
        let after = free.get(next).copied().unwrap_or(next);
        if let Some(way) = free.get_mut(place) {
            *way = after;
        }
        place = after;
    }
    place
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bucketing::BucketRanges;

    fn check(ranges: &[Range], limit: usize) {
        for version in [HashVersion::V1, HashVersion::V2] {
            let deal = Deal::new(ranges, limit, version);
            let ranges = BucketRanges::from(ranges.to_owned());
            let count = count(version);
            for (place, owner) in deal.0.iter().enumerate() {
                let expected = ranges.choose(bucket(place, count));
                assert_eq!(*owner, expected.filter(|it| *it < limit), "{place}");
            }
        }
    }

    #[test]
    fn ranges_of_any_kind_are_dealt_as_choosing_does() {
        for (start, end) in [
            (0.0, 1.0),
            (-1.0, 2.0),
            (0.5, 0.5),
            (0.9, 0.1),
            (f64::NAN, 1.0),
            (0.0, f64::NAN),
            (f64::NEG_INFINITY, f64::INFINITY),
            (f64::INFINITY, f64::NEG_INFINITY),
            (0.2, 0.220_000_000_000_000_03),
            (0.999, 0.999_9),
            (1e300, 1e301),
        ] {
            let range = Range::new(start, end);
            check(&[range], 1);
            check(&[range, Range::new(0.0, 1.0)], 2);
            check(&[range, Range::new(0.0, 1.0)], 1);
        }
        check(&[], 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn buckets_are_dealt_as_choosing_does(
            ranges in proptest::collection::vec((0_u32..=1_000, 0_u32..=1_000), 0..8),
            limit in 0_usize..8,
        ) {
            let range = |(start, end)| Range::new(f64::from(start) / 1e3, f64::from(end) / 1e3);
            let ranges: Vec<_> = ranges.into_iter().map(range).collect();
            check(&ranges, limit);
        }
    }
}
