use std::time::Duration;

use crate::fetch::FetchError;

/// How a source is doing.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::{SourceStatus, StreamState};
///
/// let status = SourceStatus::default()
///     .with_failures(2)
///     .with_next_attempt(Duration::from_secs(3))
///     .with_stream(StreamState::Open);
/// assert_eq!(status.next_attempt(), Some(Duration::from_secs(3)));
/// assert!(status.is_streaming());
/// ```
#[derive(Clone, Debug, Default)]
pub struct SourceStatus {
    failures: u32,
    next_attempt: Option<Duration>,
    last_attempt: Option<Duration>,
    stream: StreamState,
    stream_error: Option<FetchError>,
    is_manual: bool,
}

/// Whether changes come over a stream as they are made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum StreamState {
    /// A connection is being made.
    Connecting,
    /// Streaming was not asked for.
    #[default]
    Disabled,
    /// The stream is open.
    Open,
    /// The server does not offer one: the source polls instead. An answer to a poll that offers one is taken up, unless the
    /// server has refused the stream for good, with status 204.
    Unsupported,
    /// The stream broke, or could not be opened, and will be opened again.
    Waiting {
        /// In how much time from now.
        remaining: Duration,
    },
}

impl SourceStatus {
    /// Attempts that failed since the last one that did not.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// In how much time from now the server will be asked next; `None` if nothing is planned, or while it is being asked.
    pub fn next_attempt(&self) -> Option<Duration> {
        self.next_attempt
    }

    /// How long ago it was asked last; `None` if it was not asked yet.
    pub fn last_attempt(&self) -> Option<Duration> {
        self.last_attempt
    }

    /// Whether changes come over a stream.
    pub fn stream(&self) -> StreamState {
        self.stream
    }

    /// Why the stream was closed or refused last; `None` if it is open, or was closed as a matter of course.
    pub fn stream_error(&self) -> Option<&FetchError> {
        self.stream_error.as_ref()
    }

    /// Whether a stream is open, over which changes come at once.
    pub fn is_streaming(&self) -> bool {
        self.stream == StreamState::Open
    }

    /// Whether nothing happens by itself, because it was asked to be so or because the system gave it no thread: the
    /// program refreshes by hand.
    pub fn is_manual(&self) -> bool {
        self.is_manual
    }

    /// Sets [`SourceStatus::failures`].
    #[must_use]
    pub fn with_failures(self, failures: u32) -> Self {
        Self { failures, ..self }
    }

    /// Sets [`SourceStatus::next_attempt`].
    #[must_use]
    pub fn with_next_attempt(self, next_attempt: impl Into<Option<Duration>>) -> Self {
        Self {
            next_attempt: next_attempt.into(),
            ..self
        }
    }

    /// Sets [`SourceStatus::last_attempt`].
    #[must_use]
    pub fn with_last_attempt(self, last_attempt: impl Into<Option<Duration>>) -> Self {
        Self {
            last_attempt: last_attempt.into(),
            ..self
        }
    }

    /// Sets [`SourceStatus::stream`].
    #[must_use]
    pub fn with_stream(self, stream: StreamState) -> Self {
        Self { stream, ..self }
    }

    /// Sets [`SourceStatus::stream_error`].
    #[must_use]
    pub fn with_stream_error(self, error: impl Into<Option<FetchError>>) -> Self {
        Self {
            stream_error: error.into(),
            ..self
        }
    }

    /// Sets [`SourceStatus::is_manual`].
    #[must_use]
    pub fn with_manual(self, is_manual: bool) -> Self {
        Self { is_manual, ..self }
    }
}
