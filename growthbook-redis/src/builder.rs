use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{Clock, SystemClock};

use crate::address::parse;
use crate::error::RedisError;
use crate::redis::{Inner, Redis};
use crate::routes::Routes;
#[cfg(feature = "tls")]
use crate::tls::Roots;

/// Sets up a [`Redis`]: see [`Redis::builder`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_redis::Redis;
///
/// let redis = Redis::builder("redis://redis-1.example.com/")
///     .seed("redis-2.example.com:6379")
///     .timeout(Duration::from_millis(100))
///     .build()?;
/// assert!(redis.status().is_cluster());
/// # Ok::<(), growthbook_redis::RedisError>(())
/// ```
#[must_use]
pub struct RedisBuilder {
    url: String,
    seeds: Vec<String>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "tls")]
    roots: Roots,
}

impl RedisBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            seeds: Vec::new(),
            timeout: TIMEOUT,
            clock: Arc::new(SystemClock::new()),
            #[cfg(feature = "tls")]
            roots: Roots::default(),
        }
    }

    /// Another node of the cluster, as `host` or `host:port`. All else is as the URL says.
    pub fn seed(mut self, host: impl Into<String>) -> Self {
        self.seeds.push(host.into());
        self
    }

    /// How long a call may take, connecting included: 250 milliseconds unless set, and at least one.
    pub fn timeout(self, timeout: Duration) -> Self {
        let timeout = timeout.max(SHORTEST);
        Self { timeout, ..self }
    }

    /// Certificates of the authorities to trust, as PEM with one or more of them, instead of those that the system trusts.
    /// Further calls add to it. Without `rediss` they are of no use.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.add(pem.as_ref());
        self
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
    /// When this is no URL of a Redis, or one with `rediss` without the feature `tls`, or a seed is no host, or what was
    /// given as certificates are none.
    pub fn build(self) -> Result<Redis, RedisError> {
        let infos = parse(&self.url, &self.seeds)?;
        #[cfg(feature = "tls")]
        let infos = self.roots.trusted_by(infos)?;
        Ok(Redis::from_inner(Inner {
            routes: Routes::new(infos)?,
            timeout: self.timeout,
            clock: self.clock,
        }))
    }
}

impl fmt::Debug for RedisBuilder {
    /// Without the URL and the hosts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

const TIMEOUT: Duration = Duration::from_millis(250);
const SHORTEST: Duration = Duration::from_millis(1);
