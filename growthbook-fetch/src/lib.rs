//! GrowthBook payloads over HTTP, and the last good one on disk.

mod config;
mod connection;
mod disk;
mod endpoint;
mod environment;
mod fetcher;
mod host;
mod response;
mod retry_after;
mod sse;

pub use self::config::ConfigError;
pub use self::disk::FileCache;
pub use self::endpoint::Endpoint;
pub use self::fetcher::HttpFetcher;

/// The target of what is logged here.
const LOG: &str = "growthbook::fetch";
