//! How a client is doing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use super::feed::FeedState;
use super::feed::refresh::{Origin, RefreshCounts, RefreshError};
use super::feed::source::SourceHandle;
use super::feed::source_status::SourceStatus;
use super::shared::Shared;
use crate::guard::Called;
use crate::ruleset::Ruleset;

/// What there is to evaluate with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Readiness {
    /// What the program ships, and nothing newer yet.
    Bootstrap,
    /// Nothing: every feature is unknown.
    Empty,
    /// Features from the server or from the program, or fresh ones from a cache.
    Live,
    /// Features from a cache, or from a server that cannot be reached now.
    Stale {
        /// How long ago the server last said that it has them.
        age: Duration,
    },
}

impl Readiness {
    /// Whether there are features, of whatever age.
    pub fn has_features(self) -> bool {
        self != Self::Empty
    }
}

/// A client at one moment: see [`GrowthBookClient::status`](crate::GrowthBookClient::status).
#[derive(Clone, Debug)]
pub struct Status {
    ruleset: Arc<Ruleset>,
    feed: FeedState,
    age: Option<Duration>,
    is_fresh: bool,
    source: Option<SourceStatus>,
    callback_panics: u64,
    sticky_failures: u64,
    is_closed: bool,
}

impl Status {
    pub(crate) fn of(shared: &Shared) -> Self {
        let source = shared.call_source("payload source's status", SourceHandle::status);
        Self {
            ruleset: Arc::clone(&shared.snapshot.load().ruleset),
            feed: shared.feed.state(),
            age: shared.feed.age(shared.monotonic()),
            is_fresh: shared.feed.is_fresh(shared.monotonic()),
            source: source.and_then(Called::returned),
            // Last, since the calls above may have panicked.
            callback_panics: shared.counters.callback_panics().load(Ordering::Relaxed),
            sticky_failures: shared.counters.sticky_failures(),
            is_closed: shared.is_closed(),
        }
    }

    /// What there is to evaluate with.
    pub fn readiness(&self) -> Readiness {
        let age = self.age.unwrap_or_default();
        match self.origin() {
            Origin::Bootstrap => Readiness::Bootstrap,
            Origin::Nowhere => Readiness::Empty,
            Origin::Cache if self.is_fresh => Readiness::Live,
            Origin::Cache => Readiness::Stale { age },
            Origin::Fetched if self.feed.error.is_some() => Readiness::Stale { age },
            Origin::Fetched | Origin::Loaded => Readiness::Live,
        }
    }

    /// Where the features in force came from.
    pub fn origin(&self) -> Origin {
        self.feed.origin.unwrap_or(Origin::Nowhere)
    }

    /// The features in force; [`Ruleset::diagnostics`] says what is wrong with them.
    pub fn ruleset(&self) -> &Arc<Ruleset> {
        &self.ruleset
    }

    /// How long ago a server last said that it has them.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// When that was.
    pub fn fetched_at(&self) -> Option<SystemTime> {
        self.feed.arrival.fetched_at
    }

    /// Why the last attempt to get fresher features failed; `None` if it did not.
    pub fn last_error(&self) -> Option<&RefreshError> {
        self.feed.error.as_ref()
    }

    /// Attempts to get fresher features that failed, since the client was made.
    pub fn refresh_failures(&self) -> u64 {
        self.feed.counts.failed()
    }

    /// What came of all attempts to get fresher features, counted.
    pub fn refreshes(&self) -> RefreshCounts {
        self.feed.counts
    }

    /// How the source is doing, if there is one.
    pub fn source(&self) -> Option<&SourceStatus> {
        self.source.as_ref()
    }

    /// Panics in the program's own code, all of which were caught: callbacks, plugins, stores, fetchers, sources, clocks.
    pub fn callback_panics(&self) -> u64 {
        self.callback_panics
    }

    /// Failures of the sticky bucket service: users were bucketed by hash, or assignments not stored.
    pub fn sticky_failures(&self) -> u64 {
        self.sticky_failures
    }

    /// Whether the client was closed.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }
}
