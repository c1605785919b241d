//! A real Redis: found as `growthbook_testkit::RedisServer::program` says. Without one these tests pass and say that they
//! checked nothing, except in CI.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests may stop as tests do")]

mod cluster;
mod content;
mod contract;
mod outages;
mod privacy;
mod processes;
mod refusals;
mod slow;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod turns;
