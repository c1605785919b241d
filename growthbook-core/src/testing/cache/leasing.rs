//! A cache that leases, with a flaw.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::super::suite::all_are_found;
use super::leases;
use crate::cache::{CacheKey, CachedPayload, FeatureCache, Lease, LeaseToken, MemoryCache};
use crate::clock::{Clock, SystemClock};
use crate::error::BackendError;

#[test]
fn every_flaw_of_leases_is_found() {
    let check = |flaw| leases::check(&Leasing::new(flaw));
    all_are_found(
        &[
            (Flaw::AlwaysTaken, "unless nobody ever is"),
            (Flaw::AloneOnly, "grants what `lease` does"),
            (Flaw::AnyToken, "its own token alone"),
            (Flaw::CannotLease, "`lease` failed"),
            (Flaw::CannotRelease, "`release` failed"),
            (Flaw::EndsByStoring, "nothing to do with each other"),
            (Flaw::ForAllKeys, "each key has its own lease"),
            (Flaw::ForAnybody, "a lease is of one"),
            (Flaw::ForEver, "ends when its time is over"),
            (Flaw::LoadsNothing, "loads what there is"),
            (Flaw::NeverGivenBack, "can be had again"),
            (Flaw::OneToken, "each lease has a token of its own"),
        ],
        check,
    );
    check(Flaw::None);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    /// Grants leases to whoever does not load as well.
    AloneOnly,
    AlwaysTaken,
    AnyToken,
    CannotLease,
    CannotRelease,
    EndsByStoring,
    ForAllKeys,
    ForAnybody,
    ForEver,
    LoadsNothing,
    NeverGivenBack,
    None,
    OneToken,
}

/// Right in everything else.
#[derive(Debug)]
struct Leasing {
    flaw: Flaw,
    entries: MemoryCache,
    /// Tokens, and until when they hold.
    leases: Mutex<BTreeMap<String, (String, Duration)>>,
    tokens: Mutex<u32>,
}

impl Leasing {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            entries: MemoryCache::new(),
            leases: Mutex::default(),
            tokens: Mutex::default(),
        }
    }

    fn name(&self, key: &CacheKey) -> String {
        match self.flaw {
            Flaw::ForAllKeys => String::new(),
            _ => key.as_str().to_owned(),
        }
    }

    fn token(&self, key: &CacheKey) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        *tokens += u32::from(self.flaw != Flaw::OneToken);
        format!("{} {tokens}", key.as_str())
    }
}

impl FeatureCache for Leasing {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        self.entries.load(key)
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        if self.flaw == Flaw::EndsByStoring {
            self.leases.lock().unwrap().remove(&self.name(key));
        }
        self.entries.store(key, payload)
    }

    fn lease(&self, key: &CacheKey, limit: Duration) -> Result<Lease, BackendError> {
        match self.flaw {
            Flaw::AlwaysTaken => return Ok(Lease::Taken),
            Flaw::CannotLease => return Err(BackendError::new("flawed", "lease", "on purpose")),
            _ => {}
        }
        let now = SystemClock::new().monotonic();
        let mut leases = self.leases.lock().unwrap();
        let standing = leases.get(&self.name(key));
        let holds = standing.is_some_and(|(_, until)| now < *until || self.flaw == Flaw::ForEver);
        if holds && self.flaw != Flaw::ForAnybody {
            return Ok(Lease::Taken);
        }
        let token = self.token(key);
        leases.insert(self.name(key), (token.clone(), now + limit));
        Ok(Lease::Granted(LeaseToken::new(token)))
    }

    fn load_and_lease(
        &self,
        key: &CacheKey,
        limit: Duration,
    ) -> Result<(Option<CachedPayload>, Lease), BackendError> {
        let lease = match self.flaw {
            Flaw::AloneOnly => Lease::Free,
            _ => self.lease(key, limit)?,
        };
        let entry = self.load(key)?;
        Ok((entry.filter(|_| self.flaw != Flaw::LoadsNothing), lease))
    }

    fn release(&self, key: &CacheKey, token: &LeaseToken) -> Result<(), BackendError> {
        if self.flaw == Flaw::CannotRelease {
            return Err(BackendError::new("flawed", "release", "on purpose"));
        }
        let mut leases = self.leases.lock().unwrap();
        let is_own = leases
            .get(&self.name(key))
            .is_some_and(|(standing, _)| standing == token.as_str());
        let is_ended = is_own || self.flaw == Flaw::AnyToken;
        if is_ended && self.flaw != Flaw::NeverGivenBack {
            leases.remove(&self.name(key));
        }
        Ok(())
    }
}
