use std::fmt;
use std::time::Duration;

use growthbook_core::{BackendError, Clock};
use growthbook_redis::{Redis, RedisBuilder};

use super::script::CompareAndSet;
use super::{BACKEND, RedisStickyBuckets};

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
    redis: RedisBuilder,
    prefix: String,
    ttl: Option<Duration>,
}

impl RedisStickyBucketsBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            redis: Redis::builder(url),
            prefix: String::new(),
            ttl: None,
        }
    }

    /// Another node of the cluster that the URL's host is one of, as `host` or `host:port`. All else is as the URL says, which
    /// can also name several hosts itself: `redis://a:7000,b:7000/`.
    pub fn seed(self, host: impl Into<String>) -> Self {
        let redis = self.redis.seed(host);
        Self { redis, ..self }
    }

    /// What all keys begin with; nothing unless set, as in the JavaScript SDK, which knows no prefix.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self { prefix, ..self }
    }

    /// How long a call may take, connecting included: 250 milliseconds unless set, and at least one.
    pub fn timeout(self, timeout: Duration) -> Self {
        let redis = self.redis.timeout(timeout);
        Self { redis, ..self }
    }

    /// For how long after its last change a document is kept, at least a millisecond; for ever unless set. To load a
    /// document, or to save what it has, does not prolong it.
    pub fn ttl(self, ttl: Duration) -> Self {
        let ttl = Some(ttl.max(SHORTEST));
        Self { ttl, ..self }
    }

    /// Certificates of the authorities to trust, as PEM with one or more of them, instead of those that the system trusts.
    /// Further calls add to it. Without `rediss` they are of no use.
    #[cfg(feature = "redis-tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis-tls")))]
    pub fn root_certificates(self, pem: impl AsRef<[u8]>) -> Self {
        let redis = self.redis.root_certificates(pem);
        Self { redis, ..self }
    }

    /// What times the pauses after failures: the operating system, unless a test brings another clock. Timeouts are always
    /// the operating system's.
    pub fn clock(self, clock: impl Clock) -> Self {
        let redis = self.redis.clock(clock);
        Self { redis, ..self }
    }

    /// Checks the URL; connects to nothing.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `redis-tls`, or a seed is no host, or what was
    /// given as certificates are none.
    pub fn build(self) -> Result<RedisStickyBuckets, BackendError> {
        let redis = self.redis.build();
        Ok(RedisStickyBuckets {
            redis: redis.map_err(|error| BackendError::new(BACKEND, "use its URL", error))?,
            script: CompareAndSet::new(self.ttl),
            prefix: self.prefix,
        })
    }
}

impl fmt::Debug for RedisStickyBucketsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStickyBucketsBuilder")
            .field("redis", &self.redis)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

const SHORTEST: Duration = Duration::from_millis(1);
