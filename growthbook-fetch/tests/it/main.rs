//! Real sockets on the loopback interface, and real files.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

mod api;
mod canaries;
mod child;
mod contract;
mod decryption;
mod ear;
mod environment;
mod faults;
mod file_cache;
mod leftovers;
mod polling;
mod processes;
mod proxy;
mod redirects;
mod remote;
mod rig;
mod sealed;
mod secrets;
mod streaming;
mod support;
#[cfg(feature = "rustls")]
mod tls;
mod usage;
mod validators;
mod webhooks;
mod wire;

/// Counts in the tests that look at memory, each alone in a process.
#[global_allocator]
static ALLOCATOR: growthbook_testkit::CountingAllocator = growthbook_testkit::CountingAllocator;
