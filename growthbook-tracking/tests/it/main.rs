//! Real sinks, real servers and real threads.

#![expect(
    clippy::indexing_slicing,
    clippy::manual_assert,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

mod closing;
mod contract;
#[cfg(unix)]
mod copies;
mod delivery;
mod flushing;
#[cfg(feature = "http")]
mod golden;
#[cfg(feature = "http")]
mod ingestor;
mod intake;
mod lines;
mod queue;
mod records;
#[cfg(all(unix, feature = "redis"))]
mod redis_stream;
#[cfg(feature = "spool")]
mod spool;
mod stress;
mod support;
mod user_code;
