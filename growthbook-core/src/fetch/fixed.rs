use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{FeatureFetcher, FetchError, Fetched};
use crate::cache::{CacheKey, CachedPayload, Validator};
use crate::secret::ClientKey;

/// Always fetches the same payload: for tests, and for programs that ship their features.
///
/// # Example
///
/// ```
/// use growthbook_core::{FeatureFetcher, Fetched, StaticFetcher};
///
/// let fetcher = StaticFetcher::new(*br#"{"features": {}}"#);
/// let Fetched::Fresh(payload) = fetcher.fetch(None)? else { unreachable!() };
/// let again = fetcher.fetch(payload.validator())?;
/// assert_eq!(again, Fetched::Unchanged { max_age: None });
/// # Ok::<(), growthbook_core::FetchError>(())
/// ```
#[derive(Clone)]
pub struct StaticFetcher {
    bytes: Arc<[u8]>,
    validator: Validator,
    cache_key: CacheKey,
}

impl StaticFetcher {
    /// A fetcher of these bytes, which are a payload as the GrowthBook API sends it, plain or sealed.
    pub fn new(payload: impl Into<Arc<[u8]>>) -> Self {
        let bytes = payload.into();
        // Named after the bytes, so that a cache that outlives the program does not hand its next version the old ones.
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes));
        Self {
            bytes,
            cache_key: CacheKey::new("static", &ClientKey::new(digest.clone())),
            validator: Validator::new(digest),
        }
    }
}

impl FeatureFetcher for StaticFetcher {
    fn cache_key(&self) -> CacheKey {
        self.cache_key.clone()
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        if known == Some(&self.validator) {
            return Ok(Fetched::Unchanged { max_age: None });
        }
        let payload = CachedPayload::new(Arc::clone(&self.bytes));
        Ok(Fetched::Fresh(
            payload.with_validator(self.validator.clone()),
        ))
    }
}

impl fmt::Debug for StaticFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticFetcher")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_have_another_name() {
        let [one, other] = [b"{}", b"[]"].map(|bytes| StaticFetcher::new(*bytes));
        assert_ne!(one.cache_key(), other.cache_key());
        let fetched = other.fetch(Some(&one.validator)).unwrap();
        let Fetched::Fresh(payload) = fetched else {
            panic!("{fetched:?}")
        };
        assert_eq!(&**payload.bytes(), b"[]");
        assert_eq!(format!("{one:?}"), "StaticFetcher { bytes: 2, .. }");
    }
}
