//! Looks into the caches: what they have is put in force, and in the same step it is found out whose turn it is to ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::asking::News;
use super::refresh::{Origin, Refresh, RefreshCounts, RefreshError};
use super::turns::{Held, LEASE};
use super::{Arrival, Feed, Question};
use crate::cache::{CacheKey, CachedPayload, Lease};
use crate::client::background::BackgroundError;
use crate::client::shared::{Installed, Shared, Turn};

/// What came of a look.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Whether what was put in force is fresh; `None` if there was nothing.
    pub(crate) is_fresh: Option<bool>,
    pub(super) leased: Leased,
}

/// Who may ask the server.
#[derive(Debug, Default)]
pub(super) enum Leased {
    /// Whoever wants to.
    #[default]
    Free,
    /// This process.
    Granted(Held),
    /// Another one.
    Taken,
}

/// The first look of a refresh that is about to be made.
#[derive(Debug, Default)]
pub(crate) struct Beginning(Mutex<Option<Begun>>);

#[derive(Debug)]
pub(super) struct Begun {
    pub(super) key: CacheKey,
    pub(super) look: Look,
    /// By the clock's monotonic reading.
    at: Duration,
    /// The caches that were of no use.
    pub(super) down: Vec<usize>,
}

impl Shared {
    /// Puts in force what the first cache that has something has, unless what is in force came from a server and is as new.
    /// Says whether it is fresh; `None` if there is nothing.
    pub(crate) fn start_from_cache(&self, key: &CacheKey, news: &mut News) -> Option<bool> {
        self.look_for(key, false, news).is_fresh
    }

    /// The same, for a refresh that is made next and goes on from here, unless what was found spares it.
    pub(crate) fn begin_refresh(&self, key: &CacheKey, news: &mut News) -> Option<bool> {
        let look = self.look(key, news);
        let is_fresh = look.is_fresh;
        if is_fresh == Some(true) {
            self.end_turn(key, look.into_held(), news);
            return is_fresh;
        }
        let before = self.feed.beginning.replace(Begun {
            key: key.clone(),
            look,
            at: self.monotonic(),
            down: news.down.clone(),
        });
        self.give_up(before, news);
        // Whoever closed the client meanwhile may have found nothing to give up yet.
        if self.is_closed() {
            self.give_up_beginning(news);
        }
        is_fresh
    }

    /// No refresh is made any more, or not now.
    pub(crate) fn give_up_beginning(&self, news: &mut News) {
        self.give_up(self.feed.beginning.take(), news);
    }

    /// What was begun is not gone on with.
    pub(super) fn give_up(&self, begun: Option<Begun>, news: &mut News) {
        if let Some(Begun { key, look, .. }) = begun {
            self.end_turn(&key, look.into_held(), news);
        }
    }

    /// Puts in force what is worth it until something is fresh, and asks the first cache that keeps count whose turn it is.
    pub(super) fn look(&self, key: &CacheKey, news: &mut News) -> Look {
        self.look_for(key, true, news)
    }

    fn look_for(&self, key: &CacheKey, wants_lease: bool, news: &mut News) -> Look {
        if self.feed.caches.is_empty() {
            return Look::default();
        }
        let look = self.ask_caches(key, wants_lease, news);
        news.cached = Some(match look.is_fresh {
            Some(true) => "fresh",
            Some(false) => "stale",
            None => "nothing",
        });
        look
    }

