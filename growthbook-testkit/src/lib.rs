//! What this workspace's tests and benchmarks share: memory that is counted, time that is measured, and servers that do as
//! they are told.
//!
//! A crate of its own, because an allocator takes `unsafe`, which the published crates forbid, and because measuring
//! takes a clock, which core may not read.

#[cfg(feature = "tls")]
mod certificate;
#[cfg(unix)]
mod copy;
mod heap;
#[cfg(unix)]
mod redis;
#[cfg(unix)]
mod redis_cluster;
#[cfg(unix)]
mod redis_wire;
mod relay;
mod server;
mod timing;

#[cfg(feature = "tls")]
pub use self::certificate::Certificate;
#[cfg(unix)]
pub use self::copy::in_a_copy;
pub use self::heap::{CountingAllocator, Heap, counted};
#[cfg(unix)]
pub use self::redis::{RedisServer, RedisServerBuilder};
#[cfg(unix)]
pub use self::redis_cluster::RedisCluster;
pub use self::relay::Relay;
pub use self::server::{Duplex, Pushing, Reply, Request, Server};
pub use self::timing::{Operation, Timing, time};
