use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{CacheKey, CachedPayload, FeatureCache};
use crate::error::BackendError;

/// A cache in this process's memory, for clients that share payloads and for tests.
///
/// It holds 100 entries; then the one that was stored longest ago makes room.
///
/// # Example
///
/// ```
/// use growthbook_core::{CacheKey, CachedPayload, ClientKey, FeatureCache, MemoryCache};
///
/// let cache = MemoryCache::new();
/// let key = CacheKey::new("https://cdn.growthbook.io", &ClientKey::new("sdk-abc123"));
/// let payload = CachedPayload::new(*br#"{"features": {}}"#);
/// cache.store(&key, &payload)?;
/// assert_eq!(cache.load(&key)?, Some(payload));
/// # Ok::<(), growthbook_core::BackendError>(())
/// ```
#[derive(Default)]
pub struct MemoryCache {
    /// In the order of storing. Looked through from end to end: there are few, and a load is rare.
    entries: Mutex<VecDeque<(CacheKey, CachedPayload)>>,
}

impl MemoryCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic elsewhere cannot leave half an entry: each is put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(CacheKey, CachedPayload)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache")
            .field("entries", &self.lock().len())
            .finish()
    }
}

impl FeatureCache for MemoryCache {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        let entries = self.lock();
        let found = entries.iter().find(|(stored, _)| stored == key);
        Ok(found.map(|(_, payload)| payload.clone()))
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        let mut entries = self.lock();
        entries.retain(|(stored, _)| stored != key);
        if entries.len() >= MOST_ENTRIES {
            entries.pop_front();
        }
        entries.push_back((key.clone(), payload.clone()));
        Ok(())
    }
}

const MOST_ENTRIES: usize = 100;

#[cfg(test)]
mod tests {
    use std::panic::{self, AssertUnwindSafe};

    use super::*;
    use crate::secret::ClientKey;

    fn key(number: usize) -> CacheKey {
        CacheKey::new("https://h", &ClientKey::new(format!("sdk-{number}")))
    }

    fn holds(cache: &MemoryCache, number: usize) -> bool {
        cache.load(&key(number)).unwrap().is_some()
    }

    #[test]
    fn the_entry_stored_longest_ago_makes_room() {
        let cache = MemoryCache::new();
        let payload = CachedPayload::new(*b"{}");
        for number in 0..MOST_ENTRIES {
            cache.store(&key(number), &payload).unwrap();
        }
        cache.store(&key(0), &payload).unwrap();
        assert!(holds(&cache, 1), "replacing needs no room");
        cache.store(&key(MOST_ENTRIES), &payload).unwrap();
        assert!(!holds(&cache, 1));
        for number in [0, 2, MOST_ENTRIES] {
            assert!(holds(&cache, number), "{number}");
        }
        assert_eq!(format!("{cache:?}"), "MemoryCache { entries: 100 }");
    }

    #[test]
    fn a_panic_under_the_lock_does_not_end_it() {
        let cache = MemoryCache::new();
        let poisoning = AssertUnwindSafe(|| {
            let _entries = cache.lock();
            panic!("poison");
        });
        assert!(panic::catch_unwind(poisoning).is_err());
        cache.store(&key(1), &CachedPayload::new(*b"{}")).unwrap();
        assert!(holds(&cache, 1));
    }
}
