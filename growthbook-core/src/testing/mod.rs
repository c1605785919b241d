//! For tests of programs that use the SDK.
//!
//! * A [`ManualClock`] moves by hand, so that a test of what takes hours takes no time.
//! * A [`ScriptedFetcher`] answers what it was told to, failures included, and remembers what it was asked.

mod clock;
mod fetcher;

pub use self::clock::ManualClock;
pub use self::fetcher::ScriptedFetcher;
