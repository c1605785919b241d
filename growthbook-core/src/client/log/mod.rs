//! What is said to whoever listens to the program's log: events with the target `growthbook`, through the crate `tracing`,
//! behind the feature of that name. Without it nothing is said.
//!
//! Names may be said (of features, experiments, rules, saved groups, attributes and operators), and so may counts and kinds
//! of errors; values, patterns, attributes, keys and addresses never.

mod pace;
#[cfg(feature = "tracing")]
mod words;

use std::time::Duration;

use self::pace::Once;
pub(crate) use self::pace::{Said, Trouble};
use super::background::BackgroundError;
use super::feed::refresh::Origin;
use crate::ruleset::Ruleset;
#[cfg(not(feature = "tracing"))]
use silence as words;

/// An error that no caller gets; of each kind at most one a minute.
pub(crate) fn background(
    error: &BackgroundError,
    trouble: Trouble,
    said: &Said,
    now: impl FnOnce() -> Duration,
) {
    if IS_HEARD && said.is_due(trouble, now) {
        words::background(error, trouble);
    }
}

/// Other features are in force.
pub(crate) fn installed(ruleset: &Ruleset, origin: Origin) {
    words::installed(ruleset, origin);
}

/// They replace others, in a client with or without sticky buckets.
pub(crate) fn replaced(previous: &Ruleset, ruleset: &Ruleset, is_sticky: bool) {
    words::replaced(previous, ruleset, is_sticky);
}

/// The caches were asked for features, and this is what they had.
pub(crate) fn asked_cache(found: &'static str) {
    words::asked_cache(found);
}

/// A feature was asked for before there were any.
pub(crate) fn early(said: &Said) {
    if IS_HEARD && said.is_first(Once::Early) {
        words::early();
    }
}

/// The program logged an event, and nobody wants such events.
pub(crate) fn unheard(said: &Said) {
    if IS_HEARD && said.is_first(Once::Unheard) {
        words::unheard();
    }
}

/// The client ended.
pub(crate) fn closed(failures: usize) {
    words::closed(failures);
}

/// Whether anything is ever said.
pub(crate) const IS_HEARD: bool = cfg!(feature = "tracing");

#[cfg(not(feature = "tracing"))]
mod silence {
    use super::{BackgroundError, Origin, Ruleset, Trouble};

    pub(super) fn background(_: &BackgroundError, _: Trouble) {}
    pub(super) fn installed(_: &Ruleset, _: Origin) {}
    pub(super) fn replaced(_: &Ruleset, _: &Ruleset, _: bool) {}
    pub(super) fn asked_cache(_: &'static str) {}
    pub(super) fn early() {}
    pub(super) fn unheard() {}
    pub(super) fn closed(_: usize) {}
}
