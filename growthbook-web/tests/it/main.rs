//! Web services that are asked over real sockets, in both frameworks.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

#[cfg(unix)]
mod canaries;
mod client;
mod cookies;
#[cfg(unix)]
mod copies;
mod ear;
#[cfg(unix)]
mod examples;
mod extractors;
mod hostile;
mod reentry;
mod secrets;
mod services;
mod store;
mod stores;
mod tower;
