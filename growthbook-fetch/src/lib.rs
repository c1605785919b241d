//! GrowthBook payloads over HTTP, and the last good one on disk.
#![cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "what streams and the environment need is here before those who use it"
    )
)]

mod config;
mod connection;
mod endpoint;
mod environment;
mod fetcher;
mod host;
mod response;
mod retry_after;

pub use self::config::ConfigError;
pub use self::endpoint::Endpoint;
pub use self::fetcher::HttpFetcher;

/// The target of what is logged here.
const LOG: &str = "growthbook::fetch";
