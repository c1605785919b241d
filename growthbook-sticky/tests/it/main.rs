//! Real files, real servers and real threads.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop as tests do")]

mod cached;
mod faulty;
mod properties;
#[cfg(all(unix, feature = "redis"))]
mod redis;
#[cfg(any(all(unix, feature = "redis"), feature = "sqlite"))]
mod sdks;
#[cfg(feature = "sqlite")]
mod sqlite;
mod write_behind;
