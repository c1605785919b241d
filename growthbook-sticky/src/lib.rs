// Its code needs `sqlite`, so it is not run without.
#![cfg_attr(
    any(feature = "sqlite", not(doctest)),
    doc = include_str!("../README.md")
)]

mod cached;
pub mod cookies;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod write_behind;

pub use self::cached::Cached;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::{RedisStickyBuckets, RedisStickyBucketsBuilder};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use self::sqlite::{SqliteStickyBuckets, SqliteStickyBucketsBuilder};
pub use self::write_behind::{WriteBehind, WriteBehindBuilder, WriteBehindReport};

/// The target of what is logged here.
const LOG: &str = "growthbook::sticky";
