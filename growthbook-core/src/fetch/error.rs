use std::time::Duration;

use crate::error::BackendError;

/// Why there is no payload to be had now. What is in force stays in force.
///
/// It contains no URL and no key.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::FetchError;
///
/// let busy = FetchError::Status { status: 503, retry_after: Some(Duration::from_secs(3)) };
/// assert!(busy.is_transient());
/// assert_eq!(busy.retry_after(), Some(Duration::from_secs(3)));
/// assert_eq!(busy.to_string(), "the server answered with status 503");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server redirects to another host, or too often. The client key goes to the configured host alone: configure the
    /// one where the payload is.
    #[error("the server redirects to another host, or too often")]
    Redirected,
    /// The server answered with something else than a payload. Try again if that is [worth it](Self::is_transient), not
    /// before `retry_after`.
    #[error("the server answered with status {status}")]
    Status {
        /// The status of the answer.
        status: u16,
        /// How long the server asks to wait, as it said it; the caller sets a limit.
        retry_after: Option<Duration>,
    },
    /// The answer did not come, or not all of it, within the fetcher's limit. Try again.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The answer is longer than the fetcher's limit, after decompression. Raise the limit if such a payload is expected.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The server was not reached, or the connection broke. Try again.
    #[error("the server cannot be reached")]
    Transport(#[source] BackendError),
    /// The server does not know the client key, or serves it nothing. Correct the key; trying again soon is of no use.
    #[error("the server refuses the client key with status {status}")]
    Unauthorized {
        /// The status of the answer.
        status: u16,
    },
    /// The server's certificate is not one to trust: it is of an unknown authority, for another host, or expired. Correct
    /// it, or trust its authority expressly.
    #[error("the certificate of the server is not trusted")]
    Untrusted,
}

impl FetchError {
    /// Whether trying again soon may help. If not, somebody has to act first, in the program's configuration or on the
    /// server: try again after minutes, not seconds.
    ///
    /// Of the statuses, those from 400 to 499 are not transient, but 400 (which the GrowthBook API also sends when it fails
    /// itself), 408, 425 and 429 are.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TimedOut | Self::Transport(_) => true,
            Self::Status { status, .. } => {
                !matches!(status, 400..=499) || matches!(status, 400 | 408 | 425 | 429)
            }
            Self::Redirected
            | Self::TooLarge { .. }
            | Self::Unauthorized { .. }
            | Self::Untrusted => false,
        }
    }

    /// How long the server asks to wait, as it said it: the client honours up to ten minutes.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> FetchError {
        FetchError::Status {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn what_passes_by_itself_is_transient() {
        for number in [204, 302, 304, 400, 408, 425, 429, 500, 502, 503, 504] {
            assert!(status(number).is_transient(), "{number}");
        }
        for number in [401, 403, 404, 405, 410, 413, 451, 499] {
            assert!(!status(number).is_transient(), "{number}");
        }
        let broken = BackendError::new("http", "connect", "connection reset");
        assert!(FetchError::Transport(broken).is_transient());
        assert!(FetchError::TimedOut.is_transient());
        assert!(!FetchError::Unauthorized { status: 400 }.is_transient());
        assert!(!FetchError::TooLarge { limit: 1 }.is_transient());
        assert!(!FetchError::Redirected.is_transient());
        assert!(!FetchError::Untrusted.is_transient());
    }

    #[test]
    fn only_an_answer_says_when_to_come_back() {
        assert_eq!(status(503).retry_after(), None);
        assert_eq!(FetchError::TimedOut.retry_after(), None);
    }
}
