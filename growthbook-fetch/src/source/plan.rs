//! When to ask the server: decided from what happened, without a clock, a thread or chance of its own.

use std::time::Duration;

use growthbook_core::{Backoff, FetchError, Refresh, RefreshError, RefreshMode};

/// What makes a source ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Strategy {
    /// Evaluations that find the features stale.
    Lazy,
    /// The program alone.
    Manual,
    /// Time.
    Polling { interval: Duration },
    /// Changes, as they are told over a stream. Without one, time.
    Streaming {
        fallback: Duration,
        /// How often to ask while the stream is open, in case that it does not tell everything.
        safety: Option<Duration>,
    },
}

/// The requests to come.
#[derive(Debug)]
pub(crate) struct Plan {
    strategy: Strategy,
    backoff: Backoff,
    failures: u32,
    /// When the next request is due by time.
    next: Option<Duration>,
    /// When the request is due that a change calls for.
    change: Option<Duration>,
    /// Before this nothing is asked by itself: the server failed, or asked to wait.
    not_before: Duration,
    /// When the last request for a change was made.
    last_change: Option<Duration>,
    /// The server has something newer than any cache.
    is_behind: bool,
    has_answered: bool,
    is_streaming: bool,
}

impl Plan {
    /// The plan at the start. What was found in a cache may be fresh for some time yet; many may have found the same, and
    /// must not come together.
    pub(crate) fn new(
        strategy: Strategy,
        now: Duration,
        fresh_for: Option<Duration>,
        random: f64,
    ) -> Self {
        let next = match (strategy, fresh_for) {
            (Strategy::Manual, _) | (Strategy::Lazy, Some(_)) => None,
            (Strategy::Polling { interval }, Some(fresh_for)) => {
                let pause = jittered(fresh_for.min(interval), random);
                Some(now.saturating_add(pause))
            }
            // With a stream, since only an answer says whether there is one.
            (_, None) | (Strategy::Streaming { .. }, _) => Some(now),
        };
        let interval = match strategy {
            Strategy::Lazy | Strategy::Manual => Duration::ZERO,
            Strategy::Polling { interval } => interval,
            Strategy::Streaming { fallback, .. } => fallback,
        };
        Self {
            strategy,
            backoff: Backoff::new(FIRST_DELAY, interval.max(LONGEST_DELAY)),
            failures: 0,
            next,
            change: None,
            not_before: Duration::ZERO,
            last_change: None,
            is_behind: false,
            has_answered: fresh_for.is_some(),
            is_streaming: false,
        }
    }

    /// When to ask next, unless something happens before.
    pub(crate) fn due(&self) -> Option<Duration> {
        match (self.next, self.change) {
            (Some(next), Some(change)) => Some(next.min(change)),
            (next, change) => next.or(change),
        }
    }

    /// How much is wanted of a request that is made now.
    pub(crate) fn mode(&self) -> RefreshMode {
        if self.is_behind {
            RefreshMode::Forced
        } else {
            RefreshMode::Scheduled
        }
    }

    /// Attempts that failed since the last one that did not.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// A request is being made; changes from now on are for the next one.
    pub(crate) fn asking(&mut self, now: Duration, mode: RefreshMode) {
        if mode == RefreshMode::IfStale {
            // Perhaps it is not.
            return;
        }
        // Whoever forces one knows of a change, which is still wanted if this one fails.
        self.is_behind |= mode == RefreshMode::Forced;
        if self.change.take().is_some() {
            self.last_change = Some(now);
        }
    }

    /// The server was asked, and this came of it.
    pub(crate) fn answered(
        &mut self,
        now: Duration,
        answer: &Result<Refresh, RefreshError>,
        random: f64,
    ) {
        match answer {
            // Nobody was asked.
            Ok(Refresh::Fresh) => {}
            Ok(Refresh::FromCache) => self.spared(now, random),
            Ok(_) => self.succeeded(now, random),
            Err(error) => self.failed(now, error, random),
        }
    }

    fn succeeded(&mut self, now: Duration, random: f64) {
        self.failures = 0;
        self.backoff.reset();
        self.not_before = Duration::ZERO;
        self.has_answered = true;
        // A change that was heard of during the request has its own.
        self.is_behind = self.change.is_some();
        self.next = self.pause(random).map(|pause| now.saturating_add(pause));
    }

