//! For tests: of programs that use the SDK, and of stores that plug into it.
//!
//! * A [`ManualClock`] moves by hand, so that a test of what takes hours takes no time.
//! * A [`ScriptedFetcher`] answers what it was told to, failures included, and remembers what it was asked.
//! * [`cache_contract`] and [`sticky_contract`] are the contracts of [`FeatureCache`](crate::FeatureCache) and
//!   [`StickyBucketService`](crate::StickyBucketService) as suites. Run them on your own store, as this SDK does on its.
//!
//! The suites panic where a contract is broken, and say how; they start threads, since that is what breaks most stores.
//!
//! # Example
//!
//! ```
//! use growthbook_core::MemoryStickyBuckets;
//! use growthbook_core::testing::sticky_contract;
//!
//! // In a test of your store:
//! sticky_contract(MemoryStickyBuckets::new);
//! ```
#![expect(clippy::panic, reason = "a broken contract ends the test that runs it")]

mod cache;
mod clock;
mod fetcher;
mod sticky;
mod suite;

pub use self::cache::cache_contract;
pub use self::clock::ManualClock;
pub use self::fetcher::ScriptedFetcher;
pub use self::sticky::sticky_contract;
