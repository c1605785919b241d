//! Sticky buckets in SQLite and Redis, in the form that other SDKs read.

#[cfg(feature = "sqlite")]
mod sqlite;
mod write_behind;

#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteStickyBuckets, SqliteStickyBucketsBuilder};
pub use self::write_behind::{WriteBehind, WriteBehindBuilder, WriteBehindReport};

/// The target of what is logged here.
const LOG: &str = "growthbook::sticky";
