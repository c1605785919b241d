//! Real sinks, real servers and real threads.

#![expect(
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
mod intake;
mod queue;
mod stress;
mod support;
mod user_code;
