#![cfg_attr(feature = "sqlite", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "sqlite"),
    doc = "Stores of sticky buckets; the README's code needs the feature `sqlite`."
)]

mod cached;
pub mod cookies;
#[cfg(feature = "sqlite")]
mod sqlite;
mod write_behind;

pub use self::cached::Cached;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use self::sqlite::{SqliteStickyBuckets, SqliteStickyBucketsBuilder};
pub use self::write_behind::{WriteBehind, WriteBehindBuilder, WriteBehindReport};

/// The target of what is logged here.
const LOG: &str = "growthbook::sticky";
