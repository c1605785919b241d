//! The words, for those who listen.

use super::pace::Trouble;
use crate::client::background::BackgroundError;
use crate::client::feed::refresh::Origin;
use crate::error::BackendError;
use crate::ruleset::{Rebucketing, Ruleset};

pub(super) fn background(error: &BackgroundError, trouble: Trouble) {
    let error = in_own_words(error);
    if trouble.is_grave() {
        tracing::error!(target: TARGET, %error, "growthbook goes on without it");
    } else {
        tracing::warn!(target: TARGET, %error, "growthbook goes on without it");
    }
}

/// The error and its causes, as far as they are worded in this crate. What a store or a fetcher says of a failure may name
/// a user or an address: `on_error` gets that, the log does not.
fn in_own_words(error: &BackgroundError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source().filter(|_| !error.is::<BackendError>());
    }
    words
}

pub(super) fn installed(ruleset: &Ruleset, origin: Origin) {
    let diagnostics = ruleset.diagnostics();
    tracing::info!(
        target: TARGET,
        features = ruleset.feature_count(),
        diagnostics = diagnostics.len(),
        origin = origin.as_str(),
        "features in force",
    );
    for diagnostic in diagnostics.iter().take(MOST_DIAGNOSTICS) {
        tracing::warn!(target: TARGET, %diagnostic, "part of the payload cannot work");
    }
}

pub(super) fn replaced(previous: &Ruleset, ruleset: &Ruleset, is_sticky: bool) {
    let moves = |it: &Rebucketing<'_>| {
        if is_sticky {
            it.moves_with_sticky_buckets()
        } else {
            it.moves_without_sticky_buckets()
        }
    };
    let changes = ruleset.changes_since(previous);
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

pub(super) fn asked_cache(found: &'static str) {
    tracing::debug!(target: TARGET, found, "the caches were asked for features");
}

pub(super) fn early() {
    tracing::warn!(target: TARGET, "a feature was asked for before there were any");
}

pub(super) fn unheard() {
    tracing::warn!(target: TARGET, "an event was logged, and nobody wants such events");
}

pub(super) fn closed(failures: usize) {
    if failures == 0 {
        tracing::info!(target: TARGET, "client closed");
    } else {
        tracing::error!(target: TARGET, failures, "client closed, and not everything was written");
    }
}

const TARGET: &str = "growthbook";

/// The diagnostics of one payload that are said one by one; all are in `Ruleset::diagnostics`.
const MOST_DIAGNOSTICS: usize = 20;

/// The experiments of one payload that are said to be dealt anew.
const MOST_REBUCKETINGS: usize = 20;

/// The experiments of one payload that are looked at for that: comparing one takes up to a tenth of a millisecond.
const MOST_COMPARED: usize = 1_000;
