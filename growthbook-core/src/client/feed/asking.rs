//! Fresher features: from a cache, or from a fetcher. What is in force is replaced by what is newer, never by what is older.

use std::sync::Arc;
use std::time::Duration;

use super::refresh::{Origin, Refresh, RefreshError, RefreshMode};
use super::turns::Whose;
use super::{Arrival, Feed, Question};
use crate::cache::{CacheKey, CachedPayload, Validator};
use crate::client::background::BackgroundError;
use crate::client::log;
use crate::client::shared::{Installed, Shared, Turn};
use crate::fetch::{FeatureFetcher, FetchError, Fetched};

/// Who hears of a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Audience {
    /// Whoever asked, who gets the error.
    Caller,
    /// The program as well: nobody of its own may have asked.
    Program,
}

impl Shared {
    /// Refreshes by the fetcher, in this thread.
    pub(crate) fn refresh(
        &self,
        fetcher: &dyn FeatureFetcher,
        mode: RefreshMode,
        audience: Audience,
    ) -> Result<Refresh, RefreshError> {
        let is_forced = mode == RefreshMode::Forced;
        loop {
            // The program is told when the flight has landed, so that it may ask for the next one.
            let mut news = News::default();
            let mut is_pilot = false;
            let answer = self.feed.flight.join(is_forced, || {
                is_pilot = true;
                let answer = self.fly(fetcher, mode, &mut news);
                if let Err(error) = &answer {
                    self.feed.failed(error);
                    // Of a panic it is told already.
                    let is_over = matches!(error, RefreshError::Closed | RefreshError::Panicked);
                    if audience == Audience::Program && !is_over {
                        let error = BackgroundError::Refresh(error.clone());
                        news.errors.push(error);
                    }
                }
                answer
            });
            news.tell(self);
            let is_from_server = !matches!(answer, Ok(Refresh::Fresh | Refresh::FromCache));
            if is_pilot || !is_forced || is_from_server {
                return answer;
            }
            // It flew for somebody who did not need the server.
        }
    }

    fn fly(
        &self,
        fetcher: &dyn FeatureFetcher,
        mode: RefreshMode,
        news: &mut News,
    ) -> Result<Refresh, RefreshError> {
        let begun = self.feed.beginning.take();
        if mode == RefreshMode::IfStale && self.feed.is_fresh(self.monotonic()) {
            self.give_up(begun, news);
            return Ok(Refresh::Fresh);
        }
        let key = match self.call_fetcher(news, || fetcher.cache_key()) {
            Ok(key) => key,
            Err(error) => {
                self.give_up(begun, news);
                return Err(error);
            }
        };
        if mode == RefreshMode::Forced {
            let answer = self.ask_until_sure(fetcher, &key, news);
            self.give_up(begun, news);
            return answer;
        }
        match self.wait_for_turn(&key, begun, news)? {
            Whose::Another(refresh) => Ok(refresh),
            Whose::Own(held) => {
                let answer = self.ask_until_sure(fetcher, &key, news);
                self.end_turn(&key, held, news);
                answer
            }
        }
    }

    fn ask_until_sure(
        &self,
        fetcher: &dyn FeatureFetcher,
        key: &CacheKey,
        news: &mut News,
    ) -> Result<Refresh, RefreshError> {
        for _ in 0..MOST_QUESTIONS {
            if let Some(refresh) = self.ask(fetcher, key, news)? {
                return Ok(refresh);
            }
        }
        // Others bring payloads faster than the server answers: one of theirs is in force.
        Ok(Refresh::Unchanged)
    }

    /// Asks once. `None`: something else came into force meanwhile, and nobody can tell which of the two is newer.
    fn ask(
        &self,
        fetcher: &dyn FeatureFetcher,
        key: &CacheKey,
        news: &mut News,
    ) -> Result<Option<Refresh>, RefreshError> {
        let question = self.feed.question();
        let known = question.known.as_ref();
        let answer = self.call_fetcher(news, || fetcher.fetch(known))?;
        if self.is_closed() {
            return Err(RefreshError::Closed);
        }
        match answer.map_err(RefreshError::Fetch)? {
            Fetched::Fresh(payload) => self.take(Some(key), payload, Some(&question), news),
            Fetched::Unchanged { .. } if known.is_none() => {
                // There is nothing that could be unchanged.
                Err(RefreshError::Fetch(FetchError::Status {
                    status: 304,
                    retry_after: None,
                }))
            }
            Fetched::Unchanged { max_age } => {
                self.confirm(key, known, max_age, news);
                Ok(Some(Refresh::Unchanged))
            }
        }
    }

