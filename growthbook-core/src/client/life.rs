//! How a client is doing, and how it ends.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use super::status::{Readiness, Status};
use super::{CloseReport, GrowthBookClient, close};
use crate::error::FlushError;

impl GrowthBookClient {
    /// How the client is doing: what there is to evaluate with and since when, and what went wrong.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, Readiness};
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// assert_eq!(client.status().readiness(), Readiness::Empty);
    /// client.load(br#"{"features": {"typo": {"rules": [{}]}}}"#)?;
    /// let status = client.status();
    /// assert_eq!(status.readiness(), Readiness::Live);
    /// println!("{}", status.ruleset().diagnostics()[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn status(&self) -> Status {
        Status::of(&self.shared)
    }

    /// Waits until the source has brought features, at most for the limit. Without a source there is nothing to wait for.
    ///
    /// Whatever it says, the client can be used: at worst every feature is unknown, and fallbacks are served.
    ///
    /// # Blocking
    ///
    /// For up to `limit`.
    pub fn wait_ready(&self, limit: Duration) -> Readiness {
        self.shared.feed.wait(limit);
        self.status().readiness()
    }

    /// Whether there is a sticky bucket service, which evaluations may have to wait for.
    pub fn has_sticky_buckets(&self) -> bool {
        self.shared.sticky.is_some()
    }

    /// Waits until what was reported and stored so far has left the process, as far as plugins and the sticky bucket service
    /// buffer anything.
    ///
    /// # Errors
    ///
    /// When something was not written, or not in time: the first such error.
    ///
    /// # Blocking
    ///
    /// For up to `limit`, as far as plugins and service keep to it.
    pub fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        close::flush(&self.shared, limit)
            .into_iter()
            .next()
            .map_or(Ok(()), Err)
    }

    /// Ends the client: the source stops, what is buffered is written, and from then on nothing is reported. Says how it
    /// went. Further calls do nothing.
    ///
    /// Features can still be evaluated, with what was last in force, so that requests that are under way get the same
    /// answers as before.
    ///
    /// # Blocking
    ///
    /// For up to `limit`, as far as source, plugins and service keep to it.
    pub fn close(&self, limit: Duration) -> CloseReport {
        self.shared.close(limit)
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

/// What all handles to a client hold together. With the last of them the client ends, though its source may be in the middle
/// of something and have a hold on it, too.
pub(crate) struct Held(Arc<Shared>);

impl Held {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Deref for Held {
    type Target = Shared;

    #[inline]
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.end();
    }
}
