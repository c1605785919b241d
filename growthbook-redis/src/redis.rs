use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::Clock;

use crate::builder::RedisBuilder;
use crate::call::Call;
use crate::error::RedisError;
use crate::routes::Routes;

/// A Redis server or a Redis Cluster, and the connections to it. A clone is another handle to the same connections.
///
/// # Deadlines
///
/// A [`call`](Self::call) waits no longer than the timeout, 250 ms unless set, for connecting and all its commands together.
/// Three things are not in it: to resolve a host's name is up to the operating system; of a host with several addresses each
/// is granted the timeout if none answers; and one reply that trickles in is read for as long as some of it comes.
///
/// # Outages
///
/// After three failures in a row, calls to that server fail at once for 5 seconds; then one tries again, and if that fails as
/// well the pause doubles, up to 60 seconds. What the server refuses is no failure of that kind.
///
/// # Clusters
///
/// Whether it is a cluster need not be said: a single server is asked nothing more, and a node of a cluster says so when it is
/// asked for a key of another one. From then on it is known which node serves which slot. The commands of one call go
/// to all nodes that they concern at the same time. If these are several, an exchange with them takes half of the time that is
/// left at most, so that after waiting for a node that hangs there is time for what else the others have to do. Slots that move are followed, also those half way. When a node fails, another one is asked for the slots, at
/// most once a second, so the master that takes over is found. Nodes are talked to as the URL says: with the same user,
/// password and kind of TLS, whose certificates must be of the names or addresses by which nodes announce themselves.
///
/// Several hosts, in the URL (`redis://a:7000,b:7000,c:7000/`) or by [`seed`](RedisBuilder::seed), are nodes of one cluster: it
/// can be found while any of them is there. Sentinel is out of scope.
///
/// # TLS
///
/// `rediss` URLs need the feature `tls`. Certificates are checked against the system's roots, or those that the builder is
/// given with `root_certificates`; one that does not stand the check is a refusal like that of a password. The cryptography is
/// what the program has installed as `rustls`' default provider by the time of the first call, else ring, which is installed
/// then.
///
/// # Example
///
/// ```
/// use growthbook_redis::Redis;
///
/// let redis = Redis::new("redis://redis.example.com/")?;
/// assert!(!redis.status().is_cluster(), "as far as is known");
/// # Ok::<(), growthbook_redis::RedisError>(())
/// ```
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

/// How it is with a [`Redis`], as far as is known without asking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisStatus {
    is_cluster: bool,
    nodes: usize,
    left_alone: usize,
}

pub(crate) struct Inner {
    pub(crate) routes: Routes,
    pub(crate) timeout: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Redis {
    /// What is at a URL such as `redis://user:password@host:6379/0`, with the defaults of the [builder](Self::builder). It
    /// is connected to when it is needed.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `tls`.
    pub fn new(url: impl AsRef<str>) -> Result<Self, RedisError> {
        Self::builder(url).build()
    }

    /// What is at a URL, to be set up further.
    pub fn builder(url: impl AsRef<str>) -> RedisBuilder {
        RedisBuilder::new(url.as_ref())
    }

    /// Begins a call, whose time runs from now on.
    pub fn call(&self) -> Call<'_> {
        Call::new(&self.0)
    }

    /// How it is, as far as is known; nothing is asked.
    pub fn status(&self) -> RedisStatus {
        let (nodes, now) = (self.0.routes.nodes(), self.0.now());
        let left_alone = nodes.iter().filter(|node| node.is_left_alone(now));
        RedisStatus {
            is_cluster: self.0.routes.is_cluster(),
            nodes: nodes.len(),
            left_alone: left_alone.count(),
        }
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

impl RedisStatus {
    /// Whether it is known to be a cluster.
    pub fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// How many servers commands may go to: one, or the masters of a cluster that are known.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// How many of them have failed several times and are left alone for now.
    pub fn left_alone(&self) -> usize {
        self.left_alone
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Duration {
        self.clock.monotonic()
    }
}

impl fmt::Debug for Redis {
    /// Without addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("timeout", &self.0.timeout)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
