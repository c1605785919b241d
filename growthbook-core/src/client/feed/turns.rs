//! Of the processes that share a cache, one asks the server at a time, and the others take what it stores.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::asking::News;
use super::looking::{Begun, Leased};
use super::refresh::{Refresh, RefreshError};
use crate::cache::{CacheKey, LeaseToken};
use crate::client::background::BackgroundError;
use crate::client::shared::Shared;

/// Whose turn it is to ask.
pub(super) enum Whose {
    /// Nobody of this process need ask: this is what came of it.
    Another(Refresh),
    /// This one's, until it is ended.
    Own(Option<Held>),
}

/// A lease, and the number of the cache that granted it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) cache: usize,
    pub(super) token: LeaseToken,
}

impl Shared {
    /// Waits a little until it is this process's turn to ask, or another one has stored what it was answered. Who has
    /// something in force by then goes on with it; who has nothing asks.
    pub(super) fn wait_for_turn(
        &self,
        key: &CacheKey,
        begun: Option<Begun>,
        news: &mut News,
    ) -> Result<Whose, RefreshError> {
        let now = self.monotonic();
        let until = now.saturating_add(LONGEST_WAIT);
        let mut pauses = PAUSES.into_iter();
        let mut look = match begun {
            Some(begun) if begun.is_of(key, now) => {
                news.down.extend(begun.down);
                begun.look
            }
            begun => {
                self.give_up(begun, news);
                self.look(key, news)
            }
        };
        loop {
            if look.is_fresh == Some(true) {
                self.end_turn(key, look.into_held(), news);
                self.feed.recovered();
                return Ok(Whose::Another(Refresh::FromCache));
            }
            if self.is_closed() {
                self.end_turn(key, look.into_held(), news);
                return Err(RefreshError::Closed);
            }
            match look.leased {
                Leased::Free => return Ok(Whose::Own(None)),
                Leased::Granted(held) => return Ok(Whose::Own(Some(held))),
                Leased::Taken => {}
            }
            let Some(pause) = pauses.next().filter(|_| self.monotonic() < until) else {
                break;
            };
            self.feed.pause(jittered(pause));
            if self.is_closed() {
                return Err(RefreshError::Closed);
            }
            look = self.look(key, news);
        }
        if self.feed.is_waiting() {
            return Ok(Whose::Own(None));
        }
        // The other one may bring nothing, and whoever was nudged has asked nobody.
        self.feed.nudge.rearm();
        Ok(Whose::Another(Refresh::Fresh))
    }

    /// Lets the next one ask.
    pub(super) fn end_turn(&self, key: &CacheKey, held: Option<Held>, news: &mut News) {
        let Some(Held { cache, token }) = held else {
            return;
        };
        let Some(cache) = self.feed.caches.get(cache) else {
            return;
        };
        let release = || cache.release(key, &token);
        if let Err(error) = self.call_backend(cache, super::CACHE, release) {
            news.errors.push(BackgroundError::Cache(error));
        }
    }
}

/// Shorter by up to half, so that those who wait do not come together.
fn jittered(pause: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(pause) % 512).unwrap_or_default();
    pause * (1_024 - random) / 1_024
}

/// For how long one may ask: what a request takes at most. So long does one that died hold up the others.
pub(super) const LEASE: Duration = Duration::from_secs(10);

/// How long to wait for another one, the looks included: caches may be slow.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

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
