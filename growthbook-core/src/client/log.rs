//! What is said to whoever listens to the program's log: events with the target `growthbook`, through the crate `tracing`,
//! behind the feature of that name. Without it nothing is said.
//!
//! Names may be said (of features, experiments, rules, saved groups, attributes and operators), and so may counts and kinds
//! of errors; values, patterns, attributes, keys and addresses never.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::background::BackgroundError;
#[cfg(feature = "tracing")]
use crate::ruleset::Rebucketing;
use crate::ruleset::{FeatureChanges, Ruleset};

/// When something was last said that could be said in every evaluation: in seconds of the clock, from 1 on.
#[derive(Debug, Default)]
pub(crate) struct LastSaid(AtomicU64);

impl LastSaid {
    /// Whether it is time to say it again. One of several threads is told so.
    fn is_due(&self, now: Duration) -> bool {
        let now = now.as_secs().saturating_add(1);
        let last = self.0.load(Ordering::Relaxed);
        let is_due = last == 0 || now.saturating_sub(last) >= PAUSE_SECONDS;
        let order = Ordering::Relaxed;
        is_due && self.0.compare_exchange(last, now, order, order).is_ok()
    }
}

/// An error that no caller gets; at most one a minute.
pub(crate) fn background(error: &BackgroundError, last: &LastSaid, now: impl FnOnce() -> Duration) {
    if cfg!(feature = "tracing") && last.is_due(now()) {
        warn(error);
    }
}

/// Other features are in force.
pub(crate) fn installed(ruleset: &Ruleset) {
    if cfg!(feature = "tracing") {
        loaded(ruleset);
    }
}

/// They replace others, in a client with or without sticky buckets.
pub(crate) fn replaced(previous: &Ruleset, ruleset: &Ruleset, is_sticky: bool) {
    if cfg!(feature = "tracing") {
        rebucketed(&ruleset.changes_since(previous), is_sticky);
    }
}

/// The client ended.
pub(crate) fn closed(failures: usize) {
    if cfg!(feature = "tracing") {
        ended(failures);
    }
}

#[cfg(feature = "tracing")]
fn warn(error: &BackgroundError) {
    tracing::warn!(target: TARGET, error = %in_own_words(error), "growthbook goes on without it");
}

/// The error and its causes, as far as they are worded in this crate. What a store or a fetcher says of a failure may name
/// a user or an address: `on_error` gets that, the log does not.
#[cfg(feature = "tracing")]
fn in_own_words(error: &BackgroundError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error
            .source()
            .filter(|_| !error.is::<crate::error::BackendError>());
    }
    words
}

#[cfg(feature = "tracing")]
fn loaded(ruleset: &Ruleset) {
    let diagnostics = ruleset.diagnostics();
    tracing::info!(
        target: TARGET,
        features = ruleset.feature_count(),
        diagnostics = diagnostics.len(),
        "features in force",
    );
    for diagnostic in diagnostics.iter().take(MOST_DIAGNOSTICS) {
        tracing::warn!(target: TARGET, %diagnostic, "part of the payload cannot work");
    }
}

#[cfg(feature = "tracing")]
fn rebucketed(changes: &FeatureChanges<'_>, is_sticky: bool) {
    let moves = |it: &Rebucketing<'_>| {
        if is_sticky {
            it.moves_with_sticky_buckets()
        } else {
            it.moves_without_sticky_buckets()
        }
    };
    let rebucketings = changes.rebucketings_among(MOST_COMPARED).filter(moves);
    for rebucketing in rebucketings.take(MOST_REBUCKETINGS) {
        tracing::warn!(
            target: TARGET,
            feature = rebucketing.feature_key(),
            experiment = rebucketing.experiment_key(),
            cause = %rebucketing.cause(),
            "users change their variation",
        );
    }
}

#[cfg(feature = "tracing")]
fn ended(failures: usize) {
    if failures == 0 {
        tracing::info!(target: TARGET, "client closed");
    } else {
        tracing::error!(target: TARGET, failures, "client closed, and not everything was written");
    }
}

#[cfg(not(feature = "tracing"))]
fn warn(_: &BackgroundError) {}

#[cfg(not(feature = "tracing"))]
fn loaded(_: &Ruleset) {}

#[cfg(not(feature = "tracing"))]
fn rebucketed(_: &FeatureChanges<'_>, _: bool) {}

#[cfg(not(feature = "tracing"))]
fn ended(_: usize) {}

#[cfg(feature = "tracing")]
const TARGET: &str = "growthbook";

/// The diagnostics of one payload that are said one by one; all are in `Ruleset::diagnostics`.
#[cfg(feature = "tracing")]
const MOST_DIAGNOSTICS: usize = 20;

/// The experiments of one payload that are said to be dealt anew.
#[cfg(feature = "tracing")]
const MOST_REBUCKETINGS: usize = 20;

/// The experiments of one payload that are looked at for that: comparing one takes up to a tenth of a millisecond.
#[cfg(feature = "tracing")]
const MOST_COMPARED: usize = 1_000;

const PAUSE_SECONDS: u64 = 60;
