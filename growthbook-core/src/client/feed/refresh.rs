//! Fresher features: from a cache, from a fetcher, or from a source that delivers them.

use std::time::Duration;

use crate::cache::{CacheKey, CachedPayload, Validator};
use crate::client::background::BackgroundError;
use crate::client::feed::{Arrival, Feed};
use crate::client::shared::{Installed, Shared};
use crate::fetch::{FeatureFetcher, FetchError, Fetched};
use crate::ruleset::PayloadError;

/// How a refresh went well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refresh {
    /// What is in force is fresh enough, so nobody was asked.
    Fresh,
    /// A cache had something fresh, which is in force now.
    FromCache,
    /// The server has what is in force, or something older.
    Unchanged,
    /// Other features are in force now.
    Updated,
}

/// Why a refresh failed. What was in force stays in force.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The client was closed. Make another one.
    #[error("the client is closed")]
    Closed,
    /// There was no payload to be had: see the cause, which says whether trying again may help.
    #[error("the features cannot be fetched")]
    Fetch(#[source] FetchError),
    /// The fetcher or a cache asked for a refresh while it was serving one.
    #[error("a refresh cannot ask for another one")]
    InProgress,
    /// The client has neither a source nor a fetcher. Give its builder one, or [`load`](crate::GrowthBookClient::load)
    /// payloads yourself.
    #[error("there is nothing to refresh from")]
    NoSource,
    /// The fetcher, a cache or the source panicked, which is a defect of it. Report it to whoever wrote it.
    #[error("refreshing panicked")]
    Panicked,
    /// What came is not a payload, or cannot be opened.
    #[error("what was fetched cannot be used")]
    Payload(#[source] PayloadError),
    /// The source did not answer within the limit. It goes on trying.
    #[error("the features did not come in time")]
    TimedOut,
}

/// Where the features in force came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// From the builder: what the program ships.
    Bootstrap,
    /// From a cache, and no server has confirmed them yet.
    Cache,
    /// From a server.
    Fetched,
    /// The program loaded them.
    Loaded,
    /// There are none yet.
    Nowhere,
}

impl Origin {
    /// Whether a server wrote it, of which a later version has a later date.
    pub(crate) fn is_server(self) -> bool {
        matches!(self, Self::Cache | Self::Fetched)
    }
}

/// When features are taken to be fresh.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::{Freshness, GrowthBookClient};
///
/// let freshness = Freshness::default().stale_after(Duration::from_secs(300));
/// let client = GrowthBookClient::builder().freshness(freshness).build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Freshness {
    stale_after: Duration,
    expire_after: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_secs(60),
            expire_after: Duration::from_secs(4 * 60 * 60),
        }
    }
}

impl Freshness {
    /// How long after the server was heard from nobody asks again: 60 seconds by default.
    #[must_use]
    pub fn stale_after(self, age: Duration) -> Self {
        Self {
            stale_after: age,
            ..self
        }
    }

    /// From which age on what a cache holds is not even used to start from: 4 hours by default. What is in force in this
    /// process does not expire.
    #[must_use]
    pub fn expire_after(self, age: Duration) -> Self {
        Self {
            expire_after: age,
            ..self
        }
    }
}

impl Shared {
    /// Refreshes by the fetcher, in this thread; `force` asks the server even if what is in force is fresh.
    pub(crate) fn refresh(
        &self,
        fetcher: &dyn FeatureFetcher,
        force: bool,
    ) -> Result<Refresh, RefreshError> {
        loop {
            // The program is told when the flight has landed, so that it may ask for the next one.
            let mut news = News::default();
            let mut is_pilot = false;
            let answer = self.feed.flight.join(|| {
                is_pilot = true;
                let answer = self.fly(fetcher, force, &mut news);
                if let Err(error) = &answer {
                    self.feed.failed(error);
                }
                answer
            });
            news.tell(self);
            let is_from_server = !matches!(answer, Ok(Refresh::Fresh | Refresh::FromCache));
            if is_pilot || !force || is_from_server {
                return answer;
            }
            // It flew for somebody who did not need the server.
        }
    }

    fn fly(
        &self,
        fetcher: &dyn FeatureFetcher,
        force: bool,
        news: &mut News,
    ) -> Result<Refresh, RefreshError> {
        let feed = &self.feed;
        if !force && feed.is_fresh(self.monotonic()) {
            return Ok(Refresh::Fresh);
        }
        let key = self.call_fetcher(news, || fetcher.cache_key())?;
        if !force && self.start_from_cache(&key, news).is_some_and(|it| it) {
            return Ok(Refresh::FromCache);
        }
        let known = feed.validator();
        let answer = self.call_fetcher(news, || fetcher.fetch(known.as_ref()))?;
        match answer.map_err(RefreshError::Fetch)? {
            Fetched::Fresh(payload) => self.take(&key, payload, news),
            Fetched::Unchanged { .. } if known.is_none() => {
                // There is nothing that could be unchanged.
                Err(RefreshError::Fetch(FetchError::Status {
                    status: 304,
                    retry_after: None,
                }))
            }
            Fetched::Unchanged { max_age } => {
                self.confirm(&key, known.as_ref(), max_age, news);
                Ok(Refresh::Unchanged)
            }
        }
    }

