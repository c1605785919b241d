//! Which bucket a user falls into, and what that bucket means.
//!
//! Every assignment is a pure function of text. [`hash`] turns a seed and a user's hash value into
//! a number in `[0, 1)`; [`bucket_ranges`] turns weights and coverage into one half-open range per
//! variation; [`BucketRanges::choose`] finds the range that holds the number. The engine uses the
//! same functions with the seed prepared in advance ([`HashSeed`]), and other tools may use them
//! to predict or audit an assignment. They agree to the last bit with the SDKs of other languages,
//! so the order of the floating-point operations is part of the contract.
//!
//! Sections 7, 9 and 10 of the evaluation specification.
//!
//! # Example
//!
//! ```
//! use growthbook_core::bucketing::{BucketRanges, bucket_ranges, hash};
//!
//! let ranges = BucketRanges::from(bucket_ranges(2, 1.0, Some(&[0.04, 0.96])));
//! let bucket = hash("seed", "a", 2.0);
//! assert_eq!(bucket, Some(0.0505));
//! assert_eq!(bucket.and_then(|bucket| ranges.choose(bucket)), Some(1));
//! ```

pub use self::{
    hash::{HashSeed, HashVersion, hash},
    namespace::Namespace,
    ranges::{BucketRanges, Range, bucket_ranges, equal_weights, weights_are_valid},
};

pub(crate) use self::ranges::choose_weighted;

mod hash;
mod namespace;
mod ranges;
