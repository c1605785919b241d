use std::fmt;
use std::time::Duration;

use growthbook_core::BackendError;
use growthbook_redis::{Redis, RedisBuilder, RedisError, Script};

use crate::{DeliveryError, EventBatch, EventSink};

/// Appends events to a stream in Redis, for teams that already run one: consumers read it with `XREAD` or a consumer group.
///
/// Each event is an entry with two fields: `id`, what tells it from all others, and `event`, its JSON, which
/// [`Event`](crate::Event) reads. A batch is appended whole or not at all, by one script on the server. After a timeout nobody
/// knows which of these it was, so it is appended again: consumers that count know an event by its `id`.
///
/// A server that is down, loading, full or read-only is tried again later. Where the key holds something else than a
/// stream, or the server refuses this user, events are kept and tried again, rarely, until somebody mends that.
///
/// Errors, logs and `Debug` say neither the address nor the password, the key or events.
///
/// # Blocking
///
/// A delivery, on the tracker's thread, waits no longer than the timeout: 2 seconds unless set.
///
/// # Example
///
/// ```no_run
/// use growthbook_tracking::{BatchTracker, RedisStream};
///
/// let stream = RedisStream::builder("redis://redis.example.com/", "growthbook:events")
///     .max_entries(1_000_000)
///     .build()?;
/// let tracker = BatchTracker::new(stream);
/// # let _ = tracker;
/// # Ok::<(), growthbook_core::BackendError>(())
/// ```
pub struct RedisStream {
    redis: Redis,
    append: Script,
    key: String,
    max_entries: Option<u64>,
}

impl RedisStream {
    /// The stream under this key in the Redis at this URL, with the defaults of the [builder](Self::builder). It is
    /// connected to when there is something to deliver.
    ///
    /// # Errors
    ///
    /// As [`RedisStreamBuilder::build`].
    pub fn new(url: impl AsRef<str>, key: impl Into<String>) -> Result<Self, BackendError> {
        Self::builder(url, key).build()
    }

    /// The same, to be set up further.
    pub fn builder(url: impl AsRef<str>, key: impl Into<String>) -> RedisStreamBuilder {
        RedisStreamBuilder {
            redis: Redis::builder(url).timeout(TIMEOUT),
            key: key.into(),
            max_entries: None,
        }
    }
}

impl EventSink for RedisStream {
    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        let most = self
            .max_entries
            .map_or_else(String::new, |most| most.to_string());
        let mut append = self.append.command(&[&self.key]).arg(most);
        for event in batch.events() {
            let json = serde_json::to_vec(event).map_err(DeliveryError::rejected)?;
            append = append.arg(event.id().to_string()).arg(json);
        }
        let appended = self.redis.call().query(&append);
        appended.map(drop).map_err(failed)
    }
}

impl fmt::Debug for RedisStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStream")
            .field("max_entries", &self.max_entries)
            .finish_non_exhaustive()
    }
}

/// Builds a [`RedisStream`].
#[must_use = "a builder does nothing until `build`"]
pub struct RedisStreamBuilder {
    redis: RedisBuilder,
    key: String,
    max_entries: Option<u64>,
}

impl RedisStreamBuilder {
    /// Another host of the same Redis Cluster, such as `node-2:6379`.
    pub fn seed(mut self, host: impl Into<String>) -> Self {
        self.redis = self.redis.seed(host);
        self
    }

    /// How long a delivery may take, connecting included: 2 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.redis = self.redis.timeout(timeout);
        self
    }

    /// Certificates of the authorities to trust, as PEM with one or more of them, instead of those that the system trusts.
    /// Further calls add to it. Without `rediss` they are of no use.
    #[cfg(feature = "redis-tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "redis-tls")))]
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.redis = self.redis.root_certificates(pem);
        self
    }

    /// How long the stream may become, about: Redis removes the oldest entries beyond that, read or not. Unbounded unless
    /// set.
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = Some(entries);
        self
    }

    /// The sink. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `redis-tls`, or a seed is no host, or what was
    /// given as certificates are none.
    pub fn build(self) -> Result<RedisStream, BackendError> {
        let redis = self.redis.build();
        Ok(RedisStream {
            redis: redis.map_err(|error| BackendError::new("redis", "use its URL", error))?,
            append: Script::new(APPEND),
            key: self.key,
            max_entries: self.max_entries,
        })
    }
}

impl fmt::Debug for RedisStreamBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStreamBuilder")
            .field("max_entries", &self.max_entries)
            .finish_non_exhaustive()
    }
}

fn failed(error: RedisError) -> DeliveryError {
    if error.is_transient() {
        DeliveryError::unavailable(error)
    } else {
        DeliveryError::refused(error)
    }
}

const TIMEOUT: Duration = Duration::from_secs(2);

/// The kind of the key and the room in memory are found before the first entry, so that it is all or nothing.
const APPEND: &str = "\
for place = 2, #ARGV, 2 do
  if ARGV[1] == '' then redis.call('XADD', KEYS[1], '*', 'id', ARGV[place], 'event', ARGV[place + 1])
  else redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'id', ARGV[place], 'event', ARGV[place + 1]) end
end
return (#ARGV - 1) / 2";
