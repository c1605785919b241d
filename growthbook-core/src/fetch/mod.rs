//! Where payloads come from.

mod error;
mod fixed;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::error::FetchError;
pub use self::fixed::StaticFetcher;
use crate::cache::{CacheKey, CachedPayload, Validator};

/// Asks a server for its payload, once for each call.
///
/// # Contract
///
/// * A call is one attempt: whoever calls waits and tries again, by [`Backoff`](crate::Backoff). It ends within limits of
///   time and size that the fetcher sets itself.
/// * [`Fetched::Fresh`] holds the body of an answer that was a success, as it came: not parsed, not opened. An error
///   page is a [`FetchError`], never a payload.
/// * [`Fetched::Unchanged`] answers a `known` validator and nothing else: who asks without one gets a payload or an
///   error.
/// * `cache_key` is the same for the fetcher's whole life, and two fetchers with the same key fetch the same.
/// * It may be called from any thread. One client asks once at a time; a fetcher that several clients share is asked
///   several times at once.
///
/// `testing::fetcher_contract`, of the Cargo feature `testing`, checks this of an implementation.
///
/// # Example
///
/// A payload that another program writes to a file:
///
/// ```
/// use std::path::PathBuf;
///
/// use growthbook_core::{
///     BackendError, CacheKey, CachedPayload, ClientKey, FeatureFetcher, FetchError, Fetched, Validator,
/// };
///
/// #[derive(Debug)]
/// struct FromFile(PathBuf);
///
/// impl FeatureFetcher for FromFile {
///     fn cache_key(&self) -> CacheKey {
///         CacheKey::new(self.0.to_string_lossy(), &ClientKey::new(""))
///     }
///
///     fn fetch(&self, _: Option<&Validator>) -> Result<Fetched, FetchError> {
///         let unreadable = |error| FetchError::Transport(BackendError::new("file", "be read", error));
///         let bytes = std::fs::read(&self.0).map_err(unreadable)?;
///         Ok(Fetched::Fresh(CachedPayload::new(bytes)))
///     }
/// }
///
/// let error = FromFile("no/such/file".into()).fetch(None).unwrap_err();
/// assert!(error.is_transient());
/// ```
pub trait FeatureFetcher: fmt::Debug + Send + Sync + 'static {
    /// What a [`FeatureCache`](crate::FeatureCache) keeps this fetcher's payloads under. Returns at once.
    fn cache_key(&self) -> CacheKey;

    /// Asks for the payload, or only for a newer one than `known`, whose bytes the caller still has.
    ///
    /// # Errors
    ///
    /// When there is no payload to be had now. What is in force stays in force.
    ///
    /// # Blocking
    ///
    /// Until the server has answered, or the fetcher's own limit has passed.
    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError>;
}

/// What a server answered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fetched {
    /// A payload, with its validator and for how long it is fresh, where the server said so. The client adds when it
    /// was fetched, by its own clock.
    Fresh(CachedPayload),
    /// The server still has the version that was asked about.
    Unchanged {
        /// For how long from now on the server calls it fresh; `None` if it did not say.
        max_age: Option<Duration>,
    },
}

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<F: FeatureFetcher + ?Sized> FeatureFetcher for $pointer<F> {
            fn cache_key(&self) -> CacheKey {
                (**self).cache_key()
            }

            fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
                (**self).fetch(known)
            }
        }
    )*};
}

forward!(Arc, Box);