    /// In flight nothing is reported: that comes with the news.
    fn call_fetcher<T>(
        &self,
        news: &mut News,
        call: impl FnOnce() -> T,
    ) -> Result<T, RefreshError> {
        let called = self.call_quietly(&self.feed.fetcher, FETCHER, call);
        called.returned().ok_or_else(|| {
            news.errors
                .push(BackgroundError::Panicked { callback: FETCHER });
            RefreshError::Panicked
        })
    }

    /// Puts in force what the first cache that has something has, unless what is in force came from a server. Says whether
    /// it is fresh; `None` if there is nothing.
    pub(crate) fn start_from_cache(&self, key: &CacheKey, news: &mut News) -> Option<bool> {
        if self.feed.caches.is_empty() {
            return None;
        }
        let now = self.now()?;
        for cache in &self.feed.caches {
            let entry = match self.call_backend(cache, CACHE, || cache.load(key)) {
                Ok(Some(entry)) => entry,
                Ok(None) => continue,
                Err(error) => {
                    news.errors.push(BackgroundError::Cache(error));
                    continue;
                }
            };
            // Of whoever wrote it without a time, nobody knows better than that it is fresh; a time to come is a clock
            // that was set back. Either will do to start from, but must not keep the server from being asked for ever.
            let known_age = entry
                .fetched_at()
                .and_then(|written| now.duration_since(written).ok());
            let age = known_age.unwrap_or_default();
            let fresh_for = entry.max_age().unwrap_or(self.feed.freshness.stale_after);
            let is_fresh = age < fresh_for;
            let spares_request = is_fresh && known_age.is_some();
            let is_expired = age >= self.feed.freshness.expire_after;
            if is_expired || !(spares_request || self.feed.is_waiting()) {
                continue;
            }
            let arrival = Arrival::of(&entry, self.monotonic().saturating_sub(age));
            match self.install(entry.bytes(), Origin::Cache, arrival) {
                Ok(installed) if installed.is_outdated => {}
                Ok(installed) => {
                    news.installed.push((installed, Origin::Cache));
                    return Some(is_fresh);
                }
                Err(error) => news
                    .errors
                    .push(BackgroundError::Refresh(RefreshError::Payload(error))),
            }
        }
        None
    }

    /// Puts in force what a server sent, and keeps it in the caches.
    pub(crate) fn take(
        &self,
        key: &CacheKey,
        payload: CachedPayload,
        news: &mut News,
    ) -> Result<Refresh, RefreshError> {
        let payload = payload.with_fetched_at(self.now());
        let arrival = Arrival::of(&payload, self.monotonic());
        let installed = self
            .install(payload.bytes(), Origin::Fetched, arrival)
            .map_err(RefreshError::Payload)?;
        if installed.is_outdated {
            return Ok(Refresh::Unchanged);
        }
        self.keep(key, &payload, news);
        let refresh = if installed.is_news {
            Refresh::Updated
        } else {
            Refresh::Unchanged
        };
        news.installed.push((installed, Origin::Fetched));
        Ok(refresh)
    }

    /// The server still has the version `known`. If another payload came meanwhile, that says nothing any more.
    pub(crate) fn confirm(
        &self,
        key: &CacheKey,
        known: Option<&Validator>,
        max_age: Option<Duration>,
        news: &mut News,
    ) {
        let now = self.now();
        let confirmed = self.feed.confirmed(known, self.monotonic(), now, max_age);
        if let Some(payload) = confirmed {
            self.keep(key, &payload, news);
        }
    }

    fn keep(&self, key: &CacheKey, payload: &CachedPayload, news: &mut News) {
        for cache in &self.feed.caches {
            let store = || cache.store(key, payload);
            if let Err(error) = self.call_backend(cache, CACHE, store) {
                news.errors.push(BackgroundError::Cache(error));
            }
        }
    }
}

/// What the program is to be told, once nothing is held that it could wait for.
#[derive(Default)]
pub(crate) struct News {
    installed: Vec<(Installed, Origin)>,
    errors: Vec<BackgroundError>,
}

impl News {
    pub(crate) fn tell(self, shared: &Shared) {
        for error in &self.errors {
            shared.report(error);
        }
        for (installed, origin) in &self.installed {
            shared.announce(installed, *origin);
        }
    }
}

impl Feed {
    /// Whether what is in force was heard of so lately that nobody need ask again.
    pub(crate) fn is_fresh(&self, now: Duration) -> bool {
        self.age(now)
            .is_some_and(|age| age < self.max_age().unwrap_or(self.freshness.stale_after))
    }
}

const CACHE: &str = "feature cache";

const FETCHER: &str = "feature fetcher";
