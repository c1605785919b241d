//! The suite passes our own cache, and finds what is wrong with each of these.

use std::thread;

use super::super::suite::complaint;
use super::*;
use crate::cache::MemoryCache;
use crate::error::BackendError;

#[test]
fn our_own_cache_keeps_the_contract() {
    cache_contract(MemoryCache::new);
}

#[test]
fn every_flaw_is_found() {
    for (flaw, found) in [
        (Flaw::CannotLoad, "`load` failed"),
        (Flaw::CannotStore, "`store` failed"),
        (Flaw::FirstEntryStays, "replaces the whole entry"),
        (Flaw::ForgetsMaxAge, "comes back as it was stored"),
        (Flaw::ForgetsTime, "comes back as it was stored"),
        (Flaw::ForgetsValidator, "comes back as it was stored"),
        (Flaw::IgnoresCase, "has its own entry"),
        (Flaw::IgnoresClientKey, "has its own entry"),
        (Flaw::IgnoresHost, "has its own entry"),
        (Flaw::InventsEntries, "is a miss"),
        (Flaw::OldMaxAgeStays, "replaces the whole entry"),
        (Flaw::OldValidatorStays, "replaces the whole entry"),
        (Flaw::StoresInTwoSteps, "these are of several"),
        (Flaw::StoresText, "bytes that are no text"),
        (Flaw::Trims, "white space"),
        (Flaw::WholeSeconds, "comes back as it was stored"),
    ] {
        let complaint = complaint(|| cache_contract(|| Flawed::new(flaw)));
        let complaint = complaint.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(complaint.contains(found), "{flaw:?}: {complaint}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    CannotLoad,
    CannotStore,
    FirstEntryStays,
    ForgetsMaxAge,
    ForgetsTime,
    ForgetsValidator,
    IgnoresCase,
    IgnoresClientKey,
    IgnoresHost,
    InventsEntries,
    OldMaxAgeStays,
    OldValidatorStays,
    StoresInTwoSteps,
    StoresText,
    Trims,
    WholeSeconds,
}

/// A cache with a flaw, right in everything else.
#[derive(Debug)]
struct Flawed {
    flaw: Flaw,
    entries: MemoryCache,
    loads: AtomicUsize,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            entries: MemoryCache::new(),
            loads: AtomicUsize::new(0),
        }
    }

    fn key(&self, key: &CacheKey) -> CacheKey {
        let (host, client_key) = key.as_str().split_once("::").unwrap();
        let (host, client_key) = match self.flaw {
            Flaw::IgnoresCase => (host.to_owned(), client_key.to_lowercase()),
            Flaw::IgnoresClientKey => (host.to_owned(), String::new()),
            Flaw::IgnoresHost => (String::new(), client_key.to_owned()),
            _ => return key.clone(),
        };
        CacheKey::new(host, &ClientKey::new(client_key))
    }

    /// What becomes of a payload when `old` is there.
    fn flawed(&self, payload: &CachedPayload, old: Option<&CachedPayload>) -> CachedPayload {
        let new = payload.clone();
        let old_validator = old.and_then(CachedPayload::validator).cloned();
        let old_max_age = old.and_then(CachedPayload::max_age);
        match self.flaw {
            Flaw::FirstEntryStays => old.cloned().unwrap_or(new),
            Flaw::ForgetsMaxAge => new.with_max_age(None),
            Flaw::ForgetsTime => new.with_fetched_at(None),
            Flaw::ForgetsValidator => new.with_validator(None),
            Flaw::OldMaxAgeStays if old_max_age.is_some() => new.with_max_age(old_max_age),
            Flaw::OldValidatorStays if old_validator.is_some() => new.with_validator(old_validator),
            Flaw::StoresText => rewritten(&new, |bytes| {
                String::from_utf8_lossy(bytes).into_owned().into_bytes()
            }),
            Flaw::Trims => rewritten(&new, |bytes| bytes.trim_ascii().to_vec()),
            Flaw::WholeSeconds => {
                let since = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
                let whole = |at| Duration::from_secs(since(at).as_secs());
                let fetched_at = new
                    .fetched_at()
                    .map(|at| SystemTime::UNIX_EPOCH + whole(at));
                new.with_fetched_at(fetched_at)
            }
            _ => new,
        }
    }

    /// Waits for a load that begins between the two steps, however long that takes: while many write, others load. Each of
    /// those may have been in the middle of one.
    fn wait_for_a_load(&self) {
        let loads = self.loads.load(Ordering::SeqCst);
        while self.loads.load(Ordering::SeqCst) <= loads + READERS {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

fn rewritten(payload: &CachedPayload, rewrite: impl Fn(&[u8]) -> Vec<u8>) -> CachedPayload {
    CachedPayload::new(rewrite(payload.bytes()))
        .with_validator(payload.validator().cloned())
        .with_fetched_at(payload.fetched_at())
        .with_max_age(payload.max_age())
}

impl FeatureCache for Flawed {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        if self.flaw == Flaw::CannotLoad {
            return Err(BackendError::new("flawed", "load", "on purpose"));
        }
        let loaded = self.entries.load(&self.key(key))?;
        self.loads.fetch_add(1, Ordering::SeqCst);
        let invented = (self.flaw == Flaw::InventsEntries).then(|| CachedPayload::new(*b""));
        Ok(loaded.or(invented))
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        if self.flaw == Flaw::CannotStore {
            return Err(BackendError::new("flawed", "store", "on purpose"));
        }
        let key = self.key(key);
        let old = self.entries.load(&key)?;
        if self.flaw == Flaw::StoresInTwoSteps {
            let old_validator = old.as_ref().and_then(CachedPayload::validator).cloned();
            let half = payload.clone().with_validator(old_validator);
            self.entries.store(&key, &half)?;
            if payload.bytes().starts_with(b"writer ") {
                self.wait_for_a_load();
            }
        }
        self.entries
            .store(&key, &self.flawed(payload, old.as_ref()))
    }
}
