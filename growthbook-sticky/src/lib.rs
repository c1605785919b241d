//! Sticky buckets in stores that outlive a process, in the form that other SDKs read.

mod cached;
pub mod cookies;
#[cfg(feature = "redis")]
mod redis;
mod write_behind;

pub use self::cached::Cached;
#[cfg(feature = "redis")]
pub use self::redis::{RedisStickyBuckets, RedisStickyBucketsBuilder};
pub use self::write_behind::{WriteBehind, WriteBehindBuilder, WriteBehindReport};

/// The target of what is logged here.
const LOG: &str = "growthbook::sticky";
