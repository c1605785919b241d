//! The README's flow from end to end, through the facade alone, on the payload of the examples.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

mod canaries;
#[cfg(feature = "testing")]
mod custom_sticky;
mod flow;
mod runtimes;
mod services;
mod shop;
#[cfg(feature = "testing")]
mod testing;
