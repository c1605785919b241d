mod leases;
#[cfg(test)]
mod leasing;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::suite::{at_once, given};
use crate::cache::{CacheKey, CachedPayload, FeatureCache, Validator};
use crate::secret::ClientKey;

/// Checks that a cache keeps the contract of [`FeatureCache`].
///
/// Each call of `make` gives a cache without entries; it can be the same store with another prefix. It has to have room for
/// sixteen entries, and for two megabytes. One that keeps no count of who [asks](FeatureCache::lease) need not begin to.
///
/// # Panics
///
/// When the contract is broken, with what is wrong.
///
/// # Example
///
/// ```
/// use growthbook_core::MemoryCache;
/// use growthbook_core::testing::cache_contract;
///
/// cache_contract(MemoryCache::new);
/// ```
pub fn cache_contract<C: FeatureCache>(make: impl Fn() -> C) {
    what_is_not_there_is_a_miss(&make());
    an_entry_comes_back_as_it_was_stored(&make());
    an_entry_is_replaced_whole(&make());
    keys_are_kept_apart(&make());
    entries_of_writers_at_once_are_not_mixed(&make());
    leases::check(&make());
}

fn what_is_not_there_is_a_miss(cache: &impl FeatureCache) {
    assert_eq!(
        load(cache, &key("sdk-1")),
        None,
        "a key under which nothing is stored is a miss"
    );
}

fn an_entry_comes_back_as_it_was_stored(cache: &impl FeatureCache) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let blank = vec![b' '; 1 << 20];
    let texts: [(&str, &[u8]); 4] = [
        ("white space and the order of keys", PAYLOAD.as_bytes()),
        ("text that is not ASCII", "{\"ключ\": \"🌸\"}".as_bytes()),
        ("bytes that are no text", &every_byte),
        ("a megabyte", &blank),
    ];
    for (name, bytes) in texts {
        for payload in [CachedPayload::new(bytes), full(bytes)] {
            let key = key(&format!("{name} {:?}", payload.validator()));
            store(cache, &key, &payload);
            let loaded = load(cache, &key);
            assert!(
                loaded.as_ref() == Some(&payload),
                "an entry comes back as it was stored ({name}): stored {payload:?}, loaded {loaded:?}"
            );
        }
    }
}

fn an_entry_is_replaced_whole(cache: &impl FeatureCache) {
    let key = key("sdk-1");
    let first = full(PAYLOAD.as_bytes());
    let later = first.fetched_at().map(|at| at + Duration::from_secs(60));
    let other_bytes = CachedPayload::new(*b"{}").with_fetched_at(later);
    let confirmed = first.clone().with_fetched_at(later);
    for payload in [first, other_bytes, confirmed] {
        store(cache, &key, &payload);
        let loaded = load(cache, &key);
        assert!(
            loaded.as_ref() == Some(&payload),
            "`store` replaces the whole entry: stored {payload:?}, loaded {loaded:?}"
        );
    }
}

fn keys_are_kept_apart(cache: &impl FeatureCache) {
    let long = "k".repeat(300);
    let keys = [
        ("https://h", "sdk-1"),
        ("https://h", "sdk-10"),
        ("https://h", "SDK-1"),
        ("https://h", "sdk-1 "),
        ("https://h", "../sdk-1"),
        ("https://h", "sdk/1"),
        ("https://h", "sdk%2F1"),
        ("https://h", "sdk-*"),
        ("https://h", "sdk-ä"),
        ("https://h", "sdk-a\u{308}"),
        ("https://h", &long),
        ("https://h/gb", "sdk-1"),
        ("https://h:3100", "sdk-1"),
        ("http://h", "sdk-1"),
    ];
    let named = |(host, client_key): (&str, &str)| {
        let payload = CachedPayload::new(format!("{host} {client_key}").into_bytes());
        (CacheKey::new(host, &ClientKey::new(client_key)), payload)
    };
    for (key, payload) in keys.map(named) {
        store(cache, &key, &payload);
    }
    for (key, payload) in keys.map(named) {
        assert!(
            load(cache, &key).as_ref() == Some(&payload),
            "each key has its own entry, and `{}` has not",
            key.as_str()
        );
    }
}

fn entries_of_writers_at_once_are_not_mixed(cache: &impl FeatureCache) {
    let key = &key("sdk-1");
    let entry = |writer: usize| {
        let name = format!("writer {writer}");
        CachedPayload::new(name.repeat(1_000 + writer).into_bytes())
            .with_validator(Validator::new(name))
            .with_max_age(Duration::from_secs(writer as u64))
    };
    let entries: Vec<CachedPayload> = (0..WRITERS).map(entry).collect();
    let mixed = |loaded: &CachedPayload| !entries.contains(loaded);
    let writing = AtomicUsize::new(WRITERS);
    let found = at_once(WRITERS + READERS, |number| {
        let Some(payload) = entries.get(number) else {
            let mut found = None;
            while writing.load(Ordering::SeqCst) > 0 {
                found = found.or(load(cache, key).filter(mixed));
            }
            return found;
        };
        let _end = EndOfWriting(&writing);
        for _ in 0..ROUNDS {
            store(cache, key, payload);
        }
        None
    });
    let found: Vec<_> = found.into_iter().flatten().collect();
    assert!(
        found.is_empty(),
        "an entry is what one `store` wrote, and these are of several: {found:?}"
    );
    assert!(
        load(cache, key).is_some(),
        "after many writers at once there is an entry"
    );
}

/// Says that a writer has ended, though it be by a panic: readers wait for it.
struct EndOfWriting<'a>(&'a AtomicUsize);

impl Drop for EndOfWriting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A payload with everything that can be known of one.
fn full(bytes: &[u8]) -> CachedPayload {
    let fetched_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
    CachedPayload::new(bytes)
        .with_validator(Validator::new("W/\"3f1-Zm9v\""))
        .with_fetched_at(fetched_at)
        .with_max_age(Duration::from_secs(30))
}

fn key(client_key: &str) -> CacheKey {
    CacheKey::new("https://cdn.growthbook.io", &ClientKey::new(client_key))
}

fn load(cache: &impl FeatureCache, key: &CacheKey) -> Option<CachedPayload> {
    given("load", cache.load(key))
}

fn store(cache: &impl FeatureCache, key: &CacheKey, payload: &CachedPayload) {
    given("store", cache.store(key, payload));
}

const PAYLOAD: &str = "{\"status\": 200,\n\t\"features\": {\"b\": {}, \"a\": {}}, \"b\": 1.0}\r\n";
const WRITERS: usize = 4;
const READERS: usize = 4;
const ROUNDS: usize = 50;
