use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{BackendError, Clock, SystemClock};

use super::RedisStickyBuckets;
use super::breaker::Breaker;
use super::failure::BACKEND;
use super::pool::Pool;
use super::script::Script;

/// Sets up a [`RedisStickyBuckets`]: see [`RedisStickyBuckets::builder`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_sticky::RedisStickyBuckets;
///
/// let buckets = RedisStickyBuckets::builder("redis://redis.example.com/")
///     .prefix("shop:")
///     .ttl(Duration::from_secs(180 * 24 * 60 * 60))
///     .build()?;
/// # let _ = buckets;
/// # Ok::<(), growthbook_core::BackendError>(())
/// ```
#[must_use]
pub struct RedisStickyBucketsBuilder {
    url: String,
    prefix: String,
    timeout: Duration,
    ttl: Option<Duration>,
    clock: Arc<dyn Clock>,
}

impl RedisStickyBucketsBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: String::new(),
            timeout: TIMEOUT,
            ttl: None,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// What all keys begin with; nothing unless set, as in the JavaScript SDK, which knows no prefix.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self { prefix, ..self }
    }

    /// How long a call may take, connecting included: 250 milliseconds unless set, and at least one.
    pub fn timeout(self, timeout: Duration) -> Self {
        let timeout = timeout.max(SHORTEST);
        Self { timeout, ..self }
    }

    /// For how long after its last change a document is kept, at least a millisecond; for ever unless set. To load a
    /// document, or to save what it has, does not prolong it.
    pub fn ttl(self, ttl: Duration) -> Self {
        let ttl = Some(ttl.max(SHORTEST));
        Self { ttl, ..self }
    }

    /// What times the pauses after failures: the operating system, unless a test brings another clock. Timeouts are always
    /// the operating system's.
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock = Arc::new(clock);
        Self { clock, ..self }
    }

    /// Checks the URL; connects to nothing.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `redis-tls`.
    pub fn build(self) -> Result<RedisStickyBuckets, BackendError> {
        let pool = Pool::new(&self.url);
        Ok(RedisStickyBuckets {
            pool: pool.map_err(|words| BackendError::new(BACKEND, "use its URL", words))?,
            script: Script::new(),
            breaker: Breaker::new(),
            prefix: self.prefix,
            timeout: self.timeout,
            ttl: self.ttl,
            clock: self.clock,
        })
    }
}

impl fmt::Debug for RedisStickyBucketsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStickyBucketsBuilder")
            .field("timeout", &self.timeout)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

const TIMEOUT: Duration = Duration::from_millis(250);
const SHORTEST: Duration = Duration::from_millis(1);