    fn ask_caches(&self, key: &CacheKey, wants_lease: bool, news: &mut News) -> Look {
        let mut look = Look::default();
        let Some(now) = self.now() else { return look };
        for (number, cache) in self.feed.caches.iter().enumerate() {
            if news.down.contains(&number) {
                continue;
            }
            let question = self.feed.question();
            let is_undecided = wants_lease && matches!(look.leased, Leased::Free);
            let call = || {
                if is_undecided {
                    return cache.load_and_lease(key, LEASE);
                }
                Ok((cache.load(key)?, Lease::Free))
            };
            let entry = match self.call_backend(cache, super::CACHE, call) {
                Ok((entry, lease)) => {
                    look.decide(number, lease);
                    entry
                }
                // One that cannot say anything does not keep anybody from asking.
                Err(error) => {
                    news.down.push(number);
                    news.errors.push(BackgroundError::Cache(error));
                    continue;
                }
            };
            let Some(entry) = entry else { continue };
            match self.use_entry(&entry, now, &question, news) {
                Ok(None) => {}
                Ok(is_fresh) => {
                    look.is_fresh = is_fresh;
                    if is_fresh == Some(true) || !wants_lease {
                        break;
                    }
                }
                Err(error) => {
                    news.down.push(number);
                    self.feed.count(RefreshCounts::add_rejected);
                    news.errors.push(BackgroundError::Refresh(error));
                }
            }
        }
        look
    }

    /// Says whether it is fresh, if it is in force now.
    fn use_entry(
        &self,
        entry: &CachedPayload,
        now: SystemTime,
        question: &Question,
        news: &mut News,
    ) -> Result<Option<bool>, RefreshError> {
        // Of whoever wrote it without a time, nobody knows better than that it is fresh; a time to come is a clock
        // that was set back. Either will do to start from, but must not keep the server from being asked for ever.
        let known_age = entry.fetched_at().and_then(|written| age(written, now));
        let age = known_age.unwrap_or_default();
        let freshness = self.feed.freshness;
        let is_fresh = age < entry.max_age().unwrap_or(freshness.stale_for());
        let spares_request = is_fresh && known_age.is_some() && self.feed.is_newer(entry);
        if freshness.is_expired(age) || !(spares_request || self.feed.is_waiting()) {
            return Ok(None);
        }
        let arrival = Arrival::of(entry, self.monotonic(), age);
        let bytes = Arc::clone(entry.bytes());
        let installed = self.install(bytes, Origin::Cache, arrival, Some(question));
        match installed.map_err(RefreshError::Payload)? {
            Installed {
                turn: Turn::Outdated | Turn::Overtaken,
                ..
            } => Ok(None),
            installed => {
                self.feed.count(|counts| counts.count(Refresh::FromCache));
                news.installed.push((installed, Origin::Cache));
                Ok(Some(is_fresh))
            }
        }
    }
}

/// `None` if it is yet to come. Clocks of different machines differ a little, and what one of them has just stored would
/// have to be asked for again by those that are behind.
fn age(written: SystemTime, now: SystemTime) -> Option<Duration> {
    now.duration_since(written).map_or_else(
        |ahead| (ahead.duration() <= MOST_AHEAD).then_some(Duration::ZERO),
        Some,
    )
}

/// How far the clock of another machine may be ahead.
const MOST_AHEAD: Duration = Duration::from_secs(10);

impl Begun {
    /// Whether what it found out may still be so.
    pub(super) fn is_of(&self, key: &CacheKey, now: Duration) -> bool {
        self.key == *key && now.saturating_sub(self.at) < LEASE
    }
}

impl Look {
    pub(super) fn into_held(self) -> Option<Held> {
        match self.leased {
            Leased::Granted(held) => Some(held),
            Leased::Free | Leased::Taken => None,
        }
    }

    /// The first cache that keeps count decides.
    fn decide(&mut self, cache: usize, lease: Lease) {
        match lease {
            Lease::Free => {}
            Lease::Granted(token) => self.leased = Leased::Granted(Held { cache, token }),
            Lease::Taken => self.leased = Leased::Taken,
        }
    }
}

impl Beginning {
    pub(super) fn take(&self) -> Option<Begun> {
        self.put(None)
    }

    fn replace(&self, begun: Begun) -> Option<Begun> {
        self.put(Some(begun))
    }

    /// It is put in and taken out whole.
    fn put(&self, begun: Option<Begun>) -> Option<Begun> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, begun)
    }
}

impl Feed {
    /// Whether an entry of a cache was heard of later than what is in force: what this process wrote itself is not.
    fn is_newer(&self, entry: &CachedPayload) -> bool {
        self.fetched_at()
            .is_none_or(|own| entry.fetched_at().is_some_and(|its| its > own))
    }
}
