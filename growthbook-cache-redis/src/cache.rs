use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use growthbook_core::{BackendError, CacheKey, CachedPayload, FeatureCache, Lease, LeaseToken};
use growthbook_redis::{Redis, RedisError, Reply};

use crate::builder::RedisCacheBuilder;
use crate::entry::{self, About, NoEntry};
use crate::names::Names;
use crate::scripts::{self, Scripts, Write};
use crate::wishes::Wishes;

/// A cache in a Redis or a Redis Cluster, for processes that share features.
///
/// # What is stored
///
/// The payload, byte for byte as it was received, under `{prefix}{api host}::{client key}`. That is where the documentation
/// of the Python SDK puts it, so programs in other languages can read it, and start programs of this one. What the server
/// sealed stays sealed; whoever reads it needs the key. When it was fetched, its validator and its digest are beside it, under
/// `{prefix}{api host}::{client key}` in braces and `:growthbook`. Both are written in one step, and are gone when nobody has
/// stored them for 4 hours.
///
/// A payload that says itself, by its `dateUpdated`, that it is older than the one that is there does not replace it: a
/// process that lags behind takes nothing from the others.
///
/// # What is there and is no entry
///
/// What is not a payload, or is cut, of another type or longer than 16 MiB, is a miss, with a warning in the log, and
/// replaced by the next store. So is an entry that was copied from another key. A payload without what belongs beside it was
/// put there by somebody else, as those in other languages do. Nobody knows how old it is: clients that have nothing start
/// from it as if it were fresh, and ask the API when it is stale by that. Nor can anybody know that such a payload is that of this client key. Who may write to that Redis
/// decides what users get.
///
/// # One for all
///
/// Of the processes that share a Redis, one asks the API when it is time, and the others take what it stores: about one
/// request for each minute, however many they are. One that dies while it asks holds the others up for 10 seconds at
/// most; what they have stays in force. One that has nothing yet asks by itself after a second or two.
///
/// # Outages
///
/// A call waits no longer than the timeout, 250 ms unless set, for connecting and all else; [`Redis`] says what is not
/// in it. After three failures in a row calls fail at once for 5 seconds; then one tries again, and if that fails as well the
/// pause doubles, up to 60 seconds. Clients go on without the cache meanwhile, and each asks the API for itself. Evaluations
/// never come near it. When the Redis is back, though empty, the next refresh stores what is in force.
///
/// Errors, logs and `Debug` say neither the URL nor the password, and neither keys nor payloads.
///
/// # Clusters
///
/// A Redis Cluster is used like a single server, and found out by itself; the URL can name several of its nodes. All keys of
/// an entry are of one slot. Only if prefix, host or client key have a `}` that ends no `{tag}` they are not, and a cluster
/// refuses that. Sentinel is out of scope.
///
/// # Permissions
///
/// With an access list, the user needs `EVAL`, `EVALSHA`, `STRLEN`, `GET`, `SET`, `EXISTS`, `PTTL` and `DEL` on keys that begin with
/// the prefix or with `{` and the prefix, and `CLUSTER` for a cluster.
///
/// # TLS
///
/// `rediss` URLs need the feature `tls`. Certificates are checked against the system's roots, or those that the builder is
/// given with `root_certificates`. The cryptography is what the program has installed as `rustls`' default provider by the time of the first call, else ring, which is installed
/// then.
///
/// # Example
///
/// ```
/// use growthbook_cache_redis::RedisCache;
/// use growthbook_core::GrowthBookClient;
///
/// let cache = RedisCache::new("redis://redis.example.com/")?;
/// let client = GrowthBookClient::builder().cache(cache).build()?;
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedisCache {
    redis: Redis,
    scripts: Scripts,
    prefix: String,
    /// In milliseconds.
    ttl: String,
    max_bytes: usize,
    /// Of what is no entry; once in a row.
    has_warned: AtomicBool,
    wishes: Wishes,
}

/// A payload, and what is beside it.
type Parts = (Vec<u8>, Option<Vec<u8>>);

/// What there is, or why that is no entry.
type Found = Result<Option<Parts>, NoEntry>;

impl RedisCache {
    /// The Redis at a URL such as `redis://user:password@host:6379/0`, with the defaults of the
    /// [builder](Self::builder). It is connected to when it is needed.
    ///
    /// # Errors
    ///
    /// When this is no URL of a Redis, or one with `rediss` without the feature `tls`.
    pub fn new(url: impl AsRef<str>) -> Result<Self, BackendError> {
        Self::builder(url).build()
    }

    /// The Redis at a URL, to be set up further.
    pub fn builder(url: impl AsRef<str>) -> RedisCacheBuilder {
        RedisCacheBuilder::new(url.as_ref())
    }

    pub(crate) fn from_parts(
        redis: Redis,
        prefix: String,
        ttl: Duration,
        max_bytes: usize,
    ) -> Self {
        let ttl = entry::millis(ttl).unwrap_or(LONGEST_TTL);
        Self {
            redis,
            scripts: Scripts::new(),
            prefix,
            ttl: ttl.clamp(1, LONGEST_TTL).to_string(),
            max_bytes,
            has_warned: AtomicBool::new(false),
            wishes: Wishes::default(),
        }
    }

    fn names(&self, key: &CacheKey) -> Names {
        Names::of(&self.prefix, key)
    }

    /// What is there: a payload, and what is beside it.
    fn parts(&self, names: &Names) -> Result<Found, RedisError> {
        let load = self.scripts.load(names, self.max_bytes);
        Self::read_parts(self.redis.call().query(&load)?)
    }

