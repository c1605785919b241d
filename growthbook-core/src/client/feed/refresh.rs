//! What a refresh is, and what can come of it.

use std::time::Duration;

use crate::fetch::FetchError;
use crate::ruleset::PayloadError;

/// How much is wanted of a refresh.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshMode {
    /// The server is asked, whatever there is. If somebody is at it already, it is asked once more after that, since its
    /// answer may be older than what the caller knows of.
    Forced,
    /// The server is asked if what is in force is stale, and no cache has anything fresh.
    IfStale,
    /// It is time to ask, fresh or not; but what another process put into a cache since the last time will do.
    Scheduled,
}

/// How a refresh went well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refresh {
    /// What is in force is fresh enough, or another process that shares a cache is asking just now, so nobody was asked.
    Fresh,
    /// A cache had something fresh, which is in force now.
    FromCache,
    /// The server has what is in force, or something older.
    Unchanged,
    /// Other features are in force now.
    Updated,
}

/// What becomes of a wish for a refresh that nobody waits for: see
/// [`GrowthBookClient::request_refresh`](crate::GrowthBookClient::request_refresh).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshRequest {
    /// The source asks its server soon, in a thread of its own.
    Accepted,
    /// The client was closed.
    Closed,
    /// Nobody asks by themselves: the client has a fetcher, or a source without a thread. Call
    /// [`force_refresh`](crate::GrowthBookClient::force_refresh) on a thread that may wait.
    Manual,
    /// The client has neither a source nor a fetcher, so that there is nobody to ask.
    NoSource,
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

/// What came of all attempts to get fresher features, since the client was made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RefreshCounts {
    updated: u64,
    unchanged: u64,
    from_cache: u64,
    outdated: u64,
    rejected: u64,
    failed: u64,
}

impl RefreshCounts {
    /// Payloads from a server that came into force, over a stream as well.
    pub fn updated(&self) -> u64 {
        self.updated
    }

    /// Answers of the server that what is in force is what it has.
    pub fn unchanged(&self) -> u64 {
        self.unchanged
    }

    /// Payloads from a cache that came into force.
    pub fn from_cache(&self) -> u64 {
        self.from_cache
    }

    /// Payloads that were passed over, since they say themselves that they are older than what is in force.
    pub fn outdated(&self) -> u64 {
        self.outdated
    }

    /// Payloads that were refused: not JSON, no features, sealed with another key, or too large. Those in caches as well.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Attempts that failed, with what was refused among them.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    pub(crate) fn count(&mut self, refresh: Refresh) {
        let counter = match refresh {
            Refresh::Fresh => return,
            Refresh::FromCache => &mut self.from_cache,
            Refresh::Unchanged => &mut self.unchanged,
            Refresh::Updated => &mut self.updated,
        };
        *counter = counter.saturating_add(1);
    }

    pub(crate) fn add_outdated(&mut self) {
        self.outdated = self.outdated.saturating_add(1);
    }

    pub(crate) fn add_rejected(&mut self) {
        self.rejected = self.rejected.saturating_add(1);
    }

    pub(crate) fn add_failure(&mut self, error: &RefreshError) {
        self.failed = self.failed.saturating_add(1);
        if matches!(error, RefreshError::Payload(_)) {
            self.add_rejected();
        }
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
    pub(crate) fn stale_for(self) -> Duration {
        self.stale_after
    }

    pub(crate) fn is_expired(self, age: Duration) -> bool {
        age >= self.expire_after
    }

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
