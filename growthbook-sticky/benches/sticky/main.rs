//! What sticky buckets cost: in SQLite, and in a Redis on the same machine, with what an outage does to evaluations.
//!
//! Bars stand in brackets behind what they are for, and `!` marks what misses its bar. They hold for one machine with two
//! cores and nothing else to do; what another machine or another load makes of them is not ours. Redis is compared with
//! the library under it, in the same run.
//!
//! Nothing here fails for being slow.
#![expect(clippy::print_stdout, reason = "a benchmark exists to print")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing else to do"
)]

mod measure;
#[cfg(all(unix, feature = "redis"))]
mod outage;
#[cfg(all(unix, feature = "redis"))]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

fn main() {
    if cfg!(debug_assertions) {
        println!("not optimised: every figure is of a few rounds, and means nothing");
    }
    #[cfg(feature = "sqlite")]
    sqlite::run();
    #[cfg(all(unix, feature = "redis"))]
    if growthbook_testkit::RedisServer::program().is_some() {
        redis::run();
        outage::run();
    } else {
        println!("skipped: Redis, since there is no redis-server");
    }
}
