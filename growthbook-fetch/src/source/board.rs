//! What a source's threads say of themselves, for whoever asks how it is doing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use growthbook_core::{FetchError, SourceStatus, StreamState};

/// Times are readings of the client's monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Board {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    failures: u32,
    next_attempt: Option<Duration>,
    last_attempt: Option<Duration>,
    stream: Stream,
    stream_error: Option<FetchError>,
    is_manual: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Stream {
    Connecting,
    #[default]
    Disabled,
    Open,
    Unsupported,
    Waiting {
        until: Duration,
    },
}

impl Board {
    pub(crate) fn planned(&self, next_attempt: Option<Duration>, failures: u32) {
        let mut state = self.lock();
        state.next_attempt = next_attempt;
        state.failures = failures;
    }

    /// An attempt is under way, so that nothing is planned until its end. Hands back when the one before was.
    pub(crate) fn asking(&self, at: Duration) -> Option<Duration> {
        let mut state = self.lock();
        state.next_attempt = None;
        state.last_attempt.replace(at)
    }

    /// Nobody was asked in the end, so that the attempt before is the last one.
    pub(crate) fn spared(&self, last_attempt: Option<Duration>) {
        self.lock().last_attempt = last_attempt;
    }

    /// The server was asked, and there is no plan that counts failures.
    pub(crate) fn asked(&self, has_failed: bool) {
        let mut state = self.lock();
        state.failures = if has_failed {
            state.failures.saturating_add(1)
        } else {
            0
        };
    }

    pub(crate) fn stream(&self, stream: Stream) {
        let mut state = self.lock();
        state.stream = stream;
        if stream == Stream::Open {
            state.stream_error = None;
        }
    }

    pub(crate) fn stream_failed(&self, error: FetchError) {
        self.lock().stream_error = Some(error);
    }

    pub(crate) fn manual(&self) {
        self.lock().is_manual = true;
    }

    pub(crate) fn status(&self, now: Option<Duration>) -> SourceStatus {
        let state = self.lock().clone();
        let now = now.unwrap_or_default();
        let remaining = |at: Duration| at.saturating_sub(now);
        let stream = match state.stream {
            Stream::Connecting => StreamState::Connecting,
            Stream::Disabled => StreamState::Disabled,
            Stream::Open => StreamState::Open,
            Stream::Unsupported => StreamState::Unsupported,
            Stream::Waiting { until } => StreamState::Waiting {
                remaining: remaining(until),
            },
        };
        let passed = |at| now.saturating_sub(at);
        SourceStatus::default()
            .with_failures(state.failures)
            .with_next_attempt(state.next_attempt.map(remaining))
            .with_last_attempt(state.last_attempt.map(passed))
            .with_stream(stream)
            .with_stream_error(state.stream_error)
            .with_manual(state.is_manual)
    }

    /// Fields are set one by one, and none of that panics.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
