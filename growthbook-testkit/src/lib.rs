//! What this workspace's tests and benchmarks share: memory that is counted and time that is measured.
//!
//! A crate of its own, because an allocator takes `unsafe`, which the published crates forbid, and because measuring
//! takes a clock, which core may not read.

mod heap;
mod timing;

pub use self::heap::{CountingAllocator, Heap, counted};
pub use self::timing::{Operation, Timing, time};
