//! When a call must be over. By the operating system's clock, as the timeouts of sockets are.

use std::io;
use std::time::{Duration, Instant};

use redis::{RedisError, RedisResult};

#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    started: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        let started = Instant::now();
        Self { started, limit }
    }

    /// Half of what is left, for what must leave time for more.
    pub(crate) fn half(self) -> Self {
        let left = self.left().unwrap_or_default();
        Self::after(left / 2)
    }

    /// Never nothing: a timeout of zero would be none.
    pub(crate) fn left(self) -> RedisResult<Duration> {
        let left = self.limit.checked_sub(self.started.elapsed());
        let left = left.filter(|left| !left.is_zero());
        left.ok_or_else(|| RedisError::from(io::Error::from(io::ErrorKind::TimedOut)))
    }
}