    /// Another process was answered. What the server asked of this one still holds.
    fn spared(&mut self, now: Duration, random: f64) {
        self.has_answered = true;
        let pause = self.pause(random);
        self.next = pause.map(|pause| now.saturating_add(pause).max(self.not_before));
    }

    fn failed(&mut self, now: Duration, error: &RefreshError, random: f64) {
        self.failures = self.failures.saturating_add(1);
        let not_before = now.saturating_add(self.delay(error, random));
        self.not_before = not_before;
        self.next = match self.strategy {
            Strategy::Manual => None,
            // Whoever needs features nudges again; before there were any, nobody would.
            Strategy::Lazy if self.has_answered && !self.is_behind => None,
            _ => Some(not_before),
        };
        self.change = self.change.map(|change| change.max(not_before));
    }

    /// How long to wait after a failure.
    fn delay(&mut self, error: &RefreshError, random: f64) -> Duration {
        let (is_transient, asked) = match error {
            RefreshError::Fetch(error) => (error.is_transient(), FetchError::retry_after(error)),
            _ => (true, None),
        };
        let delay = if is_transient {
            self.backoff.next_delay(random)
        } else {
            let interval = self.pause(0.5).unwrap_or_default();
            scaled(interval.max(EXTENDED_DELAY), 0.75 + random / 2.0)
        };
        delay.max(asked.unwrap_or_default().min(LONGEST_RETRY_AFTER))
    }

    /// How long to wait after a success; `None` if nothing is asked by time.
    fn pause(&self, random: f64) -> Option<Duration> {
        let interval = match self.strategy {
            Strategy::Lazy | Strategy::Manual => None,
            Strategy::Polling { interval } => Some(interval),
            Strategy::Streaming { safety, .. } if self.is_streaming => safety,
            Strategy::Streaming { fallback, .. } => Some(fallback),
        }?;
        Some(jittered(interval, random))
    }

    /// The server says that something has changed, or what it sent could not be used. All who heard of it would come at
    /// once, so that they wait for a while each.
    pub(crate) fn changed(&mut self, now: Duration, random: f64) {
        self.is_behind = true;
        let spread = now.saturating_add(scaled(CHANGE_SPREAD, random));
        let spaced = self
            .last_change
            .map(|last| last.saturating_add(CHANGE_SPACE));
        let due = spread.max(spaced.unwrap_or_default()).max(self.not_before);
        self.change = Some(self.change.map_or(due, |planned| planned.min(due)));
    }

    /// The stream is open. What happened while it was not is asked for at once, after it was opened: so nothing can fall in
    /// between.
    pub(crate) fn stream_opened(&mut self, now: Duration) {
        self.is_streaming = true;
        self.is_behind = true;
        let due = now.max(self.not_before);
        self.change = Some(self.change.map_or(due, |planned| planned.min(due)));
    }

    /// The stream is closed: if it is not open again soon, polling takes its place.
    pub(crate) fn stream_closed(&mut self, now: Duration, random: f64) {
        self.is_streaming = false;
        if let Some(pause) = self.pause(random) {
            let due = now.saturating_add(pause).max(self.not_before);
            self.next = Some(self.next.map_or(due, |planned| planned.min(due)));
        }
    }

    /// An evaluation found the features stale. Others may have come before this was heard of.
    pub(crate) fn nudged(&mut self, now: Duration, fresh_for: Option<Duration>) {
        if self.strategy == Strategy::Lazy && fresh_for.is_none() {
            self.next = Some(now.max(self.not_before));
        }
    }
}

/// Give or take a tenth.
fn jittered(duration: Duration, random: f64) -> Duration {
    scaled(duration, 0.9 + random / 5.0)
}

/// Longer or shorter by a factor; what no `Duration` can hold stays as it is.
fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(duration)
}

/// After the first failure; then doubling.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// While failures pass by themselves.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// When somebody has to act first. A key can still be created, so that it is not for ever.
const EXTENDED_DELAY: Duration = Duration::from_secs(5 * 60);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(10 * 60);
/// All clients hear of a change in the same moment: they come within this time.
const CHANGE_SPREAD: Duration = Duration::from_secs(2);
/// Changes that come faster than this share a request.
const CHANGE_SPACE: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
