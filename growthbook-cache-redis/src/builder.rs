use std::fmt;
use std::time::Duration;

use growthbook_core::{BackendError, Clock};
use growthbook_redis::{Redis, RedisBuilder};

use crate::cache::{BACKEND, RedisCache};

/// Sets up a [`RedisCache`]: see [`RedisCache::builder`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_cache_redis::RedisCache;
///
/// let cache = RedisCache::builder("redis://redis-1.example.com/")
///     .seed("redis-2.example.com:6379")
///     .prefix("shop:")
///     .ttl(Duration::from_secs(24 * 60 * 60))
///     .build()?;
/// # let _ = cache;
/// # Ok::<(), growthbook_core::BackendError>(())
/// ```
#[must_use]
pub struct RedisCacheBuilder {
    redis: RedisBuilder,
    prefix: String,
    ttl: Duration,
    max_bytes: usize,
}

impl RedisCacheBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            redis: Redis::builder(url),
            prefix: PREFIX.to_owned(),
            ttl: TTL,
            max_bytes: MAX_BYTES,
        }
    }

    /// Another node of the cluster that the URL's host is one of, as `host` or `host:port`. All else is as the URL says, which
    /// can also name several hosts itself: `redis://a:7000,b:7000/`.
    pub fn seed(self, host: impl Into<String>) -> Self {
        let redis = self.redis.seed(host);
        Self { redis, ..self }
    }

    /// What all keys begin with: `gb:` unless set, as the documentation of the Python SDK has it.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self { prefix, ..self }
    }

    /// How long a call may take, connecting included: 250 milliseconds unless set, and at least one.
    pub fn timeout(self, timeout: Duration) -> Self {
        let redis = self.redis.timeout(timeout);
        Self { redis, ..self }
    }

    /// After how long without being stored again an entry is gone: 4 hours unless set, and at least a millisecond. It is
    /// what outages of the API are survived by, so it is long. When features are stale, the client's
    /// [`Freshness`](growthbook_core::Freshness) says, which also has an age from which on it uses no entry.
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// How many bytes a payload may have, 16 MiB unless set. A longer one is not stored, which is an error, and not
    /// transferred when it is there, which is a miss.
    pub fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Certificates of the authorities to trust, as PEM with one or more of them, instead of those that the system trusts.
    /// Further calls add to it. Without `rediss` they are of no use.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn root_certificates(self, pem: impl AsRef<[u8]>) -> Self {
        let redis = self.redis.root_certificates(pem);
        Self { redis, ..self }
    }

    /// What times the pauses after failures: the operating system, unless a test brings another clock. Timeouts are always
    /// the operating system's, and what expires in Redis the server's.
    pub fn clock(self, clock: impl Clock) -> Self {
        let redis = self.redis.clock(clock);
        Self { redis, ..self }
    }

    /// Checks the URL; connects to nothing.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `tls`, or a seed is no host, or what was
    /// given as certificates are none.
    pub fn build(self) -> Result<RedisCache, BackendError> {
        let redis = self.redis.build();
        let redis = redis.map_err(|error| BackendError::new(BACKEND, "use its URL", error))?;
        Ok(RedisCache::from_parts(
            redis,
            self.prefix,
            self.ttl,
            self.max_bytes,
        ))
    }
}

impl fmt::Debug for RedisCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCacheBuilder")
            .field("redis", &self.redis)
            .field("ttl", &self.ttl)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

const PREFIX: &str = "gb:";
const TTL: Duration = Duration::from_secs(4 * 60 * 60);
const MAX_BYTES: usize = 16 << 20;