    fn read_parts(reply: Reply) -> Result<Found, RedisError> {
        let parts = match reply {
            Reply::Nil => return Ok(Ok(None)),
            Reply::Integer(scripts::TOO_LONG) => return Ok(Err(NoEntry::TooLong)),
            Reply::List(parts) => parts,
            _ => return Ok(Err(NoEntry::NoText)),
        };
        let mut parts = parts.into_iter().map(Reply::into_data);
        let bytes = parts.next().transpose()?.flatten();
        let about = parts.next().transpose()?.flatten();
        Ok(Ok(bytes.map(|bytes| (bytes, about))))
    }

    /// The entry that was found; what is none is a miss.
    fn entry(&self, names: &Names, found: Found) -> Option<CachedPayload> {
        let read = |(bytes, about): Parts| entry::read(&names.payload, bytes, about.as_deref());
        let entry = found.and_then(|parts| parts.map(read).transpose());
        entry.unwrap_or_else(|reason| {
            self.warn(reason);
            None
        })
    }

    fn write(&self, names: &Names, payload: &CachedPayload) -> Result<(), RedisError> {
        let about = About::new(&names.payload, payload);
        let mut void = Vec::new();
        // Once more if what stood in the way belongs to a payload that is gone; then somebody else has just stored one.
        for _ in 0..2 {
            let store = self.scripts.store(
                names,
                &Write {
                    bytes: payload.bytes(),
                    about: &about.to_json(),
                    ttl: &self.ttl,
                    updated: about.updated.as_deref().unwrap_or_default(),
                    void: &void,
                },
            );
            let Reply::Data(there) = self.redis.call().query(&store)? else {
                break;
            };
            // It says that it is newer. The payload beside it may be somebody else's, of which it says nothing.
            if let Ok(Some((bytes, Some(about)))) = self.parts(names)?
                && About::parse(&about).is_some_and(|about| about.is_of(&names.payload, &bytes))
            {
                log::debug!(target: crate::LOG, "what is stored in Redis is newer, and stays");
                break;
            }
            void = there;
        }
        Ok(())
    }

    fn warn(&self, reason: NoEntry) {
        let level = if self.has_warned.swap(true, Ordering::Relaxed) {
            log::Level::Debug
        } else {
            log::Level::Warn
        };
        log::log!(target: crate::LOG, level, "what is stored in Redis is not used: {reason}");
    }
}

#[deny(clippy::missing_trait_methods)]
impl FeatureCache for RedisCache {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        let names = self.names(key);
        let found = self.parts(&names);
        let found = found.map_err(|error| BackendError::new(BACKEND, LOAD, error))?;
        Ok(self.entry(&names, found))
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        if payload.bytes().len() > self.max_bytes {
            return Err(BackendError::new(BACKEND, STORE, NoEntry::TooLong));
        }
        self.write(&self.names(key), payload)
            .map_err(|error| BackendError::new(BACKEND, STORE, error))?;
        self.has_warned.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn lease(&self, key: &CacheKey, limit: Duration) -> Result<Lease, BackendError> {
        let names = self.names(key);
        let reply = self.wishes.with(&names.lease, |token| {
            let lease = self.scripts.lease(&names, token, lease_millis(limit));
            self.redis.call().query(&lease)
        });
        let (token, reply) = reply;
        match reply.map_err(|error| BackendError::new(BACKEND, LEASE, error))? {
            Reply::Integer(1) => Ok(Lease::Granted(LeaseToken::new(token))),
            _ => Ok(Lease::Taken),
        }
    }

    fn load_and_lease(
        &self,
        key: &CacheKey,
        limit: Duration,
    ) -> Result<(Option<CachedPayload>, Lease), BackendError> {
        let names = self.names(key);
        let (token, answers) = self.wishes.with(&names.lease, |token| {
            let millis = lease_millis(limit);
            let both = self
                .scripts
                .load_and_lease(&names, self.max_bytes, token, millis);
            self.redis.call().query(&both)
        });
        let answers = answers.and_then(|reply| {
            let Reply::List(answers) = reply else {
                return Ok((None, Ok(None)));
            };
            let mut answers = answers.into_iter();
            let leased = answers.next().and_then(|leased| leased.as_integer());
            let found = Self::read_parts(answers.next().unwrap_or(Reply::Nil))?;
            Ok((leased, found))
        });
        let (leased, found) =
            answers.map_err(|error| BackendError::new(BACKEND, LOAD_AND_LEASE, error))?;
        let lease = match leased {
            Some(scripts::GRANTED) => Lease::Granted(LeaseToken::new(token)),
            Some(scripts::TAKEN) => Lease::Taken,
            _ => Lease::Free,
        };
        Ok((self.entry(&names, found), lease))
    }

    fn release(&self, key: &CacheKey, token: &LeaseToken) -> Result<(), BackendError> {
        let release = self.scripts.release(&self.names(key), token.as_str());
        let reply = self.redis.call().query(&release);
        reply.map_err(|error| BackendError::new(BACKEND, "give a lease back", error))?;
        Ok(())
    }
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache")
            .field("redis", &self.redis)
            .finish_non_exhaustive()
    }
}

fn lease_millis(limit: Duration) -> u64 {
    let millis = entry::millis(limit).unwrap_or(LONGEST_TTL);
    millis.clamp(1, LONGEST_TTL)
}

pub(crate) const BACKEND: &str = "redis";
const LOAD: &str = "load features";
const STORE: &str = "store features";
const LEASE: &str = "lease a refresh";
const LOAD_AND_LEASE: &str = "load features and lease a refresh";

/// Milliseconds; more than that, added to the date, is more than Redis counts.
const LONGEST_TTL: u64 = 1 << 52;
