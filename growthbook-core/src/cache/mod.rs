//! Stores of payloads: what a client starts from before it has heard from the server, and what processes share.

mod key;
mod lease;
mod memory;
mod payload;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::key::CacheKey;
pub use self::lease::{Lease, LeaseToken};
pub use self::memory::MemoryCache;
pub use self::payload::{CachedPayload, Validator};
use crate::error::BackendError;

/// A store of payloads.
///
/// # Contract
///
/// * A payload comes back byte for byte. A cache does not parse it, does not open it and does not write it anew: what
///   was sealed stays sealed. Times may be kept to the millisecond.
/// * An entry is one thing. `store` replaces it whole and in one atomic step, and `load` gives what one `store` wrote,
///   whatever other threads and processes do meanwhile. Bytes beside the validator of other bytes would be taken for
///   current for ever.
/// * Freshness is the client's business: `load` gives entries of any age. A cache may forget entries, and one that is
///   shared may keep what it has when it is handed something older. Neither is an error.
/// * What is stored under the key but is no entry, because something else wrote it, is a miss; the next `store`
///   replaces it.
/// * Both may be called from any thread, several at a time, and may block, for a time that the cache limits itself. The
///   client never calls them from an evaluation, and stores only what it could compile. On an error it goes on without
///   the cache.
/// * A cache that processes share can see to it that one of them asks the server for all, by [`lease`](Self::lease). One
///   that does not has nothing to do for that.
///
/// `testing::cache_contract`, of the Cargo feature `testing`, checks all this of an implementation.
///
/// # Example
///
/// A cache in front of another one that only reads it, for a job that must not disturb:
///
/// ```
/// use growthbook_core::{BackendError, CacheKey, CachedPayload, FeatureCache};
///
/// #[derive(Debug)]
/// struct ReadOnly<C>(C);
///
/// impl<C: FeatureCache> FeatureCache for ReadOnly<C> {
///     fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
///         self.0.load(key)
///     }
///
///     fn store(&self, _: &CacheKey, _: &CachedPayload) -> Result<(), BackendError> {
///         Ok(())
///     }
/// }
/// ```
pub trait FeatureCache: fmt::Debug + Send + Sync + 'static {
    /// The entry under this key, of whatever age; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError>;

    /// Replaces the entry under this key.
    ///
    /// # Errors
    ///
    /// When the store cannot be written. The entry that was there may still be, but whole.
    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError>;

    /// Wants to ask the server for what is under this key, once for all who share the cache.
    ///
    /// One at a time is granted that, for `limit` at most: whoever was granted it may have died. The others are told that it
    /// is [taken](Lease::Taken); they look for what the first one stores, and want to ask again a little later. The leases of
    /// different keys have nothing to do with each other, and one says nothing of who may load and store.
    ///
    /// Refreshes that are due by time want it. Those that somebody [forces](crate::RefreshMode::Forced) do not, nor does
    /// whoever was told of a change. By default nobody keeps count.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached. The server is asked then.
    fn lease(&self, key: &CacheKey, limit: Duration) -> Result<Lease, BackendError> {
        let _ = (key, limit);
        Ok(Lease::Free)
    }

    /// What [`load`](Self::load) gives, and what [`lease`](Self::lease) says: for a refresh that is due, which wants both. The
    /// lease may be granted though the entry is fresh; it is given back then.
    ///
    /// By default it does one after the other. A cache behind a network does both in one step, so that a slow one is waited
    /// for once. Between the two nobody else may have stored something: who is granted the lease has seen what the one
    /// before has stored.
    ///
    /// # Errors
    ///
    /// When the store cannot be read. No lease is held then, or one that ends by itself. A store that can be read and cannot
    /// be written keeps no count, which is [`Lease::Free`].
    fn load_and_lease(
        &self,
        key: &CacheKey,
        limit: Duration,
    ) -> Result<(Option<CachedPayload>, Lease), BackendError> {
        // In this order: what is stored after the load would be missed.
        let lease = self.lease(key, limit)?;
        match self.load(key) {
            Ok(entry) => Ok((entry, lease)),
            Err(error) => {
                if let Lease::Granted(token) = &lease {
                    self.release(key, token)?;
                }
                Err(error)
            }
        }
    }

    /// Gives a lease back, before its time is over. If somebody else has it meanwhile, it stays theirs, which is no error.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached. The lease ends by itself.
    fn release(&self, key: &CacheKey, token: &LeaseToken) -> Result<(), BackendError> {
        let _ = (key, token);
        Ok(())
    }
}

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<C: FeatureCache + ?Sized> FeatureCache for $pointer<C> {
            fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
                (**self).load(key)
            }

            fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
                (**self).store(key, payload)
            }

            fn lease(&self, key: &CacheKey, limit: Duration) -> Result<Lease, BackendError> {
                (**self).lease(key, limit)
            }

            fn load_and_lease(
                &self,
                key: &CacheKey,
                limit: Duration,
            ) -> Result<(Option<CachedPayload>, Lease), BackendError> {
                (**self).load_and_lease(key, limit)
            }

            fn release(&self, key: &CacheKey, token: &LeaseToken) -> Result<(), BackendError> {
                (**self).release(key, token)
            }
        }
    )*};
}

forward!(Arc, Box);
