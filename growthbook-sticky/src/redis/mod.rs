//! Sticky buckets in a Redis.

mod builder;
mod document;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use growthbook_core::{
    BackendError, Saved, StickyAssignments, StickyBucketService, StickyIdentity, StickyWrite,
};
use growthbook_redis::{Redis, RedisError};

pub use self::builder::RedisStickyBucketsBuilder;
use self::document::Document;
use self::script::{Change, CompareAndSet};

/// Sticky buckets in a Redis that a fleet shares, with services in other languages: the documents are those of the
/// JavaScript SDK's `RedisStickyBucketService`, one for each user, under the key `attribute||value`.
///
/// # Writes
///
/// A write changes one assignment, and every other byte of meaning in the document stays: other assignments, members that
/// this SDK does not know, numbers digit for digit. A script on the server replaces the document only if it still is what
/// the change was made from; otherwise the change is made again from what is there now. So no two writers lose each
/// other's assignments, whatever they are written in, unless one of them uses a plain `SET`, as the JavaScript SDK does.
/// To repeat a change that may have been made already is harmless for the same reason, and happens when an idle
/// connection turns out to be closed, or the cluster has changed.
///
/// What is no document under a user's key is passed over by `load` and replaced by `save`, as the JavaScript SDK does. A
/// document of another user, or what is no text at all, is never replaced: to save is an error then.
///
/// # Outages
///
/// A call waits no longer than the timeout, 250 ms unless set, for connecting and all its commands together. Three things are
/// not in it: to resolve a host's name is up to the operating system; of a host with several addresses each is granted the
/// timeout if none answers; and a document that trickles in is read for as long as some of it comes.
///
/// After three failures in a row calls fail at once for 5 seconds; then one call tries again, and if that fails as well the
/// pause doubles, up to 60 seconds. Whoever evaluates meanwhile buckets by hash and stores nothing.
/// [`WriteBehind`](crate::WriteBehind) and [`Cached`](crate::Cached) keep requests from waiting at all.
///
/// # Clusters
///
/// A Redis Cluster is used like a single server, and found out by itself; the URL can name several of its nodes. Each document
/// is under one key, so nothing needs a common slot. Documents of one call that are on several nodes are read and written
/// at the same time. A node that fails or hangs takes only its own documents with it: `load` is an error if any of those that it
/// was asked for cannot be read, since a user without a document is not one whose document is out of reach; `save_all` answers
/// for each write. Failovers and moving slots are followed. Sentinel is out of scope.
///
/// Errors, logs and `Debug` say neither the URL nor the password, and neither keys nor documents.
///
/// # TLS
///
/// `rediss` URLs need the feature `redis-tls`. Certificates are checked against the system's roots, or
/// those that the builder is given with `root_certificates`. The cryptography is
/// what the program has installed as `rustls`' default provider by the time of the first call, else ring, which is installed
/// then.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::GrowthBookClient;
/// use growthbook_sticky::{Cached, RedisStickyBuckets, WriteBehind};
///
/// let redis = RedisStickyBuckets::new("redis://redis.example.com/")?;
/// let buckets = Cached::new(WriteBehind::new(redis)).ttl(Duration::from_secs(30));
/// let client = GrowthBookClient::builder().sticky_buckets(buckets).build()?;
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedisStickyBuckets {
    redis: Redis,
    script: CompareAndSet,
    prefix: String,
}

impl RedisStickyBuckets {
    /// The Redis at a URL such as `redis://user:password@host:6379/0`, with the defaults of the
    /// [builder](Self::builder). It is connected to when it is needed.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `redis-tls`.
    pub fn new(url: impl AsRef<str>) -> Result<Self, BackendError> {
        Self::builder(url).build()
    }

    /// The Redis at a URL, to be set up further.
    pub fn builder(url: impl AsRef<str>) -> RedisStickyBucketsBuilder {
        RedisStickyBucketsBuilder::new(url.as_ref())
    }

    fn key(&self, identity: &StickyIdentity) -> String {
        format!("{}{identity}", self.prefix)
    }

    fn read(&self, identities: &[StickyIdentity]) -> Result<Vec<Option<Vec<u8>>>, RedisError> {
        let keys: Vec<String> = identities.iter().map(|it| self.key(it)).collect();
        self.redis.call().values(&keys).into_iter().collect()
    }
}

#[deny(clippy::missing_trait_methods)]
impl StickyBucketService for RedisStickyBuckets {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        if identities.is_empty() {
            return Ok(BTreeMap::new());
        }
        let values = self.read(identities);
        let values = values.map_err(|error| BackendError::new(BACKEND, LOAD, error))?;
        let values = values.iter().flatten();
        let documents = values.filter_map(|value| Document::parse(value));
        let named = documents.map(|document| {
            let assignments = document.assignments();
            (document.into_identity(), assignments)
        });
        // The document says whose it is: two identities can have one key.
        let asked: BTreeSet<&StickyIdentity> = identities.iter().collect();
        Ok(named.filter(|(it, _)| asked.contains(it)).collect())
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let mut answers = self.save_all(&[*write]);
        let none = || Err(BackendError::new(BACKEND, SAVE, "nothing was answered"));
        answers.pop().unwrap_or_else(none)
    }

    /// All documents together, in one exchange with the server for those that are new, and in two for those that are not.
    fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
        let mut changes = Change::group(writes, |identity| self.key(identity));
        if changes.is_empty() {
            return Vec::new();
        }
        self.script.run(&self.redis.call(), &mut changes);
        let answers = changes.into_iter().flat_map(Change::into_answers);
        let answers: BTreeMap<usize, _> = answers.collect();
        let answers = answers.into_values();
        answers
            .map(|answer| answer.map_err(|error| BackendError::new(BACKEND, SAVE, error)))
            .collect()
    }

    fn flush(&self, limit: Duration) -> Result<(), growthbook_core::FlushError> {
        let _ = limit;
        Ok(())
    }
}

impl fmt::Debug for RedisStickyBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStickyBuckets")
            .field("redis", &self.redis)
            .finish_non_exhaustive()
    }
}

const BACKEND: &str = "redis";
const LOAD: &str = "load sticky buckets";
const SAVE: &str = "save sticky buckets";
