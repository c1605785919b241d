//! Real files and a real Redis.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

#[cfg(feature = "sqlite")]
mod sqlite;
