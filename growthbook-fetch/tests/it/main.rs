//! Real sockets on the loopback interface.

mod contract;
mod faults;
mod redirects;
mod support;
mod validators;
mod wire;

/// Counts in the tests that look at memory, each alone in a process.
#[global_allocator]
static ALLOCATOR: growthbook_testkit::CountingAllocator = growthbook_testkit::CountingAllocator;
