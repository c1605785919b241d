//! Real sockets on the loopback interface, and real files.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

mod api;
mod contract;
mod faults;
mod file_cache;
mod polling;
mod redirects;
mod rig;
mod secrets;
mod streaming;
mod support;
#[cfg(feature = "rustls")]
mod tls;
mod validators;
mod wire;

/// Counts in the tests that look at memory, each alone in a process.
#[global_allocator]
static ALLOCATOR: growthbook_testkit::CountingAllocator = growthbook_testkit::CountingAllocator;
