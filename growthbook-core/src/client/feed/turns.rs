//! Of the processes that share a cache, one asks the server at a time, and the others take what it stores.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::asking::{CACHE, News};
use super::refresh::{Refresh, RefreshError};
use crate::cache::{CacheKey, Lease, LeaseToken};
use crate::client::background::BackgroundError;
use crate::client::shared::Shared;

/// Whose turn it is to ask.
pub(crate) enum Whose {
    /// Nobody of this process need ask: this is what came of it.
    Another(Refresh),
    /// This one's, until it is ended.
    Own(Option<Held>),
}

/// A lease, and the number of the cache that granted it.
pub(crate) struct Held {
    cache: usize,
    token: LeaseToken,
}

impl Shared {
    /// Waits a little until it is this process's turn to ask, or another one has stored what it was answered. Who has
    /// something in force by then goes on with it; who has nothing asks.
    pub(crate) fn wait_for_turn(
        &self,
        key: &CacheKey,
        news: &mut News,
    ) -> Result<Whose, RefreshError> {
        for pause in PAUSES {
            let held = match self.lease(key, news) {
                Leased::Free => return Ok(Whose::Own(None)),
                Leased::Granted(held) => Some(held),
                Leased::Taken => None,
            };
            let is_own = held.is_some();
            if !is_own {
                self.feed.pause(jittered(pause));
            }
            if self.is_closed() {
                self.end_turn(key, held, news);
                return Err(RefreshError::Closed);
            }
            // Whoever had the lease before may have stored something since the caches were looked into.
            if self.start_from_cache(key, news).is_some_and(|it| it) {
                self.end_turn(key, held, news);
                self.feed.recovered();
                return Ok(Whose::Another(Refresh::FromCache));
            }
            if is_own {
                return Ok(Whose::Own(held));
            }
        }
        Ok(if self.feed.is_waiting() {
            Whose::Own(None)
        } else {
            Whose::Another(Refresh::Fresh)
        })
    }

    /// Lets the next one ask.
    pub(crate) fn end_turn(&self, key: &CacheKey, held: Option<Held>, news: &mut News) {
        let Some(Held { cache, token }) = held else {
            return;
        };
        let Some(cache) = self.feed.caches.get(cache) else {
            return;
        };
        let release = || cache.release(key, &token);
        if let Err(error) = self.call_backend(cache, CACHE, release) {
            news.errors.push(BackgroundError::Cache(error));
        }
    }

    /// The first cache that keeps count decides. One that cannot say anything does not keep anybody from asking.
    fn lease(&self, key: &CacheKey, news: &mut News) -> Leased {
        for (number, cache) in self.feed.caches.iter().enumerate() {
            if news.down.contains(&number) {
                continue;
            }
            match self.call_backend(cache, CACHE, || cache.lease(key, LEASE)) {
                Ok(Lease::Free) => {}
                Ok(Lease::Granted(token)) => {
                    return Leased::Granted(Held {
                        cache: number,
                        token,
                    });
                }
                Ok(Lease::Taken) => return Leased::Taken,
                Err(error) => {
                    news.down.push(number);
                    news.errors.push(BackgroundError::Cache(error));
                }
            }
        }
        Leased::Free
    }
}

enum Leased {
    Free,
    Granted(Held),
    Taken,
}

/// Shorter by up to half, so that those who wait do not come together.
fn jittered(pause: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(pause) % 512).unwrap_or_default();
    pause * (1_024 - random) / 1_024
}

/// For how long one may ask: what a request takes at most. So long does one that died hold up the others.
const LEASE: Duration = Duration::from_secs(10);

/// Between looks for what another one has stored; two seconds at most, together.
const PAUSES: [Duration; 12] = [
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(200),
    Duration::from_millis(200),
];
