//! Telling a client's program of errors, for those who work beside the client.

use std::fmt;
use std::sync::{Arc, Weak};

use super::GrowthBookClient;
use super::background::BackgroundError;
use super::shared::Shared;

impl GrowthBookClient {
    /// Where to tell of errors that no caller gets, for code that works beside the client: a thread that fetches something
    /// for its scopes, say.
    pub fn error_reporter(&self) -> ErrorReporter {
        ErrorReporter {
            client: Arc::downgrade(self.shared.shared()),
        }
    }
}

/// Tells a client's program of errors: its [`on_error`](crate::GrowthBookClientBuilder::on_error), and the log. Clones lead
/// to the same client, and none of them keeps it alive.
///
/// # Example
///
/// ```
/// use growthbook_core::{BackendError, BackgroundError, GrowthBookClient};
///
/// let client = GrowthBookClient::builder()
///     .on_error(|error| eprintln!("{error}"))
///     .build()?;
/// let reporter = client.error_reporter();
/// let cause = BackendError::new("evaluator", "answer", "connection reset");
/// reporter.report(&BackgroundError::Remote(cause));
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct ErrorReporter {
    client: Weak<Shared>,
}

impl ErrorReporter {
    /// Tells of an error, in this thread. Of those that come up while it is being told of one, and of those of a client that
    /// is gone, the program is not told.
    pub fn report(&self, error: &BackgroundError) {
        if let Some(client) = self.client.upgrade() {
            client.report(error);
        }
    }
}

impl fmt::Debug for ErrorReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorReporter")
            .field("is_gone", &(self.client.strong_count() == 0))
            .finish()
    }
}