    /// In flight nothing is reported: that comes with the news.
    pub(crate) fn call_fetcher<T>(
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

    /// Puts in force what a server sent, and keeps it in the caches, if it is known under which key. It may be the answer to
    /// a question; `None` if something came in force since that was put, of which nobody can tell whether it is newer.
    pub(crate) fn take(
        &self,
        key: Option<&CacheKey>,
        payload: CachedPayload,
        answers: Option<&Question>,
        news: &mut News,
    ) -> Result<Option<Refresh>, RefreshError> {
        let payload = payload.with_fetched_at(self.now());
        let arrival = Arrival::of(&payload, self.monotonic(), Duration::ZERO);
        let bytes = Arc::clone(payload.bytes());
        let installed = self
            .install(bytes, Origin::Fetched, arrival, answers)
            .map_err(RefreshError::Payload)?;
        let refresh = match installed.turn {
            Turn::Overtaken => return Ok(None),
            Turn::Outdated => return Ok(Some(Refresh::Unchanged)),
            Turn::Same => Refresh::Unchanged,
            Turn::New => Refresh::Updated,
        };
        self.feed.count(|counts| counts.count(refresh));
        if let Some(key) = key {
            // As it is known here: what comes again without a name has the one that it came with before.
            let known = self.fetched_payload();
            let known = known.filter(|known| known.bytes() == payload.bytes());
            self.keep(key, &known.unwrap_or(payload), news);
        }
        news.installed.push((installed, Origin::Fetched));
        Ok(Some(refresh))
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
        self.feed.count(|counts| counts.count(Refresh::Unchanged));
        let confirmed = self.feed.confirmed(known, self.monotonic(), now, max_age);
        if let Some(payload) = confirmed {
            self.keep(key, &payload, news);
        }
    }

    /// Stores a payload in the caches. Another one that came meanwhile may have been stored before this one, so what is in
    /// force has the last word.
    fn keep(&self, key: &CacheKey, payload: &CachedPayload, news: &mut News) {
        let mut payload = payload.clone();
        for _ in 0..MOST_QUESTIONS {
            for cache in &self.feed.caches {
                let store = || cache.store(key, &payload);
                if let Err(error) = self.call_backend(cache, super::CACHE, store) {
                    news.errors.push(BackgroundError::Cache(error));
                }
            }
            match self.fetched_payload() {
                Some(in_force) if in_force.bytes() != payload.bytes() => payload = in_force,
                _ => return,
            }
        }
    }
}

/// What the program is to be told, once nothing is held that it could wait for.
#[derive(Default)]
pub(crate) struct News {
    pub(super) installed: Vec<(Installed, Origin)>,
    /// What was found in the caches, if they were asked.
    pub(super) cached: Option<&'static str>,
    pub(super) errors: Vec<BackgroundError>,
    /// The caches that are of no use now: they are asked nothing more before the server is.
    pub(super) down: Vec<usize>,
}

impl News {
    pub(crate) fn tell(self, shared: &Shared) {
        if let Some(found) = self.cached {
            shared.log(|_| log::asked_cache(found));
        }
        for error in &self.errors {
            shared.report(error);
        }
        for (installed, origin) in &self.installed {
            shared.announce(installed, *origin);
        }
        drop(self);
        shared.feed.retired.sweep();
    }
}

impl Feed {
    /// Whether what is in force was heard of so lately that nobody need ask again.
    pub(crate) fn is_fresh(&self, now: Duration) -> bool {
        self.fresh_for(now).is_some()
    }
}

const FETCHER: &str = "feature fetcher";

/// How often a server is asked in one refresh, or the caches are written, if something else comes into force each time.
const MOST_QUESTIONS: usize = 3;
