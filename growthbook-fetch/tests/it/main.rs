//! Real sockets on the loopback interface.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

mod contract;
mod faults;
mod redirects;
mod secrets;
mod support;
#[cfg(feature = "rustls")]
mod tls;
mod validators;
mod wire;

/// Counts in the tests that look at memory, each alone in a process.
#[global_allocator]
static ALLOCATOR: growthbook_testkit::CountingAllocator = growthbook_testkit::CountingAllocator;
