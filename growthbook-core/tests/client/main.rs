//! What the client promises besides its answers: it survives the program's own code, threads, and its end.
//!
//! All of it runs in real threads. What a thread waits for is told to it; whoever waits in vain is stopped by a watchdog.
//! `GROWTHBOOK_TESTS=long` makes the tests of endurance last as long as they should before a release.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "core starts no thread and reads no file; its tests do"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests may stop as tests do"
)]

mod blocked;
mod caches;
mod changes;
mod closing;
mod courier;
mod endurance;
mod exposures;
mod last_moments;
mod leases;
#[cfg(feature = "tracing")]
mod log;
#[cfg(feature = "testing")]
mod metrics;
mod ordering;
mod panics;
mod puppets;
mod pushed;
mod readiness;
mod reentry;
mod refreshing;
mod rig;
mod scripted;
mod small_stacks;
#[path = "../properties/stack_cases.rs"]
#[expect(
    unreachable_pub,
    dead_code,
    reason = "the fuzzers' crate exports what this one keeps"
)]
mod stack_cases;
mod stage;
mod subscriptions;
mod support;
mod validators;
mod versions;
