//! What this workspace's tests and benchmarks share: memory that is counted, time that is measured, and servers that do as
//! they are told, and programs that are listened to.
//!
//! A crate of its own, because an allocator takes `unsafe`, which the published crates forbid, and because measuring
//! takes a clock, which core may not read.

mod ask;
#[cfg(feature = "tls")]
mod certificate;
#[cfg(unix)]
mod copy;
mod figures;
mod heap;
mod process;
#[cfg(unix)]
mod redis;
#[cfg(unix)]
mod redis_cluster;
#[cfg(unix)]
mod redis_wire;
mod relay;
mod server;
mod timing;
mod voice;

pub use self::ask::{Answer, ask, send};
#[cfg(feature = "tls")]
pub use self::certificate::Certificate;
#[cfg(unix)]
pub use self::copy::in_a_copy;
pub use self::figures::{Figure, rows_in, rows_of};
pub use self::heap::{CountingAllocator, Heap, counted};
pub use self::process::Process;
#[cfg(unix)]
pub use self::redis::{RedisServer, RedisServerBuilder};
#[cfg(unix)]
pub use self::redis_cluster::RedisCluster;
pub use self::relay::Relay;
pub use self::server::{Duplex, Pushing, Reply, Request, Server};
pub use self::timing::{Operation, Timing, time};
pub use self::voice::{MARK, leaks, speak};
